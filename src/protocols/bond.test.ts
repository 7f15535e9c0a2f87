import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { type Ms, ms } from '../base/units.ts';
import { Bond } from './bond.ts';
import type { BondPort } from './bond-members.ts';
import { type BondSettings, defaultBondSettings } from './bond-settings.ts';
import type { LacpStatus } from './lacp-types.ts';

interface Port extends BondPort {
  hasCarrier: boolean;
  mayEnable: boolean;
}

const portNamed = (name: string): Port => ({
  name,
  mac: `02:00:00:00:00:${name}`,
  hasCarrier: true,
  mayEnable: true,
});

class Rig {
  readonly a = portNamed('0a');
  readonly b = portNamed('0b');
  readonly bond: Bond<Port>;
  #now: Ms = ms(1000);
  lacp: LacpStatus = 'off';

  constructor(settings: Partial<BondSettings> = {}) {
    this.bond = new Bond('bond0', { ...defaultBondSettings, ...settings }, seededRandom(1), this.#now);
    this.bond.setMembers([this.a, this.b], this.#now);
    this.run();
  }

  run(after = 0): number {
    this.#now = ms(this.#now + after);
    return this.bond.run(this.#now, this.lacp) - this.#now;
  }

  negotiate(lacp: LacpStatus): this {
    this.lacp = lacp;
    this.run();
    return this;
  }

  /** Of a frame for one station and of one for a group, by each member. */
  get verdicts(): string {
    return [this.a, this.b]
      .flatMap((port) => [this.bond.admit(port, false), this.bond.admit(port, true)])
      .join(', ');
  }
}

describe('frames come in', () => {
  test.each([
    ['active-backup', 'off', 'accept, accept, drop, drop'],
    ['active-backup', 'negotiated', 'accept, accept, accept, accept'],
    ['active-backup', 'configured', 'drop, drop, drop, drop'],
    ['balance-slb', 'off', 'unless moved, unless moved, unless moved, drop'],
    ['balance-slb', 'negotiated', 'accept, accept, accept, accept'],
    ['balance-tcp', 'off', 'drop, drop, drop, drop'],
    ['balance-tcp', 'negotiated', 'accept, accept, accept, accept'],
    ['balance-tcp', 'configured', 'drop, drop, drop, drop'],
  ] as const)('in mode %s with LACP %s: %s', (mode, lacp, verdicts) => {
    expect(new Rig({ mode }).negotiate(lacp).verdicts).toBe(verdicts);
  });

  test('by the active member alone when a bond has fallen back', () => {
    const rig = new Rig({ mode: 'balance-tcp', fallsBack: true }).negotiate('configured');
    expect(rig.verdicts).toBe('accept, accept, drop, drop');
    expect(rig.bond.choose(1)).toBe(rig.a);
    expect(rig.bond.mayRecirculate).toBe(false);
  });

  test('for groups by every member where that is wanted', () => {
    const rig = new Rig({ mode: 'balance-slb', admitsAllMembers: true });
    expect(rig.verdicts).toBe('unless moved, unless moved, unless moved, unless moved');
  });

  test('by no port that is no member', () => {
    expect(new Rig().bond.admit(portNamed('0c'), false)).toBe('drop');
  });
});

describe('members', () => {
  test('are enabled at once when none is, whatever the delay', () => {
    const rig = new Rig({ updelay: 5000 });
    for (const port of [rig.a, rig.b]) port.hasCarrier = false;
    rig.run();
    expect(rig.bond.active).toBeUndefined();
    rig.b.hasCarrier = true;
    rig.run(100);
    expect(rig.bond.active).toBe(rig.b);
    rig.a.hasCarrier = true;
    expect(rig.run(100)).toBe(5000);
    expect(rig.bond.members.find(rig.a)?.isEnabled).toBe(false);
    rig.run(5000);
    expect(rig.bond.members.find(rig.a)?.isEnabled).toBe(true);
  });

  test('stay when a link comes back before the delay is over', () => {
    const rig = new Rig({ downdelay: 500 });
    rig.bond.takeChange();
    rig.a.hasCarrier = false;
    expect(rig.run()).toBe(500);
    rig.a.hasCarrier = true;
    expect(rig.run(400)).toBe(Number.POSITIVE_INFINITY);
    expect(rig.bond.takeChange()).toBe(false);
    expect(rig.bond.active).toBe(rig.a);
  });

  test('that go leave their hashes to the others, and the neighbours are told', () => {
    const rig = new Rig({ mode: 'balance-slb' });
    const chosen = new Set(Array.from({ length: 256 }, (_, hash) => rig.bond.choose(hash)));
    expect(chosen).toEqual(new Set([rig.a, rig.b]));
    rig.bond.takeMove();
    rig.bond.setMembers([rig.b], ms(2000));
    rig.run();
    expect(rig.bond.takeMove()).toBe(true);
    expect(Array.from({ length: 256 }, (_, hash) => rig.bond.choose(hash))).toEqual(
      new Array(256).fill(rig.b),
    );
  });

  test('of a bond in mode balance-tcp have every hash before a packet comes', () => {
    const rig = new Rig({ mode: 'balance-tcp' }).negotiate('negotiated');
    rig.b.mayEnable = false;
    rig.run();
    expect(Array.from({ length: 256 }, (_, hash) => rig.bond.ownerOf(hash))).toEqual(
      new Array(256).fill(rig.a),
    );
  });
});

test('the neighbours are told of nothing that LACP tells them', () => {
  const rig = new Rig({ mode: 'balance-slb' }).negotiate('negotiated');
  rig.bond.takeMove();
  rig.a.hasCarrier = false;
  rig.run();
  expect(rig.bond.takeMove()).toBe(false);
});
