/**
 * Masks, one object for each set of bits in the process. Rules, flows
 * and tables share masks by reference, so "the same mask" is `===`, and what is expensive to know about one (which
 * words, which layers, generated code) is kept once.
 */
import { systemRandom } from '../base/random.ts';
import { keyWordCount, layerCount, layerOfWord } from './slots.ts';

/** What is generated for a mask that is looked under often. */
interface MaskCode {
  readonly hash: (key: Uint32Array) => number;
  readonly isEqual: (key: Uint32Array, store: Int32Array, at: number) => boolean;
}

/** Looks under one mask before code is generated for it: the compiler takes as long as some hundreds of them. */
const busyUseCount = 2000;
/** Masks with generated code at most: an attacker who chooses masks gets no more memory than this. */
const codeLimit = 512;
let codeCount = 0;

/** Hashes start from this, so that nobody outside can choose keys that collide. */
const seed = systemRandom.u32() | 0;

/** A hash that goes on over one more word. */
export function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x85ebca6b);
  return h ^ (h >>> 15);
}

function finish(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return (h ^ (h >>> 13)) >>> 0;
}

/** Immutable. Bits and values are 32-bit words as signed integers, which cost V8 no memory of their own. */
export class Mask {
  /** Unlike that of any mask before in this process. @internal */
  readonly id: number;
  /** The words of a key that it has bits in: layer by layer, ascending inside each. @internal */
  readonly words: readonly number[];
  /** The bits of those words; none is zero. @internal */
  readonly bits: readonly number[];
  /** `layerEnds[n]`: how many of `words` lie in layers 0 to n. @internal */
  readonly layerEnds: readonly number[];
  #useCount = 0;
  #code: MaskCode | undefined;

  /** For `internMask` only. @internal */
  constructor(id: number, words: readonly number[], bits: readonly number[]) {
    this.id = id;
    this.words = words;
    this.bits = bits;
    this.layerEnds = Array.from(
      { length: layerCount },
      (_, layer) => words.filter((word) => (layerOfWord[word] ?? 0) <= layer).length,
    );
  }

  /** Of the key's words under the mask: 0..2^32-1. @internal */
  hash(key: Uint32Array): number {
    const code = this.#code ?? this.#use();
    if (code !== undefined) return code.hash(key);
    return finish(this.hashRange(key, 0, this.words.length, this.hashStart));
  }

  /** What `hashRange` starts from. @internal */
  get hashStart(): number {
    return seed ^ this.words.length;
  }

  /** Goes on with a hash over `words[from..to)`; `finishHash` of the last is the mask's `hash`. @internal */
  hashRange(key: Uint32Array, from: number, to: number, hash: number): number {
    const { words, bits } = this;
    let h = hash;
    for (let n = from; n < to; n++) h = mix(h, (key[words[n] ?? 0] ?? 0) & (bits[n] ?? 0));
    return h;
  }

  /** @internal */
  finishHash(hash: number): number {
    return finish(hash);
  }

  /** The hash of a key that has those values under the mask. @internal */
  hashValues(values: readonly number[]): number {
    return finish(this.hashValueRange(values, 0, values.length, this.hashStart));
  }

  /** `hashRange` of such a key. @internal */
  hashValueRange(values: readonly number[], from: number, to: number, hash: number): number {
    let h = hash;
    for (let n = from; n < to; n++) h = mix(h, values[n] ?? 0);
    return h;
  }

  /** Are all bits of `part` bits of this mask too? @internal */
  includes(part: Mask): boolean {
    return part === this || part.words.every((word, n) => ((part.bits[n] ?? 0) & ~this.bitsOf(word)) === 0);
  }

