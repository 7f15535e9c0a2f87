/** ovs-vswitchd: the switch itself. */
import { openEmbeddedDatabase } from '../cli/ovsdb-server/embedded.ts';
import { runProgram } from '../daemon/program.ts';
import { vswitchd } from '../vswitchd/program/main.ts';

await runProgram((program) => vswitchd(program, openEmbeddedDatabase));
