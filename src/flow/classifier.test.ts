import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Classifier, type ClassifierRule } from './classifier.ts';

const width = 4;
const words = (max: number) => fc.array(fc.integer({ min: 0, max }), { minLength: width, maxLength: width });
const masks = [
  [0xffffffff, 0, 0, 0],
  [0xffffffff, 0xffffff00, 0, 0],
  [0, 0, 3, 0xffffffff],
  [0, 0, 0, 0],
];

function rule(values: readonly number[], mask: readonly number[], priority: number): ClassifierRule {
  const m = Uint32Array.from(mask);
  return { key: Uint32Array.from(values, (v, n) => v & (m[n] ?? 0)), mask: m, priority };
}

function isMatch(r: ClassifierRule, key: Uint32Array): boolean {
  return r.key.every((w, n) => ((key[n] ?? 0) & (r.mask[n] ?? 0)) >>> 0 === w);
}

const command = fc.record({
  do: fc.constantFrom('insert', 'insert', 'remove'),
  values: words(5),
  mask: fc.constantFrom(...masks),
  priority: fc.integer({ min: 0, max: 3 }),
});

describe('Classifier', () => {
  it('agrees with a plain list of rules, whatever was inserted, replaced and removed', () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 120 }),
        fc.array(words(5), { maxLength: 20 }),
        (commands, keys) => {
          const classifier = new Classifier<ClassifierRule>();
          let list: ClassifierRule[] = [];
          for (const c of commands) {
            const r = rule(c.values, c.mask, c.priority);
            const same = list.find(
              (x) =>
                x.priority === r.priority &&
                String(x.key) === String(r.key) &&
                String(x.mask) === String(r.mask),
            );
            expect(classifier.find(r.key, r.mask, r.priority)).toBe(same);
            if (c.do === 'insert') {
              expect(classifier.insert(r)).toBe(same);
              list = list.filter((x) => x !== same).concat(r);
            } else {
              expect(classifier.remove(same ?? r)).toBe(same !== undefined);
              list = list.filter((x) => x !== same);
            }
          }
          expect(classifier.ruleCount).toBe(list.length);
          expect(new Set(classifier)).toEqual(new Set(list));
          for (const values of keys) {
            const key = Uint32Array.from(values);
            const best = Math.max(...list.filter((r) => isMatch(r, key)).map((r) => r.priority));
            expect(classifier.lookup(key)?.priority ?? Number.NEGATIVE_INFINITY).toBe(best);
            const any = classifier.lookupAny(key);
            expect(any === undefined ? best === Number.NEGATIVE_INFINITY : isMatch(any, key)).toBe(true);
          }
        },
      ),
    );
  });

  it('reports the bits it looked at: an equal key under them gets the same answer', () => {
    const classifier = new Classifier<ClassifierRule>();
    const high = rule([7, 0, 0, 0], [0xffffffff, 0, 0, 0], 10);
    const low = rule([0, 0, 1, 9], [0, 0, 3, 0xffffffff], 1);
    classifier.insert(high);
    classifier.insert(low);
    const looked = new Uint32Array(width);
    expect(classifier.lookup(Uint32Array.of(7, 0, 0, 0), looked)).toBe(high);
    expect([...looked]).toEqual([0xffffffff, 0, 0, 0]);
    expect(classifier.lookup(Uint32Array.of(8, 0, 5, 9), looked)).toBe(low);
    expect([...looked]).toEqual([0xffffffff, 0, 3, 0xffffffff]);
  });

  it('ranks the masks that are hit most first', () => {
    const classifier = new Classifier<ClassifierRule>();
    classifier.insert(rule([1, 0, 0, 0], [0xffffffff, 0, 0, 0], 0));
    classifier.insert(rule([0, 0, 0, 5], [0, 0, 0, 0xffffffff], 0));
    for (let n = 0; n < 3; n++) classifier.lookupAny(Uint32Array.of(0, 0, 0, 5));
    classifier.rank();
    expect(classifier.subtables[0]?.mask[3]).toBe(0xffffffff);
  });
});
