/** ovs-ctl: starts and stops the daemons of this host. */
import { ctl } from '../cli/ctl/ctl.ts';
import { runProgram } from '../daemon/program.ts';

void runProgram(ctl);
