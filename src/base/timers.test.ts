import { expect, test } from 'vitest';
import { FakeClock } from './clock.ts';
import { Timers } from './timers.ts';
import { ms } from './units.ts';

test('wake-ups run in the order in which they are due, those for the same time as they were set', () => {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const ran: string[] = [];
  for (const [name, due] of [
    ['late', 30],
    ['first', 10],
    ['second', 10],
  ] as const)
    timers.at(ms(due), () => ran.push(name));
  timers.at(ms(20), () => ran.push('cancelled')).cancel();
  timers.advance(clock, ms(30));
  expect(ran).toEqual(['first', 'second', 'late']);
  expect(timers.nextDue).toBe(Number.POSITIVE_INFINITY);
});

test('wake-ups that are set anew again and again leave nothing behind', () => {
  const timers = new Timers(new FakeClock());
  const ran: number[] = [];
  for (let n = 0; n < 100; n++) timers.at(ms(n), () => ran.push(n));
  for (let n = 0; n < 10_000; n++) timers.at(ms(1000 + n), () => {}).cancel();
  expect(timers.size).toBeLessThan(300);
  const clock = timers.clock as FakeClock;
  timers.advance(clock, ms(100));
  expect(ran).toEqual(Array.from({ length: 100 }, (_, n) => n));
  expect(timers.nextDue).toBe(Number.POSITIVE_INFINITY);
  expect(timers.size).toBe(0);
});
