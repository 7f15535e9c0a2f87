/**
 * The frame path of a kernel device: a mapped ring of received frames (TPACKET_V2), sent on straight out of it in
 * batches. Frames longer than a slot leave their first bytes in the ring and wait whole in the socket's queue, in the
 * same order; they are fetched into pooled buffers.
 * Runs on a datapath worker; nothing here allocates for a frame.
 */
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { closeFd } from '../../sys/calls/fd.ts';
import type { Memory } from '../../sys/calls/memory.ts';
import { level, MessageBatch, readOption, sendRing, socketOption } from '../../sys/calls/socket.ts';
import type { Frame, FrameBatch } from '../../wire/frame.ts';
import { type Buffer, bufferHeadroom, bufferPool, maxFrameSize, useBuffer } from '../buffers.ts';
import { emptyCounters } from '../counters.ts';
import { offloadHeaderSize, readOffloadHeader, restoreVlanTag } from '../offload-header.ts';
import type { PortCounters, PortIo, TakesSendRing } from '../provider.ts';
import { FrameSender } from './frame-sender.ts';
import {
  mapSendRing,
  openPacketSocket,
  type PacketSocket,
  packetStatisticsOption,
  replaceRing,
  slotHeader,
  slotSize,
  slotStatus,
  startPacketSocket,
} from './packet-socket.ts';
import { SendRing } from './send-ring.ts';

/** Long frames fetched at once. */
const longFrameLimit = 32;
/** Empty `receive` calls between two looks at the socket's error. */
const emptyCallsPerErrorCheck = 16;
const minFrameSize = 14;
const defaultTpid = 0x8100;

const ringGrowth = 4;

/** Where received frames lie; a test makes one without a socket. */
export interface Ring {
  readonly buffer: ArrayBuffer;
  readonly address: number;
  readonly slotCount: number;
}

/** How many received frames the ring holds at first, and how many it may grow to when it overflows. */
export interface RingSize {
  readonly slotCount: number;
  readonly slotLimit: number;
}

const log = logger('netdev_linux');
const noMemory: Memory = { buffer: new ArrayBuffer(0), address: 0, unmap: () => {} };
const noRing: Ring = { buffer: noMemory.buffer, address: 0, slotCount: 0 };

/** Opens the frame path, on a prepared socket that stays its opener's when there is one. Throws SyscallFailed. */
export function openPacketPort(name: string, ifindex: number, size: RingSize, prepared?: number): PortIo {
  const { slotCount, slotLimit } = size;
  const socket =
    prepared === undefined
      ? openPacketSocket(name, ifindex, slotCount)
      : startPacketSocket(prepared, name, ifindex, slotCount);
  const isOwner = prepared === undefined;
  return new PacketPort({ socket, isOwner, slotLimit }, { ...socket.ring, slotCount: socket.slotCount });
}

/** The socket behind a port; a test makes a port without. */
interface PortSocket {
  readonly socket: PacketSocket;
  /** Whether closing the port closes the socket. */
  readonly isOwner: boolean;
  readonly slotLimit: number;
}

export class PacketPort implements PortIo, TakesSendRing {
  readonly takesOffloads = true;
  onBusy: () => void = () => {};
  readonly counters: PortCounters = emptyCounters();
  #socket: PacketSocket | undefined;
  readonly #isOwner: boolean;
  readonly #sender: FrameSender | undefined;
  #sendMemory: Memory | undefined;
  #isOpen = true;

  #bytes = new Uint8Array(0);
  #view = new DataView(new ArrayBuffer(0));
  #words = new Int32Array(0);
  #halves = new Uint16Array(0);
  #address = 0;
  #slotCount = 0;
  #slotLimit: number;
  /** The ring overflowed: it grows as soon as nobody holds a frame of it. */
  #mustGrow = false;
  /** The slot that the kernel fills next, as far as we know. */
  #next = 0;
  /** Slots handed out before `#next` and not yet given back. */
  #heldCount = 0;

  readonly #longFrames: Frame[] = [];
  readonly #longSlots = new Int32Array(longFrameLimit);
  readonly #held: Buffer[] = [];
  /** Made for the first long frame: thousands of ports see none. */
  #fetch: MessageBatch | undefined;
  #emptyCalls = 0;
  readonly #statistics = new Uint32Array(2);

  constructor(from: PortSocket | undefined, ring: Ring) {
    this.#socket = from?.socket;
    this.#isOwner = from?.isOwner ?? false;
    this.#slotLimit = from?.slotLimit ?? 0;
    this.#useRing(ring);
    if (from !== undefined)
      this.#sender = new FrameSender(from.socket.fd, this.counters, () => this.onBusy());
  }

