/** eventfd(2): wakes a thread that blocks in poll or epoll. */
import { closeFd, readFd, writeFd } from './fd.ts';
import { checked, libcFunction } from './libc.ts';

const nativeEventfd = libcFunction('int eventfd(unsigned int, int)');

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

/** The descriptor of a new counter, non-blocking. A number: it may be posted to another thread of this process. */
export function openEventFd(): number {
  return checked(nativeEventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), 'eventfd', 'cannot make a wake-up descriptor');
}

const one = new Uint8Array(8);
one[new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 7] = 1; // 64-bit 1 in the machine's order
const counter = new Uint8Array(8);

/** Makes the descriptor readable. */
export function signalEventFd(fd: number): void {
  writeFd(fd, one);
}

/** Makes it unreadable again. */
export function clearEventFd(fd: number): void {
  readFd(fd, counter);
}

export const closeEventFd = closeFd;
