import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SequenceShift } from './sequence-shift.ts';

const begin = 0xffff_fff0;

test('numbers behind a text that grew are moved, those in front of it are not, across the end of the number space', () => {
  const shift = new SequenceShift();
  shift.record(begin + 0x20, 3);
  expect(shift.outward(begin)).toBe(begin);
  expect(shift.outward(0x0f)).toBe(0x0f);
  expect(shift.outward(0x10)).toBe(0x13);
  expect(shift.inward(0x13)).toBe(0x10);
  expect(shift.inward(begin)).toBe(begin);
});

test('a text of which a part is acknowledged is not acknowledged as a whole', () => {
  const shift = new SequenceShift();
  shift.record(100, 5);
  expect([103, 104, 105, 106].map((number) => shift.inward(number))).toEqual([99, 99, 100, 101]);
});

test('a text that is retransmitted counts once, and goes by the numbers that it had', () => {
  const shift = new SequenceShift();
  shift.record(100, -2);
  shift.record(200, 4);
  shift.record(100, -2);
  shift.record(200, 4);
  expect([50, 100, 150, 200].map((number) => shift.outward(number))).toEqual([50, 98, 148, 202]);
});

test('what was changed long ago still counts', () => {
  const shift = new SequenceShift();
  for (let n = 1; n <= 50; n++) shift.record(n * 100, 1);
  expect(shift.outward(5000)).toBe(5050);
  expect(shift.inward(5050)).toBe(5000);
});

test('what is moved out is moved back in', () => {
  const changes = fc.array(fc.tuple(fc.integer({ min: 20, max: 1000 }), fc.integer({ min: -8, max: 8 })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.nat(0xffffffff), changes, fc.nat(0xffff), (first, list, offset) => {
      const shift = new SequenceShift();
      let position = first;
      for (const [distance, growth] of list) {
        position += distance;
        if (growth !== 0) shift.record(position, growth);
      }
      // Numbers within a text that shrank have no place behind it.
      const isCut = list.some(([distance], n) => {
        const end = list.slice(0, n + 1).reduce((sum, [by]) => sum + by, 0);
        return offset < end && offset >= end - Math.min(distance, 9);
      });
      fc.pre(!isCut);
      const number = (first + offset) >>> 0;
      expect(shift.inward(shift.outward(number))).toBe(number);
    }),
  );
});
