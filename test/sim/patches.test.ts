import { describe, expect, test } from 'vitest';
import { broadcast, frameWith, hostA, hostB } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const flood = frameWith({ dst: broadcast });

describe('patch ports', () => {
  test('join two bridges into one VLAN-aware switch', async () => {
    const sw = new VirtualSwitch();
    const [left, right] = [sw.addBridge('left'), sw.addBridge('right')];
    await sw.addPort(left, 'p1');
    await sw.addPort(right, 'p2');
    await sw.addPatch(left, 'to-right', 'to-left');
    await sw.addPatch(right, 'to-left', 'to-right');

    sw.inject('p1', flood);
    expect(Object.keys(sw.takeSent())).toEqual(['p2']);
    sw.inject('p2', frameWith({ dst: hostA, src: hostB }));
    expect(Object.keys(sw.takeSent())).toEqual(['p1']);
    expect([...right.macs.entries()].map((e) => e.port.name)).toEqual(['to-left', 'p2']);
  });

  test('lead nowhere until each names the other', async () => {
    const sw = new VirtualSwitch();
    const [left, right] = [sw.addBridge('left'), sw.addBridge('right')];
    await sw.addPort(left, 'p1');
    await sw.addPort(right, 'p2');
    await sw.addPatch(left, 'to-right', 'to-left');
    const back = await sw.addPatch(right, 'to-left', 'elsewhere');
    sw.inject('p1', flood);
    expect(sw.takeSent()).toEqual({});

    right.switchPorts.update(back, { patchPeer: 'to-right' });
    sw.advance(1000);
    sw.inject('p1', flood);
    expect(Object.keys(sw.takeSent())).toEqual(['p2']);
  });

  test('count what crosses them, later packets included', async () => {
    const sw = new VirtualSwitch();
    const [left, right] = [sw.addBridge('left'), sw.addBridge('right')];
    await sw.addPort(left, 'p1');
    await sw.addPort(right, 'p2');
    const out = await sw.addPatch(left, 'to-right', 'to-left');
    const into = await sw.addPatch(right, 'to-left', 'to-right');
    for (let n = 0; n < 5; n++) sw.inject('p1', flood);
    sw.advance(1000);
    expect(left.ports.get(out)?.crossed).toMatchObject({ txPackets: 5, txBytes: 300, rxPackets: 0 });
    expect(right.ports.get(into)?.crossed).toMatchObject({ rxPackets: 5, rxBytes: 300, txPackets: 0 });
  });

  test('that form a loop end a broadcast after a bounded number of frames', async () => {
    const sw = new VirtualSwitch();
    const [left, right] = [sw.addBridge('left'), sw.addBridge('right')];
    await sw.addPort(left, 'p1');
    await sw.addPort(right, 'p2');
    for (const n of [1, 2]) {
      await sw.addPatch(left, `l${n}`, `r${n}`);
      await sw.addPatch(right, `r${n}`, `l${n}`);
    }
    sw.inject('p1', flood);
    const { p1 = [], p2 = [] } = sw.takeSent();
    expect(p2.length).toBeGreaterThan(1);
    expect(p1.length + p2.length).toBeLessThanOrEqual(128);
    expect(sw.backer.flows.count).toBe(1);
  });

  test('that form many loops still end it', async () => {
    const sw = new VirtualSwitch();
    const [left, right] = [sw.addBridge('left'), sw.addBridge('right')];
    await sw.addPort(left, 'p1');
    await sw.addPort(right, 'p2');
    for (let n = 0; n < 6; n++) {
      await sw.addPatch(left, `l${n}`, `r${n}`);
      await sw.addPatch(right, `r${n}`, `l${n}`);
    }
    sw.inject('p1', flood);
    const sent = sw.takeSent();
    expect((sent.p1?.length ?? 0) + (sent.p2?.length ?? 0)).toBeLessThanOrEqual(4096);
  });

  test('in a bridge that is its own peer end too', async () => {
    const sw = new VirtualSwitch();
    const bridge = sw.addBridge('br0');
    await sw.addPort(bridge, 'p1');
    await sw.addPatch(bridge, 'x', 'y');
    await sw.addPatch(bridge, 'y', 'x');
    sw.inject('p1', flood);
    expect(sw.takeSent().p1?.length).toBeLessThanOrEqual(128);
  });
});
