import { describe, expect, test } from 'vitest';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import { type DropRow, formatDrops, listDrops } from '../../src/ofproto/views/drops.ts';
import { broadcast, frameWith } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const flood = frameWith({ dst: broadcast });

/** "br0 p1: ruleDrops 3" */
function told(sw: VirtualSwitch, only?: Ofproto): string[] {
  return listDrops(sw.backer, only).map(
    ({ bridge = '-', port = '-', reason, packets }: DropRow) => `${bridge} ${port}: ${reason} ${packets}`,
  );
}

async function twoPorts(...flows: readonly string[]): Promise<{ sw: VirtualSwitch; br0: Ofproto }> {
  const sw = new VirtualSwitch();
  const br0 = sw.addBridge('br0');
  for (const name of ['p1', 'p2']) await sw.addPort(br0, name);
  for (const flow of flows) sw.addFlow(br0, flow);
  return { sw, br0 };
}

describe('packets that are dropped are counted by bridge, port and reason', () => {
  test('by a rule: each one, whether its flow has been looked at or not', async () => {
    const { sw } = await twoPorts('in_port=1,actions=drop', 'in_port=2,actions=output:9');
    sw.inject('p1', flood, flood, flood);
    sw.inject('p2', flood);
    const expected = ['br0 p1: ruleDrops 3', 'br0 p2: noSuchOutput 1'];
    expect(told(sw)).toEqual(expected);
    sw.advance(1000);
    expect(told(sw)).toEqual(expected);
    sw.advance(20_000);
    expect(sw.backer.flows.count).toBe(0);
    expect(told(sw)).toEqual(expected);
  });

  test('for the reason that held when they came', async () => {
    const { sw, br0 } = await twoPorts('in_port=1,actions=drop');
    sw.inject('p1', flood, flood);
    sw.addFlow(br0, 'in_port=1,priority=65535,actions=output:9');
    sw.advance(1000);
    sw.inject('p1', flood);
    sw.addFlow(br0, 'in_port=1,priority=65535,actions=output:2');
    sw.advance(1000);
    sw.inject('p1', flood);
    sw.advance(1000);
    expect(told(sw)).toEqual(['br0 p1: noSuchOutput 1', 'br0 p1: ruleDrops 2']);
  });

  test('in the bridge that they were in, by the port that they came into it by', async () => {
    const { sw, br0 } = await twoPorts('in_port=1,actions=output:3');
    const br1 = sw.addBridge('br1');
    await sw.addPatch(br0, 'to1', 'to0');
    await sw.addPatch(br1, 'to0', 'to1');
    sw.addFlow(br1, 'actions=drop');
    sw.inject('p1', flood, flood);
    expect(told(sw)).toEqual(['br1 to0: ruleDrops 2']);
    expect(told(sw, br0)).toEqual([]);
    await sw.backer.removeBridge('br1');
    sw.advance(1000);
    expect(told(sw)).toEqual(['- -: ruleDrops 1']); // of br0's flow, which was not looked at before
  });

  test('by the datapath, for which no flow is to blame', async () => {
    const { sw, br0 } = await twoPorts('in_port=1,actions=output:2');
    for (const { dpPort } of br0.ports.values()) if (dpPort !== undefined) sw.datapath.setPortMtu(dpPort, 20);
    sw.inject('p1', flood, flood);
    expect(told(sw)).toEqual(['br0 p1: tooLong 2']);
  });

  test('and shown as a table', async () => {
    const { sw } = await twoPorts('in_port=1,actions=drop');
    expect(formatDrops(listDrops(sw.backer))).toBe('bridge  port  packets  reason  by  explanation\n');
    sw.inject('p1', flood);
    expect(formatDrops(listDrops(sw.backer))).toBe(
      [
        'bridge  port  packets  reason     by      explanation',
        'br0     p1          1  ruleDrops  bridge  the rule has no actions',
        '',
      ].join('\n'),
    );
  });
});
