/** Sockets that Node does not know (packet, netlink) and their batched calls. */
import { errnos } from '../../base/errno.ts';
import { encodeText } from '../../base/text.ts';
import { addressOf, checked, lastErrno, libcFunction, libcInBackground } from './libc.ts';
import type { Memory } from './memory.ts';
import { allocate } from './memory.ts';

const nativeSocket = libcFunction('int socket(int, int, int)');
const nativeSocketpair = libcFunction('int socketpair(int, int, int, void *)');
const nativeBind = libcFunction('int bind(int, void *, int)');
const setsockopt = 'int setsockopt(int, int, int, void *, int)';
const nativeSetsockopt = libcFunction(setsockopt);
const backgroundSetsockopt = libcInBackground(setsockopt);
const patientSetsockopt = libcInBackground(setsockopt, { isPatient: true });
const nativeGetsockopt = libcFunction('int getsockopt(int, int, int, void *, void *)');
const nativeSend = libcFunction<number | bigint>('long send(int, void *, size_t, int)');
const backgroundSend = libcInBackground('long send(int, void *, size_t, int)');
const nativeRecv = libcFunction<number | bigint>('long recv(int, void *, size_t, int)');
const nativeShutdown = libcFunction('int shutdown(int, int)');
const nativeSendmmsg = libcFunction('int sendmmsg(int, uintptr_t, unsigned int, int)');
const nativeRecvmmsg = libcFunction('int recvmmsg(int, uintptr_t, unsigned int, int, void *)');
const nativeIfIndex = libcFunction('unsigned int if_nametoindex(const char *)');

export const family = { unix: 1, netlink: 16, packet: 17, inet: 2 } as const;
export const socketType = { stream: 1, dgram: 2, raw: 3 } as const;
export const level = { socket: 1, packet: 263, netlink: 270 } as const;
export const socketOption = {
  error: 4,
  priority: 12,
  attachFilter: 26,
  sendBufferForce: 32,
  receiveBufferForce: 33,
} as const;

const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;

/** Two connected, non-blocking ends of a pipe for datagrams: to a reader of descriptors it looks like a TAP device. */
export function openDatagramPair(): readonly [number, number] {
  const ends = new Int32Array(2);
  const type = socketType.dgram | SOCK_CLOEXEC | SOCK_NONBLOCK;
  checked(nativeSocketpair(family.unix, type, 0, ends), 'socketpair', 'cannot make a pair of sockets');
  return [ends[0] ?? -1, ends[1] ?? -1];
}

/** A non-blocking socket that does not survive exec. */
export function openSocket(family: number, type: number, protocol: number, tried: string): number {
  return checked(nativeSocket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol), 'socket', tried);
}

/** The address of a unix socket, sockaddr_un: at most 107 bytes of the path. */
export function unixAddress(path: string): Uint8Array {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(family.unix, 0);
  return address.subarray(0, 2 + encodeText(path).copy(address, 2, 0, 107) + 1);
}

export function bindSocket(fd: number, address: Uint8Array, tried: string): void {
  checked(nativeBind(fd, address, address.byteLength), 'bind', tried);
}

export function setOption(fd: number, level: number, option: number, value: number, tried: string): void {
  setOptionBytes(fd, level, option, int32(value), tried);
}

export function setOptionBytes(fd: number, level: number, option: number, value: Uint8Array, tried: string) {
  checked(nativeSetsockopt(fd, level, option, value, value.byteLength), 'setsockopt', tried);
}

/**
 * `setOptionBytes` off this thread, for what the kernel may have to wait for, or with `isPatient` will (milliseconds).
 * False when the kernel refused.
 */
export async function trySetOptionInBackground(
  fd: number,
  level: number,
  option: number,
  value: Uint8Array,
  isPatient: boolean,
): Promise<boolean> {
  const set = isPatient ? patientSetsockopt : backgroundSetsockopt;
  return (await set(fd, level, option, value, value.byteLength)) === 0;
}

/** Sets an option that the kernel may not know or not allow; false when it refused. */
export function trySetOption(fd: number, level: number, option: number, value: number): boolean {
  return nativeSetsockopt(fd, level, option, int32(value), 4) === 0;
}

/** Fills `into` with an option's value; false when the kernel refused. */
export function readOption(fd: number, level: number, option: number, into: NodeJS.TypedArray): boolean {
  return nativeGetsockopt(fd, level, option, into, int32(into.byteLength)) === 0;
}

/** Bytes sent, or the negative error number. */
export function sendBytes(fd: number, bytes: Uint8Array): number {
  const sent = Number(nativeSend(fd, bytes, bytes.byteLength, MSG_DONTWAIT));
  return sent < 0 ? -lastErrno() : sent;
}

/** Sends what is in the packet ring of a socket. Negative when the kernel refused a frame. */
export function sendRing(fd: number): number {
  return Number(nativeSend(fd, null, 0, MSG_DONTWAIT));
}

/** For a send that takes long, made on another thread; its failure shows by the missing answer. */
export async function sendInBackground(fd: number, bytes: Uint8Array): Promise<void> {
  await backgroundSend(fd, bytes, bytes.byteLength, 0);
}

/** Bytes received, or the negative error number. */
export function receiveBytes(fd: number, into: Uint8Array): number {
  const got = Number(nativeRecv(fd, into, into.byteLength, MSG_DONTWAIT));
  return got < 0 ? -lastErrno() : got;
}

