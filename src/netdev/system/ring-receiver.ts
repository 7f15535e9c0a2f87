/**
 * Frames from a packet socket by a mapped ring (TPACKET_V2), sent on straight out of it. Frames longer than a slot
 * leave their first bytes in the ring and wait whole in the socket's queue, in the same order; they are fetched as
 * messages.
 * Runs on a datapath worker; nothing here allocates for a frame.
 */
import type { Frame, FrameBatch } from '../../wire/frame.ts';
import { type Buffer, bufferPool, minFrameSize } from '../buffers.ts';
import { offloadHeaderSize, readOffloadHeader } from '../offload-header.ts';
import type { PortCounters } from '../provider.ts';
import { frameIntake, intakeLimit } from './frame-intake.ts';
import type { FrameReceiver } from './frame-receiver.ts';
import { restoreTag, slotHeader, slotSize, slotStatus } from './packet-socket.ts';

/** Where received frames lie; a test makes one without a socket. */
export interface Ring {
  readonly buffer: ArrayBuffer;
  readonly address: number;
  readonly unmap: () => void;
}

export class RingReceiver implements FrameReceiver {
  readonly fd: number;
  readonly #counters: PortCounters;
  readonly #unmap: () => void;
  #bytes: Uint8Array;
  #view: DataView;
  #words: Int32Array;
  #halves: Uint16Array;
  #address: number;
  #slotCount: number;
  /** The kernel said that it found the ring full. */
  #hasLost = false;
  /** The slot that the kernel fills next, as far as we know. */
  #next = 0;
  /** Slots handed out before `#next` and not yet given back. */
  #heldCount = 0;

  readonly #longFrames: Frame[] = [];
  readonly #longSlots = new Int32Array(intakeLimit);
  readonly #held: Buffer[] = [];

  constructor(fd: number, { buffer, address, unmap }: Ring, counters: PortCounters) {
    this.fd = fd;
    this.#counters = counters;
    this.#unmap = unmap;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#words = new Int32Array(buffer);
    this.#halves = new Uint16Array(buffer);
    this.#address = address;
    this.#slotCount = buffer.byteLength / slotSize;
  }

  get isPressed(): boolean {
    return this.#hasLost;
  }

  receive({ frames }: FrameBatch): number {
    let count = 0;
    let longCount = 0;
    let longLimit = 0;
    this.#hasLost = false;
    while (count < frames.length && this.#heldCount < this.#slotCount) {
      const at = this.#next * slotSize;
      const status = Atomics.load(this.#words, at >> 2);
      if ((status & slotStatus.user) === 0) break;
      const isLong = (status & slotStatus.copy) !== 0;
      const frame = frames[count];
      if (frame === undefined) break;
      if (isLong && longCount === 0) longLimit = frameIntake().makeReady();
      if (isLong && longCount === longLimit) break;
      this.#next = this.#next + 1 === this.#slotCount ? 0 : this.#next + 1;
      this.#heldCount++;
      if ((status & slotStatus.losing) !== 0) this.#hasLost = true;
      if (isLong) {
        this.#longFrames[longCount] = frame;
        this.#longSlots[longCount++] = at;
        count++;
      } else if (this.#take(frame, at, status)) {
        count++;
      }
    }
    return longCount === 0 ? count : this.#fetchLong(frames, count, longCount);
  }

  release(): void {
    bufferPool.giveAll(this.#held);
    if (this.#heldCount > 0) this.#releaseSlots();
  }

  close(): void {
    this.release();
    // The views must not outlive the memory.
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(this.#bytes.buffer);
    this.#words = new Int32Array(0);
    this.#halves = new Uint16Array(0);
    this.#address = 0;
    this.#slotCount = 0;
    this.#unmap();
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
      this.#counters.rxErrors++;
      return false;
    }
    this.#finish(frame, at, status);
    return true;
  }

  #countUnsound(isCut: boolean): void {
    if (isCut)
      this.#counters.rxDropped++; // the socket's queue was full when a long frame came
    else this.#counters.rxErrors++;
  }

  #finish(frame: Frame, at: number, status: number): void {
    const halves = this.#halves;
    const tci = halves[(at + slotHeader.tci) >> 1] ?? 0;
    restoreTag(frame, status, tci, halves[(at + slotHeader.tpid) >> 1] ?? 0);
    this.#counters.rxPackets++;
    this.#counters.rxBytes += frame.end - frame.start;
  }

  /** Fetches the noted frames; those that did not come whole are taken out of the batch. The new count. */
  #fetchLong(frames: readonly Frame[], count: number, longCount: number): number {
    const got = frameIntake().receive(this.fd, longCount);
    let lostCount = 0;
    for (let n = 0; n < longCount; n++) {
      const frame = this.#longFrames[n];
      if (frame === undefined) continue;
      if (n < got && this.#takeLong(frame, n)) continue;
      frame.end = frame.start;
      lostCount++;
    }
    if (lostCount === 0) return count;
    this.#counters.rxErrors += lostCount;
    return removeEmpty(frames, count);
  }

  #takeLong(frame: Frame, index: number): boolean {
    const at = this.#longSlots[index] ?? 0;
    const expected = this.#words[(at + slotHeader.size) >> 2] ?? 0;
    if (!frameIntake().take(frame, index, this.#held) || frame.end - frame.start !== expected) return false;
    this.#finish(frame, at, this.#words[at >> 2] ?? 0);
    return true;
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
