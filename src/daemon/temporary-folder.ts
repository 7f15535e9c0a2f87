/** A folder of a program's own among the system's temporary files. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reasonOf } from '../base/errno.ts';
import { Fatal } from './program.ts';

/** Its path; removing it is the caller's duty. Throws Fatal. */
export function makeTemporaryFolder(program: string): string {
  try {
    return mkdtempSync(join(tmpdir(), `${program}-`));
  } catch (error) {
    throw new Fatal(`failed to create temporary file (${reasonOf(error)})`);
  }
}
