import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { internMask, maskWith } from './mask.ts';
import { MaskTable, type TableEntry } from './mask-table.ts';
import { isMatchedBy, isMatchWithin, packKey, packMatch, unpackKey, valuesUnder } from './match.ts';
import { keyWordCount, layerOfWord } from './slots.ts';

const random = seededRandom(11);

/** Some words set, so that masks and keys have words in common. */
function someWords(count: number, value: () => number): Uint32Array {
  const words = new Uint32Array(keyWordCount);
  for (let n = 0; n < count; n++) words[random.u32() % keyWordCount] = value();
  return words;
}

describe('masks', () => {
  it('are the same object for the same bits', () => {
    const full = someWords(5, () => random.u32());
    const mask = internMask(full);
    expect(internMask(full.slice())).toBe(mask);
    expect(internMask(full.subarray(0, keyWordCount))).toBe(mask);
    expect(maskWith([...mask.words].reverse(), [...mask.bits].reverse())).toBe(mask);
    expect(mask.unpack()).toEqual(full);
    const other = full.slice();
    other[mask.words[0] ?? 0] = (full[mask.words[0] ?? 0] ?? 0) ^ 1;
    expect(internMask(other)).not.toBe(mask);
  });

  it('have their words layer by layer', () => {
    const mask = internMask(new Uint32Array(keyWordCount).fill(1));
    const layers = mask.words.map((word) => layerOfWord[word]);
    expect(layers).toEqual([...layers].sort());
    expect(mask.layerEnds.at(-1)).toBe(keyWordCount);
  });

  it('hash and compare alike before and after code was generated for them', () => {
    for (let n = 0; n < 20; n++) {
      const mask = internMask(someWords(1 + (n % 7), () => random.u32()));
      const key = someWords(40, () => random.u32());
      const store = Int32Array.from(mask.pack(key));
      const hash = mask.hash(key);
      expect(mask.hashValues(mask.pack(key))).toBe(hash);
      for (let i = 0; i < 3000; i++) mask.hash(key);
      expect(mask.hash(key)).toBe(hash);
      expect(mask.isEqual(key, store, 0)).toBe(true);
      const word = mask.words[0] ?? 0;
      key[word] = (key[word] ?? 0) ^ (mask.bits[0] ?? 0);
      expect(mask.isEqual(key, store, 0)).toBe(false);
    }
  });

  it('hold keys as values', () => {
    for (let n = 0; n < 20; n++) {
      const key = someWords(n, () => random.u32());
      const packed = packKey(key);
      expect(unpackKey(packed)).toEqual(key);
      const mask = internMask(someWords(9, () => random.u32()));
      expect(valuesUnder(packed, mask)).toEqual(mask.pack(key));
      expect(isMatchedBy(packMatch(key, mask.unpack()), key)).toBe(true);
    }
  });

  it('tell which matches lie within which', () => {
    const key = someWords(30, () => random.u32());
    const wide = internMask(Uint32Array.of(0xff00, 0, 0xff));
    const narrow = internMask(Uint32Array.of(0xffff, 1, 0xff));
    expect([narrow.includes(wide), wide.includes(narrow)]).toEqual([true, false]);
    expect(isMatchWithin(packMatch(key, wide.unpack()), packMatch(key, narrow.unpack()))).toBe(true);
    const elsewhere = key.slice();
    elsewhere[2] = (key[2] ?? 0) ^ 1;
    expect(isMatchWithin(packMatch(key, wide.unpack()), packMatch(elsewhere, narrow.unpack()))).toBe(false);
  });
});

describe('MaskTable', () => {
  it('holds what a map holds, through growth and shrinking', () => {
    const mask = internMask(Uint32Array.of(0xffffffff, 0, 0xf));
    const table = new MaskTable<TableEntry>(mask);
    const model = new Map<string, TableEntry>();
    const keyOf = (): Uint32Array => Uint32Array.of(random.u32() % 900, random.u32(), random.u32());
    for (let n = 0; n < 6000; n++) {
      const key = keyOf();
      const values = mask.pack(key);
      const name = values.join();
      const known = model.get(name);
      expect(table.find(key)).toBe(known);
      expect(table.findValues(values)).toBe(known);
      const isGrowing = n % 2000 < 1000;
      if (known === undefined && isGrowing) {
        const entry: TableEntry = { slot: -1 };
        table.add(entry, values);
        model.set(name, entry);
      } else if (!isGrowing) {
        for (const [other, entry] of model) {
          expect(table.valuesOf(entry).join()).toBe(other);
          expect(table.remove(entry)).toBe(true);
          model.delete(other);
          break;
        }
      }
      expect(table.size).toBe(model.size);
    }
    expect(new Set(table)).toEqual(new Set(model.values()));
  });
});
