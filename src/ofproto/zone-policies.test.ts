import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { ZonePolicies, type ZoneTimeouts } from './zone-policies.ts';

const [tcp, udp, sctp] = [6, 17, 132];
const time = (udp_first: number): ZoneTimeouts => new Map([['udp_first', udp_first]]);

describe('policies of zones', () => {
  let clock: FakeClock;
  let timers: Timers;
  let policies: ZonePolicies;
  let told: string[];
  let changeCount: number;
  const numbers = () => [1, 2, 3].map((zone) => policies.policyFor(zone, udp));

  beforeEach(() => {
    clock = new FakeClock();
    timers = new Timers(clock);
    told = [];
    changeCount = 0;
    policies = new ZonePolicies({
      datapath: {
        conntrack: async (query) => {
          told.push(JSON.stringify(query));
          throw new Error('over'); // nobody minds
        },
      },
      timers,
      changed: () => changeCount++,
    });
  });

  test('are numbered in the order of zones, and shared by those with the same timeouts', () => {
    policies.set(
      new Map([
        [1, time(5)],
        [2, time(6)],
        [3, time(5)],
      ]),
    );
    expect(numbers()).toEqual([1, 2, 1]);
    expect([policies.policyFor(1, tcp), policies.policyFor(1, sctp), policies.policyFor(4, udp)]).toEqual([
      1,
      undefined,
      undefined,
    ]);
    expect(told).toEqual([
      '{"ask":"setPolicy","policy":1,"timeouts":{"udp_first":5}}',
      '{"ask":"setPolicy","policy":2,"timeouts":{"udp_first":6}}',
    ]);
    expect(changeCount).toBe(1);
  });

  test('give way to others when timeouts change, and to none where they do not', () => {
    policies.set(new Map([[1, time(5)]]));
    policies.set(new Map([[1, time(5)]]));
    expect(changeCount).toBe(1);
    policies.set(new Map([[1, time(6)]]));
    expect(numbers()[0]).toBe(2);
    expect(changeCount).toBe(2);
    expect(told.at(-1)).toBe('{"ask":"deletePolicy","policy":1}');
  });

  test('go when no zone has them, but not sooner than 20 seconds after others', () => {
    policies.set(new Map([[1, time(5)]]));
    policies.set(new Map());
    expect(numbers()[0]).toBeUndefined();
    expect(told.at(-1)).toBe('{"ask":"deletePolicy","policy":1}');
    policies.set(new Map([[1, time(6)]]));
    policies.set(new Map([[2, time(7)]]));
    expect(numbers()).toEqual([undefined, 2, undefined]);
    timers.advance(clock, ms(19_999));
    expect(told.filter((query) => query.includes('delete'))).toHaveLength(1);
    timers.advance(clock, ms(1));
    expect(told.at(-1)).toBe('{"ask":"deletePolicy","policy":1}');
    policies.set(
      new Map([
        [2, time(7)],
        [3, time(8)],
      ]),
    );
    expect(numbers()).toEqual([undefined, 2, 1]);
  });

  test('keep what no connection asks for to themselves', () => {
    const nothing: ZoneTimeouts = new Map();
    const unasked: ZoneTimeouts = new Map([['tcp_unack', 5]]);
    policies.set(
      new Map([
        [1, unasked],
        [2, nothing],
      ]),
    );
    expect(numbers()).toEqual([1, 2, undefined]);
    expect(told).toEqual([
      '{"ask":"setPolicy","policy":1,"timeouts":{}}',
      '{"ask":"setPolicy","policy":2,"timeouts":{}}',
    ]);
  });
});
