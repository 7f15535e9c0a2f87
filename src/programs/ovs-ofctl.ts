/** ovs-ofctl: speaks OpenFlow. */
import { ofctl } from '../cli/ofctl/ofctl.ts';
import { runProgram } from '../daemon/program.ts';

void runProgram(ofctl);
