/**
 * epoll(7): one thread waits for thousands of descriptors. Used by datapath workers; the main thread lives on the
 * event loop of Node (`watchReadable`).
 */
import { errnos } from '../../base/errno.ts';
import { closeFd } from './fd.ts';
import { checked, failed, lastErrno, libcFunction } from './libc.ts';
import { allocate, type Memory } from './memory.ts';

const nativeCreate = libcFunction('int epoll_create1(int)');
const nativeControl = libcFunction('int epoll_ctl(int, int, int, void *)');
const nativeWait = libcFunction('int epoll_wait(int, uintptr_t, int, int)');

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
/** struct epoll_event is packed on x86 only. */
const eventSize = process.arch === 'x64' || process.arch === 'ia32' ? 12 : 16;
const dataOffset = eventSize - 8;

/** Level-triggered: a descriptor is reported again until it has been emptied. */
export class Epoll {
  readonly #fd: number;
  readonly #capacity: number;
  readonly #events: Memory;
  readonly #view: DataView;
  readonly #control = new DataView(new ArrayBuffer(eventSize));

  /** `capacity`: descriptors reported by one `wait`. */
  constructor(capacity = 256) {
    this.#fd = checked(nativeCreate(EPOLL_CLOEXEC), 'epoll_create1', 'cannot wait for packets');
    this.#capacity = capacity;
    this.#events = allocate(capacity * eventSize);
    this.#view = new DataView(this.#events.buffer);
  }

  /** `tag` is what `tagAt` gives back; 0..2^32-1. */
  add(fd: number, tag: number): void {
    this.#control.setUint32(0, EPOLLIN, true);
    this.#control.setUint32(dataOffset, tag, true);
    const event = new Uint8Array(this.#control.buffer);
    checked(
      nativeControl(this.#fd, EPOLL_CTL_ADD, fd, event),
      'epoll_ctl',
      `cannot wait for descriptor ${fd}`,
    );
  }

  /** Removing what is not there is no error. */
  remove(fd: number): void {
    nativeControl(this.#fd, EPOLL_CTL_DEL, fd, new Uint8Array(this.#control.buffer));
  }

  /** Blocks until something is readable (or in error) or the time is over; -1 waits for ever. How many are ready. */
  wait(timeoutMs: number): number {
    const ready = nativeWait(this.#fd, this.#events.address, this.#capacity, timeoutMs);
    if (ready >= 0) return ready;
    if (lastErrno() === errnos.EINTR) return 0;
    throw failed('epoll_wait', 'cannot wait for packets');
  }

  tagAt(index: number): number {
    return this.#view.getUint32(index * eventSize + dataOffset, true);
  }

  close(): void {
    closeFd(this.#fd);
    this.#events.unmap();
  }
}
