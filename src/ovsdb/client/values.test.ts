import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import type { Json } from '../../rpc/channel.ts';
import { emitJson, parseJson } from '../../rpc/json.ts';
import type { TypeJson } from '../schema-types.ts';
import { emitValue } from './given-values.ts';
import { applyValueDiff, canonicalValue, isEqualValue, readValue } from './values.ts';

const strings: TypeJson = { key: { type: 'string' }, min: 0, max: 'unlimited' };
const map: TypeJson = { key: { type: 'string' }, value: { type: 'integer' }, min: 0, max: 'unlimited' };
const optional: TypeJson = { key: { type: 'integer' }, min: 0, max: 1 };
const scalar: TypeJson = { key: { type: 'uuid' } };

test('values go to JSON and back', () => {
  const set = fc.uniqueArray(fc.string()).map((list) => list.sort());
  fc.assert(
    fc.property(set, (list) => {
      expect(readValue(strings, emitValue('T.c', strings, list))).toEqual(list);
    }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.integer()), (pairs) => {
      const value = new Map(Object.entries(pairs));
      expect(isEqualValue(readValue(map, emitValue('T.c', map, value)), value)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.option(fc.integer(), { nil: undefined }), (value) => {
      expect(readValue(optional, emitValue('T.c', optional, value))).toBe(value);
    }),
  );
});

test('an integer of 64 bits is exact, and has one form in rows, however it was given', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (integer) => {
      const [json = null] = parseJson(emitJson([emitValue('T.c', optional, integer)])) as readonly Json[];
      const held = readValue(optional, json);
      expect(held).toBe(Number.isSafeInteger(Number(integer)) ? Number(integer) : integer);
      expect(canonicalValue(optional, integer)).toBe(held);
      const double = Number(integer);
      expect(emitJson([emitValue('T.c', optional, double)])).toBe(`[${BigInt(double)}]`);
    }),
  );
});

test('any JSON is a value or Malformed', () => {
  const json = fc.jsonValue() as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(fc.constantFrom(strings, map, optional, scalar), json, (type, given) => {
      expectReadOrMalformed(() => readValue(type, given));
    }),
  );
});

test('a diff moves the named atoms in and out of a set', () => {
  expect(applyValueDiff(strings, ['a', 'b'], ['b', 'c'])).toEqual(['a', 'c']);
  const set = fc.uniqueArray(fc.string({ maxLength: 2 })).map((list) => list.sort());
  fc.assert(
    fc.property(set, set, (old, diff) => {
      const kept = old.filter((atom) => !diff.includes(atom));
      const added = diff.filter((atom) => !old.includes(atom));
      expect(applyValueDiff(strings, old, diff)).toEqual([...kept, ...added].sort());
    }),
  );
});

test('a diff finds atoms in the order that the server has, which is that of bytes', () => {
  const old = ['a', '\ue000', '\uffff', '😀', '😁'];
  expect(applyValueDiff(strings, old, ['\uffff', '😀'])).toEqual(['a', '\ue000', '😁']);
  expect(applyValueDiff(strings, ['\ue000', '😁'], ['😀'])).toEqual(['\ue000', '😀', '😁']);
});

test('a diff of a map removes equal pairs and puts others', () => {
  const old = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  const diff = new Map([
    ['a', 1],
    ['b', 3],
    ['c', 4],
  ]);
  expect(applyValueDiff(map, old, diff)).toEqual(
    new Map([
      ['b', 3],
      ['c', 4],
    ]),
  );
});

test('a diff of a column of at most one atom is its new value', () => {
  expect(applyValueDiff(optional, 3, 4)).toBe(4);
  expect(applyValueDiff(optional, 3, undefined)).toBeUndefined();
});
