/** Maintenance points on one wire that loses and delays what is sent, under a clock that the test moves. */
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { type Ccm, emitCcm } from '../wire/ccm.ts';
import { Cfm } from './cfm.ts';
import { cfmInterval } from './cfm-interval.ts';
import type { CfmSettings } from './cfm-types.ts';
import { lossyMedium, MachineTimer, type MediumOptions } from './machine-fixture.ts';

const address = '02:00:00:00:00:01';
const plain: CfmSettings = { mpid: 1n, interval: 100, isExtended: false, isDemand: false, isUp: true };

class Point {
  readonly cfm: Cfm;
  readonly sent: Ccm[] = [];
  rxPackets = 0;
  settings: CfmSettings;
  readonly #timers: Timers;
  readonly #timer: MachineTimer;

  constructor(timers: Timers, settings: Partial<CfmSettings>, carry: (message: Ccm) => void) {
    this.#timers = timers;
    this.settings = { ...plain, ...settings };
    const send = (message: Ccm): void => {
      this.sent.push(message);
      carry(message);
    };
    const deps = { rxPackets: () => this.rxPackets, send, statusChanged() {} };
    this.cfm = new Cfm(`p${this.settings.mpid}`, this.settings, deps, timers.clock.now());
    this.#timer = new MachineTimer(timers, this.cfm);
    this.run();
  }

  configure(settings: Partial<CfmSettings>): void {
    this.settings = { ...this.settings, ...settings };
    this.cfm.configure(this.settings, this.#timers.clock.now());
    this.run();
  }

  run(): void {
    this.#timer.run();
  }

  receive(message: Ccm | Uint8Array): void {
    this.rxPackets++;
    const payload = message instanceof Uint8Array ? message : emitCcm(message);
    this.cfm.receive(payload, address, this.#timers.clock.now());
  }
}

class Wire {
  readonly clock = new FakeClock(1000);
  readonly timers = new Timers(this.clock);
  readonly points: Point[] = [];
  /** Those of these numbers are not heard. */
  readonly mute = new Set<number>();

  constructor(all: readonly Partial<CfmSettings>[], options: MediumOptions = {}) {
    const deliver = lossyMedium(this.timers, options);
    for (const [n, settings] of all.entries()) {
      const carry = (message: Ccm): void => {
        for (const [m, other] of this.points.entries()) {
          if (m !== n && !this.mute.has(n)) deliver(() => other.receive(message));
        }
      };
      this.points.push(new Point(this.timers, settings, carry));
    }
  }

  advance(milliseconds: number): void {
    this.timers.advance(this.clock, ms(milliseconds));
  }

  get faults(): (readonly string[])[] {
    return this.points.map(({ cfm }) => cfm.status.faults);
  }
}

function only(wire: Wire): Point {
  const [point] = wire.points;
  if (point === undefined) throw new Error('a wire without points');
  return point;
}

const message: Ccm = {
  interval: 3,
  hasDefect: false,
  sequence: 1,
  mpid: 2,
  maid: Uint8Array.from([4, 3, 111, 118, 115, 2, 3, 111, 118, 115, ...Array(38).fill(0)]),
  extendedInterval: 0,
  extendedMpid: 0n,
  isDown: false,
};

describe('points on a wire', () => {
  test('hear each other, and say so', () => {
    const wire = new Wire([{ mpid: 1n }, { mpid: 2n }]);
    wire.advance(10_000);
    expect(only(wire).cfm.status).toEqual({
      faults: [],
      flapCount: 0,
      health: 100,
      remoteMpids: [2n],
      isRemoteUp: undefined,
    });
  });

  test('have a fault within two checks when one of them falls silent, and none when it is back', () => {
    const wire = new Wire([{ mpid: 1n }, { mpid: 2n }]);
    wire.advance(5000);
    wire.mute.add(1);
    wire.advance(700);
    expect(wire.faults).toEqual([['recv'], []]);
    wire.advance(400);
    expect(wire.faults).toEqual([['recv'], ['rdi']]);
    wire.mute.clear();
    wire.advance(1100);
    expect(wire.faults).toEqual([[], []]);
    expect(only(wire).cfm.status.flapCount).toBe(2);
  });

  test('never have a fault for long on a lossy wire, and always when it is cut, for many seeds', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const wire = new Wire([{ mpid: 1n }, { mpid: 2n }], { seed, lost: 5, delay: 20 });
      wire.advance(10_000);
      wire.mute.add(0).add(1);
      wire.advance(800);
      expect(wire.faults, `seed ${seed}`).toEqual([['recv'], ['recv']]);
      wire.mute.clear();
      wire.advance(3000);
      expect(wire.faults.flat(), `seed ${seed}`).not.toContain('recv');
    }
  });

  test('tell how many messages are lost, where there are but two of them', () => {
    const wire = new Wire([{ mpid: 1n }, { mpid: 2n }], { lost: 30, seed: 3 });
    wire.advance(60_000);
    const { health = 0 } = only(wire).cfm.status;
    expect(health).toBeGreaterThan(40);
    expect(health).toBeLessThan(95);
    const three = new Wire([{ mpid: 1n }, { mpid: 2n }, { mpid: 3n }]);
    three.advance(10_000);
    expect(only(three).cfm.status).toMatchObject({ health: undefined, remoteMpids: [2n, 3n] });
  });

  test('tell in extended mode whether they are switched off, under any number', () => {
    const far = 2n ** 63n;
    const wire = new Wire([
      { mpid: 1n, interval: 300, isExtended: true },
      { mpid: far, interval: 300, isExtended: true, isUp: false },
    ]);
    wire.advance(3000);
    expect(only(wire).cfm.status).toMatchObject({ faults: [], remoteMpids: [far], isRemoteUp: false });
    wire.points[1]?.configure({ isUp: true });
    wire.advance(3000);
    expect(only(wire).cfm.status.isRemoteUp).toBe(true);
  });

  test('forgive silence in demand mode while other packets come, but not for ever', () => {
    const demand = { interval: 100, isExtended: true, isDemand: true };
    const wire = new Wire([{ ...demand }, { ...demand, mpid: 2n }]);
    const traffic = (milliseconds: number): void => {
      for (let past = 0; past < milliseconds; past += 100) {
        only(wire).rxPackets++;
        wire.advance(100);
      }
    };
    wire.advance(5000);
    wire.mute.add(1);
    traffic(8000);
    expect(only(wire).cfm.status.faults).toEqual([]);
    traffic(6000);
    expect(only(wire).cfm.status.faults).toEqual(['recv']);
  });
});

