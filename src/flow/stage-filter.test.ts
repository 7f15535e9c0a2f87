import { expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { FilterDigests, StageFilter } from './stage-filter.ts';

test('a filter knows the hashes that are there, no digest says no of one, and a digest forgets what went', () => {
  const random = seededRandom(1);
  const digests = new FilterDigests();
  const filters = [3, 60, 1000].map((size) => ({ size, filter: new StageFilter(digests), held: [0] }));
  for (const { filter } of filters) filter.add(0);
  for (let n = 0; n < 20_000; n++) {
    for (const { size, filter, held } of filters) {
      if (held.length < size) {
        const hash = random.u32() | 0;
        held.push(hash);
        filter.add(hash);
      } else filter.remove(held.splice(random.u32() % held.length, 1)[0] ?? 0);
      const asked = held[random.u32() % held.length] ?? 0;
      if (held.length > 0 && !(filter.has(asked) && digests.has(filter.place, asked))) expect.unreachable();
    }
  }
  const others = Array.from({ length: 1000 }, () => random.u32() | 0);
  for (const { filter } of filters) expect(others.filter((hash) => filter.has(hash))).toEqual([]);
  const [few, some] = filters.map(
    ({ filter }) => others.filter((hash) => digests.has(filter.place, hash)).length,
  );
  expect(few).toBeLessThan(50);
  expect(some).toBeLessThan(400);
});

test('the place of a filter that is not used any more is empty for the next', () => {
  const digests = new FilterDigests();
  const gone = new StageFilter(digests);
  gone.add(7);
  gone.release();
  const next = new StageFilter(digests);
  expect(next.place).toBe(gone.place);
  expect(digests.has(next.place, 7)).toBe(false);
});
