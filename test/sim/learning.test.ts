import { describe, expect, test } from 'vitest';
import { broadcast, frameWith, gratuitousArp, hostA, hostB } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

/** The n-th made-up address. */
const made = (n: number): string => `02${n.toString(16).padStart(10, '0')}`;

async function threePorts(): Promise<{ sw: VirtualSwitch; bridge: ReturnType<VirtualSwitch['addBridge']> }> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0');
  for (const name of ['p1', 'p2', 'p3']) await sw.addPort(bridge, name);
  return { sw, bridge };
}

describe('a bridge', () => {
  test('floods to an unknown address and forwards to a known one', async () => {
    const { sw } = await threePorts();
    sw.inject('p1', frameWith({ src: hostA, dst: hostB }));
    expect(Object.keys(sw.takeSent())).toEqual(['p2', 'p3']);
    sw.inject('p2', frameWith({ src: hostB, dst: hostA }));
    expect(Object.keys(sw.takeSent())).toEqual(['p1']);
    sw.advance(50); // the flow of the first frame is translated again
    sw.inject('p1', frameWith({ src: hostA, dst: hostB }));
    expect(Object.keys(sw.takeSent())).toEqual(['p2']);
  });

  test('sends nothing back to where the destination is', async () => {
    const { sw } = await threePorts();
    sw.inject('p1', gratuitousArp(hostA), gratuitousArp(hostB));
    sw.takeSent();
    sw.inject('p1', frameWith({ src: hostB, dst: hostA }));
    expect(sw.takeSent()).toEqual({});
    expect(sw.backer.drops.totals.get('learnedIsInput')).toBe(1);
  });

  test('follows a host that moves to another port', async () => {
    const { sw } = await threePorts();
    sw.inject('p1', gratuitousArp(hostA));
    sw.inject('p2', frameWith({ src: hostB, dst: hostA }));
    sw.takeSent();
    sw.inject('p3', gratuitousArp(hostA));
    sw.takeSent();
    sw.advance(50);
    sw.inject('p2', frameWith({ src: hostB, dst: hostA }));
    expect(Object.keys(sw.takeSent())).toEqual(['p3']);
  });

  test('floods again when a host has been silent for the ageing time', async () => {
    const { sw, bridge } = await threePorts();
    sw.inject('p1', gratuitousArp(hostA));
    sw.takeSent();
    sw.advance(301_000);
    expect(bridge.macs.size).toBe(0);
    sw.inject('p2', frameWith({ src: hostB, dst: hostA }));
    expect(Object.keys(sw.takeSent())).toEqual(['p1', 'p3']);
  });

  test('keeps an address whose frames are all forwarded by the datapath', async () => {
    const { sw, bridge } = await threePorts();
    for (let second = 0; second < 400; second++) {
      sw.inject('p1', frameWith({ src: hostA, dst: broadcast }));
      sw.advance(1000);
    }
    expect(sw.datapath.stats().missCount).toBe(1);
    expect([...bridge.macs.entries()].map((e) => bridge.macs.age(e))).toEqual([1]);
  });

  test('does not let a flood of new addresses on one port push out those of others', async () => {
    const sw = new VirtualSwitch();
    const bridge = sw.addBridge('br0', { macTableSize: 50 });
    for (const name of ['p1', 'p2', 'p3']) await sw.addPort(bridge, name);
    sw.inject('p1', gratuitousArp(hostA));
    sw.inject('p2', gratuitousArp(hostB));
    for (let n = 0; n < 2000; n++) sw.inject('p3', frameWith({ src: made(n), dst: broadcast }));
    sw.takeSent();
    expect(bridge.macs.size).toBe(50);
    sw.inject('p1', frameWith({ src: hostA, dst: hostB }));
    expect(Object.keys(sw.takeSent())).toEqual(['p2']);
  });

  test('holds no more flows than the limit under a flood, and none when it is over', async () => {
    const { sw, bridge } = await threePorts();
    sw.backer.setLimits({ ...sw.backer.limits, flowLimit: 1000 });
    for (let n = 0; n < 20_000; n++) {
      sw.inject('p3', frameWith({ src: made(n), dst: hostA }));
      if (n % 500 === 0) {
        sw.takeSent();
        sw.advance(100);
      }
    }
    expect(sw.backer.flows.count).toBeLessThanOrEqual(1000);
    sw.takeSent();
    sw.advance(400_000);
    expect([sw.backer.flows.count, sw.datapath.stats().flowCount, bridge.macs.size]).toEqual([0, 0, 0]);
    expect(sw.backer.flows.idEnd).toBe(0);
  });

  test('keeps link-local protocols to itself unless told otherwise', async () => {
    const { sw, bridge } = await threePorts();
    const bpdu = frameWith({ dst: '0180c2000000' });
    sw.inject('p1', bpdu);
    expect(sw.takeSent()).toEqual({});
    bridge.configure({ ...bridge.config, forwardBpdu: true });
    sw.advance(50);
    sw.inject('p1', bpdu);
    expect(Object.keys(sw.takeSent())).toEqual(['p2', 'p3']);
  });

  test('forwards nothing between protected ports', async () => {
    const sw = new VirtualSwitch();
    const bridge = sw.addBridge('br0');
    await sw.addPort(bridge, 'p1', { isProtected: true });
    await sw.addPort(bridge, 'p2', { isProtected: true });
    await sw.addPort(bridge, 'open');
    sw.inject('p1', frameWith({ dst: broadcast }));
    expect(Object.keys(sw.takeSent())).toEqual(['open']);
    sw.inject('open', frameWith({ dst: broadcast, src: hostB }));
    expect(Object.keys(sw.takeSent())).toEqual(['p1', 'p2']);
  });

  test('floods in flood_vlans and learns nothing there', async () => {
    const sw = new VirtualSwitch();
    const bridge = sw.addBridge('br0', { floodVlans: [10] });
    for (const name of ['p1', 'p2', 'p3']) await sw.addPort(bridge, name, { vlanMode: 'access', tag: 10 });
    sw.inject('p1', gratuitousArp(hostA));
    sw.takeSent();
    sw.inject('p2', frameWith({ src: hostB, dst: hostA }));
    expect(Object.keys(sw.takeSent())).toEqual(['p1', 'p3']);
    expect(bridge.macs.size).toBe(0);
  });

  test('in secure mode forwards nothing before a controller says so', async () => {
    const sw = new VirtualSwitch();
    const bridge = sw.addBridge('br0', { failMode: 'secure' });
    for (const name of ['p1', 'p2']) await sw.addPort(bridge, name);
    sw.inject('p1', frameWith());
    expect(sw.takeSent()).toEqual({});
    expect(sw.backer.drops.totals.get('noMatch')).toBe(1);
    expect(bridge.tables.internal.missDrop.packetCount).toBe(1);
  });

  test('forgets the addresses behind a port that is removed, in all bridges', async () => {
    const sw = new VirtualSwitch();
    const [left, right] = [sw.addBridge('left'), sw.addBridge('right')];
    await sw.addPort(left, 'p1');
    await sw.addPort(right, 'p2');
    await sw.addPatch(left, 'l', 'r');
    await sw.addPatch(right, 'r', 'l');
    sw.inject('p1', gratuitousArp(hostA));
    expect([left.macs.size, right.macs.size]).toEqual([1, 1]);
    await sw.removePort(left, 'p1');
    expect([left.macs.size, right.macs.size]).toEqual([0, 0]);
    expect(sw.backer.flows.count).toBe(0);
  });
});
