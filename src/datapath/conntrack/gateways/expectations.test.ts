import { expect, test } from 'vitest';
import { newTuple, setKind, setPorts, type Tuple } from '../tuple.ts';
import { type Expectation, Expectations } from './expectations.ts';

function tupleTo(port: number, source = 0, zone = 0): Tuple {
  const tuple = newTuple();
  setKind(tuple, zone, 4, 6);
  setPorts(tuple, source, port);
  return tuple;
}

function expectationOf(tuple: Tuple, siblings: Expectation[]): Expectation {
  const label = new Uint32Array(4);
  const nat = { natSource: false, natDestination: false };
  return { tuple, reply: newTuple(), ...nat, parent: newTuple(), mark: 0, label, siblings };
}

test('a packet is expected from any port, in its zone, until the announcing connection is forgotten', () => {
  const expectations = new Expectations(1);
  const siblings: Expectation[] = [];
  const expectation = expectationOf(tupleTo(1025), siblings);
  expectations.add(expectation);
  expect(expectations.find(tupleTo(1025, 20))).toBe(expectation);
  expect(expectations.find(tupleTo(1025, 21))).toBe(expectation);
  expect(expectations.find(tupleTo(1026, 20))).toBeUndefined();
  expect(expectations.find(tupleTo(1025, 20, 1))).toBeUndefined();
  expectations.forget(siblings);
  expect(expectations.find(tupleTo(1025, 20))).toBeUndefined();
  expect(expectations.size).toBe(0);
  expect(siblings).toEqual([]);
});

test('of one connection the oldest give way', () => {
  const expectations = new Expectations(1);
  const siblings: Expectation[] = [];
  for (let port = 1; port <= 1000; port++) expectations.add(expectationOf(tupleTo(port), siblings));
  expect(expectations.size).toBe(16);
  expect(siblings).toHaveLength(16);
  expect(expectations.find(tupleTo(1000, 20))).toBeDefined();
  expect(expectations.find(tupleTo(984, 20))).toBeUndefined();
});

test('of all the oldest give way', () => {
  const expectations = new Expectations(1, 10);
  const owners = Array.from({ length: 100 }, (): Expectation[] => []);
  owners.forEach((siblings, n) => {
    expectations.add(expectationOf(tupleTo(n + 1), siblings));
  });
  expect(expectations.size).toBe(10);
  expect(owners.filter((siblings) => siblings.length > 0)).toEqual(owners.slice(90));
});
