import { expect, test } from 'vitest';
import { binCount, evenWalls, growingWalls, Histogram } from './histogram.ts';

const numbers = (text: string): number[] => text.trim().split(/\s+/).map(Number);

test('Walls are those of the reference', () => {
  expect(growingWalls(500, 24_000_000)).toEqual(
    numbers(`499 716 1025 1469 2104 3014 4317 6183 8857 12686 18171 26027 37279 53395 76480 109544 156903 224736 321895
      461058 660385 945886 1354815 1940535 2779476 3981111 5702243 8167461 11698454 16755981 24000000`),
  );
  expect(growingWalls(0, 1000)).toEqual(
    numbers(`0 1 2 3 4 5 6 7 8 9 10 11 13 17 22 28 35 45 57 72 92 117 148 188 239 303 385 489 621 788 1000`),
  );
  expect(growingWalls(0, 512)).toEqual(
    numbers('0 1 2 3 4 5 6 7 8 9 10 11 12 13 16 20 25 31 38 48 59 73 91 113 140 174 216 268 332 412 512'),
  );
  expect(growingWalls(1000, 1_000_000)).toEqual(
    numbers(`999 1258 1584 1995 2511 3162 3981 5011 6309 7943 9999 12589 15848 19952 25118 31622 39810 50118 63095 79432
      99999 125892 158489 199526 251188 316227 398107 501187 630957 794328 1000000`),
  );
  expect(evenWalls(100, 30_000).slice(0, 8)).toEqual([100, 1096, 2093, 3090, 4086, 5083, 6080, 7076]);
  expect(evenWalls(0, 32).slice(12, 18)).toEqual([12, 13, 14, 16, 17, 18]);
  expect(evenWalls(0, 30)).toEqual(Array.from({ length: 31 }, (_, n) => n));
});

test('Values are counted up to each wall, the highest ones behind the last', () => {
  const histogram = new Histogram(evenWalls(0, 30));
  for (const value of [0, 1, 1, 30, 31, 1e9]) histogram.add(value);
  expect([0, 1, 2, 30, 31].map((bin) => histogram.counts[bin])).toEqual([1, 2, 0, 1, 2]);
  expect(histogram.counts).toHaveLength(binCount);
  histogram.clear();
  expect(new Set(histogram.counts)).toEqual(new Set([0]));
});
