import { describe, expect, test } from 'vitest';
import { broadcast, frameWith, gratuitousArp, hostA, hostB } from '../../../test/sim/frames.ts';
import { VirtualSwitch } from '../../../test/sim/virtual-switch.ts';
import type { Ofproto } from '../ofproto.ts';

async function twoPorts(): Promise<{ sw: VirtualSwitch; bridge: Ofproto }> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0');
  for (const name of ['p1', 'p2', 'p3']) await sw.addPort(bridge, name);
  return { sw, bridge };
}

/** The only rule of a standalone bridge. */
function normalRule(bridge: Ofproto): { packetCount: number; byteCount: number } {
  const [rule] = bridge.table.rules();
  return { packetCount: rule?.packetCount ?? 0, byteCount: rule?.byteCount ?? 0 };
}

describe('revalidation', () => {
  test('deletes a flow that was idle for max-idle, and no earlier', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.advance(8_000);
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.advance(9_500);
    expect(sw.backer.flows.count).toBe(1);
    sw.advance(1_500);
    expect([sw.backer.flows.count, sw.datapath.stats().flowCount]).toEqual([0, 0]);
  });

  test('counts for the rule what the datapath forwarded, each packet once', async () => {
    const { sw, bridge } = await twoPorts();
    for (let n = 0; n < 10; n++) sw.inject('p1', frameWith({ dst: broadcast }));
    expect(normalRule(bridge)).toEqual({ packetCount: 1, byteCount: 60 });
    sw.advance(1_000);
    expect(normalRule(bridge)).toEqual({ packetCount: 10, byteCount: 600 });
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.backer.revalidator.purge();
    expect(normalRule(bridge)).toEqual({ packetCount: 11, byteCount: 660 });
    sw.advance(20_000);
    expect(normalRule(bridge)).toEqual({ packetCount: 11, byteCount: 660 });
  });

  test('changes the actions of a flow in place and keeps its counters', async () => {
    const { sw, bridge } = await twoPorts();
    sw.inject('p1', frameWith({ src: hostA, dst: hostB }));
    sw.inject('p1', frameWith({ src: hostA, dst: hostB }));
    const before = [...sw.backer.flows].at(0)?.id;
    sw.inject('p2', gratuitousArp(hostB));
    sw.advance(50);
    const after = [...sw.backer.flows].find(({ id }) => id === before);
    expect(after?.actions).toEqual([
      { do: 'output', port: [...bridge.ports.values()].find((port) => port.name === 'p2')?.dpPort },
    ]);
    expect(after?.creditedPackets).toBe(1);
  });

  test('leaves flows alone that a learned address cannot concern', async () => {
    const { sw } = await twoPorts();
    for (let n = 0; n < 64; n++) {
      sw.inject('p1', frameWith({ src: hostA, dst: `0200000000${n.toString(16).padStart(2, '0')}` }));
    }
    sw.advance(600);
    const effects = new Map([...sw.backer.flows].map((flow) => [flow.id, flow.effects]));
    sw.inject('p2', gratuitousArp(hostB));
    sw.advance(20);
    const translatedAgain = [...sw.backer.flows].filter((flow) => flow.effects !== effects.get(flow.id));
    expect(translatedAgain.length).toBeLessThan(10);
  });

  test('translates everything again when the configuration changed', async () => {
    const { sw, bridge } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.takeSent();
    await sw.addPort(bridge, 'late');
    sw.advance(20);
    sw.inject('p1', frameWith({ dst: broadcast }));
    expect(Object.keys(sw.takeSent())).toEqual(['p2', 'p3', 'late']);
    expect(sw.datapath.stats().missCount).toBe(1);
  });

  test('resolves a wait after a round that began later', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.advance(100);
    let isDone = false;
    const done = sw.backer.revalidator.wait().then(() => {
      isDone = true;
    });
    await Promise.resolve();
    expect(isDone).toBe(false);
    sw.advance(10);
    await done;
    expect(isDone).toBe(true);
  });

  test('does nothing while paused and catches up afterwards', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.backer.revalidator.pause();
    sw.advance(30_000);
    expect(sw.backer.flows.count).toBe(1);
    sw.backer.revalidator.resume();
    sw.advance(10);
    expect(sw.backer.flows.count).toBe(0);
  });

  test('sets no timer when there is nothing to look after', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ src: '0180c2000000', dst: broadcast }));
    sw.advance(60_000);
    expect(sw.timers.nextDue).toBe(Number.POSITIVE_INFINITY);
  });

  test('lowers the idle time while there are more flows than the limit', async () => {
    const { sw } = await twoPorts();
    sw.inject(
      'p1',
      ...Array.from({ length: 30 }, (_, n) => frameWith({ src: `0200000000${n + 10}`, dst: hostB })),
    );
    expect(sw.backer.flows.count).toBe(30);
    sw.backer.setLimits({ ...sw.backer.limits, flowLimit: 20 });
    sw.advance(1_100);
    expect(sw.backer.flows.count).toBeLessThanOrEqual(20);
  });

  test('averages and limits as upcall/show tells them', async () => {
    const { sw } = await twoPorts();
    sw.inject('p1', frameWith({ dst: broadcast }));
    sw.advance(10);
    expect(sw.backer.revalidator.stats).toMatchObject({ mostFlows: 1, flowLimit: 10_000, duration: 1 });
  });
});
