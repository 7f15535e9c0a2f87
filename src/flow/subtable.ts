/** The rules of one mask in a classifier: a hash table, and what rules the whole of it out before that is probed. */
import type { ClassifierRule } from './classifier-rule.ts';
import { type Mask, maskWith } from './mask.ts';
import { MaskTable } from './mask-table.ts';
import { isMatchWithin, isOverlap, isSameMatch, type Match } from './match.ts';
import { leadingOnes, type PrefixIndex } from './prefix-index.ts';
import { makePrefixLengths, PrefixTrie } from './prefix-trie.ts';
import { slots } from './slots.ts';
import { type FilterDigests, StageFilter } from './stage-filter.ts';

/** A lookup under way. */
export interface Search<R> {
  readonly key: Uint32Array;
  readonly version: number;
  readonly wildcards: Uint32Array | undefined;
  /** Unlike that of the lookups before. */
  readonly number: number;
  /** Gets the rules with conjunctions that match; undefined where there are none. */
  readonly parts: R[] | undefined;
}

/** The ports of TCP, UDP and SCTP: source and destination in one word. */
const portsWord = slots.tp_src.word;
const maskedPorts = new Uint32Array(1);
const unusedLengths = makePrefixLengths();
const noMask = maskWith([], []);

/** A layer of the packet that the mask has bits in. */
interface Stage {
  /** `mask.words[start..end)` lie in it. */
  readonly start: number;
  readonly end: number;
  /** Which hashes of `words[0..end)` occur; undefined for the last stage, where the table itself tells. */
  readonly filter: StageFilter | undefined;
  prefixes: readonly StagePrefix[];
}

interface StagePrefix {
  readonly index: PrefixIndex;
  /** Of this mask, in bits. */
  readonly length: number;
  /** Where the prefix is in the values of a rule. */
  readonly at: number;
}

export class Subtable<R extends ClassifierRule> {
  /** No rule's priority is higher. */
  maxPriority = -1;
  /** The last rule of `maxPriority` has gone. */
  isMaxPriorityStale = false;
  ruleCount = 0;
  /** Of the mask in each of the prefixes that are used, 0 for none. */
  prefixLengths: readonly number[] = [];
  /** What of the mask is in the layers outside the last of these prefixes. */
  outer = noMask;
  /** The first rule of each match; the others follow it by `next`. */
  readonly #table: MaskTable<R>;
  readonly #countOfPriority = new Map<number, number>();
  readonly #stages: readonly Stage[];
  /** The ports of all rules, where the mask has bits there. */
  readonly #ports: PrefixTrie | undefined;
  /** Where the ports are in the values of a rule. */
  readonly #portsAt: number;
  readonly #portBits: number;
  /** Bits of `portsWord` up to the last that the mask has. */
  readonly #portLength: number;

  /** The filter of its outermost layer has its digest among `digests`, until `release`. */
  constructor(mask: Mask, prefixes: readonly PrefixIndex[], digests: FilterDigests) {
    this.#table = new MaskTable<R>(mask);
    this.#stages = stagesOf(mask, digests);
    this.#portsAt = mask.words.indexOf(portsWord);
    this.#portBits = mask.bitsOf(portsWord);
    this.#ports = this.#portBits === 0 ? undefined : new PrefixTrie(1);
    this.#portLength = Math.clz32(this.#portBits & -this.#portBits) + 1;
    this.usePrefixes(prefixes);
  }

  /** What the outermost layer alone tells; undefined where prefixes tell more of it, or there is no other. */
  get outermost(): { readonly wordCount: number; readonly digest: number } | undefined {
    const { end: wordCount = 0, filter, prefixes = [] } = this.#stages[0] ?? {};
    return filter === undefined || prefixes.length > 0 ? undefined : { wordCount, digest: filter.place };
  }

  /** It is not used any more. */
  release(): void {
    this.#stages[0]?.filter?.release();
  }

  get mask(): Mask {
    return this.#table.mask;
  }

