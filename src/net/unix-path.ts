/**
 * Unix socket addresses hold 107 bytes, and Node passes on only UTF-8. Other paths are reached by names below
 * /proc/self/fd. Used by `stream.ts` and `listener.ts`.
 */
import { closeSync, constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errnos, fromNodeError, syscallFailed } from '../base/errno.ts';
import { openSync } from '../base/files.ts';
import { logger } from '../base/log.ts';
import { byteLength } from '../base/text.ts';

const log = logger('socket_util_unix');
const MAX_PATH = 107;
/** Of Linux on all we run on; Node has no name for it. */
const O_PATH = 0o10000000;

/** Calls `connect`, of Node's, with a name for the socket; the name is valid during the call. Throws SyscallFailed. */
export function connectByPath<T>(path: string, connect: (path: string) => T): T {
  if (isShort(path) && path.isWellFormed()) return connect(path);
  return withOpen(path, path, O_PATH, connect);
}

/**
 * Calls `bind`, of ours, with a name for a socket to be made; the name is valid during the call. Throws SyscallFailed.
 */
export function bindByPath<T>(path: string, bind: (path: string) => T): T {
  if (isShort(path)) return bind(path);
  const flags = constants.O_RDONLY | constants.O_DIRECTORY;
  return withOpen(dirname(path), path, flags, (folder) => bind(`${folder}/${basename(path)}`));
}

function isShort(path: string): boolean {
  return byteLength(path) <= MAX_PATH;
}

function withOpen<T>(file: string, path: string, flags: number, use: (name: string) => T): T {
  // As long as the reference takes.
  if (byteLength(basename(path)) > MAX_PATH - 20) {
    log.warn(`Unix socket name ${path} is longer than maximum ${MAX_PATH} bytes`);
    throw syscallFailed('connect', errnos.ENAMETOOLONG, path);
  }
  const fd = open(file, flags, path);
  try {
    return use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function open(file: string, flags: number, path: string): number {
  try {
    return openSync(file, flags);
  } catch (error) {
    throw fromNodeError(error, path);
  }
}
