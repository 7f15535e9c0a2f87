import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { ms } from '../base/units.ts';
import { formatMacNumber, readMacNumber } from '../flow/mac.ts';
import { MacTable } from './mac-learning.ts';

const ordinary = { isGratuitous: false, isBond: false };

function makeTable(config: Partial<{ agingTime: number; maxSize: number; floodVlans: number[] }> = {}): {
  clock: FakeClock;
  changes: string[];
  macs: MacTable<string>;
} {
  const clock = new FakeClock();
  const changes: string[] = [];
  const macs = new MacTable<string>(clock, (mac, vlan) => changes.push(`${formatMacNumber(mac)}/${vlan}`));
  macs.configure({ agingTime: 300, maxSize: 8192, floodVlans: [], ...config });
  return { clock, changes, macs };
}

const a = readMacNumber('50:54:00:00:00:01');
const b = readMacNumber('50:54:00:00:00:02');
/** The n-th made-up address. */
const made = (n: number): typeof a => readMacNumber(`02:00:00:${hex(n >> 16)}:${hex(n >> 8)}:${hex(n)}`);
const hex = (n: number): string => (n & 255).toString(16);

describe('the table of learned addresses', () => {
  test('finds an address on the port and in the VLAN where it was learned', () => {
    const { macs, changes } = makeTable();
    expect(macs.learn(a, 10, 'p1', ordinary)).toBe(true);
    expect(macs.lookup(a, 10)?.port).toBe('p1');
    expect(macs.lookup(a, 11)).toBeUndefined();
    expect(macs.learn(a, 10, 'p1', ordinary)).toBe(false);
    expect(changes).toEqual(['50:54:00:00:00:01/10']);
  });

  test('follows an address that moves and counts the move', () => {
    const { macs } = makeTable();
    macs.learn(a, 0, 'p1', ordinary);
    expect(macs.learn(a, 0, 'p2', ordinary)).toBe(true);
    expect(macs.lookup(a, 0)?.port).toBe('p2');
    expect(macs.stats).toMatchObject({ learnedCount: 1, movedCount: 1 });
  });

  test('learns neither group addresses nor in VLANs that are flooded', () => {
    const { macs } = makeTable({ floodVlans: [20] });
    expect(macs.learn(readMacNumber('01:00:5e:00:00:01'), 0, 'p1', ordinary)).toBe(false);
    expect(macs.learn(a, 20, 'p1', ordinary)).toBe(false);
    expect(macs.size).toBe(0);
  });

  test('forgets what was not seen for the ageing time, and says when that will be', () => {
    const { macs, clock } = makeTable({ agingTime: 60 });
    macs.learn(a, 0, 'p1', ordinary);
    clock.advance(ms(30_000));
    macs.learn(b, 0, 'p1', ordinary);
    macs.learn(a, 0, 'p1', ordinary);
    clock.advance(ms(59_000));
    expect(macs.run()).toBe(false);
    expect(macs.size).toBe(2);
    expect(macs.nextExpiry()).toBe(90_000);
    clock.advance(ms(1_000));
    macs.run();
    expect(macs.size).toBe(0);
    expect(macs.stats.expiredCount).toBe(2);
  });

  test('shows ages in whole seconds and the least recently seen first', () => {
    const { macs, clock } = makeTable();
    macs.learn(a, 0, 'p1', ordinary);
    macs.learn(b, 0, 'p1', ordinary);
    clock.advance(ms(2_500));
    macs.learn(a, 0, 'p1', ordinary);
    expect([...macs.entries()].map((e) => [formatMacNumber(e.mac), macs.age(e)])).toEqual([
      ['50:54:00:00:00:02', 2],
      ['50:54:00:00:00:01', 0],
    ]);
  });

  test('takes room from the port with the most addresses, oldest first', () => {
    const { macs } = makeTable({ maxSize: 10 });
    macs.learn(a, 0, 'quiet', ordinary);
    for (let n = 0; n < 100; n++) macs.learn(made(n), 0, 'noisy', ordinary);
    expect(macs.size).toBe(10);
    expect(macs.lookup(a, 0)?.port).toBe('quiet');
    expect(macs.lookup(made(99), 0)).toBeDefined();
    expect(macs.lookup(made(90), 0)).toBeUndefined();
    expect(macs.stats.evictedCount).toBe(91);
  });

  test('shares the room evenly between ports that all want it', () => {
    const { macs } = makeTable({ maxSize: 30 });
    const ports = ['p1', 'p2', 'p3'];
    for (let n = 0; n < 900; n++)
      macs.learn(made(n), 0, ports[n % 7 === 0 ? 1 : n % 2 === 0 ? 2 : 0] ?? '', ordinary);
    for (const port of ports) expect(macs.ofPort(port).length).toBeGreaterThanOrEqual(9);
  });

  test('shrinks to a smaller size', () => {
    const { macs } = makeTable();
    for (let n = 0; n < 100; n++) macs.learn(made(n), 0, 'p1', ordinary);
    macs.configure({ agingTime: 300, maxSize: 20, floodVlans: [] });
    macs.run();
    expect(macs.size).toBe(20);
    expect(macs.lookup(made(99), 0)).toBeDefined();
  });

  test('keeps static entries where they were put', () => {
    const { macs, clock } = makeTable({ maxSize: 10 });
    macs.addStatic(a, 0, 'p1');
    expect(macs.learn(a, 0, 'p2', ordinary)).toBe(false);
    for (let n = 0; n < 50; n++) macs.learn(made(n), 0, 'p1', ordinary);
    clock.advance(ms(4_000_000));
    macs.run();
    macs.flush();
    expect(macs.lookup(a, 0)).toMatchObject({ port: 'p1', isStatic: true });
    expect([macs.size, macs.staticCount]).toEqual([1, 1]);
    expect(macs.removeStatic(a, 0)).toBe(true);
    expect(macs.removeStatic(a, 0)).toBe(false);
    expect([macs.size, macs.staticCount]).toEqual([0, 0]);
  });

  test('makes a learned entry static', () => {
    const { macs } = makeTable();
    macs.learn(a, 0, 'p1', ordinary);
    macs.addStatic(a, 0, 'p2');
    macs.flush();
    expect(macs.lookup(a, 0)).toMatchObject({ port: 'p2', isStatic: true });
    macs.flushPort('p2');
    expect(macs.size).toBe(0);
  });

  test('learns nothing more when it is full of static entries', () => {
    const { macs } = makeTable({ maxSize: 10 });
    for (let n = 0; n < 10; n++) macs.addStatic(made(n), 0, 'p1');
    expect(macs.learn(a, 0, 'p1', ordinary)).toBe(false);
    expect(macs.size).toBe(10);
  });

  test('forgets the addresses of one port only', () => {
    const { macs } = makeTable();
    macs.learn(a, 0, 'p1', ordinary);
    macs.learn(b, 5, 'p2', ordinary);
    macs.flushPort('p1');
    expect([...macs.entries()].map((e) => e.port)).toEqual(['p2']);
  });

  test('does not move an address to a bond that reflects the gratuitous ARP of another port', () => {
    const { macs, clock } = makeTable();
    macs.learn(a, 0, 'p1', { isGratuitous: true, isBond: false });
    expect(macs.learn(a, 0, 'bond', { isGratuitous: true, isBond: true })).toBe(false);
    clock.advance(ms(5_000));
    expect(macs.learn(a, 0, 'bond', { isGratuitous: true, isBond: true })).toBe(true);
  });

  test('holds no more than its size through two hundred thousand addresses', () => {
    const clock = new FakeClock();
    const macs = new MacTable<string>(clock, () => {});
    macs.configure({ agingTime: 300, maxSize: 1000, floodVlans: [] });
    for (let n = 0; n < 200_000; n++) {
      macs.learn(made(n), n % 8, `p${n % 3}`, ordinary);
      if (n % 1000 === 0) clock.advance(ms(400));
    }
    expect(macs.size).toBe(1000);
    clock.advance(ms(400_000));
    while (macs.run());
    expect(macs.size).toBe(0);
    expect(macs.nextExpiry()).toBe(Number.POSITIVE_INFINITY);
  });
});
