import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { ms } from '../../base/units.ts';
import { ThreadLoad } from './thread-load.ts';

const second = 1e9;

test('A load is known of whole pieces of time, of the last minute at most', () => {
  const clock = new FakeClock(500);
  const load = new ThreadLoad(clock);
  load.add('a', second);
  expect([load.usage(), load.usageOf('a'), load.cyclesOf('a')]).toEqual([undefined, undefined, 0]);
  clock.advance(ms(10_000));
  expect([load.usage(), load.usageOf('a'), load.usageOf('b')]).toEqual([20, 20, 0]);
  load.add('b', 2.5 * second);
  clock.advance(ms(5000));
  expect([load.usage(5), load.usageOf('a', 5), load.usageOf('b', 5)]).toEqual([50, 0, 50]);
  expect([load.usage(), load.usageOf('a'), load.usageOf('b'), load.cyclesOf('b')]).toEqual([
    35, 10, 25, 2.5e9,
  ]);
  clock.advance(ms(60_000));
  expect([load.usage(), load.cyclesOf('b')]).toEqual([0, 0]);
  load.reset();
  expect(load.usage()).toBeUndefined();
});

test('A thread is busy all the time only if it is so in each piece of a minute', () => {
  const clock = new FakeClock();
  const load = new ThreadLoad(clock);
  clock.advance(ms(5000));
  for (let n = 0; n < 11; n++) {
    load.add('a', 4 * second);
    clock.advance(ms(5000));
  }
  expect([load.isAlwaysAbove(80), load.isAlwaysAbove(0)]).toEqual([false, false]);
  load.add('a', 4 * second);
  clock.advance(ms(5000));
  expect([load.isAlwaysAbove(80), load.isAlwaysAbove(81)]).toEqual([true, false]);
  clock.advance(ms(5000));
  expect([load.isAlwaysAbove(1), load.isAlwaysAbove(0)]).toEqual([false, true]);
});
