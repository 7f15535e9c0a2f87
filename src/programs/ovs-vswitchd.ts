/** ovs-vswitchd: the switch itself. */
import { runProgram } from '../daemon/program.ts';
import { vswitchd } from '../vswitchd/program/main.ts';

await runProgram(vswitchd);