  get fd(): number | undefined {
    return this.#socket?.fd;
  }

  receive(batch: FrameBatch): number {
    const { frames } = batch;
    let count = 0;
    let longCount = 0;
    let isLosing = false;
    while (count < frames.length && this.#heldCount < this.#slotCount && longCount < longFrameLimit) {
      const at = this.#next * slotSize;
      const status = Atomics.load(this.#words, at >> 2);
      if ((status & slotStatus.user) === 0) break;
      const isLong = (status & slotStatus.copy) !== 0;
      const frame = frames[count];
      if (frame === undefined || (isLong && !this.#prepareLong(frame, at, longCount))) break;
      this.#next = this.#next + 1 === this.#slotCount ? 0 : this.#next + 1;
      this.#heldCount++;
      if ((status & slotStatus.losing) !== 0) isLosing = true;
      if (isLong) {
        longCount++;
        count++;
      } else if (this.#take(frame, at, status)) {
        count++;
      }
    }
    if (longCount > 0) count = this.#fetchLong(frames, count, longCount);
    if (isLosing) this.#countLost();
    if (count === 0) this.#afterEmpty();
    batch.count = count;
    return count;
  }

  release(): void {
    bufferPool.giveAll(this.#held);
    if (this.#heldCount > 0) this.#releaseSlots();
    if (this.#mustGrow) this.#grow();
  }

  send(frame: Frame): void {
    if (this.#isOpen) this.#sender?.add(frame);
    else this.counters.txDropped++;
  }

  flush(): void {
    if (this.#isOpen) this.#sender?.flush();
  }

  useSendRing(fd: number): void {
    if (!this.#isOpen || this.#sendMemory !== undefined) return;
    this.#sendMemory = mapSendRing(fd);
    this.#sender?.useRing(new SendRing(this.#sendMemory, () => sendRing(fd)));
  }

  close(): void {
    const socket = this.#socket;
    if (socket === undefined || !this.#isOpen) return;
    this.#mustGrow = false;
    this.release();
    this.#isOpen = false;
    this.#useRing(noRing); // the views of the ring must not outlive it
    this.#sender?.close();
    this.#sendMemory?.unmap();
    this.#fetch?.close();
    socket.ring.unmap();
    if (this.#isOwner) closeFd(socket.fd);
  }

  #useRing(ring: Ring): void {
    this.#bytes = new Uint8Array(ring.buffer);
    this.#view = new DataView(ring.buffer);
    this.#words = new Int32Array(ring.buffer);
    this.#halves = new Uint16Array(ring.buffer);
    this.#address = ring.address;
    this.#slotCount = ring.slotCount;
    this.#next = 0;
    this.#heldCount = 0;
  }

  #releaseSlots(): void {
    let slot = this.#next - this.#heldCount;
    if (slot < 0) slot += this.#slotCount;
    // One barrier for all: what was read of the frames was read before the kernel may write there again. Each slot is
    // given back once only: the next moment it may hold a new frame.
    Atomics.exchange(this.#words, (slot * slotSize) >> 2, 0);
    for (let left = this.#heldCount - 1; left > 0; left--) {
      slot = slot + 1 === this.#slotCount ? 0 : slot + 1;
      this.#words[(slot * slotSize) >> 2] = 0;
    }
    this.#heldCount = 0;
  }

  /** Rings start small, so that thousands of idle ports are affordable; the first losses show who needs more. */
  #grow(): void {
    this.#mustGrow = false;
    const before = this.#slotCount;
    this.#useRing(noRing);
    if (this.#replaceRing(Math.min(this.#slotLimit, before * ringGrowth))) return;
    this.#slotLimit = 0; // no memory for more: as before, for good
    this.#replaceRing(before);
  }

  /** False when the kernel has no memory for it: there is no ring then. */
  #replaceRing(slotCount: number): boolean {
    if (this.#socket === undefined) return false;
    try {
      this.#socket = replaceRing(this.#socket, slotCount, 'cannot change a receive ring');
      this.#useRing({ ...this.#socket.ring, slotCount: this.#socket.slotCount });
      return true;
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
      log.warn(error.message);
      this.#socket = { fd: this.#socket.fd, ring: noMemory, slotCount: 0 };
      return false;
    }
  }

  /** Points `frame` at the slot at byte `at`. False when the slot's header or the frame's makes no sense. */
  #take(frame: Frame, at: number, status: number): boolean {
    const word = at >> 2;
    const size = this.#words[word + (slotHeader.size >> 2)] ?? 0;
    const captured = this.#words[word + (slotHeader.capturedSize >> 2)] ?? 0;
    const mac = this.#halves[(at + slotHeader.mac) >> 1] ?? 0;
    const isSound =
      captured === size &&
      size >= minFrameSize &&
      mac >= slotHeader.end + offloadHeaderSize &&
      mac + size <= slotSize;
    if (!isSound) {
      this.#countUnsound(captured < size);
      return false;
    }
    frame.use(this.#bytes, this.#view, this.#address);
    frame.start = at + mac;
    frame.end = at + mac + size;
    frame.headroom = mac - slotHeader.end;
    if (!readOffloadHeader(frame, this.#bytes, at + mac - offloadHeaderSize)) {
      this.counters.rxErrors++;
      return false;
    }
    if ((status & slotStatus.vlan) !== 0) this.#restoreTag(frame, at, status);
    this.counters.rxPackets++;
    this.counters.rxBytes += frame.end - frame.start;
    return true;
  }

  #countUnsound(isCut: boolean): void {
    if (isCut)
      this.counters.rxDropped++; // the socket's queue was full when a long frame came
    else this.counters.rxErrors++;
  }

  #restoreTag(frame: Frame, at: number, status: number): void {
    const tci = this.#halves[(at + slotHeader.tci) >> 1] ?? 0;
    const tpid = this.#halves[(at + slotHeader.tpid) >> 1] ?? 0;
    restoreVlanTag(frame, (status & slotStatus.tpid) === 0 ? defaultTpid : tpid, tci);
  }

  /** Readies a buffer for the frame whose first bytes are in the slot at `at`. False when there is none now. */
  #prepareLong(frame: Frame, at: number, index: number): boolean {
    const buffer = bufferPool.take();
    if (buffer === undefined) return false;
    this.#held.push(buffer);
    useBuffer(frame, buffer, 0);
    this.#longFrames[index] = frame;
    this.#longSlots[index] = at;
    const address = buffer.address + bufferHeadroom - offloadHeaderSize;
    this.#fetch ??= new MessageBatch(longFrameLimit, 1);
    this.#fetch.setPart(index, 0, address, maxFrameSize + offloadHeaderSize);
    return true;
  }

  /** Fetches the prepared frames; those that did not come whole are taken out of the batch. The new count. */
  #fetchLong(frames: readonly Frame[], count: number, longCount: number): number {
    const got = this.#fetch === undefined ? 0 : this.#fetch.receive(this.#socket?.fd ?? -1, longCount);
    let lostCount = 0;
    for (let i = 0; i < longCount; i++) {
      const frame = this.#longFrames[i];
      if (frame === undefined) continue;
      if (i < got && this.#finishLong(frame, i)) continue;
      frame.end = frame.start;
      lostCount++;
    }
    if (lostCount === 0) return count;
    this.counters.rxErrors += lostCount;
    return removeEmpty(frames, count);
  }

  #finishLong(frame: Frame, index: number): boolean {
    const at = this.#longSlots[index] ?? 0;
    const size = (this.#fetch?.sizeOf(index) ?? 0) - offloadHeaderSize;
    const expected = this.#words[(at + slotHeader.size) >> 2] ?? 0;
    if (size !== expected || size < minFrameSize) return false;
    frame.end = frame.start + size;
    if (!readOffloadHeader(frame, frame.bytes, frame.start - offloadHeaderSize)) return false;
    const status = this.#words[at >> 2] ?? 0;
    if ((status & slotStatus.vlan) !== 0) this.#restoreTag(frame, at, status);
    this.counters.rxPackets++;
    this.counters.rxBytes += frame.end - frame.start;
    return true;
  }

  /** The kernel counts what found the ring full until it is asked. */
  #countLost(): void {
    if (this.#socket === undefined) return;
    if (!readOption(this.#socket.fd, level.packet, packetStatisticsOption, this.#statistics)) return;
    const lostCount = this.#statistics[1] ?? 0;
    this.counters.rxDropped += lostCount;
    if (lostCount > 0 && this.#slotCount < this.#slotLimit) this.#mustGrow = true;
  }

  /** A device that goes down leaves an error on the socket, and waiting for it ends at once until it is fetched. */
  #afterEmpty(): void {
    if (++this.#emptyCalls < emptyCallsPerErrorCheck) return;
    if (this.#socket === undefined || !this.#isOpen) return;
    this.#emptyCalls = 0;
    readOption(this.#socket.fd, level.socket, socketOption.error, this.#statistics);
    this.#countLost();
  }
}

/** Closes the gaps of frames without bytes, keeping the order of the others. How many remain. */
function removeEmpty(frames: readonly Frame[], count: number): number {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const from = frames[i];
    const to = frames[kept];
    if (from === undefined || to === undefined || from.end === from.start) continue;
    if (from !== to) to.copyFrom(from);
    kept++;
  }
  return kept;
}
