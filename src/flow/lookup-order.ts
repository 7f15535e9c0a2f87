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
import type { StageFilter } from './stage-filter.ts';
import type { Search, Subtable } from './subtable.ts';

/** Words of a row; those of the prefix lengths follow, by index, 0 for none. */
const priorityAt = 0;
const outerAt = 1;
const outermostAt = 2;
const lengthsAt = 3;
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
  /** By subtable: which hashes of its outermost layer occur. */
  readonly #filters: readonly (StageFilter | undefined)[];
  /** For each of these: what the hash starts from, how many words it has, and each with its bits. */
  readonly #outermost: Int32Array;

  /** The subtables come by highest priority. */
  constructor(subtables: readonly Subtable<R>[], prefixes: readonly PrefixIndex[]) {
    this.#subtables = subtables;
    this.#prefixes = prefixes;
    this.#rowSize = lengthsAt + prefixes.length;
    this.#rows = new Int32Array(subtables.length * this.#rowSize);
    const places = new Map<Mask, number>();
    const outermost: number[] = [];
    const filters: (StageFilter | undefined)[] = [];
    for (const [n, subtable] of subtables.entries()) {
      const { outer } = subtable;
      let place = places.get(outer);
      if (place === undefined) {
        place = this.#outers.push({ mask: outer, lookup: 0 }) - 1;
        places.set(outer, place);
      }
      const row = [subtable.maxPriority, place, outermost.length, ...subtable.prefixLengths];
      this.#rows.set(row, n * this.#rowSize);
      const first = subtables.length < fewest ? undefined : subtable.outermost;
      filters.push(first?.filter);
      if (first === undefined) continue;
      const { words, bits, hashStart } = subtable.mask;
      outermost.push(hashStart, first.wordCount);
      for (let at = 0; at < first.wordCount; at++) outermost.push(words[at] ?? 0, bits[at] ?? 0);
    }
    this.#filters = filters;
    this.#outermost = Int32Array.from(outermost);
  }

  /** The rule of highest priority that matches. */
  lookup(search: Search<R>): R | undefined {
    const { number, wildcards } = search;
    const rows = this.#rows;
    const rowSize = this.#rowSize;
    let best: R | undefined;
    let priority = -1;
    for (let n = 0, row = 0; row < rows.length; n++, row += rowSize) {
      if ((rows[row + priorityAt] ?? 0) <= priority) break;
      const outer = this.#outers[rows[row + outerAt] ?? 0];
      if (outer?.lookup === number && this.#isRuledOut(row + lengthsAt, number)) continue;
      const filter = wildcards === undefined ? undefined : this.#filters[n];
      if (filter !== undefined && this.#isOutermostOut(row, filter, search)) continue;
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

  /** Does no rule have such an outermost layer? Then its bits are set, as the full look would. */
  #isOutermostOut(row: number, filter: StageFilter, { key, wildcards }: Search<R>): boolean {
    const outermost = this.#outermost;
    const start = this.#rows[row + outermostAt] ?? 0;
    const first = start + 2;
    const end = first + 2 * (outermost[start + 1] ?? 0);
    let hash = outermost[start] ?? 0;
    for (let at = first; at < end; at += 2)
      hash = mix(hash, (key[outermost[at] ?? 0] ?? 0) & (outermost[at + 1] ?? 0));
    if (wildcards === undefined || filter.has(hash)) return false;
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
