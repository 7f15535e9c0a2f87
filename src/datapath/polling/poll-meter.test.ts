import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { logRegistry } from '../../base/log.ts';
import { ms } from '../../base/units.ts';
import { PollMeter } from './poll-meter.ts';
import { roundLogSettings, setRoundLog } from './round-log.ts';

const clock = new FakeClock(1000);
let meter: PollMeter;

beforeEach(() => {
  meter = new PollMeter(clock);
});

/** A round of so many milliseconds, a quarter of them for upcalls. */
function round(packets: number, duration: number, upcalls = 0): void {
  meter.begin();
  meter.received(packets, 'p1 0');
  if (upcalls > 0) meter.beginUpcalls();
  clock.advance(ms(duration / 4));
  if (upcalls > 0) meter.endUpcalls(upcalls);
  clock.advance(ms((3 * duration) / 4));
  meter.end();
}

describe('what a thread does with its time', () => {
  test('is work, idle rounds, and sleep until the next packet', () => {
    round(3, 4, 1);
    round(0, 2);
    clock.advance(ms(10));
    round(1, 4);
    expect(meter.sums()).toMatchObject({
      rounds: 3,
      idleRounds: 1,
      sleeps: 1,
      sleepTime: 10e6,
      duration: 20,
    });
    const work = { packets: 4, batches: 2, upcalls: 1, upcallCycles: 1e6, cycles: 10e6 };
    expect(meter.sums()).toMatchObject({ idleCycles: 2e6, work });
    round(0, 0);
    clock.advance(ms(5));
    expect(meter.sums()).toMatchObject({ sleeps: 2, sleepTime: 15e6 });
    meter.clear();
    clock.advance(ms(5));
    expect(meter.sums()).toMatchObject({ rounds: 0, sleeps: 0, sleepTime: 5e6, duration: 5, idleCycles: 0 });
  });

  test('is remembered round by round where that is asked for', () => {
    round(1, 1);
    expect(meter.history).toBeUndefined();
    meter.remember(true);
    round(6, 0.5, 2);
    round(0, 0.5);
    round(1, 2);
    const { rounds = [], milliseconds = [], histograms } = meter.history ?? {};
    expect(rounds.map(({ number, packets }) => [number, packets])).toEqual([
      [2, 6],
      [3, 0],
      [4, 1],
    ]);
    expect(milliseconds.map(({ rounds: count, packets }) => [count, packets])).toEqual([
      [2, 6],
      [1, 1],
    ]);
    expect(histograms?.packets.counts.slice(0, 8)).toEqual([1, 1, 0, 0, 0, 0, 1, 0]);
    for (let n = 0; n < 1100; n++) round(1, 1);
    expect([meter.history?.rounds.length, meter.history?.rounds.at(-1)?.number]).toEqual([1000, 1104]);
    expect(meter.history?.milliseconds).toHaveLength(1000);
    meter.remember(false);
    expect(meter.history).toBeUndefined();
  });
});

describe('rounds that take too long', () => {
  const said: string[] = [];
  const usual = roundLogSettings();

  beforeEach(() => {
    said.length = 0;
    logRegistry.setSink('file', { write: ({ text }) => void said.push(text) });
    meter.remember(true);
  });

  afterEach(() => {
    setRoundLog(usual);
    logRegistry.setSink('file', undefined);
  });

  test('are told, and then all around them', () => {
    setRoundLog({ ...usual, isOn: true, before: 1, after: 1, longest: 1000 });
    for (const duration of [0.1, 0.2, 1.5, 0.3, 0.4, 0.5, 9]) round(1, duration);
    expect(said).toEqual([
      'pmd-perf-log-set: on, before=1, after=1, extend=false, us_thr=1000, q_thr=128',
      'Suspicious iteration (Excessive total cycles): iter=3 duration=1500 us',
      expect.stringMatching(
        /^Neighborhood of suspicious iteration:\n {3}iter .*\n {3}4 .*\n {3}3 .*\n {3}2 .*[^\n]$/,
      ),
      'Suspicious iteration (Excessive total cycles): iter=7 duration=9000 us',
    ]);
  });

  test('among those after one are left out, or told and followed, too', () => {
    setRoundLog({ ...usual, isOn: true, before: 0, after: 2, longest: 1000 });
    for (const duration of [2, 2, 0, 0, 0]) round(1, duration);
    expect(said.filter((text) => text.startsWith('Suspicious'))).toHaveLength(1);
    said.length = 0;
    setRoundLog({ ...roundLogSettings(), extends: true });
    for (const duration of [2, 2, 0, 0, 0]) round(1, duration);
    expect(said.filter((text) => text.startsWith('Suspicious'))).toHaveLength(2);
    expect(said.at(-1)?.split('\n')).toHaveLength(2 + 4);
  });

  test('have no more around them than is remembered', () => {
    expect(setRoundLog({ ...usual, before: 5000, after: 9 })).toMatchObject({ before: 998, after: 0 });
    expect(setRoundLog({ ...usual, before: 100, after: 5000 })).toMatchObject({ before: 100, after: 898 });
  });
});
