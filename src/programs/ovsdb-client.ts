/** ovsdb-client: speaks to a database server by hand. */
import { ovsdbClient } from '../cli/ovsdb-client/ovsdb-client.ts';
import { runProgram } from '../daemon/program.ts';

void runProgram(ovsdbClient);
