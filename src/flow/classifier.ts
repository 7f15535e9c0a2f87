/**
 * Tuple space search: rules of one mask share a hash table, so a lookup costs at most one probe for each mask, and
 * less where priorities, prefixes of addresses or the outer layers of the packet rule a mask out. A lookup also tells
 * which bits of the packet decided: any packet equal under them gets the same answer.
 *
 * Rules have versions: a rule is there in versions [addedIn, removedIn) of its classifier, so a change of many rules
 * is seen whole or not at all while it is made in pieces.
 */
import type { ClassifierRule } from './classifier-rule.ts';
import { completeConjunctions, conjunctionWord } from './conjunctions.ts';
import { LookupOrder } from './lookup-order.ts';
import type { Mask } from './mask.ts';
import { isMatchWithin, type Match } from './match.ts';
import { PrefixIndex, type PrefixSlot } from './prefix-index.ts';
import { FilterDigests } from './stage-filter.ts';
import { Subtable } from './subtable.ts';

/** Prefixes of a table that nothing was said about, as in the reference. */
const defaultPrefixes: readonly PrefixSlot[] = ['nw_dst', 'nw_src'];

export class Classifier<R extends ClassifierRule> {
  /**
   * Told when lookups may go through the rules in another order: which of several of one priority they find may differ.
   */
  onReordered: () => void = () => {};
  /**
   * As they were last looked through, new ones behind: of rules of the same priority, the same goes on to win while
   * others come and go, as far as that can be.
   */
  readonly #subtables: Subtable<R>[] = [];
  readonly #ofMask = new Map<Mask, Subtable<R>>();
  /** Undefined while it is not known which comes first. */
  #order: LookupOrder<R> | undefined;
  #prefixes = indexesOf(defaultPrefixes);
  #digests = new FilterDigests();
  #ruleCount = 0;
  #insertCount = 0;
  #lookupCount = 0;
  /** Rules that have conjunctions. */
  #partCount = 0;

  /** Rules of all versions. */
  get ruleCount(): number {
    return this.#ruleCount;
  }

  get maskCount(): number {
    return this.#subtables.length;
  }

