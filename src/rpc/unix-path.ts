/**
 * Unix socket addresses hold 107 bytes; longer paths are reached through the folder's /proc/self/fd name.
 * Used by `stream.ts` and `listener.ts`.
 */
import { closeSync, constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fromNodeError, syscallFailed } from '../base/errno.ts';
import { openSync } from '../base/files.ts';
import { byteLength } from '../base/text.ts';

const MAX_PATH = 107;
const ENAMETOOLONG = 36;

/** Calls `use` with a name for `path` that fits; the name is valid during the call. Throws SyscallFailed. */
export function withShortPath<T>(path: string, use: (path: string) => T): T {
  if (byteLength(path) <= MAX_PATH) return use(path);
  if (byteLength(basename(path)) > MAX_PATH - 20) throw syscallFailed('connect', ENAMETOOLONG, path);
  const folder = openFolder(dirname(path), path);
  try {
    return use(`/proc/self/fd/${folder}/${basename(path)}`);
  } finally {
    closeSync(folder);
  }
}

function openFolder(folder: string, path: string): number {
  try {
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw fromNodeError(error, path);
  }
}
