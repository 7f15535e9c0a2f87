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

test('a clock that was not stopped runs on after a warp', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const clock = new WarpClock();
  const timers = new Timers(clock);
  const before = clock.now();
  let told = 0;
  timers.after(ms(40_000), () => told++);
  clock.warp(timers, ms(60_000));
  vi.advanceTimersByTime(500);
  expect([told, clock.now() - before]).toEqual([1, 60_500]);
});

test('a clock that is stopped once more stands at the time of the system', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const clock = new WarpClock();
  clock.stop();
  const before = clock.now();
  vi.advanceTimersByTime(5000);
  expect(clock.now()).toBe(before);
  clock.stop();
  expect(clock.now()).toBe(before + 5000);
});