  /** Which prefixes tell that no rule here matches; the rules here are added to them. */
  usePrefixes(prefixes: readonly PrefixIndex[]): void {
    const { mask } = this;
    this.prefixLengths = prefixes.map((index) => index.lengthIn(mask));
    let outerCount = 0;
    for (const stage of this.#stages) {
      const words = mask.words.slice(stage.start, stage.end);
      stage.prefixes = prefixes
        .map((index, n) => ({
          index,
          length: this.prefixLengths[n] ?? 0,
          at: mask.words.indexOf(index.word),
        }))
        .filter(({ index, length }) => length > 0 && words.includes(index.word));
      if (stage.prefixes.length > 0) outerCount = stage.start;
    }
    this.outer = maskWith(mask.words.slice(0, outerCount), mask.bits);
    for (const head of this.#table) this.#addPrefixes(this.#table.valuesOf(head));
  }

  insert(rule: R, values: readonly number[]): R | undefined {
    rule.mask = this.mask;
    rule.next = undefined;
    this.ruleCount++;
    this.#countPriority(rule.priority);
    const head = this.#table.findValues(values);
    if (head === undefined) {
      this.#table.add(rule, values);
      this.#addPrefixes(values);
      this.#addToFilters(values);
      this.#ports?.add(values, this.#portsAt, this.#portLength);
      return undefined;
    }
    let before: R | undefined;
    let after: R | undefined = head;
    while (after !== undefined && after.priority > rule.priority) {
      before = after;
      after = after.next;
    }
    rule.next = after;
    if (before === undefined) this.#table.setHead(head.slot, rule);
    else {
      before.next = rule;
      rule.slot = head.slot;
    }
    return visibleOf(after, rule.priority, rule.addedIn);
  }

  /** False when the rule is not here. */
  remove(rule: R): boolean {
    const head = this.#table.headOf(rule);
    if (head === undefined) return false;
    if (head !== rule) {
      let before: R = head;
      while (before.next !== undefined && before.next !== rule) before = before.next;
      if (before.next !== rule) return false;
      before.next = rule.next;
    } else if (rule.next !== undefined) this.#table.setHead(rule.slot, rule.next);
    else this.#removeLast(rule);
    rule.mask = undefined;
    rule.next = undefined;
    rule.slot = -1;
    this.ruleCount--;
    this.#uncountPriority(rule.priority);
    return true;
  }

  matchOf(rule: R): Match {
    return this.#table.matchOf(rule);
  }

  find(values: readonly number[], priority: number, version: number): R | undefined {
    return visibleOf(this.#table.findValues(values), priority, version);
  }

  /** The rule of highest priority that matches, in the search's version. */
  lookup({ key, version, wildcards, number, parts }: Search<R>): R | undefined {
    const { mask } = this;
    if (wildcards === undefined)
      return firstWhole(firstVisible(this.#table.find(key), version), version, parts);
    let hash = mask.hashStart;
    for (const { start, end, filter, prefixes } of this.#stages) {
      for (const { index, length } of prefixes) {
        if (!index.isRuledOut(key, number, length, wildcards)) continue;
        mask.orInto(wildcards, start);
        return undefined;
      }
      hash = mask.hashRange(key, start, end, hash);
      if (filter?.has(hash) !== false) continue;
      mask.orInto(wildcards, end);
      return undefined;
    }
    const found = firstVisible(this.#table.findHashed(key, mask.finishHash(hash)), version);
    if (found !== undefined || this.#ports === undefined) mask.orInto(wildcards);
    else this.#unwildcardPorts(key, wildcards, this.#ports);
    return firstWhole(found, version, parts);
  }

  /** A copy of the list of all rules, or of those under `match`, whose mask is a part of this one, as they came. */
  rules(match?: Match): R[] {
    const found: R[] = [];
    const under = match?.mask.words.length === 0 ? undefined : match;
    for (const head of this.#table) {
      if (under !== undefined && !isMatchWithin(under, this.#table.matchOf(head))) continue;
      for (let rule: R | undefined = head; rule !== undefined; rule = rule.next) found.push(rule);
    }
    return isInOrder(found) ? found : found.sort((a, b) => a.order - b.order);
  }

  overlaps(match: Match, priority: number, version: number): boolean {
    if (!this.#countOfPriority.has(priority)) return false;
    for (const head of this.#table) {
      const own = this.#table.matchOf(head);
      if (
        visibleOf(head, priority, version) !== undefined &&
        !isSameMatch(own, match) &&
        isOverlap(own, match)
      )
        return true;
    }
    return false;
  }

  refreshMaxPriority(): void {
    if (!this.isMaxPriorityStale) return;
    this.isMaxPriorityStale = false;
    this.maxPriority = -1;
    for (const priority of this.#countOfPriority.keys()) {
      if (priority > this.maxPriority) this.maxPriority = priority;
    }
  }

  /** Nothing matches, for the ports at the latest: as many of their bits as tell them from all ports here. */
  #unwildcardPorts(key: Uint32Array, wildcards: Uint32Array, ports: PrefixTrie): void {
    maskedPorts[0] = (key[portsWord] ?? 0) & this.#portBits;
    const bits = leadingOnes(ports.lookup(maskedPorts, 0, unusedLengths)) & this.#portBits;
    wildcards[portsWord] = (wildcards[portsWord] ?? 0) | bits;
    this.mask.orInto(wildcards, this.#stages.at(-1)?.start);
  }

  #addPrefixes(values: readonly number[]): void {
    for (const { prefixes } of this.#stages)
      for (const { index, length, at } of prefixes) index.trie.add(values, at, length);
  }

  #removeLast(rule: R): void {
    const values = this.#table.valuesOf(rule);
    this.#table.remove(rule);
    let hash = this.mask.hashStart;
    for (const { start, end, filter, prefixes } of this.#stages) {
      for (const { index, length, at } of prefixes) index.trie.remove(values, at, length);
      if (filter === undefined) continue;
      hash = this.mask.hashValueRange(values, start, end, hash);
      filter.remove(hash);
    }
    this.#ports?.remove(values, this.#portsAt, this.#portLength);
  }

  #addToFilters(values: readonly number[]): void {
    let hash = this.mask.hashStart;
    for (const { start, end, filter } of this.#stages) {
      if (filter === undefined) return;
      hash = this.mask.hashValueRange(values, start, end, hash);
      filter.add(hash);
    }
  }

  #countPriority(priority: number): void {
    const count = this.#countOfPriority.get(priority) ?? 0;
    this.#countOfPriority.set(priority, count + 1);
    if (priority < this.maxPriority) return;
    this.maxPriority = priority;
    this.isMaxPriorityStale = false;
  }

  #uncountPriority(priority: number): void {
    const count = this.#countOfPriority.get(priority) ?? 0;
    if (count > 1) {
      this.#countOfPriority.set(priority, count - 1);
      return;
    }
    this.#countOfPriority.delete(priority);
    if (priority === this.maxPriority) this.isMaxPriorityStale = true;
  }
}

/** As they mostly are. */
function isInOrder(rules: readonly ClassifierRule[]): boolean {
  return rules.every(({ order }, n) => n === 0 || order > (rules[n - 1]?.order ?? 0));
}

/** One stage for each layer that the mask has bits in; one in all for a mask without bits. */
function stagesOf({ layerEnds, words }: Mask, digests: FilterDigests): Stage[] {
  const ends = [...new Set(layerEnds)].filter((end) => end > 0);
  return (words.length === 0 ? [0] : ends).map((end, n, all) => ({
    start: all[n - 1] ?? 0,
    end,
    filter: n < all.length - 1 ? new StageFilter(n === 0 ? digests : undefined) : undefined,
    prefixes: [],
  }));
}

function firstVisible<R extends ClassifierRule>(head: R | undefined, version: number): R | undefined {
  let rule = head;
  while (rule !== undefined && !rule.isVisible(version)) rule = rule.next;
  return rule;
}

/** From that visible rule on, the first without conjunctions; those with some before it are put into `parts`. */
function firstWhole<R extends ClassifierRule>(
  first: R | undefined,
  version: number,
  parts: R[] | undefined,
): R | undefined {
  if (parts === undefined) return first;
  let rule = first;
  while (rule?.conjunctions !== undefined) {
    parts.push(rule);
    rule = firstVisible(rule.next, version);
  }
  return rule;
}

/** The first of that priority that the version shows. */
function visibleOf<R extends ClassifierRule>(
  head: R | undefined,
  priority: number,
  version: number,
): R | undefined {
  for (let rule = head; rule !== undefined && rule.priority >= priority; rule = rule.next) {
    if (rule.priority === priority && rule.isVisible(version)) return rule;
  }
  return undefined;
}
