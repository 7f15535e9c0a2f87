/**
 * Lock files: an empty file beside what is to be protected, locked by the process that uses it and never removed.
 * Used by the programs that open database files, together with the reference's own.
 */
import { closeSync, fstatSync, type Stats } from 'node:fs';
import { errnos, fromNodeError, reasonOf, syscallFailed } from '../base/errno.ts';
import { openSync, statusOf } from '../base/files.ts';
import { logger } from '../base/log.ts';
import { lockFile, lockOwner } from '../sys/calls/file-lock.ts';

const log = logger('lockfile');
const EDEADLK = 35;

/**
 * The files that this process has locked, by device and inode: closing any descriptor of one would give its lock away.
 */
const held = new Set<string>();

/** Creates the file if need be and locks it. Throws SyscallFailed: EAGAIN when another process has it. */
export function takeLockFile(path: string): { release(): void } {
  if (held.has(identityOf(statusOf(path)))) {
    log.warn(`${path}: cannot lock file because this process has already locked it`);
    throw syscallFailed('fcntl', EDEADLK, path);
  }
  const fd = open(path);
  if (!lockFile(fd, path)) {
    const owner = lockOwner(fd, path);
    closeSync(fd);
    log.warn(`${path}: cannot lock file because it is already locked by pid ${owner}`);
    throw syscallFailed('fcntl', errnos.EAGAIN, path);
  }
  const identity = identityOf(fstatSync(fd));
  held.add(identity);
  return {
    release() {
      if (held.delete(identity)) closeSync(fd);
    },
  };
}

function identityOf(file: Stats | undefined): string {
  return file === undefined ? '' : `${file.dev}:${file.ino}`;
}

function open(path: string): number {
  try {
    return openSync(path, 'a+', 0o600);
  } catch (error) {
    log.warn(`${path}: failed to open lock file: ${reasonOf(error)}`);
    throw fromNodeError(error, path);
  }
}
