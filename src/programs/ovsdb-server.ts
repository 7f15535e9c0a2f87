/** ovsdb-server: see `src/cli/ovsdb-server/run.ts`. */
import { ovsdbServer } from '../cli/ovsdb-server/run.ts';
import { runProgram } from '../daemon/program.ts';

void runProgram(ovsdbServer);
