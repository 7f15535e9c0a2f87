/**
 * Packets on their way up: a ring of records in shared memory, written by one worker and read by the main thread.
 * Bounded, with a fair share: a port may hold at most as much as is still free, in bytes and in packets, so one
 * that floods takes half of the ring and every other one still finds room.
 */
import { usedWordCount } from '../../flow/key.ts';
import type { Frame } from '../../wire/frame.ts';
import type { SentUp, Upcall, UpcallReason } from '../provider.ts';
import type { UpcallSink } from './engine.ts';

/** Bytes; a power of two. */
const ringSize = 4 << 20;
/** Positions count units of this many bytes and wrap at `positionMask`. */
const unitSize = 8;
const unitCount = ringSize / unitSize;
const positionMask = 0x3fffffff;
/** Records under way at most. */
const recordLimit = 4096;

/** 32-bit words at the head of a record; the key's words, the packet and the reason, as JSON, follow. */
const word = {
  unitCount: 0,
  packetSize: 1, // `padding` in a record that only fills the ring up to its end
  /** Bytes; 0 = a miss. */
  reasonSize: 2,
  keyWordCount: 3,
  checksumStart: 4,
  checksumOffset: 5,
  gsoType: 6,
  gsoSize: 7,
  headerSize: 8,
} as const;
const headWordCount = 10; // even, so that what follows stays on units
const padding = -1;

const noReason = new Uint8Array(0);
/** Reasons that the reader remembers. */
const reasonLimit = 1024;

/** What both threads share. */
export interface UpcallMemory {
  readonly data: SharedArrayBuffer;
  /** Positions: [0] written by the worker, [1] read by the main thread. */
  readonly positions: SharedArrayBuffer;
}

export function makeUpcallMemory(): UpcallMemory {
  return { data: new SharedArrayBuffer(ringSize), positions: new SharedArrayBuffer(8) };
}

interface Held {
  units: number;
  records: number;
}

/** The worker's end. */
export class UpcallWriter implements UpcallSink {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #positions: Int32Array;
  /** Called after a packet was added. */
  readonly #onAdded: () => void;
  #written = 0;
  #sequence = 0;
  /** Of the records under way, oldest first: port and units. A ring of its own. */
  readonly #portOf = new Int32Array(recordLimit);
  readonly #unitsOf = new Int32Array(recordLimit);
  #firstRecord = 0;
  #recordCount = 0;
  #freed = 0;
  /** Actions send up what was made once, so each is encoded once. */
  readonly #encoded = new WeakMap<SentUp, Uint8Array>();
  /** What is under way, by port. */
  readonly #heldBy = new Map<number, Held>();

  constructor(memory: UpcallMemory, onAdded: () => void) {
    this.#bytes = new Uint8Array(memory.data);
    this.#words = new Int32Array(memory.data);
    this.#positions = new Int32Array(memory.positions);
    this.#onAdded = onAdded;
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#positions, 1) === this.#written;
  }