/** What comes from now on is dropped, at little cost; what has come can still be received. Throws SyscallFailed. */
export function muteSocket(fd: number, tried: string): void {
  const filter = BigUint64Array.of(1n, BigInt(addressOf(dropAll))); // struct sock_fprog
  setOptionBytes(fd, level.socket, socketOption.attachFilter, new Uint8Array(filter.buffer), tried);
}

/** A program of one instruction, "return 0": struct sock_filter. */
const dropAll = BigUint64Array.of(0x06n);

/** The other end's sends fail from now on. */
export function stopReceiving(fd: number): void {
  nativeShutdown(fd, 0);
}

/** 0 when this network namespace has no device of that name. */
export function indexOfDevice(name: string): number {
  return nativeIfIndex(name);
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** struct mmsghdr: a msghdr of 56 bytes, then the transferred length and padding. */
const mmsg = {
  size: 64,
  iov: 16,
  iovCount: 24,
  control: 32,
  controlSize: 40,
  flags: 48,
  length: 56,
} as const;
const MSG_TRUNC = 0x20;

/**
 * A reusable array of messages for sendmmsg and recvmmsg, each made of `partCount` pieces of memory that are named by
 * address, with room for `controlSize` bytes of what a socket says beside a received one (a multiple of 8). Costs no
 * allocation a message. The caller keeps the memory alive during the call.
 */
export class MessageBatch {
  readonly capacity: number;
  readonly #partCount: number;
  readonly #memory: Memory;
  /** Pairs of 64-bit address and size, as 32-bit halves: little-endian machines only, as all we run on. */
  readonly #parts: Uint32Array;
  readonly #messages: Uint32Array;
  readonly #messagesAt: number;
  readonly #controlSize: number;
  readonly #control: Uint32Array;
  /** Messages of the last `receive`, whose room for control data the kernel has cut to what it wrote. */
  #receivedCount = 0;

  constructor(capacity: number, partCount: number, controlSize = 0) {
    this.capacity = capacity;
    this.#partCount = partCount;
    this.#controlSize = controlSize;
    const partsSize = capacity * partCount * 16;
    const messagesSize = capacity * mmsg.size;
    this.#memory = allocate(partsSize + messagesSize + capacity * controlSize);
    const { buffer, address } = this.#memory;
    this.#parts = new Uint32Array(buffer, 0, partsSize / 4);
    this.#messages = new Uint32Array(buffer, partsSize, messagesSize / 4);
    this.#control = new Uint32Array(buffer, partsSize + messagesSize, (capacity * controlSize) / 4);
    this.#messagesAt = address + partsSize;
    for (let i = 0; i < capacity; i++) {
      const at = (i * mmsg.size) / 4;
      this.#setPointer(at + mmsg.iov / 4, address + i * partCount * 16);
      this.#messages[at + mmsg.iovCount / 4] = partCount;
      if (controlSize === 0) continue;
      this.#setPointer(at + mmsg.control / 4, this.#messagesAt + messagesSize + i * controlSize);
      this.#messages[at + mmsg.controlSize / 4] = controlSize;
    }
  }

  setPart(message: number, part: number, address: number, size: number): void {
    const at = (message * this.#partCount + part) * 4;
    this.#parts[at] = address; // storing keeps the low 32 bits
    this.#parts[at + 1] = address / 0x100000000;
    this.#parts[at + 2] = size;
  }

  /** Bytes of message `index` after `receive`. */
  sizeOf(index: number): number {
    return this.#messages[(index * mmsg.size + mmsg.length) >> 2] ?? 0;
  }

  /** 32-bit word `word` of what came beside message `index`; 0 where nothing did. */
  controlWord(index: number, word: number): number {
    const size = this.#messages[(index * mmsg.size + mmsg.controlSize) >> 2] ?? 0;
    return word * 4 < size ? (this.#control[((index * this.#controlSize) >> 2) + word] ?? 0) : 0;
  }

  /** True when a received message did not fit its memory. */
  isTruncated(index: number): boolean {
    return ((this.#messages[(index * mmsg.size + mmsg.flags) >> 2] ?? 0) & MSG_TRUNC) !== 0;
  }

  /** Sends messages [from..to) without blocking: how many went, or the negative error number of the first. */
  send(fd: number, from: number, to: number): number {
    const sent = nativeSendmmsg(fd, this.#messagesAt + from * mmsg.size, to - from, MSG_DONTWAIT);
    return sent < 0 ? -lastErrno() : sent;
  }

  /** Receives up to `count` messages without blocking: how many came, or the negative error number. */
  receive(fd: number, count: number): number {
    for (let i = 0; i < this.#receivedCount; i++)
      this.#messages[(i * mmsg.size + mmsg.controlSize) >> 2] = this.#controlSize;
    const got = nativeRecvmmsg(fd, this.#messagesAt, count, MSG_DONTWAIT, null);
    this.#receivedCount = Math.max(0, got);
    return got < 0 ? -lastErrno() : got;
  }

  close(): void {
    this.#memory.unmap();
  }

  #setPointer(at: number, address: number): void {
    this.#messages[at] = address; // storing keeps the low 32 bits
    this.#messages[at + 1] = address / 0x100000000;
  }
}

/** True for errors of a socket that only say "nothing now". */
export function isTemporary(result: number): boolean {
  return result === -errnos.EAGAIN || result === -errnos.EINTR;
}
