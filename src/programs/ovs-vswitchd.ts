/**
 * ovs-vswitchd: the switch itself. The database is loaded only where it is served too: until then nothing is forwarded.
 */
import { runProgram } from '../daemon/program.ts';
import { vswitchd } from '../vswitchd/program/main.ts';
import type { OpenDatabase } from '../vswitchd/program/own-database.ts';

const openDatabase: OpenDatabase = async (options) => {
  const { openEmbeddedDatabase } = await import('../cli/ovsdb-server/embedded.ts');
  return openEmbeddedDatabase(options);
};

void runProgram((program) => vswitchd(program, openDatabase));
