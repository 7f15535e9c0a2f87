import { expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

test('a token bucket lets pass a second of its rate at once, and then its rate', () => {
  const bucket = new TokenBucket(10, 0);
  const passedAt = (now: number): number =>
    Array.from({ length: 50 }, () => bucket.take(now)).filter(Boolean).length;
  expect([0, 0, 100, 350, 100_000, 99_000].map(passedAt)).toEqual([10, 0, 1, 2, 10, 0]);
});

test('a token bucket of less than one a second lets one pass at a time', () => {
  const bucket = new TokenBucket(0.5, 0);
  expect([0, 1000, 2000, 2000, 9000].map((now) => bucket.take(now))).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
});
