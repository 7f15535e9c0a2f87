/**
 * Misses under way. The first packet of a connection goes up; those like it that follow before the answer are kept
 * here, in order, and looked up again when the answer has come. So a fast sender costs one upcall instead of
 * thousands and loses nothing within the limits. Bounded in connections and packets.
 */
import { hotWordCount } from '../../flow/slots.ts';
import { copyBytes, Frame } from '../../wire/frame.ts';
import type { FrameMemory } from './frame-arena.ts';

/** Connections waited for; a power of two. More go up packet by packet. */
const entryCount = 256;
/** Packets kept, all connections together, and bytes of the longest. */
const slotCount = 256;
const slotSize = 2048;
/** Packets kept for one connection. */
const shareOfOne = 64;
const slotHeadroom = 64;

export const missMemorySize = slotCount * slotSize;

class Entry {
  /** Of the upcall waited for; 0 = free. */
  sequence = 0;
  heldCount = 0;
  readonly key = new Uint32Array(hotWordCount);
}

/** What became of a packet that missed. */
export type MissVerdict = 'goesUp' | 'held' | 'refused';

export class Misses {
  readonly #entries = Array.from({ length: entryCount }, () => new Entry());
  readonly #frames: readonly Frame[];
  /** Entry that each kept packet waits for. */
  readonly #waitsFor = new Uint8Array(slotCount);
  /** Slots in the order of arrival: `#order[0..#count)` are in use, the rest is free. */
  readonly #order: number[] = Array.from({ length: slotCount }, (_, n) => n);
  #count = 0;
  #activeCount = 0;

  constructor(memory: FrameMemory) {
    const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.byteLength);
    this.#frames = Array.from({ length: slotCount }, () => {
      const frame = new Frame();
      frame.use(memory.bytes, view, memory.address);
      return frame;
    });
  }

  get holdsPackets(): boolean {
    return this.#count > 0;
  }

  /** `goesUp`: nothing like it is under way; `begin` when it has been sent up. */
  offer(frame: Frame, key: Uint32Array, hash: number): MissVerdict {
    if (this.#activeCount === 0) return 'goesUp';
    const index = hash & (entryCount - 1);
    const entry = this.#entries[index];
    if (entry === undefined || entry.sequence === 0 || !isSameKey(entry.key, key)) return 'goesUp';
    const size = frame.end - frame.start;
    if (size > slotSize - slotHeadroom) return 'goesUp';
    if (this.#count === slotCount || entry.heldCount === shareOfOne) return 'refused';
    const slot = this.#order[this.#count] ?? 0;
    const to = this.#frames[slot];
    if (to === undefined) return 'refused';
    this.#count++;
    entry.heldCount++;
    this.#waitsFor[slot] = index;
    to.start = slot * slotSize + slotHeadroom;
    to.end = to.start + size;
    to.headroom = slotHeadroom;
    to.clearOffloads();
    to.copyOffloads(frame);
    copyBytes(frame, frame.start, to, to.start, size);
    return 'held';
  }

  /** The packet with that key went up as number `sequence` (> 0). */
  begin(key: Uint32Array, hash: number, sequence: number): void {
    const entry = this.#entries[hash & (entryCount - 1)];
    if (entry === undefined || entry.sequence !== 0) return;
    entry.sequence = sequence;
    entry.heldCount = 0;
    for (let n = 0; n < hotWordCount; n++) entry.key[n] = key[n] ?? 0;
    this.#activeCount++;
  }

  /**
   * All upcalls up to number `sequence` were answered: gives what waited for them to `release`, oldest first. A frame
   * is valid until `release` returns and every port was flushed, which must come before the next `offer`.
   */
  finish(sequence: number, release: (frame: Frame) => void): void {
    if (this.#activeCount === 0) return;
    const isDone = (entry: Entry | undefined): boolean =>
      entry !== undefined && entry.sequence !== 0 && entry.sequence <= sequence;
    const freed: number[] = [];
    const kept: number[] = [];
    for (const slot of this.#order.slice(0, this.#count)) {
      (isDone(this.#entries[this.#waitsFor[slot] ?? 0]) ? freed : kept).push(slot);
    }
    const unused = this.#order.slice(this.#count);
    for (const entry of this.#entries) {
      if (!isDone(entry)) continue;
      entry.sequence = 0;
      this.#activeCount--;
    }
    for (const slot of freed) {
      const frame = this.#frames[slot];
      if (frame !== undefined) release(frame);
    }
    this.#order.splice(0, slotCount, ...kept, ...unused, ...freed);
    this.#count = kept.length;
  }
}

function isSameKey(a: Uint32Array, b: Uint32Array): boolean {
  for (let n = 0; n < hotWordCount; n++) if (a[n] !== b[n]) return false;
  return true;
}
