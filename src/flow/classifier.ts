/**
 * Tuple space search: rules of one mask share a hash table, so a lookup costs one probe for each mask. The hash and
 * the comparison are generated for the mask and touch only its words.
 * Serves the datapath's flow cache (all priorities equal: any match is the answer) and OpenFlow tables.
 */

export interface ClassifierRule {
  /** Words of flow/slots.ts; bits outside `mask` are zero. */
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
  /** The highest of all that match wins. */
  readonly priority: number;
}

/** What is generated for one mask. */
export interface MaskCode {
  /** Non-zero words of the mask, ascending. */
  readonly words: readonly number[];
  /** Mixes the masked words of `key` to an unsigned 32-bit number. */
  readonly hash: (key: Uint32Array) => number;
  /** Do the masked words of `key` equal those kept at store[at...]? */
  readonly isEqual: (key: Uint32Array, store: Uint32Array, at: number) => boolean;
}

const codeOfMask = new Map<string, MaskCode>();

/** Made once for each mask and kept: masks are few and come back. */
export function maskCode(mask: Uint32Array): MaskCode {
  let code = codeOfArray.get(mask);
  if (code === undefined) {
    code = findMaskCode(mask);
    codeOfArray.set(mask, code);
  }
  return code;
}

/** Rules share their mask arrays, which never change: a short cut past the mask's name. */
const codeOfArray = new WeakMap<Uint32Array, MaskCode>();

function findMaskCode(mask: Uint32Array): MaskCode {
  const words: number[] = [];
  for (let n = 0; n < mask.length; n++) if (mask[n] !== 0) words.push(n);
  const name = words.map((w) => `${w}:${mask[w]}`).join();
  let code = codeOfMask.get(name);
  if (code === undefined) {
    code = generate(mask, words);
    if (codeOfMask.size >= 4096) codeOfMask.clear();
    codeOfMask.set(name, code);
  }
  return code;
}

function generate(mask: Uint32Array, words: readonly number[]): MaskCode {
  const masked = (w: number): string => (mask[w] === 0xffffffff ? `key[${w}]` : `(key[${w}] & ${mask[w]})`);
  // One multiply a word, then two rounds of xor-shift: the finish of murmur3 (public domain).
  const mix = words.map((w) => `h = Math.imul(h ^ ${masked(w)}, 0x85ebca6b); h ^= h >>> 15;`).join('\n');
  const hash = `let h = ${words.length};\n${mix}
    h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35); return (h ^ (h >>> 13)) >>> 0;`;
  const same = words.map((w, n) => `((${masked(w)} ^ store[at + ${n}]) === 0)`);
  return {
    words,
    hash: new Function('key', hash) as MaskCode['hash'],
    isEqual: new Function(
      'key',
      'store',
      'at',
      `return ${same.join(' && ') || 'true'};`,
    ) as MaskCode['isEqual'],
  };
}

/** The rules of one mask: an open-addressing hash table with linear probing; deletion shifts back, so no tombstones. */
export class Subtable<R extends ClassifierRule> {
  readonly mask: Uint32Array;
  /** Highest priority of its rules. */
  maxPriority = Number.NEGATIVE_INFINITY;
  /** Rules that have it: when the last one goes, the next lower is searched for. */
  #maxCount = 0;
  /** Lookups that ended here since the owner last reset it; the datapath ranks by it. */
  hitCount = 0;
  ruleCount = 0;
  readonly #code: MaskCode;
  /** Index + 1 into `#heads`; 0 = free. */
  #table = new Int32Array(8);
  #hashes = new Uint32Array(8);
  /** Rules with the same key, highest priority first. */
  readonly #heads: R[][] = [];
  readonly #freeHeads: number[] = [];
  #store = new Uint32Array(0);

  constructor(mask: Uint32Array) {
    this.mask = mask;
    this.#code = maskCode(mask);
  }

  /** The rule of highest priority whose masked words equal those of `key`. */
  lookup(key: Uint32Array): R | undefined {
    const head = this.#table[this.#slotOf(key)];
    return head === undefined || head === 0 ? undefined : this.#heads[head - 1]?.[0];
  }

  /** The rule with exactly that priority. */
  find(key: Uint32Array, priority: number): R | undefined {
    const head = this.#table[this.#slotOf(key)] ?? 0;
    return head === 0 ? undefined : this.#heads[head - 1]?.find((r) => r.priority === priority);
  }

