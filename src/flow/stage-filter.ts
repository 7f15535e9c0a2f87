/**
 * Which hashes of the outer layers occur in a table: says "none like this" for certain and "there may be one" nearly so.
 * A counting filter with one counter for each hash; it grows with the number of different hashes, not of rules.
 */

const smallest = 64;
/** A counter that got here stays: its count is not known any more. */
const stuck = 0xff;

export class StageFilter {
  #counts = new Uint8Array(smallest);
  #usedCount = 0;

  has(hash: number): boolean {
    return this.#counts[spread(hash) & (this.#counts.length - 1)] !== 0;
  }

  /** True when it is too full for good answers: the owner should `reset` it and add all again. */
  add(hash: number): boolean {
    const at = spread(hash) & (this.#counts.length - 1);
    const count = this.#counts[at] ?? 0;
    if (count === 0) this.#usedCount++;
    if (count < stuck) this.#counts[at] = count + 1;
    return 4 * this.#usedCount > this.#counts.length;
  }

  remove(hash: number): void {
    const at = spread(hash) & (this.#counts.length - 1);
    const count = this.#counts[at] ?? 0;
    if (count === 0 || count === stuck) return;
    this.#counts[at] = count - 1;
    if (count === 1) this.#usedCount--;
  }

  /** Empties it, with room for more. */
  reset(): void {
    this.#counts = new Uint8Array(this.#counts.length * 4);
    this.#usedCount = 0;
  }
}

/** Hashes of a stage are not finished yet: their low bits alone are weak. */
function spread(hash: number): number {
  return hash ^ (hash >>> 16) ^ (hash >>> 7);
}
