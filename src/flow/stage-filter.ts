/**
 * Which hashes of the outer layers occur in a table: says "none like this" for certain and "there may be one" nearly so.
 * A counting filter with one counter for each hash; it grows with the number of different hashes, not of rules.
 */

/** Places of a digest: 256, so that a smallest filter has one counter for each. */
const digestMask = 0xff;
const digestWords = (digestMask + 1) / 32;
const smallest = digestMask + 1;
/** A counter that got here stays: its count is not known any more. */
const stuck = 0xff;

/**
 * Short forms of many filters side by side: a lookup that asks thousands of them, most of them in vain, reads one
 * array from its begin to its end.
 */
export class FilterDigests {
  #words = new Int32Array(digestWords);
  #count = 0;
  readonly #free: number[] = [];

  /** A place for one more digest, empty. */
  take(): number {
    const place = this.#free.pop() ?? this.#count++;
    const end = digestWords * this.#count;
    if (end > this.#words.length) {
      const larger = new Int32Array(2 * end);
      larger.set(this.#words);
      this.#words = larger;
    }
    return place;
  }

  /** Nobody asks about that place any more. */
  release(place: number): void {
    this.clear(place);
    this.#free.push(place);
  }

  has(place: number, hash: number): boolean {
    const at = spread(hash) & digestMask;
    return (((this.#words[digestWords * place + (at >>> 5)] ?? 0) >>> (at & 31)) & 1) !== 0;
  }

  set(place: number, at: number, isUsed: boolean): void {
    const word = digestWords * place + ((at & digestMask) >>> 5);
    const bit = 1 << (at & 31);
    this.#words[word] = isUsed ? (this.#words[word] ?? 0) | bit : (this.#words[word] ?? 0) & ~bit;
  }

  clear(place: number): void {
    this.#words.fill(0, digestWords * place, digestWords * (place + 1));
  }
}

export class StageFilter {
  /** Where its digest is; -1 for none. */
  readonly place: number;
  readonly #digests: FilterDigests | undefined;
  #counts = new Uint8Array(smallest);
  #usedCount = 0;

  /** With a digest among `digests`, if any. */
  constructor(digests?: FilterDigests) {
    this.#digests = digests;
    this.place = digests?.take() ?? -1;
  }

  has(hash: number): boolean {
    return this.#counts[spread(hash) & (this.#counts.length - 1)] !== 0;
  }

  /** True when it is too full for good answers: the owner should `reset` it and add all again. */
  add(hash: number): boolean {
    const at = spread(hash) & (this.#counts.length - 1);
    const count = this.#counts[at] ?? 0;
    if (count === 0) {
      this.#usedCount++;
      this.#digests?.set(this.place, at, true);
    }
    if (count < stuck) this.#counts[at] = count + 1;
    return 4 * this.#usedCount > this.#counts.length;
  }

  remove(hash: number): void {
    const at = spread(hash) & (this.#counts.length - 1);
    const count = this.#counts[at] ?? 0;
    if (count === 0 || count === stuck) return;
    this.#counts[at] = count - 1;
    if (count > 1) return;
    this.#usedCount--;
    // Of a larger filter, other counters may have the same place.
    if (this.#counts.length === smallest) this.#digests?.set(this.place, at, false);
  }

  /** Empties it, with room for more. */
  reset(): void {
    this.#counts = new Uint8Array(this.#counts.length * 4);
    this.#usedCount = 0;
    this.#digests?.clear(this.place);
  }

  /** It is not used any more. */
  release(): void {
    this.#digests?.release(this.place);
  }
}

/** Hashes of a stage are not finished yet: their low bits alone are weak. */
function spread(hash: number): number {
  return hash ^ (hash >>> 16) ^ (hash >>> 7);
}