  /** Returns the rule of the same key and priority that it replaced. */
  insert(rule: R): R | undefined {
    if ((this.#heads.length - this.#freeHeads.length) * 2 >= this.#table.length) this.#grow();
    const slot = this.#slotOf(rule.key);
    const head = this.#table[slot] ?? 0;
    if (head === 0) {
      this.#countMax(rule.priority);
      this.#table[slot] = this.#addHead(rule) + 1;
      this.#hashes[slot] = this.#code.hash(rule.key);
      this.ruleCount++;
      return undefined;
    }
    const rules = this.#heads[head - 1] ?? [];
    const at = rules.findIndex((r) => r.priority <= rule.priority);
    const found = rules[at];
    if (found?.priority === rule.priority) {
      rules[at] = rule;
      return found;
    }
    this.#countMax(rule.priority);
    rules.splice(at < 0 ? rules.length : at, 0, rule);
    this.ruleCount++;
    return undefined;
  }

  /** False when that very rule is not here. */
  remove(rule: R): boolean {
    const slot = this.#slotOf(rule.key);
    const head = (this.#table[slot] ?? 0) - 1;
    const rules = this.#heads[head];
    const at = rules?.indexOf(rule) ?? -1;
    if (rules === undefined || at < 0) return false;
    rules.splice(at, 1);
    this.ruleCount--;
    if (rules.length === 0) {
      this.#freeHeads.push(head);
      this.#closeGap(slot);
    }
    if (rule.priority === this.maxPriority && --this.#maxCount === 0) this.#findMaxPriority();
    return true;
  }

  *[Symbol.iterator](): IterableIterator<R> {
    for (const rules of this.#heads) yield* rules;
  }

  /** The slot that holds `key`, or the free one where it would go. */
  #slotOf(key: Uint32Array): number {
    const { hash, isEqual, words } = this.#code;
    const table = this.#table;
    const hashes = this.#hashes;
    const last = table.length - 1;
    const wanted = hash(key);
    let slot = wanted & last;
    for (;;) {
      const head = table[slot];
      if (head === undefined || head === 0) return slot;
      if (hashes[slot] === wanted && isEqual(key, this.#store, (head - 1) * words.length)) return slot;
      slot = (slot + 1) & last;
    }
  }

  #addHead(rule: R): number {
    const { words } = this.#code;
    const head = this.#freeHeads.pop() ?? this.#heads.length;
    this.#heads[head] = [rule];
    const end = (head + 1) * words.length;
    if (end > this.#store.length) {
      const larger = new Uint32Array(Math.max(end, this.#store.length * 2));
      larger.set(this.#store);
      this.#store = larger;
    }
    words.forEach((w, n) => {
      this.#store[head * words.length + n] = rule.key[w] ?? 0;
    });
    return head;
  }

  #grow(): void {
    const old = this.#table;
    const oldHashes = this.#hashes;
    this.#table = new Int32Array(old.length * 2);
    this.#hashes = new Uint32Array(old.length * 2);
    const last = this.#table.length - 1;
    for (let n = 0; n < old.length; n++) {
      const head = old[n] ?? 0;
      if (head === 0) continue;
      const hash = oldHashes[n] ?? 0;
      let slot = hash & last;
      while (this.#table[slot] !== 0) slot = (slot + 1) & last;
      this.#table[slot] = head;
      this.#hashes[slot] = hash;
    }
  }

  /** Moves later entries of the probe run into the freed slot (Knuth, TAOCP 6.4, algorithm R). */
  #closeGap(freed: number): void {
    const last = this.#table.length - 1;
    let gap = freed;
    let slot = freed;
    for (;;) {
      slot = (slot + 1) & last;
      const head = this.#table[slot] ?? 0;
      if (head === 0) break;
      const home = (this.#hashes[slot] ?? 0) & last;
      const isHomeBetween = gap <= slot ? gap < home && home <= slot : gap < home || home <= slot;
      if (isHomeBetween) continue;
      this.#table[gap] = head;
      this.#hashes[gap] = this.#hashes[slot] ?? 0;
      gap = slot;
    }
    this.#table[gap] = 0;
  }

  #countMax(priority: number): void {
    if (priority > this.maxPriority) {
      this.maxPriority = priority;
      this.#maxCount = 1;
    } else if (priority === this.maxPriority) this.#maxCount++;
  }

  #findMaxPriority(): void {
    this.maxPriority = Number.NEGATIVE_INFINITY;
    for (const [first] of this.#heads) if (first !== undefined) this.#countMax(first.priority);
  }
}

export class Classifier<R extends ClassifierRule> {
  /** Searched in this order; sorted by highest priority. */
  readonly #subtables: Subtable<R>[] = [];
  readonly #ofMask = new Map<string, Subtable<R>>();
  #ruleCount = 0;

  get ruleCount(): number {
    return this.#ruleCount;
  }

  get subtables(): readonly Subtable<R>[] {
    return this.#subtables;
  }

  /** Returns the rule of the same match and priority that it replaced. */
  insert(rule: R): R | undefined {
    const name = maskName(rule.mask);
    let subtable = this.#ofMask.get(name);
    if (subtable === undefined) {
      subtable = new Subtable<R>(rule.mask);
      this.#ofMask.set(name, subtable);
      this.#subtables.push(subtable);
    }
    const before = subtable.maxPriority;
    const replaced = subtable.insert(rule);
    if (replaced === undefined) this.#ruleCount++;
    if (subtable.maxPriority !== before) this.#sortByPriority();
    return replaced;
  }

  /** False when that very rule is not here. */
  remove(rule: R): boolean {
    const name = maskName(rule.mask);
    const subtable = this.#ofMask.get(name);
    if (subtable === undefined) return false;
    const before = subtable.maxPriority;
    if (!subtable.remove(rule)) return false;
    this.#ruleCount--;
    if (subtable.ruleCount === 0) {
      this.#ofMask.delete(name);
      this.#subtables.splice(this.#subtables.indexOf(subtable), 1);
    } else if (subtable.maxPriority !== before) this.#sortByPriority();
    return true;
  }

  find(key: Uint32Array, mask: Uint32Array, priority: number): R | undefined {
    return this.#ofMask.get(maskName(mask))?.find(key, priority);
  }

  /**
   * The rule of highest priority that matches. The masks that were searched are OR-ed into `looked`: any packet
   * equal under `looked` gets the same answer.
   */
  lookup(key: Uint32Array, looked?: Uint32Array): R | undefined {
    let best: R | undefined;
    for (const subtable of this.#subtables) {
      if (best !== undefined && subtable.maxPriority <= best.priority) break;
      if (looked !== undefined) orInto(looked, subtable.mask);
      const found = subtable.lookup(key);
      if (found !== undefined && (best === undefined || found.priority > best.priority)) best = found;
    }
    return best;
  }

  /**
   * The first rule found, for owners that give all rules one priority and never let two of them overlap. The
   * subtables are searched by rank (see `rank`).
   */
  lookupAny(key: Uint32Array): R | undefined {
    const subtables = this.#subtables;
    for (let n = 0; n < subtables.length; n++) {
      const subtable = subtables[n];
      const found = subtable?.lookup(key);
      if (subtable !== undefined && found !== undefined) {
        subtable.hitCount++;
        return found;
      }
    }
    return undefined;
  }

  /** Puts the subtables that were hit most first, and halves the counts so that old traffic fades. */
  rank(): void {
    this.#subtables.sort((a, b) => b.hitCount - a.hitCount);
    for (const subtable of this.#subtables) subtable.hitCount >>>= 1;
  }

  clear(): void {
    this.#subtables.length = 0;
    this.#ofMask.clear();
    this.#ruleCount = 0;
  }

  *[Symbol.iterator](): IterableIterator<R> {
    for (const subtable of this.#subtables) yield* subtable;
  }

  #sortByPriority(): void {
    this.#subtables.sort((a, b) => b.maxPriority - a.maxPriority);
  }
}

/** Masks are shared by many rules and never change, so the name is made once for each. */
const nameOfMask = new WeakMap<Uint32Array, string>();

function maskName(mask: Uint32Array): string {
  const known = nameOfMask.get(mask);
  if (known !== undefined) return known;
  let name = '';
  for (let n = 0; n < mask.length; n++) if (mask[n] !== 0) name += `${n}:${mask[n]},`;
  nameOfMask.set(mask, name);
  return name;
}

function orInto(into: Uint32Array, mask: Uint32Array): void {
  for (let n = 0; n < mask.length; n++) into[n] = (into[n] ?? 0) | (mask[n] ?? 0);
}
