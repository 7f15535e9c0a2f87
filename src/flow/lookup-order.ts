/**
 * The subtables of a classifier in the order in which a lookup goes through them, and what tells that one of them can
 * be passed over: side by side in few arrays, so that thousands of masks cost little where prefixes or the outermost
 * layer rule them out.
 *
 * Passing a subtable over changes no answer, nor what an answer depends on: it is done only where the full look would
 * end at the outermost layer, or at a prefix whose bits, and those of the layers outside it, have been looked at already.
 */
import type { ClassifierRule } from './classifier-rule.ts';
import { type Mask, mix } from './mask.ts';
import type { PrefixIndex } from './prefix-index.ts';
import type { FilterDigests } from './stage-filter.ts';
import type { Search, Subtable } from './subtable.ts';

/** Words of a row; those of the prefix lengths follow, by index, 0 for none. */
const priorityAt = 0;
const outerAt = 1;
const digestAt = 2;
const outermostAt = 3;
const lengthsAt = 4;
/** With fewer subtables, a look at each costs no more than finding out whether it is needed. */
const fewest = 64;

/** What some masks have in the layers outside their prefixes. */
interface Outer {
  readonly mask: Mask;
  /** The last lookup that looked at all of it. */
  lookup: number;
}

export class LookupOrder<R extends ClassifierRule> {
  readonly #subtables: readonly Subtable<R>[];
  readonly #prefixes: readonly PrefixIndex[];
  readonly #rowSize: number;
  readonly #rows: Int32Array;
  readonly #outers: Outer[] = [];
  /** Which hashes of the outermost layers occur. */
  readonly #digests: FilterDigests;
  /** For each row with a digest: what the hash starts from, how many words that layer has, and each with its bits. */
  readonly #outermost: Int32Array;

  /** The subtables come by highest priority. */
  constructor(subtables: readonly Subtable<R>[], prefixes: readonly PrefixIndex[], digests: FilterDigests) {
    this.#subtables = subtables;
    this.#prefixes = prefixes;
    this.#digests = digests;
    this.#rowSize = lengthsAt + prefixes.length;
    this.#rows = new Int32Array(subtables.length * this.#rowSize);
    const places = new Map<Mask, number>();
    const outermost: number[] = [];
    for (const [n, subtable] of subtables.entries()) {
      const { outer } = subtable;
      let place = places.get(outer);
      if (place === undefined) {
        place = this.#outers.push({ mask: outer, lookup: 0 }) - 1;
        places.set(outer, place);
      }
      const first = subtables.length < fewest ? undefined : subtable.outermost;
      const { maxPriority, prefixLengths } = subtable;
      const row = [maxPriority, place, first?.digest ?? -1, outermost.length, ...prefixLengths];
      this.#rows.set(row, n * this.#rowSize);
      if (first === undefined) continue;
      const { words, bits, hashStart } = subtable.mask;
      outermost.push(hashStart, first.wordCount);
      for (let at = 0; at < first.wordCount; at++) outermost.push(words[at] ?? 0, bits[at] ?? 0);
    }
    this.#outermost = Int32Array.from(outermost);
  }

  /** The rule of highest priority that matches. */
  lookup(search: Search<R>): R | undefined {
    const { key, number, wildcards } = search;
    const rows = this.#rows;
    const rowSize = this.#rowSize;
    let best: R | undefined;
    let priority = -1;
    for (let n = 0, row = 0; row < rows.length; n++, row += rowSize) {
      if ((rows[row + priorityAt] ?? 0) <= priority) break;
      const outer = this.#outers[rows[row + outerAt] ?? 0];
      if (outer?.lookup === number && this.#isRuledOut(row + lengthsAt, number)) continue;
      if (wildcards !== undefined && this.#isOutermostOut(row, key, wildcards)) continue;
      const found = this.#subtables[n]?.lookup(search);
      if (outer !== undefined && wildcards !== undefined && outer.lookup !== number) {
        if (outer.mask.isWithin(wildcards)) outer.lookup = number;
      }
      if (found === undefined || found.priority <= priority) continue;
      best = found;
      priority = found.priority;
    }
    return best;
  }

  /** Is it known that no rule has such an outermost layer? Then its bits are set, as the full look would. */
  #isOutermostOut(row: number, key: Uint32Array, wildcards: Uint32Array): boolean {
    const digest = this.#rows[row + digestAt] ?? -1;
    if (digest < 0) return false;
    const outermost = this.#outermost;
    const start = this.#rows[row + outermostAt] ?? 0;
    const first = start + 2;
    const end = first + 2 * (outermost[start + 1] ?? 0);
    let hash = outermost[start] ?? 0;
    for (let at = first; at < end; at += 2)
      hash = mix(hash, (key[outermost[at] ?? 0] ?? 0) & (outermost[at + 1] ?? 0));
    if (this.#digests.has(digest, hash)) return false;
    for (let at = first; at < end; at += 2) {
      const word = outermost[at] ?? 0;
      wildcards[word] = (wildcards[word] ?? 0) | (outermost[at + 1] ?? 0);
    }
    return true;
  }

  /** Would the full look end at a prefix, and set no bit? */
  #isRuledOut(lengths: number, lookup: number): boolean {
    const prefixes = this.#prefixes;
    for (let n = 0; n < prefixes.length; n++) {
      const length = this.#rows[lengths + n] ?? 0;
      if (length === 0) continue;
      const index = prefixes[n];
      if (index === undefined || !index.isAskedIn(lookup)) return false;
      if (!index.mayMatch(length)) return index.areBitsSet;
    }
    return false;
  }
}
