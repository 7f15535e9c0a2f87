/** The lock on a database's file, as the reference's server and tools take it: only one process may write. */
import { SyscallFailed } from '../base/errors.ts';
import { takeLockFile } from '../daemon/lock-file.ts';
import { ioError } from '../ovsdb/engine/errors.ts';
import type { FileLock } from '../ovsdb/storage/log-file.ts';
import { lockPath } from '../ovsdb/storage/log-paths.ts';

/** Throws OvsdbError when another process has the database open. */
export function lockDatabase(name: string): FileLock {
  try {
    return takeLockFile(lockPath(name));
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    throw ioError(`${name}: failed to lock lockfile`, error.reason);
  }
}
