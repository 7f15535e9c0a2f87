import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileType } from '../../ovsdb/engine/column-type.ts';
import { describeType, formatDatum, makeDatum } from '../../ovsdb/engine/datum.ts';
import type { ColumnType, Datum } from '../../ovsdb/engine/types.ts';
import type { BaseTypeJson } from '../../ovsdb/schema-types.ts';
import { CommandFailed, formatBare, partialUuidLength, readDatum } from './datum-text.ts';

const setOf = (key: BaseTypeJson, max: number | 'unlimited' = 'unlimited') =>
  compileType({ key, min: 0, max });

const strings = setOf({ type: 'string' });
const integers = setOf({ type: 'integer' });
const reals = setOf({ type: 'real' });
const uuids = setOf({ type: 'uuid', refTable: 'T' });
const map = compileType({ key: { type: 'string' }, value: { type: 'string' }, min: 0, max: 'unlimited' });
const vlan = setOf({ type: 'integer', minInteger: 0, maxInteger: 4095 }, 4096);
const mode = setOf({ type: 'string', enum: ['set', ['secure', 'standalone']] }, 1);
const scalar = compileType('boolean');

const id = '01234567-89ab-cdef-0123-456789abcdef';
const symbols = { refer: (name: string) => (name === '@x' ? id : '') };
const read = (text: string, type: ColumnType) => readDatum(text, type, symbols);

test.each<[string, ColumnType, Datum]>([
  ['a,b c', strings, ['a', 'b', 'c']],
  ['[]', strings, []],
  ['"x y"', strings, ['x y']],
  ['[ "a\\"b" , c ]', strings, ['a"b', 'c']],
  ['\u00a0, \u2028a\u3000', strings, ['\u00a0', '\u2028a\u3000']],
  ['"é\\ud83d\\ude00"', strings, ['é😀']],
  ['3-5,1', integers, [1, 3, 4, 5]],
  ['-9223372036854775808', integers, [-9223372036854775808n]],
  ['1e3', reals, [1000]],
  ['@x', uuids, [id]],
  ['yes', scalar, true],
])('%s reads as a value', (text, type, datum) => {
  expect(read(text, type)).toEqual(datum);
});

test('pairs read as a map, sorted by key', () => {
  expect(read('{b=2, a="1 x"}', map)).toEqual(['a', '1 x', 'b', '2']);
});

test.each<[string, ColumnType, string]>([
  ['a\udce9', strings, 'constraint violation: not a valid UTF-8 string: invalid UTF-8 sequence 0xe9 0x00'],
  ['"\\ude00"', strings, 'constraint violation: not a valid UTF-8 string: invalid UTF-8 sequence 0xed 0xb8'],
  ['"\\é"', strings, '"\\é": bad escape \\\udcc3'],
  ['\u00a05', integers, '"\u00a05" is not a valid integer or range'],
  ['', strings, 'use "[]" to specify the empty set'],
  ['', map, 'use "{}" to specify the empty map'],
  ['5000', vlan, 'constraint violation: 5000 is not in the valid range 0 to 4095 (inclusive)'],
  ['1,1', vlan, '1,1: set contains duplicate value'],
  ['a=1,a=2', map, 'a=1,a=2: map contains duplicate key'],
  ['odd', mode, 'constraint violation: odd is not one of the allowed values ([secure, standalone])'],
  ['secure,standalone', mode, 'secure,standalone: 2 value(s) specified but the maximum number is 1'],
  ['[1', vlan, '[1: missing "]" at end of data'],
  ['[1]x', vlan, '[1]x: trailing garbage after "]"'],
  [',', strings, ',: unexpected "," parsing set of strings'],
  ['9-1', vlan, '"9-1" is not a valid range. Range end cannot be before start.'],
  ['"abc', strings, '"abc: quoted string extends past end of argument'],
  ['abc\\', strings, 'abc\\: backslash at end of argument'],
  ['"\\q"', strings, '"\\q": bad escape \\q'],
])('%s is refused with the reason', (text, type, message) => {
  expect(() => read(text, type)).toThrow(new CommandFailed(message));
});

test('what is printed reads back', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0'));
  fc.assert(
    fc.property(fc.uniqueArray(text), (atoms) => {
      const datum = makeDatum(strings, atoms);
      expect(read(formatDatum(strings, datum), strings)).toEqual(datum);
    }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(text, text), { selector: ([key]) => key }), (pairs) => {
      const datum = makeDatum(map, pairs.flat());
      expect(read(formatDatum(map, datum), map)).toEqual(datum);
    }),
  );
});

test('any text is a value or CommandFailed', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(strings, integers, reals, uuids, map, vlan, mode, scalar),
      fc.string(),
      (type, text) => {
        try {
          read(text, type);
        } catch (why) {
          expect(why).toBeInstanceOf(CommandFailed);
        }
      },
    ),
  );
});

test('values print with quotes and brackets where needed, and bare without', () => {
  const datum = makeDatum(strings, ['plain', 'two words', 'true', id]);
  expect(formatDatum(strings, datum)).toBe(`["${id}", plain, "true", "two words"]`);
  expect(formatBare(strings, datum)).toBe(`${id} plain true two words`);
  expect(formatDatum(mode, [])).toBe('[]');
  expect(formatDatum(mode, ['secure'])).toBe('secure');
  expect(formatDatum(map, ['k', 'a b'])).toBe('{k="a b"}');
});

test('types are described in words', () => {
  expect([strings, vlan, map, scalar].map(describeType)).toEqual([
    'set of strings',
    'set of up to 4096 integers',
    'map of (string, string) pairs',
    'boolean',
  ]);
});

test('the beginning of a uuid is told from other text', () => {
  expect(partialUuidLength('0123')).toBe(4);
  expect(partialUuidLength(id)).toBe(36);
  expect(partialUuidLength('01234567-8')).toBe(10);
  expect(partialUuidLength('012345678')).toBe(0);
  expect(partialUuidLength('br0')).toBe(0);
});
