import { expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { HashCounts } from './hash-counts.ts';

test('counts of hashes are those of a map, however they collide', () => {
  const random = seededRandom(1);
  for (const distinct of [3, 40, 5000]) {
    const hashes = Array.from({ length: distinct }, (_, n) => (n % 3 === 0 ? n * 1024 : random.u32() | 0));
    const counts = new HashCounts();
    const expected = new Map<number, number>();
    for (let step = 0; step < 20_000; step++) {
      const hash = hashes[random.u32() % hashes.length] ?? 0;
      const before = expected.get(hash) ?? 0;
      const adds = before === 0 || random.u32() % 5 > Math.floor(step / 5000);
      if (adds) expect(counts.add(hash)).toBe(before === 0);
      else expect(counts.remove(hash)).toBe(before === 1);
      expected.set(hash, before + (adds ? 1 : -1));
      expect(counts.has(hash)).toBe((expected.get(hash) ?? 0) > 0);
    }
    for (const hash of hashes) expect(counts.has(hash)).toBe((expected.get(hash) ?? 0) > 0);
  }
});
