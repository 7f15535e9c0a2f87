/**
 * Two bridges joined by cables that fall silent without losing their carrier: what CFM and BFD find out, bonds and
 * ports follow.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import {
  defaultBfdDestination,
  defaultBfdSource,
  noMonitoring,
  type PortMonitoring,
} from '../../src/ofproto/monitoring/monitoring-config.ts';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import { defaultBfdSettings } from '../../src/protocols/bfd-types.ts';
import { Cables } from './cables.ts';
import { frameWith } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const step = 10;

const byBfd: PortMonitoring = {
  ...noMonitoring,
  bfd: {
    ...{ ...defaultBfdSettings, minRx: 100, multiplier: 5, checksTunnelKey: false, isOam: false },
    ...{ localSource: undefined, localDestination: undefined, remoteDestination: undefined },
    ...{ source: defaultBfdSource, destination: defaultBfdDestination, unusableAddresses: [] },
  },
};

const byCfm = (mpid: bigint): PortMonitoring => ({
  ...noMonitoring,
  cfm: {
    ...{ mpid, interval: 100, isExtended: false, isDemand: false, isUp: true },
    ...{ vlan: 5, priority: 0, checksTunnelKey: false },
  },
});

class MonitoredLinks {
  readonly sw = new VirtualSwitch();
  readonly left = this.sw.addBridge('left', { hwaddr: '02:00:00:00:00:0a' });
  readonly right = this.sw.addBridge('right', { hwaddr: '02:00:00:00:00:0b' });
  /** These carry nothing, either way. */
  readonly silent = new Set<number>();
  /** Of 100 frames. */
  lost = 0;
  readonly #cables: Cables;

  constructor(seed = 1) {
    const random = seededRandom(seed);
    const names = [0, 1].map((n) => [`l${n}`, `r${n}`] as const);
    this.#cables = new Cables(
      this.sw,
      step,
      names,
      (from) => !this.silent.has(Number(from.slice(1))) && random.u32() % 100 >= this.lost,
    );
  }

  /** Station a is at the left, b at the right. */
  async join(monitoringOf: (side: number) => PortMonitoring): Promise<void> {
    for (const [side, bridge] of [this.left, this.right].entries()) {
      const prefix = side === 0 ? 'l' : 'r';
      await this.sw.addPort(bridge, side === 0 ? 'a' : 'b');
      await this.sw.addBond(bridge, `bond${side}`, [`${prefix}0`, `${prefix}1`], { mode: 'active-backup' });
      for (const { ofPort, name } of bridge.ports.values())
        if (name.startsWith(prefix)) bridge.switchPorts.update(ofPort, { monitoring: monitoringOf(side) });
    }
  }

  advance(milliseconds: number): void {
    this.#cables.advance(milliseconds);
  }

  /** Frames of ten from a that come to b. */
  deliveries(): number {
    this.#cables.out = {};
    for (let n = 0; n < 10; n++) {
      this.sw.inject('a', frameWith());
      this.advance(2 * step);
    }
    return this.#cables.out.b?.length ?? 0;
  }
}

const activeOf = (bridge: Ofproto): string | undefined =>
  [...bridge.bundles.values()].find(({ bond }) => bond !== undefined)?.bond?.members.active?.name;

test.each([
  ['BFD', () => byBfd],
  ['CFM', (side: number) => byCfm(side === 0 ? 1n : 2n)],
] as const)(
  'a bond leaves a cable that %s finds silent, and both ends take it back',
  async (_, monitoringOf) => {
    const cables = new MonitoredLinks();
    await cables.join(monitoringOf);
    cables.advance(5000);
    expect(cables.deliveries()).toBe(10);
    for (const silent of [0, 1]) {
      cables.silent.add(silent);
      cables.advance(1000);
      expect(cables.deliveries()).toBe(10);
      expect([activeOf(cables.left), activeOf(cables.right)]).toEqual([`l${1 - silent}`, `r${1 - silent}`]);
      cables.silent.clear();
      cables.advance(5000);
      for (const bridge of [cables.left, cables.right])
        expect([...bridge.ports.values()].filter(({ isLive }) => isLive)).toHaveLength(3);
    }
  },
);

test('a bond follows BFD over cables that lose frames, for many seeds', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const cables = new MonitoredLinks(seed);
    await cables.join(() => byBfd);
    cables.lost = 5;
    cables.advance(5000);
    cables.silent.add(seed % 2);
    cables.advance(2000);
    cables.lost = 0;
    cables.advance(500);
    expect(cables.deliveries(), `seed ${seed}`).toBe(10);
  }
});

test('a port whose session goes down is not live until that is up again', async () => {
  const cables = new MonitoredLinks();
  await cables.join(() => byBfd);
  cables.advance(5000);
  const { left } = cables;
  const [l0, l1] = ['l0', 'l1'].map((name) => [...left.ports.values()].find((port) => port.name === name));
  expect([l0?.mayEnable, l1?.mayEnable]).toEqual([true, true]);
  cables.silent.add(0);
  cables.advance(600);
  expect([l0?.mayEnable, l1?.mayEnable]).toEqual([false, true]);
  expect([l0?.isLive, l1?.isLive]).toEqual([false, true]);
  cables.silent.clear();
  cables.advance(5000);
  expect([l0?.isLive, l1?.isLive]).toEqual([true, true]);
});

test('a session hears what comes for another address as soon as that is configured', async () => {
  const to = (remoteDestination: string): PortMonitoring => ({
    ...byBfd,
    ...(byBfd.bfd !== undefined && { bfd: { ...byBfd.bfd, remoteDestination } }),
  });
  const cables = new MonitoredLinks();
  await cables.join(() => to('00:23:20:00:00:08'));
  cables.advance(5000);
  const monitored = [cables.left, cables.right].flatMap(({ ports, switchPorts }) =>
    [...ports.values()].filter(({ monitor }) => monitor !== undefined).map((port) => ({ port, switchPorts })),
  );
  expect(monitored.map(({ port }) => port.monitor?.isWorking)).toEqual([false, false, false, false]);
  for (const { port, switchPorts } of monitored)
    switchPorts.update(port.ofPort, { monitoring: to('00:23:20:00:00:01') });
  cables.advance(5000);
  expect(monitored.map(({ port }) => port.monitor?.isWorking)).toEqual([true, true, true, true]);
});
