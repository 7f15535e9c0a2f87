/**
 * Pidfiles: a file with the process id, locked by that process for as long as it lives. Written by daemons, read by
 * ovs-appctl. The lock is what says that the id is not stale.
 */

import { closeSync, constants, ftruncateSync, writeSync } from 'node:fs';
import { errnos, fromNodeError, reasonOf, strerror, syscallFailed } from '../base/errno.ts';
import { Malformed, SyscallFailed } from '../base/errors.ts';
import {
  accessSync,
  openSync,
  readTextSync,
  renameSync,
  statSync,
  statusOf,
  unlinkSync,
} from '../base/files.ts';
import { logger } from '../base/log.ts';
import { trimSpaces } from '../base/text.ts';
import { lockFile } from '../sys/calls/file-lock.ts';
import { Fatal } from './program.ts';

const log = logger('daemon_unix');

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
    throw syscallFailed('fcntl', errnos.ESRCH, path);
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

/** Throws Fatal when another process has `path` locked, or when the file is none that can be a pidfile. */
export function checkNotRunning(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    if (statSync(path).isDirectory()) throw syscallFailed('open', errnos.EISDIR, path);
  } catch (error) {
    const failure = asSyscallFailed(error, path);
    if (failure.errno === errnos.ENOENT) return;
    log.warn(`${path}: open: ${failure.reason}`);
    throw new Fatal(`${path}: pidfile check failed (${failure.reason}), aborting`);
  }
  const owner = lockOwnerByTable(readLocks(), path);
  if (owner !== undefined) throw new Fatal(`${path}: already running as pid ${owner}, aborting`);
}

/**
 * Creates the pidfile of this process and locks it; the returned function removes it. Throws Fatal with the
 * reference's words.
 */
export function makePidfile(path: string): () => void {
  const temporary = `${path}.tmp`;
  const fd = attempt(() => openSync(temporary, 'a', 0o666), `${temporary}: create failed`);
  if (!lockFile(fd, temporary)) {
    closeSync(fd);
    throw new Fatal(`${temporary}: fcntl(F_SETLK) failed (${strerror(errnos.EAGAIN)})`);
  }
  try {
    attempt(() => ftruncateSync(fd), `${temporary}: truncate failed`);
    attempt(() => writeSync(fd, `${process.pid}\n`), `${temporary}: write failed`);
    attempt(() => renameSync(temporary, path), `failed to rename "${temporary}" to "${path}"`);
  } catch (error) {
    closeSync(fd);
    unlinkSync(temporary);
    throw error;
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
  const stat = statusOf(path);
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

/** Throws Fatal: `failure` and, in parentheses, why. */
function attempt<T>(call: () => T, failure: string): T {
  try {
    return call();
  } catch (error) {
    throw new Fatal(`${failure} (${reasonOf(error)})`);
  }
}

function asSyscallFailed(error: unknown, tried: string): SyscallFailed {
  const ours = fromNodeError(error, tried);
  if (ours instanceof SyscallFailed) return ours;
  throw ours;
}