  /** Which addresses are told apart bit by bit, so that flows need not depend on whole ones: a few at most. */
  setPrefixes(prefixSlots: readonly PrefixSlot[]): void {
    this.#prefixes = indexesOf(prefixSlots);
    this.#order = undefined;
    for (const subtable of this.#subtables) subtable.usePrefixes(this.#prefixes);
  }

  /**
   * Adds a rule that is in no classifier. Returns the rule of the same match and priority that version `addedIn`
   * shows besides, if any: the new one comes before it, and the caller removes it or lets it end in that version.
   */
  insert(rule: R, match: Match): R | undefined {
    let subtable = this.#ofMask.get(match.mask);
    if (subtable === undefined) {
      subtable = new Subtable<R>(match.mask, this.#prefixes, this.#digests);
      this.#ofMask.set(match.mask, subtable);
      this.#subtables.push(subtable);
    }
    if (rule.priority > subtable.maxPriority) {
      this.#order = undefined;
      if (subtable.ruleCount > 0) this.onReordered();
    }
    rule.order = ++this.#insertCount;
    this.#ruleCount++;
    if (rule.conjunctions !== undefined) this.#partCount++;
    return subtable.insert(rule, match.values);
  }

  /** False when the rule is not here any more. Its match is not known afterwards. */
  remove(rule: R): boolean {
    const { mask } = rule;
    const subtable = mask === undefined ? undefined : this.#ofMask.get(mask);
    if (mask === undefined || subtable === undefined || !subtable.remove(rule)) {
      rule.mask = undefined; // of one that `clear` took away
      return false;
    }
    this.#ruleCount--;
    if (rule.conjunctions !== undefined) this.#partCount--;
    if (subtable.isMaxPriorityStale) this.#order = undefined;
    if (subtable.ruleCount === 0) {
      subtable.release();
      this.#ofMask.delete(mask);
      this.#subtables.splice(this.#subtables.indexOf(subtable), 1);
    } else if (subtable.isMaxPriorityStale) this.onReordered();
    return true;
  }

  /** Takes all rules away at once. What they say of their place here is not true any more until each is removed. */
  clear(): void {
    this.#subtables.length = 0;
    this.#ofMask.clear();
    this.#order = undefined;
    this.#prefixes = this.#prefixes.map(({ slot }) => new PrefixIndex(slot));
    this.#digests = new FilterDigests();
    this.#ruleCount = 0;
    this.#partCount = 0;
  }

  /** The match of a rule that is here. */
  matchOf(rule: R): Match | undefined {
    return rule.mask === undefined ? undefined : this.#ofMask.get(rule.mask)?.matchOf(rule);
  }

  /** The rule of exactly that match and priority. */
  find(match: Match, priority: number, version: number): R | undefined {
    return this.#ofMask.get(match.mask)?.find(match.values, priority, version);
  }

  /**
   * The rule of highest priority that matches. The bits that decided are OR-ed into `wildcards`. Rules with conjunctions
   * that match in all dimensions of an id stand for the rule on that `conj_id`; see conjunctions.ts. The `conj_id` of the
   * key is written to meanwhile.
   */
  lookup(key: Uint32Array, version: number, wildcards?: Uint32Array): R | undefined {
    if (this.#partCount === 0) return this.#search(key, version, wildcards, undefined);
    const parts: R[] = [];
    const whole = this.#search(key, version, wildcards, parts);
    const before = key[conjunctionWord] ?? 0;
    for (const id of completeConjunctions(parts, whole?.priority ?? -1)) {
      key[conjunctionWord] = id;
      const found = this.#search(key, version, wildcards, []);
      key[conjunctionWord] = before;
      if (found !== undefined) return found;
    }
    return whole;
  }

  /**
   * The rule of highest priority without conjunctions. Those with some that match and are above it are put into
   * `parts`.
   */
  #search(
    key: Uint32Array,
    version: number,
    wildcards: Uint32Array | undefined,
    parts: R[] | undefined,
  ): R | undefined {
    this.#order ??= this.#makeOrder();
    return this.#order.lookup({ key, version, wildcards, number: ++this.#lookupCount, parts });
  }

  /** Rules that are here all the while come once each, whatever is inserted or removed meanwhile. */
  *[Symbol.iterator](): IterableIterator<R> {
    for (const subtable of [...this.#subtables]) yield* subtable.rules();
  }

  /** The rules that match no packet which `match` leaves out, as in the iteration of all. */
  *within(match: Match): IterableIterator<R> {
    for (const subtable of [...this.#subtables]) {
      if (subtable.mask.includes(match.mask)) yield* subtable.rules(match);
    }
  }

  /** Does the rule, which is here, match no packet that `match` leaves out? */
  isWithin(rule: R, match: Match): boolean {
    const own = this.matchOf(rule);
    return own?.mask.includes(match.mask) === true && isMatchWithin(match, own);
  }

  /** Is there a packet that both `match` and a rule of that priority, but of another match, are for? */
  overlaps(match: Match, priority: number, version: number): boolean {
    return this.#subtables.some((subtable) => subtable.overlaps(match, priority, version));
  }

  #makeOrder(): LookupOrder<R> {
    for (const subtable of this.#subtables) subtable.refreshMaxPriority();
    this.#subtables.sort((a, b) => b.maxPriority - a.maxPriority);
    return new LookupOrder([...this.#subtables], this.#prefixes, this.#digests);
  }
}

/** Outer layers first, as lookups ask for them. */
function indexesOf(prefixSlots: readonly PrefixSlot[]): readonly PrefixIndex[] {
  const indexes = prefixSlots.map((slot) => new PrefixIndex(slot));
  return indexes.sort((a, b) => a.layer - b.layer);
}
