/** Two systems with links between them that lose and delay what is sent, under a clock that the test moves. */
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { type Random, seededRandom } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import { type Ms, ms } from '../base/units.ts';
import { emitLacp, type LacpUnit } from '../wire/lacp.ts';
import { Lacp } from './lacp.ts';
import type { LacpMember, LacpPort, LacpSettings } from './lacp-types.ts';

interface Link extends LacpPort {
  hasCarrier: boolean;
  linkResets: number;
}

class System {
  readonly lacp: Lacp<Link>;
  readonly links: Link[];
  readonly #timers: Timers;

  constructor(timers: Timers, settings: Partial<LacpSettings>, send: (link: number, unit: LacpUnit) => void) {
    this.#timers = timers;
    const defaults = { isActive: true, systemId: '', systemPriority: 0xfffe, isFast: true, fallsBack: false };
    this.links = [0, 1].map((n) => ({ name: `p${n}`, hasCarrier: true, linkResets: 0 }));
    this.lacp = new Lacp('bond0', { ...defaults, ...settings }, (port, unit) =>
      send(this.links.indexOf(port), unit),
    );
    const ports = this.links.map((link, n) => [link, { portId: n + 1, priority: 0xffff, key: 0 }] as const);
    this.lacp.setMembers(new Map(ports), this.#now);
    this.run();
  }

  get #now(): Ms {
    return this.#timers.clock.now();
  }

  run(): void {
    const due = this.lacp.run(this.#now);
    if (due !== Number.POSITIVE_INFINITY) this.#timers.at(due, () => this.run());
  }

  receive(link: number, unit: LacpUnit): void {
    const port = this.links[link];
    if (port !== undefined) this.lacp.receive(port, emitLacp(unit), this.#now);
    this.run();
  }

  get members(): LacpMember<Link>[] {
    return [...this.lacp.members];
  }

  get statuses(): string {
    return this.members.map(({ status, isAttached }) => `${status}${isAttached ? '' : ' detached'}`).join();
  }

  get enabled(): boolean[] {
    return this.links.map((link) => this.lacp.mayEnable(link));
  }
}

interface PairOptions {
  readonly random?: Random;
  /** Of 100 units. */
  readonly lost?: number;
  readonly delay?: number;
}

class Pair {
  readonly clock = new FakeClock(1000);
  readonly timers = new Timers(this.clock);
  /** Nothing passes by these. */
  readonly cut = new Set<number>();
  readonly a: System;
  readonly b: System;

  constructor(a: Partial<LacpSettings>, b: Partial<LacpSettings>, options: PairOptions = {}) {
    const { random = seededRandom(1), lost = 0, delay = 1 } = options;
    const carry = (to: () => System) => (link: number, unit: LacpUnit) => {
      if (this.cut.has(link) || random.u32() % 100 < lost) return;
      this.timers.after(ms(1 + (random.u32() % delay)), () => to().receive(link, unit));
    };
    this.a = new System(
      this.timers,
      { systemId: '02:00:00:00:00:0a', ...a },
      carry(() => this.b),
    );
    this.b = new System(
      this.timers,
      { systemId: '02:00:00:00:00:0b', ...b },
      carry(() => this.a),
    );
  }

  advance(milliseconds: number): void {
    this.timers.advance(this.clock, ms(milliseconds));
  }
}

describe('two systems', () => {
  test('agree within a second when one of them speaks first', () => {
    const pair = new Pair({}, { isActive: false });
    const { a, b } = pair;
    expect(b.statuses).toBe('defaulted detached,defaulted detached');
    pair.advance(1000);
    for (const system of [a, b]) {
      expect(system.statuses).toBe('current,current');
      expect(system.lacp.status).toBe('negotiated');
      expect(system.enabled).toEqual([true, true]);
    }
  });

  test('send no more than three units a second, however often they are told what is not so', () => {
    const pair = new Pair({}, {});
    const { a, b } = pair;
    pair.advance(5000);
    const [one, other] = [a.members[0], b.members[0]];
    if (one === undefined || other === undefined) expect.unreachable();
    const before = one.counters.sent;
    for (let n = 0; n < 2000; n++) {
      a.receive(0, { actor: b.lacp.actorOf(other), partner: { ...a.lacp.actorOf(one), portId: 2 + n } });
      pair.advance(1);
    }
    expect(one.counters.sent - before).toBeLessThanOrEqual(9);
    pair.advance(1000);
    expect(a.enabled).toEqual([true, true]);
    expect(b.members[0]?.partner).toEqual(a.lacp.actorOf(one));
  });

  test('say nothing to each other when both wait', () => {
    const pair = new Pair({ isActive: false }, { isActive: false });
    pair.advance(60_000);
    expect(pair.a.members.map(({ counters }) => counters.sent)).toEqual([0, 0]);
    expect(pair.a.lacp.status).toBe('configured');
  });

  test('give a link up that carries nothing, and take it back', () => {
    const pair = new Pair({}, {});
    pair.advance(5000);
    pair.cut.add(0);
    pair.advance(3500);
    expect(pair.a.statuses).toBe('expired,current');
    expect(pair.a.enabled).toEqual([false, true]);
    pair.advance(3500);
    expect(pair.a.statuses).toBe('defaulted detached,current');
    expect(pair.b.statuses).toBe('defaulted detached,current');
    pair.cut.clear();
    pair.advance(31_000); // who has no partner speaks slowly
    expect(pair.a.enabled).toEqual([true, true]);
    expect(pair.b.enabled).toEqual([true, true]);
  });

  test('wait half a minute three times where units are to come slowly', () => {
    const pair = new Pair({ isFast: false }, { isFast: false });
    pair.advance(40_000);
    pair.cut.add(0).add(1);
    pair.advance(79_000);
    expect(pair.a.statuses).toBe('current,current');
    pair.advance(2500);
    expect(pair.a.statuses).toBe('expired,expired');
  });

  test('send no more than they have to', () => {
    const pair = new Pair({ isFast: false }, { isFast: false });
    pair.advance(3_600_000);
    for (const { counters } of [...pair.a.members, ...pair.b.members]) {
      expect(counters.sent).toBeGreaterThanOrEqual(120);
      expect(counters.sent).toBeLessThan(130);
    }
  });

  test('never let both ends of a lossy link forward for long while it carries nothing, for many seeds', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const pair = new Pair({}, {}, { random: seededRandom(seed), lost: 20, delay: 300 });
      pair.advance(20_000);
      pair.cut.add(0);
      pair.advance(4000);
      expect([pair.a.enabled[0], pair.b.enabled[0]], `seed ${seed}`).toEqual([false, false]);
      pair.cut.clear();
      pair.advance(20_000);
      expect(pair.a.lacp.status, `seed ${seed}`).toBe('negotiated');
    }
  });
});

