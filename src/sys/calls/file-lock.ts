/**
 * POSIX record locks on whole files (fcntl F_SETLK), which Node does not offer. A pidfile or a database's lock file
 * is locked by the process that owns it; other programs, the reference's too, look at that lock.
 */

import { errnos, syscallFailed } from '../../base/errno.ts';
import { checked, lastErrno, libcFunction } from './libc.ts';

const F_GETLK = 5;
const F_SETLK = 6;
const F_WRLCK = 1;
const F_UNLCK = 2;

/** struct flock on 64-bit Linux: type and whence 16 bits, then start and length 64 bits, then pid. */
const flock = { size: 32, type: 0, start: 8, length: 16, pid: 24 } as const;

const fcntl = libcFunction('int fcntl(int fd, int cmd, void *lock)');

/**
 * Takes the write lock of the open file `fd` for this process. False when another process has it. Throws
 * SyscallFailed. The lock goes when the process ends, or when it closes ANY descriptor of that file.
 */
export function lockFile(fd: number, tried: string): boolean {
  if (fcntl(fd, F_SETLK, wholeFile(F_WRLCK)) === 0) return true;
  const errno = lastErrno();
  if (errno === errnos.EACCES || errno === errnos.EAGAIN) return false;
  throw syscallFailed('fcntl', errno, tried);
}

/** The process that has `fd`'s file locked; undefined when none, or when it is this process. Throws SyscallFailed. */
export function lockOwner(fd: number, tried: string): number | undefined {
  const lock = wholeFile(F_WRLCK);
  checked(fcntl(fd, F_GETLK, lock), 'fcntl', tried);
  const isFree = lock.readInt16LE(flock.type) === F_UNLCK;
  return isFree ? undefined : lock.readInt32LE(flock.pid);
}

function wholeFile(type: number): Buffer {
  const lock = Buffer.alloc(flock.size);
  lock.writeInt16LE(type, flock.type);
  return lock;
}
