import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { ms } from '../../base/units.ts';
import { MulticastTable } from './multicast-table.ts';

const one = { vlan: 0, group: '239.1.1.1' };
const two = { vlan: 0, group: '239.1.1.2' };

function makeTable(config: Partial<{ agingTime: number; maxSize: number }> = {}): {
  clock: FakeClock;
  changes: string[];
  table: MulticastTable<string>;
  pass: (seconds: number) => void;
} {
  const clock = new FakeClock();
  const changes: string[] = [];
  const table = new MulticastTable<string>(clock, (place) => changes.push(place?.group ?? 'routers'));
  table.configure({ agingTime: 300, maxSize: 2048, ...config });
  const pass = (seconds: number): void => {
    clock.advance(ms(1000 * seconds));
    while (table.run(1));
  };
  return { clock, changes, table, pass };
}

const membersOf = (table: MulticastTable<string>, place = one): string[] | undefined => {
  const members = table.membersOf(place);
  return members === undefined ? undefined : [...members];
};

describe('the table of multicast groups', () => {
  test('finds the ports where a group is wanted in a VLAN, and tells of changes only', () => {
    const { table, changes } = makeTable();
    expect(table.join(one, 'p1')).toBe(true);
    expect(table.join(one, 'p2')).toBe(false);
    expect(table.join(one, 'p1')).toBe(false);
    expect(membersOf(table)).toEqual(['p2', 'p1']);
    expect(membersOf(table, { ...one, vlan: 5 })).toBeUndefined();
    expect(changes).toEqual(['239.1.1.1', '239.1.1.1']);
  });

  test('knows a group that all have left until it is the one asked for longest ago', () => {
    const { table, pass, changes } = makeTable();
    table.join(two, 'p1');
    table.join(one, 'p1');
    expect(table.leave(one, 'p1')).toBe(true);
    expect(table.leave(one, 'p1')).toBe(false);
    pass(1);
    expect(membersOf(table)).toEqual([]);
    table.leave(two, 'p1');
    pass(0);
    expect([membersOf(table), membersOf(table, two)]).toEqual([undefined, undefined]);
    expect(table.nextExpiry()).toBe(Number.POSITIVE_INFINITY);
    expect(changes).not.toContain('routers');
  });

  test('forgets members and routers that are silent, and says when that will be', () => {
    const { table, pass } = makeTable({ agingTime: 60 });
    table.join(one, 'p1');
    table.addRouter(7, 'p3');
    pass(30);
    table.join(one, 'p2');
    expect(table.nextExpiry()).toBe(60_000);
    pass(30);
    expect(membersOf(table)).toEqual(['p2']);
    pass(30);
    expect(membersOf(table)).toBeUndefined();
    expect(table.isRouter(7, 'p3')).toBe(true);
    expect(table.nextExpiry()).toBe(180_000);
    pass(90);
    expect(table.isRouter(7, 'p3')).toBe(false);
  });

  test('keeps members no shorter than the reference would', () => {
    const { table, pass } = makeTable({ agingTime: 1 });
    table.join(one, 'p1');
    pass(14);
    expect(membersOf(table)).toEqual(['p1']);
    pass(1);
    expect(membersOf(table)).toBeUndefined();
  });

  test('is never larger than it may be, whatever is asked for', () => {
    const { table, pass } = makeTable({ maxSize: 100 });
    for (let n = 0; n < 5000; n++)
      table.join({ vlan: n % 7, group: `239.${n >> 8}.0.${n & 255}` }, `p${n % 3}`);
    expect([...table.groups()]).toHaveLength(100);
    expect([...table.groups()].at(-1)?.group).toBe('239.19.0.135');
    table.configure({ agingTime: 300, maxSize: 10 });
    expect(table.nextExpiry()).toBeLessThanOrEqual(0);
    pass(0);
    expect([...table.groups()]).toHaveLength(10);
  });

  test('tells of a router once, and lists those heard longest ago first', () => {
    const { table, changes } = makeTable();
    expect(table.addRouter(0, 'p1')).toBe(true);
    expect(table.addRouter(5, 'p1')).toBe(true);
    expect(table.addRouter(0, 'p1')).toBe(false);
    expect([...table.routers()].map(({ vlan }) => vlan)).toEqual([5, 0]);
    expect(changes).toEqual(['routers', 'routers']);
  });

  test('forgets what was heard by a port, or all', () => {
    const { table, changes } = makeTable();
    for (const port of ['p1', 'p2']) {
      table.join(one, port);
      table.addRouter(0, port);
    }
    table.join(two, 'p1');
    changes.length = 0;
    table.flushPort('p1');
    expect(membersOf(table)).toEqual(['p2']);
    expect(membersOf(table, two)).toBeUndefined();
    expect([...table.routers()].map(({ port }) => port)).toEqual(['p2']);
    expect(changes).toEqual(['239.1.1.1', '239.1.1.2', 'routers']);
    table.flush();
    expect([...table.groups(), ...table.routers()]).toEqual([]);
  });
});