describe('one system', () => {
  test('finds that a link leads back to itself', () => {
    const pair = new Pair({ systemId: '02:00:00:00:00:0c' }, { systemId: '02:00:00:00:00:0c' });
    pair.advance(10_000);
    expect(pair.a.enabled).toEqual([false, false]);
  });

  test('forwards without a partner where it is told to', () => {
    const pair = new Pair({ fallsBack: true }, { isActive: false });
    pair.cut.add(0).add(1);
    pair.advance(10_000);
    expect(pair.a.statuses).toBe('defaulted,defaulted');
    expect(pair.a.enabled).toEqual([true, true]);
    expect(pair.a.lacp.status).toBe('configured');
  });

  test('drops units that come before its link is up, and asks again when it is', () => {
    const pair = new Pair({}, {});
    pair.advance(5000);
    const [link] = pair.a.links;
    if (link === undefined) expect.unreachable();
    Object.assign(link, { hasCarrier: false, linkResets: 1 });
    pair.a.run();
    expect(pair.a.statuses).toBe('expired,current');
    pair.advance(2000);
    expect(pair.a.statuses).toBe('expired,current');
    Object.assign(link, { hasCarrier: true, linkResets: 2 });
    pair.a.run();
    pair.advance(1500);
    expect(pair.a.statuses).toBe('current,current');
    expect(pair.a.members[0]?.counters.carrierChanges).toBe(2);
  });

  test('counts what is no unit', () => {
    const pair = new Pair({}, {});
    pair.advance(1000);
    const [link] = pair.a.links;
    if (link === undefined) expect.unreachable();
    pair.a.lacp.receive(link, new Uint8Array(110), pair.clock.now());
    pair.a.lacp.receive(link, new Uint8Array(110).fill(2, 0, 1), pair.clock.now());
    expect(pair.a.members[0]?.counters).toMatchObject({ bad: 1, markers: 1 });
  });
});
