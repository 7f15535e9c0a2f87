/** Matches: a mask with the words under it. And keys as values: matches on all that is not zero in them. */
import { entriesIn } from '../base/literals.ts';
import { newKey, setSlot } from './key.ts';
import { internMask, type Mask } from './mask.ts';
import { keyWordCount, type SlotName } from './slots.ts';
import { isSameOptions, type OptionMatch } from './tunnel-options.ts';

/** Which packets: those whose key, under `mask`, has `values`. Immutable, shared by reference; for programs opaque. */
export interface Match {
  readonly mask: Mask;
  /** The words of `mask.words`, zero outside `mask.bits`; signed. */
  readonly values: readonly number[];
  /** Options of tunnels that were not given a place in the key, in the order of their fields; absent for none. */
  readonly options?: readonly OptionMatch[];
}

/** `key` need not be masked. */
export function packMatch(
  key: Uint32Array,
  mask: Uint32Array,
  options?: readonly OptionMatch[] | undefined,
): Match {
  const interned = internMask(mask);
  const values = interned.pack(key);
  return options === undefined ? { mask: interned, values } : { mask: interned, values, options };
}

/** A key as a value: a match on all of those of its words that are not zero. */
export function packKey(key: Uint32Array): Match {
  for (let n = 0; n < key.length; n++) scratch[n] = key[n] === 0 ? 0 : 0xffffffff;
  scratch.fill(0, key.length);
  const mask = internMask(scratch);
  return { mask, values: mask.pack(key) };
}

/** Back from `packKey`: a whole key; fills `into` where that is given. */
export function unpackKey(packed: Match, into: Uint32Array = new Uint32Array(keyWordCount)): Uint32Array {
  into.fill(0);
  unpackValues(packed, into);
  return into;
}

/** What a packed key has under a mask: the values of a match. */
export function valuesUnder(packed: Match, mask: Mask): number[] {
  return mask.pack(unpackKey(packed, scratch));
}

/** For the function that uses it only. */
const scratch = new Uint32Array(keyWordCount);

/** Writes a match's values to a key of whole width; words outside the mask stay as they are. */
function unpackValues({ mask, values }: Match, into: Uint32Array): void {
  const { words } = mask;
  for (let n = 0; n < words.length; n++) into[words[n] ?? 0] = values[n] ?? 0;
}

export function isMatchedBy({ mask, values }: Match, key: Uint32Array): boolean {
  const { words, bits } = mask;
  for (let n = 0; n < words.length; n++) {
    if (((key[words[n] ?? 0] ?? 0) & (bits[n] ?? 0)) !== values[n]) return false;
  }
  return true;
}

/** Does every packet of `inner`, whose mask includes that of `outer`, match `outer`? */
export function isMatchWithin(outer: Match, inner: Match): boolean {
  return outer.mask.words.every((word, n) => {
    const value = inner.values[inner.mask.words.indexOf(word)] ?? 0;
    return (value & (outer.mask.bits[n] ?? 0)) === outer.values[n];
  });
}

/** Is there a packet that matches both? */
export function isOverlap(a: Match, b: Match): boolean {
  return a.mask.words.every((word, n) => {
    const at = b.mask.words.indexOf(word);
    const bits = at < 0 ? 0 : (a.mask.bits[n] ?? 0) & (b.mask.bits[at] ?? 0);
    return (((a.values[n] ?? 0) ^ (b.values[at] ?? 0)) & bits) === 0;
  });
}

export function isSameMatch(a: Match, b: Match): boolean {
  return (
    a.mask === b.mask &&
    a.values.every((value, n) => value === b.values[n]) &&
    isSameOptions(a.options, b.options)
  );
}

/** A match on the whole of some slots of at most four bytes; on every packet when there are none. */
export function matchOn(values: Readonly<Partial<Record<SlotName, number>>>): Match {
  const key = newKey();
  const mask = newKey();
  for (const [slot, value] of entriesIn(values)) {
    setSlot(key, slot, value);
    setSlot(mask, slot, 0xffffffff);
  }
  return packMatch(key, mask);
}
