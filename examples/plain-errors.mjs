/** What a user can cause, such as a server that is not there, is told in one line; a bug keeps its stack. */
import { basename } from 'node:path';

/** Ends the program. */
export function fail(message) {
  console.error(`${basename(process.argv[1] ?? '', '.mjs')}: ${message}`);
  process.exit(1);
}

process.on('uncaughtException', (error) => {
  if (error.code !== undefined) fail(error.message); // errors of the library, Node's, and limits of time have one
  console.error(error);
  process.exit(1);
});
