import { expect, test } from 'vitest';
import { ms, ofPort } from '../base/units.ts';
import { PortNumbers } from './port-numbers.ts';

const at = (minutes: number): ReturnType<typeof ms> => ms(minutes * 60_000);

test('ports are numbered upwards, and a wanted number is honoured when it is free', () => {
  const numbers = new PortNumbers();
  expect([1, 2].map(() => numbers.take(undefined, at(0)))).toEqual([1, 2]);
  expect(numbers.take(ofPort(100), at(0))).toBe(100);
  expect(numbers.take(ofPort(100), at(0))).toBe(3);
  expect(numbers.take(undefined, at(0))).toBe(4);
  expect(numbers.take(ofPort(0xff00), at(0))).toBe(5);
});

test('a freed number is not given out by itself for an hour, but to who wants it', () => {
  const numbers = new PortNumbers();
  numbers.take(undefined, at(0));
  numbers.free(ofPort(1), at(0));
  expect(numbers.take(undefined, at(1))).toBe(2);
  expect(numbers.take(ofPort(1), at(1))).toBe(1);
});

test('when all numbers were used, the one that was freed first comes back', () => {
  const numbers = new PortNumbers();
  for (let n = 1; n < 32768; n++) numbers.take(undefined, at(0));
  numbers.free(ofPort(7), at(2));
  numbers.free(ofPort(5), at(1));
  expect(numbers.take(undefined, at(3))).toBe(5);
  expect(numbers.take(undefined, at(3))).toBe(7);
  expect(() => numbers.take(undefined, at(3))).toThrow('in use');
});
