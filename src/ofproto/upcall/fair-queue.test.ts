import { expect, test } from 'vitest';
import { FairQueue } from './fair-queue.ts';

test('a fair queue gives each port a turn, in the order of arrival within the port', () => {
  const queue = new FairQueue<string>(10);
  for (const item of ['a1', 'a2', 'a3']) queue.push(1, item);
  for (const item of ['b1', 'b2']) queue.push(2, item);
  queue.push(3, 'c1');
  const taken: (string | undefined)[] = [];
  while (queue.size > 0) taken.push(queue.take());
  expect(taken).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  expect(queue.take()).toBeUndefined();
});

test('a port that floods a fair queue is refused, the others are not', () => {
  const queue = new FairQueue<number>(3);
  for (let n = 0; n < 100; n++) queue.push(1, n);
  expect(queue.push(2, 0)).toBe(true);
  expect([queue.size, queue.refusedCount]).toEqual([4, 97]);
});
