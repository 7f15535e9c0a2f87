import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Scalar } from '../schema-types.ts';
import { compileType, elementsType, keysType } from './column-type.ts';
import { datumFromJson, datumToJson, keysOf, makeDatum, pairsOf } from './datum.ts';
import { differenceOf, unionOf, valueUnder } from './datum-algebra.ts';

const integers = compileType({ key: { type: 'integer' }, min: 0, max: 'unlimited' });
const map = compileType({ key: { type: 'string' }, value: { type: 'integer' }, min: 0, max: 'unlimited' });
const pairs = fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.nat(5)));

test('a value is made of atoms in any order; of a key that comes twice the first stays', () => {
  expect(makeDatum(compileType('string'), ['only'])).toBe('only');
  expect(makeDatum(integers, [3, 2n ** 60n, 1, 3])).toEqual([1, 3, 2n ** 60n]);
  expect(makeDatum(map, ['b', 1, 'a', 2, 'b', 3])).toEqual(['a', 2, 'b', 1]);
  fc.assert(
    fc.property(pairs, (given) => {
      const datum = makeDatum(map, given.flat());
      expect(datumFromJson(map, datumToJson(map, datum))).toEqual(datum);
      expect(new Map(pairsOf(datum))).toEqual(new Map<Scalar, Scalar>(given.toReversed()));
    }),
  );
});

test('maps unite and are taken apart by keys as the language has it', () => {
  fc.assert(
    fc.property(pairs, pairs, fc.array(fc.string({ maxLength: 2 })), (base, more, less) => {
      const united = unionOf(elementsType(map), makeDatum(map, more.flat()), makeDatum(map, base.flat()));
      const left = differenceOf(map, united, makeDatum(keysType(map), less), true);
      const expected = new Map<Scalar, Scalar>([...base.toReversed(), ...more.toReversed()]);
      for (const key of less) expected.delete(key);
      expect(new Map(pairsOf(left))).toEqual(expected);
      for (const key of keysOf(map, left)) expect(valueUnder(map, left, key)).toBe(expected.get(key));
    }),
  );
});

test('a uuid of a row of the same transaction goes out by its name', () => {
  const [row, other] = ['01234567-89ab-cdef-0123-456789abcdef', '11234567-89ab-cdef-0123-456789abcdef'];
  const uuids = compileType({ key: { type: 'uuid' }, min: 0, max: 'unlimited' });
  expect(datumToJson(uuids, [row, other], (id) => (id === row ? 'row1' : undefined))).toEqual([
    'set',
    [
      ['named-uuid', 'row1'],
      ['uuid', other],
    ],
  ]);
});
