/** ovs-appctl: asks a daemon's control socket. */
import { appctl } from '../cli/appctl/appctl.ts';
import { runProgram } from '../daemon/program.ts';

void runProgram(appctl);
