/**
 * Which hashes of the outer layers occur in a table. Exact but for hashes that are equal: a datapath flow is not to
 * depend on where hashes start from. It grows with the number of different hashes, not of rules.
 */
import { HashCounts } from './hash-counts.ts';

/** Places of a digest. */
const digestMask = 0xff;
const digestWords = (digestMask + 1) / 32;
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
    this.#words.fill(0, digestWords * place, digestWords * (place + 1));
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
}

export class StageFilter {
  /** Where its digest is; -1 for none. */
  readonly place: number;
  readonly #digests: FilterDigests | undefined;
  readonly #counts = new HashCounts();
  /** How many of the hashes have each place of the digest. */
  readonly #atPlace: Uint8Array;

  /** With a digest among `digests`, if any. */
  constructor(digests?: FilterDigests) {
    this.#digests = digests;
    this.place = digests?.take() ?? -1;
    this.#atPlace = new Uint8Array(digests === undefined ? 0 : digestMask + 1);
  }

  has(hash: number): boolean {
    return this.#counts.has(hash);
  }

  add(hash: number): void {
    if (!this.#counts.add(hash) || this.#digests === undefined) return;
    const at = spread(hash) & digestMask;
    const others = this.#atPlace[at] ?? 0;
    if (others < stuck) this.#atPlace[at] = others + 1;
    if (others === 0) this.#digests.set(this.place, at, true);
  }

  /** One that was added. */
  remove(hash: number): void {
    if (!this.#counts.remove(hash) || this.#digests === undefined) return;
    const at = spread(hash) & digestMask;
    const others = this.#atPlace[at] ?? 0;
    if (others === stuck) return;
    this.#atPlace[at] = others - 1;
    if (others === 1) this.#digests.set(this.place, at, false);
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
