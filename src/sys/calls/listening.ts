/**
 * Sockets that listen, and taking their connections one by one. Node takes whatever comes and, at the limit of open
 * files, closes it again without a word; here a connection that cannot be had stays in the kernel's queue.
 */
import type { Server } from 'node:net';
import { closeFd, descriptorOf } from './fd.ts';
import { checked, lastErrno, libcFunction } from './libc.ts';
import { bindSocket, family, openSocket, socketType, unixAddress } from './socket.ts';

const listen = libcFunction('int listen(int, int)');
const accept4 = libcFunction('int accept4(int, void *, void *, int)');
const fcntl = libcFunction('int fcntl(int, int, long)');

const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const F_DUPFD_CLOEXEC = 1030;
/** Connections that wait to be taken; what Node asks for. */
const backlog = 511;

/** A unix socket that listens at `path` (107 bytes). Throws SyscallFailed. */
export function listenUnix(path: string, tried: string): number {
  const fd = openSocket(family.unix, socketType.stream, 0, tried);
  try {
    bindSocket(fd, unixAddress(path), tried);
    checked(listen(fd, backlog), 'listen', tried);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return fd;
}

/** A descriptor of one's own for the socket that Node's server has open. Throws SyscallFailed. */
export function duplicateListener(server: Server, tried: string): number {
  return checked(fcntl(descriptorOf(server) ?? -1, F_DUPFD_CLOEXEC, 0), 'fcntl', tried);
}

/** The descriptor of a connection that has waited, or the negative error number: EAGAIN when there is none. */
export function acceptConnection(fd: number): number {
  const accepted = accept4(fd, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK);
  return accepted < 0 ? -lastErrno() : accepted;
}
