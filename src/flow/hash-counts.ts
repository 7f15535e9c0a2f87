/** How often each of many 32-bit hashes was added: an open hash table without objects, of 10 to 20 bytes for each. */
import { finishHash } from '../base/murmur3.ts';

const smallest = 8;
/** Of this and more, the rest is counted in a map: rules that share so much are few hashes. */
const most = 0xff;

export class HashCounts {
  #hashes = new Int32Array(smallest);
  /** 0 for a free position. */
  #counts = new Uint8Array(smallest);
  #usedCount = 0;
  #rest: Map<number, number> | undefined;

  has(hash: number): boolean {
    return this.#counts[this.#find(hash | 0)] !== 0;
  }

  /** Is it the first of its like? */
  add(hash: number): boolean {
    const at = this.#find(hash | 0);
    const count = this.#counts[at] ?? 0;
    if (count === most) {
      this.#rest ??= new Map();
      this.#rest.set(hash | 0, (this.#rest.get(hash | 0) ?? 0) + 1);
      return false;
    }
    this.#hashes[at] = hash;
    this.#counts[at] = count + 1;
    if (count > 0) return false;
    if (2 * ++this.#usedCount > this.#hashes.length) this.#grow();
    return true;
  }

  /** One that was added. Was it the last of its like? */
  remove(hash: number): boolean {
    const rest = this.#rest?.get(hash | 0) ?? 0;
    if (rest > 1) this.#rest?.set(hash | 0, rest - 1);
    else if (rest === 1) this.#rest?.delete(hash | 0);
    if (rest > 0) return false;
    const at = this.#find(hash | 0);
    const count = this.#counts[at] ?? 0;
    if (count > 0) this.#counts[at] = count - 1;
    if (count !== 1) return false;
    this.#usedCount--;
    this.#close(at);
    return true;
  }

  /** Where it is, or the free position where it would be. */
  #find(hash: number): number {
    const last = this.#hashes.length - 1;
    let at = finishHash(hash) & last;
    while (this.#counts[at] !== 0 && this.#hashes[at] !== hash) at = (at + 1) & last;
    return at;
  }

  /** Moves later entries of the probe run into the freed position (Knuth, TAOCP 6.4, algorithm R). */
  #close(freed: number): void {
    const [hashes, counts] = [this.#hashes, this.#counts];
    const last = hashes.length - 1;
    let hole = freed;
    for (let at = (hole + 1) & last; counts[at] !== 0; at = (at + 1) & last) {
      const home = finishHash(hashes[at] ?? 0) & last;
      if (((at - home) & last) < ((at - hole) & last)) continue;
      hashes[hole] = hashes[at] ?? 0;
      counts[hole] = counts[at] ?? 0;
      hole = at;
    }
    counts[hole] = 0;
  }

  #grow(): void {
    const [hashes, counts] = [this.#hashes, this.#counts];
    this.#hashes = new Int32Array(2 * hashes.length);
    this.#counts = new Uint8Array(2 * hashes.length);
    for (const [n, count] of counts.entries()) {
      if (count === 0) continue;
      const at = this.#find(hashes[n] ?? 0);
      this.#hashes[at] = hashes[n] ?? 0;
      this.#counts[at] = count;
    }
  }
}
