/**
 * Which prefixes of an address are in use: a path-compressed binary trie (Patricia). One walk tells a classifier which
 * prefix lengths can match an address at all, so that it leaves out the masks of all others, and how many leading
 * bits say so, so that a datapath flow need not depend on the rest.
 */

/** A set of prefix lengths, as bits: length n is bit n & 31 of word n >> 5. For addresses of up to 128 bits. */
export type PrefixLengths = Int32Array;

export function makePrefixLengths(): PrefixLengths {
  return new Int32Array(5);
}

export function hasPrefixLength(lengths: PrefixLengths, length: number): boolean {
  return (((lengths[length >> 5] ?? 0) >>> (length & 31)) & 1) !== 0;
}

/** No node. */
const none = 0;
/** Words of a node; its prefix follows them, with zeros beyond its length. */
const child = 0; // two, by the bit that follows the prefix
const lengthAndCount = 2;
const headSize = 3;
/** How many added prefixes are exactly a node's, 0 for a mere branch, is above its length; from here on, in `#many`. */
const countShift = 8;
const manyCount = 0xffff;

export class PrefixTrie {
  /** 32-bit words of an address: 1, 2 or 4. */
  readonly #wordCount: number;
  readonly #nodeSize: number;
  /** Nodes are known by where they start; the first `#nodeSize` words are not used. */
  #nodes: Int32Array;
  #end: number;
  /** The first of the free nodes, chained by their first child. */
  #free = none;
  #root = none;
  readonly #many = new Map<number, number>();

  constructor(wordCount: number) {
    this.#wordCount = wordCount;
    this.#nodeSize = headSize + wordCount;
    this.#nodes = new Int32Array(4 * this.#nodeSize);
    this.#end = this.#nodeSize;
  }

  /** Adds the first `length` (> 0) bits of the address at `words[at...]`; may be added several times. */
  add(words: ArrayLike<number>, at: number, length: number): void {
    let parent = none;
    let side = 0;
    let node = this.#root;
    while (node !== none) {
      const nodeLength = this.#lengthOf(node);
      const common = this.#commonBits(node, words, at, Math.min(nodeLength, length));
      if (common < nodeLength) {
        this.#split(parent, side, node, words, at, length, common);
        return;
      }
      if (nodeLength === length) {
        this.#setCount(node, this.#countOf(node) + 1);
        return;
      }
      parent = node;
      side = bitAt(words, at, nodeLength);
      node = this.#childOf(node, side);
    }
    this.#link(parent, side, this.#make(words, at, length, 1));
  }