describe('one point', () => {
  test('says after its first check that it hears nobody', () => {
    const wire = new Wire([{}]);
    wire.advance(1000);
    expect(
      only(wire)
        .sent.map(({ hasDefect }) => hasDefect)
        .indexOf(true),
    ).toBe(4);
    expect(only(wire).sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test('has a fault by messages of other associations, and of its own number', () => {
    const wire = new Wire([{}]);
    only(wire).receive({ ...message, maid: new Uint8Array(48) });
    only(wire).receive({ ...message, mpid: 1 });
    only(wire).receive({ ...message, mpid: 1, sequence: 2 });
    wire.advance(400);
    expect(only(wire).cfm.status.faults).toEqual(['maid', 'loopback']);
  });

  test('passes over what is no continuity check', () => {
    const wire = new Wire([{}]);
    only(wire).receive(new Uint8Array(10));
    only(wire).receive(emitCcm(message).fill(3, 1, 2));
    expect(only(wire).cfm.report(wire.clock.now()).remotes).toEqual([]);
  });

  test('remembers no more than 256 others', () => {
    const wire = new Wire([{}]);
    for (let mpid = 2; mpid < 1000; mpid++) only(wire).receive({ ...message, mpid });
    expect(only(wire).cfm.report(wire.clock.now()).remotes).toHaveLength(256);
  });

  test('says what it is told to while somebody overrides it', () => {
    const wire = new Wire([{}]);
    const { cfm } = only(wire);
    cfm.overrideFault(true);
    expect(cfm.status.faults).toEqual(['override']);
    wire.advance(1000);
    cfm.overrideFault(false);
    expect(cfm.status.faults).toEqual([]);
    cfm.overrideFault(undefined);
    expect(cfm.status.faults).toEqual(['recv']);
  });
});

test('intervals are those of the standard, but in extended mode', () => {
  expect(cfmInterval(1, false)).toEqual({ number: 1, milliseconds: 3 });
  expect(cfmInterval(999, false)).toEqual({ number: 3, milliseconds: 100 });
  expect(cfmInterval(1000, true)).toEqual({ number: 4, milliseconds: 1000 });
  expect(cfmInterval(300, true)).toEqual({ number: 0, milliseconds: 300 });
  expect(cfmInterval(10_000_000, false)).toEqual({ number: 7, milliseconds: 600_000 });
  expect(cfmInterval(70_000, true)).toEqual({ number: 0, milliseconds: 65_535 });
});
