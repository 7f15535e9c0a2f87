import { describe, expect, it } from 'vitest';
import { mapBuckets } from './bucket-map.ts';

const weights = (...all: number[]) => all.map((weight, id) => ({ id, weight }));
const shares = (...all: number[]) => {
  const map = mapBuckets(weights(...all)) ?? [];
  return all.map((_, n) => map.filter((place) => place === n).length);
};

describe('hashes of a select group', () => {
  it('mean buckets in turn, in proportion to their weights', () => {
    expect(mapBuckets(weights(1, 2))?.slice(0, 8)).toEqual([1, 0, 1, 1, 0, 1, 1, 0]);
    expect(shares(1, 1)).toEqual([8, 8]);
    expect(shares(1, 2, 3)).toEqual([3, 5, 8]);
    expect(shares(100, 1)).toEqual([127, 1]);
  });

  it('never mean a bucket without a share', () => {
    expect(shares(0, 1)).toEqual([0, 16]);
  });

  it.each([
    ['cannot tell the weights apart', [256, 1]],
    ['have no weights to go by', [0, 0]],
    ['have no buckets', []],
  ])('are not used where they %s', (_, all) => {
    expect(mapBuckets(weights(...all))).toBeUndefined();
  });

  it('are at most 256', () => {
    expect(mapBuckets(weights(255, 1))).toHaveLength(256);
  });
});