  /** Takes back one `add`. */
  remove(words: ArrayLike<number>, at: number, length: number): void {
    let grandparent = none;
    let grandside = 0;
    let parent = none;
    let side = 0;
    let node = this.#root;
    while (node !== none && this.#lengthOf(node) < length) {
      grandparent = parent;
      grandside = side;
      parent = node;
      side = bitAt(words, at, this.#lengthOf(node));
      node = this.#childOf(node, side);
    }
    if (node === none || this.#lengthOf(node) !== length) return;
    const count = this.#countOf(node) - 1;
    this.#setCount(node, count);
    if (count > 0) return;
    this.#shorten(parent, side, node);
    if (parent !== none && this.#countOf(parent) === 0) this.#shorten(grandparent, grandside, parent);
    if (this.#root === none) this.#reset();
  }

  /**
   * Sets in `lengths` those of the prefixes that the address at `key[at...]` has, and returns how many of its leading
   * bits say that it has these and no others.
   */
  lookup(key: Uint32Array, at: number, lengths: PrefixLengths): number {
    lengths.fill(0);
    let parent = none;
    let node = this.#root;
    while (node !== none) {
      const length = this.#lengthOf(node);
      const common = this.#commonBits(node, key, at, length);
      if (common < length) return common + 1;
      if (this.#countOf(node) !== 0)
        lengths[length >> 5] = (lengths[length >> 5] ?? 0) | (1 << (length & 31));
      if (length === 32 * this.#wordCount) return length;
      parent = node;
      node = this.#childOf(node, bitAt(key, at, length));
    }
    if (parent === none) return 0;
    const isLeaf = this.#childOf(parent, 0) === none && this.#childOf(parent, 1) === none;
    return this.#lengthOf(parent) + (isLeaf ? 0 : 1);
  }

  #lengthOf(node: number): number {
    return (this.#nodes[node + lengthAndCount] ?? 0) & 0xff;
  }

  #childOf(node: number, side: number): number {
    return this.#nodes[node + child + side] ?? none;
  }

  #countOf(node: number): number {
    const count = (this.#nodes[node + lengthAndCount] ?? 0) >>> countShift;
    return count === manyCount ? (this.#many.get(node) ?? 0) : count;
  }

  #setCount(node: number, count: number): void {
    this.#nodes[node + lengthAndCount] = this.#lengthOf(node) | (Math.min(count, manyCount) << countShift);
    if (count >= manyCount) this.#many.set(node, count);
    else if (count === manyCount - 1) this.#many.delete(node);
  }

  /** With nothing left, gives the memory back. */
  #reset(): void {
    this.#nodes = new Int32Array(4 * this.#nodeSize);
    this.#end = this.#nodeSize;
    this.#free = none;
  }

  /** How many of the first `limit` bits the address shares with a node's prefix. */
  #commonBits(node: number, words: ArrayLike<number>, at: number, limit: number): number {
    const base = node + headSize;
    for (let n = 0; 32 * n < limit; n++) {
      const differing = (this.#nodes[base + n] ?? 0) ^ (words[at + n] ?? 0);
      if (differing !== 0) return Math.min(limit, 32 * n + Math.clz32(differing));
    }
    return limit;
  }

  /** Makes room for a prefix that leaves the path to `node` after `common` bits. */
  #split(
    parent: number,
    side: number,
    node: number,
    words: ArrayLike<number>,
    at: number,
    length: number,
    common: number,
  ): void {
    const isBranch = common < length;
    const branch = this.#make(words, at, common, isBranch ? 0 : 1);
    this.#link(parent, side, branch);
    this.#link(branch, bitAt(this.#nodes, node + headSize, common), node);
    if (isBranch) this.#link(branch, bitAt(words, at, common), this.#make(words, at, length, 1));
  }

  /** Takes a node that counts nothing out of the path, if no branch needs it. */
  #shorten(parent: number, side: number, node: number): void {
    const left = this.#childOf(node, 0);
    const right = this.#childOf(node, 1);
    if (left !== none && right !== none) return;
    this.#link(parent, side, left === none ? right : left);
    this.#nodes[node + child] = this.#free;
    this.#free = node;
  }

  #link(parent: number, side: number, node: number): void {
    if (parent === none) this.#root = node;
    else this.#nodes[parent + child + side] = node;
  }

  #make(words: ArrayLike<number>, at: number, length: number, count: number): number {
    const node = this.#takeNode();
    const nodes = this.#nodes;
    nodes[node + child] = none;
    nodes[node + child + 1] = none;
    nodes[node + lengthAndCount] = length | (count << countShift);
    for (let n = 0; n < this.#wordCount; n++) {
      const bits = length - 32 * n;
      const mask = bits >= 32 ? -1 : bits <= 0 ? 0 : -1 << (32 - bits);
      nodes[node + headSize + n] = (words[at + n] ?? 0) & mask;
    }
    return node;
  }

  #takeNode(): number {
    const node = this.#free;
    if (node !== none) {
      this.#free = this.#childOf(node, 0);
      return node;
    }
    if (this.#end === this.#nodes.length) {
      const nodeCount = Math.ceil((this.#end / this.#nodeSize) * 1.2);
      const larger = new Int32Array(nodeCount * this.#nodeSize);
      larger.set(this.#nodes);
      this.#nodes = larger;
    }
    const made = this.#end;
    this.#end += this.#nodeSize;
    return made;
  }
}

function bitAt(words: ArrayLike<number>, at: number, bit: number): 0 | 1 {
  return (((words[at + (bit >> 5)] ?? 0) << (bit & 31)) & 0x80000000) === 0 ? 0 : 1;
}
