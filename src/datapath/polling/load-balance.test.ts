import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { logRegistry } from '../../base/log.ts';
import { ms } from '../../base/units.ts';
import { tryBalance, whyNotBalanced } from './load-balance.ts';
import { type BalanceInput, PollBalancer } from './poll-balancer.ts';
import { PollMeter } from './poll-meter.ts';
import type { AssignSettings, PolledQueue } from './queue-assignment.ts';

const minute = 60e9;
const settings: AssignSettings = { coreMask: undefined, algorithm: 'group', isolates: true };

const queue = (number: number, cycles: number, more: Partial<PolledQueue> = {}): PolledQueue => ({
  ...{ port: 'p0', number: 1, queue: number, numa: 0, core: undefined, cycles },
  ...more,
});
const thread = (core: number, load: number, queueCount = 2, numa = 0) => ({
  ...{ core, numa, load, queueCount, isIsolated: false },
});

describe('a better assignment', () => {
  const threads = [thread(0, 90), thread(1, 10)];
  const queues = [queue(0, 0.45 * minute), queue(1, 0.45 * minute), queue(2, 0.1 * minute)];

  test('is one that makes loads much more even', () => {
    const { isBetter, notes } = tryBalance(queues, threads, { ...settings, leastImprovement: 25 }, minute);
    expect(isBetter).toBe(true);
    expect(notes.slice(-2)).toEqual([
      'Numa node 0. Current variance 1600 Estimated variance 25. Variance improvement 98%.',
      'PMD load variance improvement threshold 25% is met.',
    ]);
    const strict = tryBalance(queues, threads, { ...settings, leastImprovement: 99 }, minute);
    expect([strict.isBetter, strict.notes.at(-1)]).toEqual([
      false,
      'PMD load variance improvement threshold 99% is not met.',
    ]);
  });

  test('is not known where queues go to another NUMA node of several, unless they are bound', () => {
    const across = [thread(0, 90, 2, 1), thread(1, 10, 2, 2)];
    const tried = tryBalance(queues, across, { ...settings, leastImprovement: 0 }, minute);
    expect([tried.isBetter, tried.notes.at(-1)]).toEqual([
      false,
      'PMD auto load balance detected cross-numa polling with multiple numa nodes. Unable to accurately estimate.',
    ]);
    const bound = queues.map((each, n) => ({ ...each, core: n % 2 }));
    const free = { ...settings, isolates: false, leastImprovement: 25 };
    expect(tryBalance(bound, across, free, minute).notes.at(-1)).toMatch(/is not met/);
  });

  test('is not looked for where none could be', () => {
    expect(whyNotBalanced(threads, settings)).toBeUndefined();
    expect(whyNotBalanced(threads.slice(1), settings)).toMatch(/^not enough/);
    expect(whyNotBalanced([thread(0, 90, 1), thread(1, 10, 1)], settings)).toMatch(/^not enough/);
    expect(whyNotBalanced(threads, { ...settings, algorithm: 'roundrobin' })).toMatch(/roundrobin/);
  });
});

describe('looking for it', () => {
  const clock = new FakeClock();
  const said: string[] = [];
  const wanted = { isOn: true, interval: 1, leastLoad: 0, leastImprovement: 25 };
  let balancer: PollBalancer;
  let polling: BalanceInput;

  beforeEach(() => {
    said.length = 0;
    logRegistry.setSink('file', { write: ({ text }) => void said.push(text) });
    logRegistry.setLevel('dbg', 'file', 'dpif_netdev');
    balancer = new PollBalancer(clock);
    const meter = new PollMeter(clock);
    polling = {
      threads: [thread(0, 0), thread(1, 0)].map((each) => ({ ...each, meter })),
      queues: [queue(0, 0), queue(1, 0), queue(2, 0)],
      settings,
    };
  });

  afterEach(() => {
    logRegistry.setLevel('info', 'file', 'dpif_netdev');
    logRegistry.setSink('file', undefined);
  });

  const look = (seconds: number): boolean => {
    clock.advance(ms(seconds * 1000));
    return balancer.look(() => polling);
  };

  test('is done once an interval, and said', () => {
    balancer.configure(wanted);
    expect(said).toEqual([
      'PMD auto load balance interval set to 1 mins',
      'PMD auto load balance improvement threshold set to 25%',
      'PMD auto load balance load threshold set to 0%',
      'PMD auto load balance is enabled, interval 1 mins, pmd load threshold 0%, improvement threshold 25%.',
    ]);
    said.length = 0;
    expect([look(59), said]).toEqual([false, []]);
    look(10); // a minute is measured from 5 seconds on
    look(60);
    expect(said.filter((text) => text.includes('dry run'))).toEqual([
      'PMD auto load balance performing dry run.',
      'PMD auto load balance performing dry run.',
    ]);
    balancer.configure({ ...wanted, leastImprovement: 0 });
    expect([look(59), look(1)]).toEqual([false, true]);
    expect(said.at(-1)).toBe('PMD auto load balance dry run. Requesting datapath reconfigure.');
    balancer.configure({ ...wanted, isOn: false });
    expect([look(600), said.at(-1)]).toEqual([false, 'PMD auto load balance is disabled.']);
  });

  test('is given up until something is configured', () => {
    balancer.configure(wanted);
    polling = { ...polling, threads: polling.threads.slice(1) };
    look(120);
    look(60);
    const vain = 'PMD auto load balance nothing to do, ';
    expect(said.slice(-2)).toEqual([
      `${vain}not enough non-isolated PMDs or RxQs.`,
      `${vain}no configuration changes since last check.`,
    ]);
    balancer.configurationChanged();
    look(60);
    expect(said.at(-1)).toBe(`${vain}not enough non-isolated PMDs or RxQs.`);
  });

  test('needs a thread that is busy enough', () => {
    balancer.configure({ ...wanted, leastLoad: 1 });
    said.length = 0;
    expect([look(120), said]).toEqual([false, []]);
  });
});