  add(reason: UpcallReason, frame: Frame, key: Uint32Array): number {
    this.#reap();
    const size = frame.end - frame.start;
    const keyWordCount = usedWordCount(key);
    const reasonBytes = this.#encode(reason);
    const recordSize = 4 * (headWordCount + keyWordCount) + size + reasonBytes.length;
    const units = Math.ceil(recordSize / unitSize);
    const toEnd = unitCount - (this.#written & (unitCount - 1));
    const skipped = units > toEnd ? toEnd : 0;
    const free = unitCount - ((this.#written - this.#freed) & positionMask);
    const held = this.#heldOf(frame.inPort);
    const freeRecords = recordLimit - this.#recordCount;
    if (units + skipped > free || held.units + units > free || held.records >= freeRecords) return 0;
    if (skipped > 0) this.#skip(skipped);
    this.#write(reasonBytes, frame, key, keyWordCount, units);
    const slot = (this.#firstRecord + this.#recordCount++) % recordLimit;
    this.#portOf[slot] = frame.inPort;
    this.#unitsOf[slot] = units + skipped;
    held.units += units + skipped;
    held.records++;
    this.#onAdded();
    return ++this.#sequence;
  }

  #encode(reason: UpcallReason): Uint8Array {
    if (reason === 'miss') return noReason;
    let bytes = this.#encoded.get(reason);
    if (bytes === undefined) {
      bytes = new TextEncoder().encode(JSON.stringify(reason));
      this.#encoded.set(reason, bytes);
    }
    return bytes;
  }

  #heldOf(port: number): Held {
    let held = this.#heldBy.get(port);
    if (held === undefined) {
      held = { units: 0, records: 0 };
      this.#heldBy.set(port, held);
    }
    return held;
  }

  #write(reason: Uint8Array, frame: Frame, key: Uint32Array, keyWordCount: number, units: number): void {
    const words = this.#words;
    const at = (this.#written & (unitCount - 1)) * (unitSize / 4);
    const size = frame.end - frame.start;
    words[at + word.unitCount] = units;
    words[at + word.packetSize] = size;
    words[at + word.reasonSize] = reason.length;
    words[at + word.keyWordCount] = keyWordCount;
    words[at + word.checksumStart] = frame.checksumStart;
    words[at + word.checksumOffset] = frame.checksumOffset;
    words[at + word.gsoType] = frame.gsoType;
    words[at + word.gsoSize] = frame.gsoSize;
    words[at + word.headerSize] = frame.headerSize;
    for (let n = 0; n < keyWordCount; n++) words[at + headWordCount + n] = key[n] ?? 0;
    const packetAt = 4 * (at + headWordCount + keyWordCount);
    this.#bytes.set(frame.bytes.subarray(frame.start, frame.end), packetAt);
    if (reason.length > 0) this.#bytes.set(reason, packetAt + size);
    this.#moveWritten(units);
  }

  #skip(units: number): void {
    const at = (this.#written & (unitCount - 1)) * (unitSize / 4);
    this.#words[at + word.unitCount] = units;
    this.#words[at + word.packetSize] = padding;
    this.#moveWritten(units);
  }

  #moveWritten(units: number): void {
    this.#written = (this.#written + units) & positionMask;
    Atomics.store(this.#positions, 0, this.#written);
  }

  /** Forgets the records that were read. */
  #reap(): void {
    const read = Atomics.load(this.#positions, 1);
    while (this.#recordCount > 0) {
      const units = this.#unitsOf[this.#firstRecord] ?? 0;
      if (((read - this.#freed) & positionMask) < units) return;
      const port = this.#portOf[this.#firstRecord] ?? 0;
      const held = this.#heldOf(port);
      held.units -= units;
      held.records--;
      this.#freed = (this.#freed + units) & positionMask;
      this.#firstRecord = (this.#firstRecord + 1) % recordLimit;
      this.#recordCount--;
    }
  }
}

/** The main thread's end. */
export class UpcallReader {
  /** Number of the last packet that was taken. */
  lastSequence = 0;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #positions: Int32Array;
  /** By their text: they are few, and each comes with many packets. */
  readonly #reasons = new Map<string, SentUp>();
  #read = 0;

  constructor(memory: UpcallMemory) {
    this.#bytes = new Uint8Array(memory.data);
    this.#words = new Int32Array(memory.data);
    this.#positions = new Int32Array(memory.positions);
  }

  get isEmpty(): boolean {
    return this.#read === Atomics.load(this.#positions, 0);
  }

  /** Copies out what has come, at most `limit` packets. */
  take(limit: number): Upcall[] {
    const taken: Upcall[] = [];
    const written = Atomics.load(this.#positions, 0);
    while (this.#read !== written && taken.length < limit) {
      const at = (this.#read & (unitCount - 1)) * (unitSize / 4);
      const units = this.#words[at + word.unitCount] ?? 0;
      if (this.#words[at + word.packetSize] !== padding) taken.push(this.#copy(at));
      this.#read = (this.#read + units) & positionMask;
    }
    Atomics.store(this.#positions, 1, this.#read);
    this.lastSequence += taken.length;
    return taken;
  }

  #copy(at: number): Upcall {
    const words = this.#words;
    const get = (n: number): number => words[at + n] ?? 0;
    const keyWordCount = get(word.keyWordCount);
    const keyAt = at + headWordCount;
    const key = new Uint32Array(keyWordCount);
    key.set(words.subarray(keyAt, keyAt + keyWordCount));
    const packetAt = 4 * (keyAt + keyWordCount);
    const bytes = new Uint8Array(get(word.packetSize));
    bytes.set(this.#bytes.subarray(packetAt, packetAt + bytes.length));
    const checksumStart = get(word.checksumStart);
    const gsoType = get(word.gsoType);
    const hasOffload = checksumStart >= 0 || gsoType !== 0;
    const offload = {
      checksumStart,
      checksumOffset: get(word.checksumOffset),
      gsoType,
      gsoSize: get(word.gsoSize),
      headerSize: get(word.headerSize),
    };
    const reason = this.#reasonAt(packetAt + bytes.length, get(word.reasonSize));
    return { reason, key, bytes, offload: hasOffload ? offload : undefined };
  }

  #reasonAt(at: number, size: number): UpcallReason {
    if (size === 0) return 'miss';
    const text = Buffer.from(this.#bytes.buffer, at, size).toString('latin1');
    let reason = this.#reasons.get(text);
    if (reason === undefined) {
      reason = JSON.parse(Buffer.from(text, 'latin1').toString()) as SentUp; // the writer's own, of the same program
      if (this.#reasons.size >= reasonLimit) this.#reasons.clear();
      this.#reasons.set(text, reason);
    }
    return reason;
  }
}
