import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { LinkPoller } from './link-poller.ts';

function rig() {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const seen = { link: true, asked: 0, told: [] as (boolean | undefined)[] };
  const poller: LinkPoller = new LinkPoller({
    timers,
    ask: () => {
      seen.asked++;
      return seen.link;
    },
    onChange: () => void seen.told.push(poller.isUp),
  });
  return { seen, poller, pass: (time: number) => timers.advance(clock, ms(time)) };
}

test('A link is asked for at once and then at each interval, and only what is new is told', () => {
  const { seen, poller, pass } = rig();
  expect(poller.isUp).toBeUndefined();
  poller.poll(200);
  expect(seen).toEqual({ link: true, asked: 1, told: [true] });
  seen.link = false;
  pass(199);
  expect(poller.isUp).toBe(true);
  pass(1);
  expect(seen.told).toEqual([true, false]);
  pass(400);
  expect(seen).toMatchObject({ asked: 4, told: [true, false] });
});

test('Nobody asks more often than ten times a second, nor after the end', () => {
  const { seen, poller, pass } = rig();
  poller.poll(1);
  pass(1000);
  expect(seen.asked).toBe(11);
  poller.poll(undefined);
  expect(seen.told).toEqual([true, undefined]);
  pass(1000);
  expect(seen.asked).toBe(11);
});

test('Another interval counts from when it is given', () => {
  const { seen, poller, pass } = rig();
  poller.poll(1000);
  pass(900);
  poller.poll(300);
  pass(299);
  expect(seen.asked).toBe(2);
  pass(1);
  expect(seen.asked).toBe(3);
});
