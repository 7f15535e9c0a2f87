import { afterEach, expect, test, vi } from 'vitest';
import { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { WarpClock } from './warp-clock.ts';

afterEach(() => void vi.useRealTimers());

test('a warp moves intervals and leaves dates to the system, also when its clock is set meanwhile', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
  const clock = new WarpClock();
  clock.stop();
  const before = clock.now();
  clock.warp(new Timers(clock), ms(60_000));
  expect([clock.now(), clock.wall()]).toEqual([before + 60_000, 1_000_000]);
  vi.setSystemTime(5000);
  expect([clock.now(), clock.wall()]).toEqual([before + 60_000, 5000]);
});
