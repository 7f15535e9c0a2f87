import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { dropIngress } from './ingress-drop.ts';

test('an ingress drop that lacks a descriptor is attached later, until its port is closed', async () => {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const tried: number[] = [];
  const results = ['later', 'later', undefined] as const;
  const attach = async () => {
    tried.push(clock.now());
    return results[tried.length - 1];
  };
  const advance = async (by: number) => {
    timers.advance(clock, ms(by));
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  const drop = dropIngress('no-such-device', 1, timers, attach);
  await advance(1000);
  await advance(5000);
  await advance(10_000);
  await advance(10_000);
  expect(tried).toHaveLength(3);
  drop[Symbol.dispose]();

  const never = dropIngress('no-such-device', 1, timers, async () => {
    tried.push(clock.now());
    return 'later';
  });
  await advance(1000);
  never[Symbol.dispose]();
  await advance(20_000);
  expect(tried).toHaveLength(4);
});
