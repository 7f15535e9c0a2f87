import { describe, expect, test } from 'vitest';
import { BondBuckets, type BucketOwner } from './bond-buckets.ts';

const a: BucketOwner = { name: 'a', isEnabled: true };
const b: BucketOwner = { name: 'b', isEnabled: true };
const off: BucketOwner = { name: 'off', isEnabled: false };

/** Bytes by hash, all of the first member. */
function bucketsOf(loads: readonly number[]): BondBuckets<BucketOwner> {
  const buckets = new BondBuckets<BucketOwner>('bond0');
  loads.forEach((bytes, hash) => {
    buckets.give(hash, a);
    buckets.account(hash, bytes);
  });
  return buckets;
}

function movedOf(loads: readonly number[]): number[] {
  const buckets = bucketsOf(loads);
  buckets.rebalance([a, b, off]);
  return loads.flatMap((_, hash) => (buckets.ownerOf(hash) === b ? hash : []));
}

describe('load is shifted', () => {
  test('so that two members carry the same', () =>
    expect(movedOf([400_000, 300_000, 300_000, 200_000])).toEqual([0, 3]));
  test('but not where a member has but one hash', () => expect(movedOf([900_000])).toEqual([]));
  test('but not where there is little of it', () => expect(movedOf([40_000, 40_000])).toEqual([]));
  test('but not where it would be as uneven as before', () => expect(movedOf([1_000_000, 10])).toEqual([]));
  test('never to a member that is not enabled', () => {
    const buckets = bucketsOf([400_000, 400_000]);
    expect(buckets.rebalance([a, off])).toBe(false);
    expect(buckets.ownerOf(0)).toBe(a);
  });
});

test('what was carried long ago counts less and less', () => {
  const buckets = bucketsOf([1_000]);
  buckets.rebalance([a]);
  buckets.rebalance([a]);
  expect(buckets.bytesOf(0)).toBe(250);
});

test('a counter counts what it grew by', () => {
  const buckets = bucketsOf([0]);
  buckets.accountTotal(0, 500);
  buckets.accountTotal(0, 700);
  expect(buckets.bytesOf(0)).toBe(700);
  buckets.accountTotal(9, 700); // nobody's
  expect(buckets.bytesOf(9)).toBe(0);
});

test('hashes of members that are gone or not enabled are dealt out', () => {
  const buckets = bucketsOf([1, 2]);
  buckets.give(2, off);
  buckets.forget(a);
  expect(buckets.fill(() => b)).toBe(true);
  expect([0, 1, 2, 255].map((hash) => buckets.ownerOf(hash))).toEqual([b, b, b, b]);
  expect(buckets.fill(() => a)).toBe(false);
});