  /** Are the key's words under the mask those kept at store[at...]? @internal */
  isEqual(key: Uint32Array, store: Int32Array, at: number): boolean {
    if (this.#code !== undefined) return this.#code.isEqual(key, store, at);
    const { words, bits } = this;
    for (let n = 0; n < words.length; n++) {
      if (((key[words[n] ?? 0] ?? 0) & (bits[n] ?? 0)) !== store[at + n]) return false;
    }
    return true;
  }

  /** The key's words under the mask. @internal */
  pack(key: Uint32Array): number[] {
    const { words, bits } = this;
    return words.map((word, n) => (key[word] ?? 0) & (bits[n] ?? 0));
  }

  /** Sets the mask's bits in a mask of whole width; only those of `words[0..count)` where that is given. @internal */
  orInto(wildcards: Uint32Array, count = this.words.length): void {
    const { words, bits } = this;
    for (let n = 0; n < count; n++) {
      const word = words[n] ?? 0;
      wildcards[word] = (wildcards[word] ?? 0) | (bits[n] ?? 0);
    }
  }

  /** Does a mask of whole width have all of its bits? @internal */
  isWithin(wildcards: Uint32Array): boolean {
    return this.words.every((word, n) => ((this.bits[n] ?? 0) & ~(wildcards[word] ?? 0)) === 0);
  }

  /** The mask as an array of whole width; fills `into` where that is given. @internal */
  unpack(into: Uint32Array = new Uint32Array(keyWordCount)): Uint32Array {
    into.fill(0);
    this.orInto(into);
    return into;
  }

  /** The bits of one word of a key. @internal */
  bitsOf(word: number): number {
    const at = this.words.indexOf(word);
    return at < 0 ? 0 : (this.bits[at] ?? 0);
  }

  #use(): MaskCode | undefined {
    if (++this.#useCount !== busyUseCount || codeCount >= codeLimit) return undefined;
    codeCount++;
    this.#code = generate(this);
    codeOfMask.register(this, undefined);
    return this.#code;
  }
}

const codeOfMask = new FinalizationRegistry(() => {
  codeCount--;
});

/** The same hash and comparison as above, for one mask. */
function generate({ words, bits, hashStart }: Mask): MaskCode {
  const masked = (n: number): string =>
    bits[n] === -1 ? `key[${words[n]}]` : `(key[${words[n]}] & ${bits[n]})`;
  const mixes = words.map((_, n) => `h = Math.imul(h ^ ${masked(n)}, 0x85ebca6b); h ^= h >>> 15;`).join('\n');
  const same = words.map((_, n) => `((${masked(n)} ^ store[at + ${n}]) === 0)`);
  return {
    hash: new Function(
      'key',
      `let h = ${hashStart};\n${mixes}
      h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35); return (h ^ (h >>> 13)) >>> 0;`,
    ) as MaskCode['hash'],
    isEqual: new Function(
      'key',
      'store',
      'at',
      `return ${same.join(' && ') || 'true'};`,
    ) as MaskCode['isEqual'],
  };
}

const masks = new Map<number, WeakRef<Mask>[]>();
let lastId = 0;

/** Forgets masks that nobody holds any more. */
const forgetting = new FinalizationRegistry((hash: number) => {
  const left = masks.get(hash)?.filter((ref) => ref.deref() !== undefined) ?? [];
  if (left.length === 0) masks.delete(hash);
  else masks.set(hash, left);
});

/** The mask of those bits; `full` may be shorter than a key: what it leaves out is zero. */
export function internMask(full: Uint32Array): Mask {
  let hash = seed;
  let count = 0;
  for (let n = 0; n < full.length; n++) {
    const bits = full[n] ?? 0;
    if (bits === 0) continue;
    hash = mix(mix(hash, n), bits);
    count++;
  }
  const known = masks.get(hash);
  if (known !== undefined) {
    for (const ref of known) {
      const mask = ref.deref();
      if (mask !== undefined && mask.words.length === count && hasBits(mask, full)) return mask;
    }
  }
  const words = wordsByLayer.filter((word) => (full[word] ?? 0) !== 0);
  const mask = new Mask(
    ++lastId,
    words,
    words.map((word) => (full[word] ?? 0) | 0),
  );
  if (known === undefined) masks.set(hash, [new WeakRef(mask)]);
  else known.push(new WeakRef(mask));
  forgetting.register(mask, hash);
  return mask;
}

/** The mask with those bits in those words, which come in any order. */
export function maskWith(words: readonly number[], bits: readonly number[]): Mask {
  const full = new Uint32Array(keyWordCount);
  for (let n = 0; n < words.length; n++) full[words[n] ?? 0] = bits[n] ?? 0;
  return internMask(full);
}

const wordsByLayer = Array.from({ length: keyWordCount }, (_, word) => word).sort(
  (a, b) => (layerOfWord[a] ?? 0) - (layerOfWord[b] ?? 0) || a - b,
);

function hasBits({ words, bits }: Mask, full: Uint32Array): boolean {
  for (let n = 0; n < words.length; n++)
    if ((full[words[n] ?? 0] ?? 0) !== (bits[n] ?? 0) >>> 0) return false;
  return true;
}
