import { expect, test } from 'vitest';
import { randomUuid, seededRandom } from './random.ts';

test('random uuids are version 4 of RFC 4122, and differ', () => {
  const ids = Array.from({ length: 100 }, () => randomUuid());
  expect(new Set(ids).size).toBe(100);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a random uuid is one piece of memory', () => {
  const ids: string[] = [];
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 20_000; n++) ids.push(randomUuid());
  expect((process.memoryUsage().heapUsed - before) / ids.length).toBeLessThan(300);
});

test('the same seed gives the same numbers', () => {
  const [a, b] = [seededRandom(7), seededRandom(7)];
  for (let n = 0; n < 10; n++) expect(a.u32()).toBe(b.u32());
  expect(seededRandom(8).u32()).not.toBe(seededRandom(7).u32());
});
