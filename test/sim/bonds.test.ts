import { expect, test } from 'vitest';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import { frameWith, gratuitousArp, hostA, hostB } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

async function bondAndPort(): Promise<{ sw: VirtualSwitch; bridge: Ofproto }> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0');
  await sw.addBond(bridge, 'bond0', ['m1', 'm2']);
  await sw.addPort(bridge, 'p1');
  return { sw, bridge };
}

/** Where a frame goes that comes in by a port. */
function pathOf(sw: VirtualSwitch, port: string, frame = frameWith({ src: hostA, dst: hostB })): string[] {
  sw.takeSent();
  sw.inject(port, frame);
  return Object.keys(sw.takeSent());
}

test('a bond forwards by its first member that is up, and by it alone', async () => {
  const { sw, bridge } = await bondAndPort();
  expect(pathOf(sw, 'p1')).toEqual(['m1']);
  sw.setCarrier(bridge, 'm1', false);
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
  sw.setCarrier(bridge, 'm2', false);
  expect(pathOf(sw, 'p1')).toEqual([]);
  sw.setCarrier(bridge, 'm2', true);
  expect(pathOf(sw, 'p1')).toEqual(['m2']);
  sw.setCarrier(bridge, 'm1', true);
  expect(pathOf(sw, 'p1')).toEqual(['m1']);
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
