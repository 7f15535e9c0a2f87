import { afterEach, beforeEach, expect, test } from 'vitest';
import { logRegistry } from '../../base/log.ts';
import { chooseMethod } from './selection-method.ts';

let said: string[] = [];

beforeEach(() => {
  said = [];
  logRegistry.setLevel('dbg', 'file', 'ofproto_dpif');
  logRegistry.setSink('file', { write: ({ text }) => said.push(text) });
});
afterEach(() => {
  logRegistry.setSink('file', undefined);
  logRegistry.setLevel('info', 'file', 'ofproto_dpif');
});

const weights = (...all: number[]) => all.map((weight, id) => ({ id, weight }));

test('without a method, a symmetric hash of the datapath is tried, and the log says what came of it', () => {
  const choice = chooseMethod({ group: 5, selection: undefined }, weights(5, 10, 25, 60, 0));
  expect(choice).toMatchObject({ by: 'dp_hash', algorithm: 'sym_l4', basis: 0 });
  expect(said).toEqual([
    'Constructing select group 5',
    'No selection method specified. Trying dp_hash.',
    '  Minimum weight: 5, total weight: 100',
    '  Using 32 hash values:',
    '  Bucket 0: weight=5, target=1.60 hits=2',
    '  Bucket 1: weight=10, target=3.20 hits=3',
    '  Bucket 2: weight=25, target=8.00 hits=8',
    '  Bucket 3: weight=60, target=19.20 hits=19',
    '  Bucket 4: weight=0, target=0.00 hits=0',
    'Use dp_hash with 32 hash values using algorithm 1.',
  ]);
});

test('the parameter of dp_hash is an algorithm over a basis, and an unknown algorithm is the first', () => {
  const of = (parameter: bigint) =>
    chooseMethod({ group: 1, selection: { method: 'dp_hash', parameter, fields: [] } }, weights(1));
  expect(of(0x1_0000_0007n)).toMatchObject({ by: 'dp_hash', algorithm: 'sym_l4', basis: 7 });
  expect(of(9n)).toMatchObject({ by: 'dp_hash', algorithm: 'l4', basis: 9 });
  expect(of(0x3_0000_0005n)).toMatchObject({ by: 'dp_hash', algorithm: 'l4', basis: 5 });
  expect(said.at(-2)).toBe('Invalid dp_hash algorithm 3. Defaulting to OVS_HASH_ALG_L4');
});

test.each([
  ['weights that few hashes cannot tell apart', weights(1, 1000), '  Too many hash values required: 1024'],
  ['no buckets', [], "  Don't apply dp_hash method without buckets."],
  ['no weights', weights(0, 0), '  Total weight is zero. No active buckets.'],
])('with %s the fields of connections decide', (_, buckets, why) => {
  expect(chooseMethod({ group: 1, selection: undefined }, buckets)).toEqual({ by: 'connection' });
  expect(said.slice(-2)).toEqual([why, 'Falling back to default hash method.']);
});

test('the method "hash" goes by the fields that it names, and by those of connections without any', () => {
  const mask = Uint8Array.of(255, 0, 0, 0);
  const fields = [
    { field: 'ip_src', mask },
    { field: 'tcp_src', mask: Uint8Array.of(255, 255) },
  ] as const;
  const by = (chosen: readonly (typeof fields)[number][]) =>
    chooseMethod({ group: 1, selection: { method: 'hash', parameter: 0n, fields: chosen } }, weights(1)).by;
  expect(by(fields)).toBe('fields');
  expect(said.at(-1)).toBe('Hash fields: ip_src=255.0.0.0,tcp_src');
  expect(by([])).toBe('connection');
  expect(said.at(-1)).toBe('No hash fields. Falling back to default hash method.');
});
