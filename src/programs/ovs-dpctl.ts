/** ovs-dpctl: datapaths of the running daemon. */
import { dpctl } from '../cli/dpctl/dpctl.ts';
import { runProgram } from '../daemon/program.ts';

void runProgram(dpctl);
