/**
 * Two bridges whose bonds are joined by cables that are pulled and plugged in again, under LACP and a clock that the
 * test moves.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { BundleLacp } from '../../src/ofproto/config.ts';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import type { BondMode } from '../../src/protocols/bond-settings.ts';
import { Cables } from './cables.ts';
import { frameWith, hostA, hostB } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const step = 10;

class CabledBonds {
  readonly sw = new VirtualSwitch();
  readonly left: Ofproto;
  readonly right: Ofproto;
  readonly #cables: readonly (readonly [string, string])[];
  readonly pulled = new Set<number>();
  /** Frames that each cable carried, but for those of LACP. */
  readonly carried: number[];
  readonly #joined: Cables;

  private constructor(count: number) {
    this.left = this.sw.addBridge('left', { hwaddr: '02:00:00:00:00:0a' });
    this.right = this.sw.addBridge('right', { hwaddr: '02:00:00:00:00:0b' });
    this.#cables = Array.from({ length: count }, (_, n) => [`l${n}`, `r${n}`] as const);
    this.carried = this.#cables.map(() => 0);
    this.#joined = new Cables(this.sw, step, this.#cables, (from, frame) => this.#carries(from, frame));
  }

  static async make(mode: BondMode, lacp: Partial<BundleLacp> | undefined, count = 2): Promise<CabledBonds> {
    const made = new CabledBonds(count);
    const wanted: BundleLacp | undefined = lacp && {
      ...{ isActive: true, isFast: true, fallsBack: false, systemId: undefined, systemPriority: undefined },
      ...lacp,
    };
    const settings = { mode, rebalanceInterval: 1000, fallsBack: lacp?.fallsBack === true };
    const { sw, left, right } = made;
    await sw.addBond(
      left,
      'bondL',
      made.#cables.map(([l]) => l),
      settings,
      wanted,
    );
    await sw.addBond(
      right,
      'bondR',
      made.#cables.map(([, r]) => r),
      settings,
      wanted,
    );
    await sw.addPort(left, 'a');
    await sw.addPort(right, 'b');
    return made;
  }

  advance(milliseconds: number): void {
    this.#joined.advance(milliseconds);
  }

  #carries(from: string, frame: string): boolean {
    const cable = Number(from.slice(1));
    if (!isSlow(frame)) this.carried[cable] = (this.carried[cable] ?? 0) + 1;
    return !this.pulled.has(cable);
  }

  pull(n: number, isPulled: boolean): void {
    if (isPulled) this.pulled.add(n);
    else this.pulled.delete(n);
    this.sw.setCarrier(this.left, `l${n}`, !isPulled);
    this.sw.setCarrier(this.right, `r${n}`, !isPulled);
  }

  /** How often a frame that comes in by a port comes out of another. */
  deliveries(from: string, to: string, frame: Uint8Array): number {
    this.advance(step);
    this.#joined.out = {};
    this.sw.inject(from, frame);
    this.advance(3 * step);
    return this.#joined.out[to]?.length ?? 0;
  }
}

function isSlow(frame: string): boolean {
  return frame.slice(24, 28) === '8809';
}

/** TCP from A to B. */
function connection(port: number): Uint8Array {
  const ports = `1f90${port.toString(16).padStart(4, '0')}`;
  const payload = `08004500002800004000400600000a0000010a000002${ports}00000000000000005010ffff00000000`;
  return frameWith({ src: hostA, dst: hostB, payload });
}

test('connections are spread over all members, and each stays with one', async () => {
  const bonds = await CabledBonds.make('balance-tcp', {});
  bonds.advance(2000);
  for (let port = 1; port <= 64; port++) expect(bonds.deliveries('a', 'b', connection(port))).toBe(1);
  expect(Math.min(...bonds.carried)).toBeGreaterThan(8);
  const before = [...bonds.carried];
  for (let n = 0; n < 10; n++) bonds.deliveries('a', 'b', connection(7));
  expect(bonds.carried.filter((count, n) => count !== before[n])).toHaveLength(1);
});

test('connections of a member that is pulled go on by another', async () => {
  const bonds = await CabledBonds.make('balance-tcp', {});
  bonds.advance(2000);
  bonds.pull(0, true);
  for (let port = 1; port <= 32; port++) expect(bonds.deliveries('a', 'b', connection(port))).toBe(1);
});

test('a cable that carries nothing, and whose ends are up, is given up within the time of the protocol', async () => {
  const bonds = await CabledBonds.make('balance-tcp', {});
  bonds.advance(2000);
  bonds.pulled.add(0);
  bonds.advance(3500);
  for (let port = 1; port <= 32; port++) expect(bonds.deliveries('a', 'b', connection(port))).toBe(1);
});

test('nothing passes before LACP is through, unless the bond falls back', async () => {
  const strict = await CabledBonds.make('balance-tcp', { isActive: false });
  strict.advance(5000);
  expect(strict.deliveries('a', 'b', connection(1))).toBe(0);
  const lenient = await CabledBonds.make('balance-tcp', { isActive: false, fallsBack: true });
  lenient.advance(5000);
  expect(lenient.deliveries('a', 'b', connection(1))).toBe(1);
});

test.each(['active-backup', 'balance-slb', 'balance-tcp'] as const)(
  'whatever is pulled in mode %s, a frame arrives once while one cable is left, for many seeds',
  async (mode) => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = seededRandom(seed);
      const bonds = await CabledBonds.make(mode, {}, 3);
      bonds.advance(2000);
      for (let n = 0; n < 6; n++) {
        const cable = random.u32() % 3;
        if (bonds.pulled.has(cable)) bonds.pull(cable, false);
        else if (bonds.pulled.size < 2) bonds.pull(cable, true);
        bonds.advance(1500);
        const where = `seed ${seed}, step ${n}, pulled ${[...bonds.pulled]}`;
        expect(bonds.deliveries('a', 'b', connection(random.u32() & 0xffff)), where).toBe(1);
        expect(bonds.deliveries('b', 'a', frameWith({ src: hostB, dst: hostA })), where).toBe(1);
        expect(bonds.deliveries('a', 'b', frameWith({ src: hostA, dst: 'ffffffffffff' })), where).toBe(1);
      }
    }
  },
);
