import { expect, test } from 'vitest';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import type { BondSettings } from '../../src/protocols/bond-settings.ts';
import { broadcast, frameWith, gratuitousArp, hostA, hostB } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

async function bondAndPort(
  settings: Partial<BondSettings> = {},
): Promise<{ sw: VirtualSwitch; bridge: Ofproto }> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0');
  await sw.addBond(bridge, 'bond0', ['m1', 'm2'], settings);
  await sw.addPort(bridge, 'p1');
  return { sw, bridge };
}

/** Where a frame goes that comes in by a port. */
function pathOf(sw: VirtualSwitch, port: string, frame = frameWith({ src: hostA, dst: hostB })): string[] {
  sw.takeSent();
  sw.inject(port, frame);
  return Object.keys(sw.takeSent());
}

test('a bond stays with its active member while that is up', async () => {
  const { sw, bridge } = await bondAndPort();
  expect(pathOf(sw, 'p1')).toEqual(['m1']);
  sw.setCarrier(bridge, 'm1', false);
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
  sw.setCarrier(bridge, 'm2', false);
  expect(pathOf(sw, 'p1')).toEqual([]);
  sw.setCarrier(bridge, 'm2', true);
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
  sw.setCarrier(bridge, 'm1', true);
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
});

test('a bond goes back to its primary', async () => {
  const { sw, bridge } = await bondAndPort({ primary: 'm1' });
  sw.setCarrier(bridge, 'm1', false);
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
  sw.setCarrier(bridge, 'm1', true);
  expect(pathOf(sw, 'p1')).toEqual(['m1']);
});

test('a link has to stay up, and down, as long as the bond was told', async () => {
  const { sw, bridge } = await bondAndPort({ primary: 'm1', updelay: 1000, downdelay: 500 });
  sw.setCarrier(bridge, 'm1', false);
  expect(pathOf(sw, 'p1')).toEqual(['m1']);
  sw.advance(500);
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
  sw.setCarrier(bridge, 'm1', true);
  sw.advance(900);
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
  sw.advance(100);
  expect(pathOf(sw, 'p1')).toEqual(['m1']);
});

test('after a failover, each address behind other ports is sent from once by the member that took over', async () => {
  const { sw, bridge } = await bondAndPort();
  sw.inject('p1', frameWith({ src: hostA, dst: hostB }));
  sw.takeSent();
  sw.setCarrier(bridge, 'm1', false);
  const { m2: [taught = ''] = [], ...others } = sw.takeSent();
  expect(others).toEqual({});
  expect(taught).toBe(`ffffffffffff${hostA}80350001080006040003${hostA}00000000${hostA}00000000`);
});

test('a bond in mode balance-slb sends from each station by one member, and takes nothing back that it sent', async () => {
  const { sw } = await bondAndPort({ mode: 'balance-slb' });
  const stations = Array.from({ length: 64 }, (_, n) => `0200000001${n.toString(16).padStart(2, '0')}`);
  const paths = stations.map((src) => pathOf(sw, 'p1', frameWith({ src, dst: hostB })).join());
  expect(new Set(paths)).toEqual(new Set(['m1', 'm2']));
  expect(stations.map((src) => pathOf(sw, 'p1', frameWith({ src, dst: hostA })).join())).toEqual(paths);
  const [src = ''] = stations;
  for (const member of ['m1', 'm2'])
    expect(pathOf(sw, member, frameWith({ src, dst: broadcast }))).toEqual([]);
  expect(sw.backer.drops.totals.get('loopedBack')).toBe(1);
  expect(sw.backer.drops.totals.get('inactiveMember')).toBe(1);
  const back = gratuitousArp(src); // the station has moved
  sw.advance(6000);
  expect(pathOf(sw, 'm1', back)).toEqual(['p1']);
});

test('what comes in by another member of a bond is a second copy, and dropped', async () => {
  const { sw, bridge } = await bondAndPort();
  const answer = frameWith({ src: hostB, dst: hostA });
  expect(pathOf(sw, 'm2', answer)).toEqual([]);
  expect(sw.backer.drops.totals.get('inactiveMember')).toBe(1);
  expect(pathOf(sw, 'm1', answer)).toEqual(['p1']);
  sw.setCarrier(bridge, 'm1', false);
  expect(pathOf(sw, 'm2', answer)).toEqual(['p1']);
});

test('addresses behind a bond stay known when it changes its member', async () => {
  const { sw, bridge } = await bondAndPort();
  await sw.addPort(bridge, 'p2');
  sw.inject('m1', gratuitousArp(hostB));
  expect(pathOf(sw, 'p1')).toEqual(['m1']);
  sw.setCarrier(bridge, 'm1', false);
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
});

test('a member that goes leaves its frames to the next', async () => {
  const { sw, bridge } = await bondAndPort();
  const m1 = [...bridge.ports.values()].find(({ name }) => name === 'm1');
  await bridge.switchPorts.remove(m1?.ofPort ?? expect.unreachable());
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
});

test('load is shifted from a member that carries much to one that carries little', async () => {
  const { sw } = await bondAndPort({ mode: 'balance-slb', rebalanceInterval: 2000 });
  const stations = ['020000000101', '020000000102', '020000000103', '020000000104'];
  const pathsOf = (): string[] => stations.map((src) => pathOf(sw, 'p1', frameWith({ src })).join());
  expect(pathsOf()).toEqual(['m1', 'm2', 'm1', 'm2']); // hashes are dealt out in turn
  for (let n = 0; n < 200; n++)
    for (const src of ['020000000101', '020000000103']) {
      const frame = new Uint8Array(1400);
      frame.set(frameWith({ src }));
      sw.inject('p1', frame);
    }
  sw.advance(3000);
  const [first, second, third, fourth] = pathsOf();
  expect(new Set([first, third])).toEqual(new Set(['m1', 'm2']));
  expect([second, fourth]).toEqual(['m2', 'm2']);
});
