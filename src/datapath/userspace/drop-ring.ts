/**
 * Heads of dropped packets on their way from a worker to the main thread: slots of one size in shared memory, made when
 * a watch begins. What finds no free slot is counted.
 */
import { ms } from '../../base/units.ts';
import { usedWordCount } from '../../flow/key.ts';
import { datapathWordCount } from '../../flow/slots.ts';
import type { Frame } from '../../wire/frame.ts';
import type { DpDrop, DropSink } from '../drop-watch.ts';
import { type DpDropReason, dropIndex, dropNames } from '../drops.ts';

const mostSlots = 256;
/** Bytes of all slots, unless a few need more. */
const usualSize = 4 << 20;
const fewestSlots = 8;

/** 32-bit words at the start of the memory: counts of slots since the beginning, which wrap, and a flag. */
const place = { written: 0, read: 1, isTold: 2 } as const;
/** Doubles behind them: packets that are not in the ring. */
const missedPlace = 2;
const slotsStart = 8; // in words
/** Words of a slot's head; the key and the packet follow. */
const head = { reason: 0, size: 1, headSize: 2, keyWordCount: 3, at: 4 } as const;
const slotHead = 6;

interface Layout {
  readonly headSize: number;
  /** Words. */
  readonly stride: number;
  readonly slotCount: number;
}

/** What both threads share. */
export interface DropMemory {
  readonly buffer: SharedArrayBuffer;
  readonly headSize: number;
}

function layoutOf(headSize: number): Layout {
  const words = slotHead + datapathWordCount + Math.ceil(headSize / 4);
  const stride = words + (words & 1); // times stay on doubles
  let slotCount = mostSlots; // a power of two, so that counts may wrap
  while (slotCount > fewestSlots && slotCount * stride * 4 > usualSize) slotCount /= 2;
  return { headSize, stride, slotCount };
}

export function makeDropMemory(headSize: number): DropMemory {
  const { stride, slotCount } = layoutOf(headSize);
  return { buffer: new SharedArrayBuffer(4 * (slotsStart + stride * slotCount)), headSize };
}

class DropRing {
  protected readonly words: Int32Array;
  protected readonly doubles: Float64Array;
  protected readonly bytes: Uint8Array;
  readonly #layout: Layout;

  constructor({ buffer, headSize }: DropMemory) {
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.#layout = layoutOf(headSize);
  }

  protected get layout(): Layout {
    return this.#layout;
  }

  /** Where the slot of that count begins, in words. */
  protected slotAt(count: number): number {
    const { slotCount, stride } = this.#layout;
    return slotsStart + ((count >>> 0) % slotCount) * stride;
  }
}

/** The worker's end. */
export class DropWriter extends DropRing implements DropSink {
  /** Called when the reader has not been told yet that there is something. */
  readonly #tell: () => void;
  #written = 0;

  constructor(memory: DropMemory, tell: () => void) {
    super(memory);
    this.#tell = tell;
  }

  put(reason: DpDropReason, frame: Frame, key: Uint32Array, now: number): boolean {
    const { slotCount, headSize } = this.layout;
    if (((this.#written - Atomics.load(this.words, place.read)) | 0) >= slotCount) return false;
    const { words } = this;
    const at = this.slotAt(this.#written);
    const size = frame.end - frame.start;
    const shown = Math.min(size, headSize);
    const keyWordCount = Math.min(usedWordCount(key), datapathWordCount);
    words[at + head.reason] = dropIndex[reason];
    words[at + head.size] = size;
    words[at + head.headSize] = shown;
    words[at + head.keyWordCount] = keyWordCount;
    this.doubles[(at + head.at) >> 1] = now;
    for (let n = 0; n < keyWordCount; n++) words[at + slotHead + n] = key[n] ?? 0;
    const packetAt = 4 * (at + slotHead + datapathWordCount);
    this.bytes.set(frame.bytes.subarray(frame.start, frame.start + shown), packetAt);
    this.#written = (this.#written + 1) | 0;
    Atomics.store(words, place.written, this.#written);
    if (Atomics.exchange(words, place.isTold, 1) === 0) this.#tell();
    return true;
  }

  countMissed(): void {
    this.doubles[missedPlace] = (this.doubles[missedPlace] ?? 0) + 1;
  }
}

/** The main thread's end. */
export class DropReader extends DropRing {
  #read = 0;

  get missedCount(): number {
    return this.doubles[missedPlace] ?? 0;
  }

  /** The writer tells again of what comes from now on. Has something come that it has told of before? */
  rearm(): boolean {
    Atomics.store(this.words, place.isTold, 0);
    return Atomics.load(this.words, place.written) !== this.#read;
  }

  /** Copies out what has come. */
  take(): DpDrop[] {
    const { words } = this;
    const taken: DpDrop[] = [];
    const written = Atomics.load(words, place.written);
    for (; this.#read !== written; this.#read = (this.#read + 1) | 0) {
      const drop = this.#copy(this.slotAt(this.#read));
      if (drop !== undefined) taken.push(drop);
    }
    Atomics.store(words, place.read, this.#read);
    return taken;
  }

  #copy(at: number): DpDrop | undefined {
    const { words } = this;
    const get = (n: number): number => words[at + n] ?? 0;
    const reason = dropNames[get(head.reason)];
    if (reason === undefined) return undefined;
    const key = Uint32Array.from(words.subarray(at + slotHead, at + slotHead + get(head.keyWordCount)));
    const packetAt = 4 * (at + slotHead + datapathWordCount);
    return {
      reason,
      at: ms(this.doubles[(at + head.at) >> 1] ?? 0),
      size: get(head.size),
      head: this.bytes.slice(packetAt, packetAt + get(head.headSize)),
      key,
    };
  }
}
