/**
 * Entries whose keys are compared under one mask: an open-addressing hash table with linear probing. The values lie
 * side by side in one array, so an entry costs a few words. Classifier, datapath and the list of datapath flows are
 * made of such tables, one for each mask.
 */
import type { Mask } from './mask.ts';
import type { Match } from './match.ts';

/** What a table keeps in its entries. */
export interface TableEntry {
  /** Where the entry's values lie, -1 in no table; the table sets it, also of those that follow. */
  slot: number;
  /** An entry of the same values, which has the same slot: the owner chains them, the table knows the first. */
  readonly next?: TableEntry | undefined;
}

const smallest = 8;

export class MaskTable<E extends TableEntry> {
  readonly mask: Mask;
  /** By probe position: slot + 1, or 0 for none. */
  #index = new Int32Array(smallest);
  #hashes = new Uint32Array(smallest);
  /** By slot. */
  #entries: (E | undefined)[] = [];
  #store = new Int32Array(0);
  #freeSlots: number[] = [];
  #size = 0;

  constructor(mask: Mask) {
    this.mask = mask;
  }

  get size(): number {
    return this.#size;
  }

  find(key: Uint32Array): E | undefined {
    return this.findHashed(key, this.mask.hash(key));
  }

  /** `hash` is `mask.hash(key)`. */
  findHashed(key: Uint32Array, hash: number): E | undefined {
    const { mask } = this;
    const width = mask.words.length;
    const index = this.#index;
    const last = index.length - 1;
    for (let at = hash & last; ; at = (at + 1) & last) {
      const slot = (index[at] ?? 0) - 1;
      if (slot < 0) return undefined;
      if (this.#hashes[at] === hash && mask.isEqual(key, this.#store, slot * width))
        return this.#entries[slot];
    }
  }

  /** The entry of exactly those values. */
  findValues(values: readonly number[]): E | undefined {
    const at = this.#find(values, this.mask.hashValues(values));
    return at < 0 ? undefined : this.#entries[(this.#index[at] ?? 0) - 1];
  }

  /** Does the key equal the entry's under the mask? */
  isMatch(entry: E, key: Uint32Array): boolean {
    return this.mask.isEqual(key, this.#store, entry.slot * this.mask.words.length);
  }

  valuesOf(entry: E): number[] {
    const count = this.mask.words.length;
    const at = entry.slot * count;
    const values: number[] = [];
    for (let n = 0; n < count; n++) values.push(this.#store[at + n] ?? 0);
    return values;
  }

  matchOf(entry: E): Match {
    return { mask: this.mask, values: this.valuesOf(entry) };
  }

  /** There must be none of the same values. */
  add(entry: E, values: readonly number[]): void {
    if (5 * (this.#size + 1) > 4 * this.#index.length) this.#resize(this.#index.length * 2);
    const slot = this.#takeSlot(entry);
    this.#store.set(values, slot * values.length);
    this.#insert(slot, this.mask.hashValues(values));
    this.#size++;
  }

  /** The first entry of those values. */
  headOf(entry: E): E | undefined {
    return entry.slot < 0 ? undefined : this.#entries[entry.slot];
  }

  /** Makes `entry` the first of the values in that slot. */
  setHead(slot: number, entry: E): void {
    entry.slot = slot;
    this.#entries[slot] = entry;
  }

  /** False when the entry is not here, or not the first of its values. */
  remove(entry: E): boolean {
    const { slot } = entry;
    if (slot < 0 || this.#entries[slot] !== entry) return false;
    const values = this.valuesOf(entry);
    this.#closeGap(this.#find(values, this.mask.hashValues(values)));
    this.#entries[slot] = undefined;
    entry.slot = -1;
    this.#freeSlots.push(slot);
    this.#size--;
    if (this.#index.length > smallest && 8 * this.#size < this.#index.length)
      this.#resize(this.#index.length / 2);
    return true;
  }

  /** The first entry of each values; the table must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<E> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry;
  }

  #takeSlot(entry: E): number {
    const slot = this.#freeSlots.pop() ?? this.#entries.length;
    this.#entries[slot] = entry;
    entry.slot = slot;
    const end = (slot + 1) * this.mask.words.length;
    if (end > this.#store.length) {
      const larger = new Int32Array(Math.max(end, Math.ceil(this.#store.length * 1.25)));
      larger.set(this.#store);
      this.#store = larger;
    }
    return slot;
  }

  #insert(slot: number, hash: number): void {
    const last = this.#index.length - 1;
    let at = hash & last;
    while (this.#index[at] !== 0) at = (at + 1) & last;
    this.#index[at] = slot + 1;
    this.#hashes[at] = hash;
  }

  /** The probe position that holds those values; -1 for none. */
  #find(values: readonly number[], hash: number): number {
    const last = this.#index.length - 1;
    for (let at = hash & last; ; at = (at + 1) & last) {
      const slot = (this.#index[at] ?? 0) - 1;
      if (slot < 0) return -1;
      if (this.#hashes[at] === hash && this.#holds(slot, values)) return at;
    }
  }

  #holds(slot: number, values: readonly number[]): boolean {
    const at = slot * values.length;
    for (let n = 0; n < values.length; n++) if (this.#store[at + n] !== values[n]) return false;
    return true;
  }

  /** A new index of that length; where many slots are free, entries move together. */
  #resize(length: number): void {
    const index = this.#index;
    const hashes = this.#hashes;
    const slots = this.#entries.length > 2 * this.#size ? this.#compact() : undefined;
    this.#index = new Int32Array(length);
    this.#hashes = new Uint32Array(length);
    for (let at = 0; at < index.length; at++) {
      const slot = (index[at] ?? 0) - 1;
      if (slot >= 0) this.#insert(slots?.[slot] ?? slot, hashes[at] ?? 0);
    }
  }

  /** Leaves no slot free; returns the new slot of each old one. */
  #compact(): number[] {
    const width = this.mask.words.length;
    const store = new Int32Array(width * this.#size);
    const entries: E[] = [];
    const moved: number[] = [];
    for (const entry of this.#entries) {
      if (entry === undefined) continue;
      const at = entry.slot * width;
      store.set(this.#store.subarray(at, at + width), entries.length * width);
      const slot = entries.push(entry) - 1;
      moved[entry.slot] = slot;
      for (let same: TableEntry | undefined = entry; same !== undefined; same = same.next) same.slot = slot;
    }
    this.#entries = entries;
    this.#store = store;
    this.#freeSlots = [];
    return moved;
  }

  /** Moves later entries of the probe run into the freed position (Knuth, TAOCP 6.4, algorithm R). */
  #closeGap(freed: number): void {
    const last = this.#index.length - 1;
    let gap = freed;
    let at = freed;
    for (;;) {
      at = (at + 1) & last;
      const held = this.#index[at] ?? 0;
      if (held === 0) break;
      const home = (this.#hashes[at] ?? 0) & last;
      const isHomeBetween = gap <= at ? gap < home && home <= at : gap < home || home <= at;
      if (isHomeBetween) continue;
      this.#index[gap] = held;
      this.#hashes[gap] = this.#hashes[at] ?? 0;
      gap = at;
    }
    this.#index[gap] = 0;
  }
}
