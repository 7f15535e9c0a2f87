import { describe, expect, test } from 'vitest';
import { ms } from '../base/units.ts';
import { emitLldp, type LldpUnit } from '../wire/lldp.ts';
import { Lldp } from './lldp.ts';
import type { LldpSettings } from './lldp-types.ts';

const settings: LldpSettings = {
  isEnabled: true,
  systemName: 'sw',
  systemDescription: 'a switch',
  services: new Map(),
};

function unitOf(n: number, more: Partial<LldpUnit> = {}): LldpUnit {
  return {
    chassis: { subtype: 7, bytes: Buffer.from(`chassis ${n}`) },
    port: { subtype: 7, bytes: Buffer.from('port') },
    ttl: 20,
    assignments: [],
    ...more,
  };
}

class Bench {
  readonly sent: LldpUnit[] = [];
  readonly attached: [number, boolean][] = [];
  readonly lldp = new Lldp(
    { name: 'p1', mac: '02:00:00:00:00:01' },
    {
      send: (unit) => this.sent.push(unit),
      attach: (vlan, isWanted) => this.attached.push([vlan, isWanted]),
    },
  );
  #now = 0;

  configure(change: Partial<LldpSettings> = {}): void {
    this.lldp.configure({ ...settings, ...change }, ms(this.#now));
  }

  hear(unit: LldpUnit): void {
    this.lldp.receive(emitLldp(unit), ms(this.#now));
  }

  /** Runs the machine whenever it asks for it. */
  pass(time: number): void {
    const end = this.#now + time;
    for (let due = this.lldp.run(ms(this.#now)); due <= end; due = this.lldp.run(ms(this.#now)))
      this.#now = due;
    this.#now = end;
  }

  get known(): string[] {
    return [...this.lldp.neighbours].map(({ unit }) => Buffer.from(unit.chassis.bytes).toString());
  }
}

describe('LLDP on a port', () => {
  test('says every five seconds what is there, and nothing while it is off', () => {
    const bench = new Bench();
    bench.configure();
    bench.pass(4999);
    expect(bench.sent).toHaveLength(0);
    bench.pass(10_001);
    expect(bench.sent).toHaveLength(3);
    expect(bench.sent[0]).toMatchObject({ ttl: 120, systemName: 'sw', systemDescription: 'a switch' });
    bench.configure({ isEnabled: false });
    bench.pass(60_000);
    expect(bench.lldp.counters.sent).toBe(3);
  });

  test('knows a neighbour for as long as it said, since it was heard last', () => {
    const bench = new Bench();
    bench.configure();
    bench.hear(unitOf(1));
    bench.pass(15_000);
    bench.hear(unitOf(1));
    bench.hear(unitOf(2));
    bench.pass(19_999);
    expect(bench.known).toEqual(['chassis 1', 'chassis 2']);
    bench.pass(1);
    expect(bench.known).toEqual([]);
    expect(bench.lldp.counters).toMatchObject({ received: 3, inserted: 2, agedOut: 2, deleted: 2 });
  });

  test('forgets a neighbour that takes leave', () => {
    const bench = new Bench();
    bench.hear(unitOf(1));
    bench.hear(unitOf(2, { ttl: 0 }));
    bench.hear(unitOf(1, { ttl: 0 }));
    expect(bench.known).toEqual([]);
    expect(bench.lldp.counters).toMatchObject({ inserted: 1, deleted: 1, agedOut: 0 });
  });

  test('keeps no more than 64 neighbours of however many, and goes on hearing those', () => {
    const bench = new Bench();
    for (let n = 0; n < 5000; n++) bench.hear(unitOf(n));
    expect(bench.known).toHaveLength(64);
    expect(bench.lldp.counters).toMatchObject({ inserted: 64, dropped: 4936 });
    bench.hear(unitOf(5, { systemName: 'new' }));
    expect(bench.known.at(-1)).toBe('chassis 5');
  });

  test('counts what is none', () => {
    const bench = new Bench();
    bench.lldp.receive(new Uint8Array(3), ms(0));
    bench.lldp.receive(new Uint8Array(60), ms(0));
    bench.lldp.receive(undefined, ms(0));
    expect(bench.lldp.counters).toMatchObject({ received: 3, discarded: 2, inserted: 0 });
  });

  test('asks for services, carries their VLANs, and hears what became of them', () => {
    const bench = new Bench();
    bench.hear(unitOf(1, { assignments: [{ service: 200, vlan: 20, status: 3 }] }));
    bench.configure({ services: new Map([[100, 10]]) });
    bench.configure({
      services: new Map([
        [100, 11],
        [200, 20],
      ]),
    });
    expect(bench.attached).toEqual([
      [10, true],
      [10, false],
      [11, true],
      [20, true],
    ]);
    bench.hear(unitOf(1, { assignments: [{ service: 100, vlan: 11, status: 2 }] }));
    expect([...bench.lldp.services]).toEqual([
      { service: 100, vlan: 11, status: 2 },
      { service: 200, vlan: 20, status: 3 },
    ]);
    bench.pass(5000);
    expect(bench.sent[0]?.assignments.map(({ service }) => service)).toEqual([100, 200]);
  });

  test('two of them find each other', () => {
    const [one, other] = [new Bench(), new Bench()];
    one.configure();
    other.configure();
    for (const bench of [one, other]) bench.pass(5000);
    for (const unit of one.sent) other.hear(unit);
    expect([...other.lldp.neighbours][0]?.unit).toMatchObject({ systemName: 'sw', ttl: 120 });
  });
});
