import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';

describe('the system clock', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  test.each([
    ['set back by an hour', -3_600_000],
    ['found a day late after the host was suspended', 86_400_000],
  ])('dates go by the wall clock that was %s, intervals do not', (_, step) => {
    const date = systemClock.wall();
    const before = systemClock.now();
    vi.setSystemTime(date + step);
    expect(systemClock.wall()).toBe(date + step);
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(systemClock.now() - before).toBeLessThan(Math.abs(step));
  });
});
