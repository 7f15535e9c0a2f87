/**
 * Pidfiles: a file with the process id, locked by that process for as long as it lives. Written by daemons, read by
 * ovs-appctl. The lock is what says that the id is not stale.
 */
import { closeSync, writeSync } from 'node:fs';
import { fromNodeError, strerror, syscallFailed } from '../base/errno.ts';
import { Malformed, SyscallFailed } from '../base/errors.ts';
import { openSync, readTextSync, renameSync, statSync, unlinkSync } from '../base/files.ts';
import { logger } from '../base/log.ts';
import { trimSpaces } from '../base/text.ts';
import { lockFile } from '../sys/calls/file-lock.ts';
import { Fatal } from './program.ts';

const log = logger('daemon_unix');
const ESRCH = 3;

/** Text of a pidfile. Throws Malformed. */
export function readPidText(text: string): number {
  const digits = /^[ \t-\r]*([0-9]{1,10})[ \t-\r]*$/.exec(text)?.[1];
  const pid = Number(digits);
  if (digits === undefined || pid < 1 || pid > 0x7fffffff)
    throw new Malformed('pidfile', 0, 'not a process id');
  return pid;
}

/** The process that has the pidfile locked. Throws SyscallFailed: no such file, or "No such process" for a stale one. */
export function pidfileOwner(path: string): number {
  const owner = lockOwnerByTable(readLocks(), path);
  if (owner === process.pid) return owner; // reading our own pidfile would drop its lock
  const text = readPidfile(path);
  if (owner === undefined) {
    log.dbg(`${path}: pid file is stale`);
    throw syscallFailed('fcntl', ESRCH, path);
  }
  try {
    const pid = readPidText(text);
    if (pid !== owner) log.warn(`${path}: stale pidfile for pid ${pid} being locked by pid ${owner}`);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    log.warn(`${path}: ${error.message}`);
  }
  return owner;
}

/** Throws Fatal when another process has `path` locked. */
export function checkNotRunning(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  const owner = lockOwnerByTable(readLocks(), path);
  if (owner !== undefined) throw new Fatal(`${path}: already running as pid ${owner}, aborting`);
}

/**
 * Creates the pidfile of this process and locks it; the returned function removes it. Throws Fatal with the
 * reference's words.
 */
export function makePidfile(path: string): () => void {
  const temporary = `${path}.tmp${process.pid}`;
  const fd = createFile(temporary);
  try {
    if (!lockFile(fd, temporary)) throw new Fatal(`${temporary}: fcntl(F_SETLK) failed (${strerror(11)})`);
    writeSync(fd, `${process.pid}\n`);
    renameSync(temporary, path);
  } catch (error) {
    closeSync(fd);
    unlinkSync(temporary);
    if (error instanceof Fatal) throw error;
    throw new Fatal(`failed to create pidfile "${path}" (${asSyscallFailed(error, path).reason})`);
  }
  return () => {
    try {
      unlinkSync(path);
    } catch {
      // somebody was faster
    }
  };
}

/** The pid that has a write lock on the file, by the text of /proc/locks; undefined when nobody has. */
export function findLockOwner(locks: string, inode: number): number | undefined {
  for (const line of locks.split('\n')) {
    const [, kind, , mode, pid, place] = trimSpaces(line).split(/[ \t-\r]+/);
    if (kind !== 'POSIX' || mode !== 'WRITE' || place === undefined) continue;
    if (Number(place.split(':')[2]) === inode && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}

/** Reading the kernel's table costs no foreign-function module, and does not drop locks of our own. */
function lockOwnerByTable(locks: string, path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : findLockOwner(locks, stat.ino);
}

function readPidfile(path: string): string {
  try {
    return readTextSync(path);
  } catch (error) {
    const failure = asSyscallFailed(error, path);
    log.warn(`${path}: open: ${failure.reason}`);
    throw failure;
  }
}

function readLocks(): string {
  try {
    return readTextSync('/proc/locks');
  } catch (error) {
    throw asSyscallFailed(error, '/proc/locks');
  }
}

function createFile(path: string): number {
  try {
    return openSync(path, 'w', 0o666);
  } catch (error) {
    throw new Fatal(`${path}: create failed (${asSyscallFailed(error, path).reason})`);
  }
}

function asSyscallFailed(error: unknown, tried: string): SyscallFailed {
  const ours = fromNodeError(error, tried);
  if (ours instanceof SyscallFailed) return ours;
  throw ours;
}
