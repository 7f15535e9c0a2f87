/**
 * The prefixes of one address in the rules of a classifier, and what the lookup under way found out about its packet:
 * asked once a lookup, however many masks have such a prefix.
 */
import { isOneOf } from '../base/literals.ts';
import type { Mask } from './mask.ts';
import { hasPrefixLength, makePrefixLengths, PrefixTrie } from './prefix-trie.ts';
import { layerOfWord, type SlotName, slots } from './slots.ts';

/** Slots that rules may have prefixes of (`prefixes` in table Flow_Table). */
const prefixSlots = [
  'nw_src',
  'nw_dst',
  'ipv6_src',
  'ipv6_dst',
  'tun_id',
  'tun_src',
  'tun_dst',
  'tun_ipv6_src',
  'tun_ipv6_dst',
] as const satisfies readonly SlotName[];
export type PrefixSlot = (typeof prefixSlots)[number];

export function isPrefixSlot(name: string): name is PrefixSlot {
  return isOneOf(prefixSlots, name);
}

export class PrefixIndex {
  readonly slot: PrefixSlot;
  /** The first word of the slot in a key. */
  readonly word: number;
  /** The layer of the packet that the slot is in. */
  readonly layer: number;
  readonly trie: PrefixTrie;
  readonly #wordCount: number;
  readonly #lengths = makePrefixLengths();
  #bitCount = 0;
  #lookup = 0;
  #areBitsSet = false;

  constructor(slot: PrefixSlot) {
    this.slot = slot;
    this.word = slots[slot].word;
    this.layer = layerOfWord[this.word] ?? 0;
    this.#wordCount = slots[slot].size >> 2;
    this.trie = new PrefixTrie(this.#wordCount);
  }

  /** The prefix length of a mask in this slot; 0 when it has none, or bits that are no prefix. */
  lengthIn(mask: Mask): number {
    let length = 0;
    let isOpen = true;
    for (let n = 0; n < this.#wordCount; n++) {
      const bits = mask.bitsOf(this.word + n);
      if (!isOpen && bits !== 0) return 0;
      const ones = Math.clz32(~bits);
      if (bits !== (ones === 0 ? 0 : -1 << (32 - ones))) return 0;
      isOpen &&= ones === 32;
      length += ones;
    }
    return length;
  }

  /** Has the lookup asked `isRuledOut`? What follows is about the last that did. */
  isAskedIn(lookup: number): boolean {
    return this.#lookup === lookup;
  }

  /** Is there a prefix of that length that the packet has? */
  mayMatch(length: number): boolean {
    return hasPrefixLength(this.#lengths, length);
  }

  /** Have all bits that say so been found or set in the wildcards of the lookup? */
  get areBitsSet(): boolean {
    return this.#areBitsSet;
  }

  /**
   * Has no rule that this packet could match a prefix of that `length`? If so, the bits that say it are set in
   * `wildcards`; but never more than a look at such rules would set.
   */
  isRuledOut(key: Uint32Array, lookup: number, length: number, wildcards: Uint32Array): boolean {
    if (this.#lookup !== lookup) {
      this.#lookup = lookup;
      this.#bitCount = this.trie.lookup(key, this.word, this.#lengths);
      this.#areBitsSet = false;
    }
    if (this.mayMatch(length)) return false;
    if (this.#areBitsSet) return true;
    if (this.#bitCount <= length) this.#setBits(wildcards);
    this.#areBitsSet = this.#hasBits(wildcards);
    return this.#areBitsSet;
  }

  #setBits(wildcards: Uint32Array): void {
    for (let n = 0; 32 * n < this.#bitCount; n++) {
      wildcards[this.word + n] = (wildcards[this.word + n] ?? 0) | leadingOnes(this.#bitCount - 32 * n);
    }
  }

  #hasBits(wildcards: Uint32Array): boolean {
    for (let n = 0; 32 * n < this.#bitCount; n++) {
      const wanted = leadingOnes(this.#bitCount - 32 * n);
      if (((wildcards[this.word + n] ?? 0) & wanted) !== wanted) return false;
    }
    return true;
  }
}

/** The first `count` (> 0) bits of a word, signed. */
export function leadingOnes(count: number): number {
  return count >= 32 ? -1 : -1 << (32 - count);
}
