import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MinimumTracker } from './minimum-tracker.ts';

test('The minimum is that of a plain search, whatever comes, goes and is asked in between', () => {
  const change = fc.record({
    key: fc.nat(5),
    value: fc.option(fc.nat(8), { nil: undefined }),
    isAsked: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const tracker = new MinimumTracker<number, number>();
      const plain = new Map<number, number>();
      for (const { key, value, isAsked } of changes) {
        tracker.put(key, value);
        if (value === undefined) plain.delete(key);
        else plain.set(key, value);
        if (!isAsked) continue;
        expect(tracker.minimum).toBe(plain.size === 0 ? undefined : Math.min(...plain.values()));
      }
    }),
  );
});
