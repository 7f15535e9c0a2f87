import { describe, expect, test } from 'vitest';
import { matchOn } from '../../src/flow/match.ts';
import { type DroppedPacket, DropStream } from '../../src/ofproto/drops/drop-stream.ts';
import type { DropQuery } from '../../src/ofproto/drops/drop-watchers.ts';
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

/** What a stream of everything that `query` asks for gets while `act` runs, and how much more there was. */
async function watched(
  sw: VirtualSwitch,
  query: DropQuery,
  act: () => void,
  { rate = 100, headSize = 4 } = {},
): Promise<{ packets: DroppedPacket[]; missed: number }> {
  const stream = new DropStream(rate, sw.clock.now());
  sw.backer.dropWatchers.add(stream, query, { rate, headSize });
  act();
  stream.end();
  const packets: DroppedPacket[] = [];
  for await (const packet of stream) packets.push(packet);
  return { packets, missed: stream.missedCount };
}

function shortOf({ bridge = '-', port = '-', reason, table, rule, action }: DroppedPacket): string {
  return `${bridge} ${port} ${reason} ${table ?? '-'} ${rule ?? '-'} ${action ?? '-'}`;
}

describe('dropped packets are told as they come', () => {
  test('by the rule and the action that they met, whether they came up or met a flow', async () => {
    const { sw } = await twoPorts(
      'in_port=1,actions=resubmit(,3)',
      'table=3,priority=7,actions=load:5->NXM_NX_REG0[],output:9',
      'in_port=2,priority=2,actions=drop',
    );
    const { packets, missed } = await watched(sw, {}, () => {
      sw.inject('p1', flood, flood);
      sw.inject('p2', flood, flood);
      sw.advance(1000);
      sw.inject('p2', flood);
    });
    const first =
      'br0 p1 noSuchOutput 3 table=3, priority=7 actions=load:0x5->NXM_NX_REG0[],output:9 output:9';
    const second = 'br0 p2 ruleDrops 0 priority=2,in_port=2 actions=drop -';
    expect(packets.map(shortOf)).toEqual([first, first, second, second, second]);
    expect(missed).toBe(0);
    expect(packets[0]).toMatchObject({
      ...{ place: 'bridge', text: 'Nonexistent output port', size: flood.length },
      head: flood.slice(0, 4),
      time: sw.clock.wall() - 1000,
    });
    expect(packets[0]?.flow).toBe(
      'in_port=1,vlan_tci=0x0000,dl_src=50:54:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff,dl_type=0x1234',
    );
  });

  test('by the bridge behind a patch port', async () => {
    const { sw, br0 } = await twoPorts('in_port=1,actions=output:3');
    const br1 = sw.addBridge('br1');
    await sw.addPatch(br0, 'to1', 'to0');
    await sw.addPatch(br1, 'to0', 'to1');
    sw.addFlow(br1, 'priority=3,actions=drop');
    const send = (): void => sw.inject('p1', flood);
    const all = await watched(sw, {}, send);
    expect(all.packets.map(shortOf)).toEqual(['br1 to0 ruleDrops 0 priority=3 actions=drop -']);
    expect((await watched(sw, { bridge: br1 }, send)).packets).toHaveLength(1);
    expect((await watched(sw, { bridge: br0 }, send)).packets).toHaveLength(0);
  });

  test('where the datapath drops them, by the flow that led there', async () => {
    const { sw, br0 } = await twoPorts('priority=4,in_port=1,actions=output:2');
    for (const { dpPort } of br0.ports.values()) if (dpPort !== undefined) sw.datapath.setPortMtu(dpPort, 20);
    const { packets } = await watched(sw, { bridge: br0 }, () => sw.inject('p1', flood, flood));
    const told = 'br0 p1 tooLong 0 priority=4,in_port=1 actions=output:2 2';
    expect(packets.map(shortOf)).toEqual([told, told]);
    expect(packets[0]?.place).toBe('datapath');
  });

  test('as far as a match or a table lets them through', async () => {
    const { sw, br0 } = await twoPorts('in_port=1,actions=resubmit(,3)', 'in_port=2,actions=drop');
    sw.addFlow(br0, 'table=3,actions=drop');
    const ports = async (query: DropQuery): Promise<unknown[]> => {
      const { packets, missed } = await watched(sw, query, () => {
        sw.inject('p1', flood);
        sw.inject('p2', flood);
      });
      expect(missed).toBe(0);
      return packets.map(({ port }) => port);
    };
    for (let n = 0; n < 2; n++) {
      expect(await ports({})).toEqual(['p1', 'p2']);
      expect(await ports({ table: 3 })).toEqual(['p1']);
      expect(await ports({ match: matchOn({ in_port: 2 }) })).toEqual(['p2']);
      expect(await ports({ bridge: br0, match: matchOn({ in_port: 1 }) })).toEqual(['p1']);
      expect(await ports({ match: matchOn({ eth_type: 0x1235 }) })).toEqual([]);
    }
  });

  test('no more of them in a second than was asked for; the others are counted', async () => {
    const { sw } = await twoPorts('actions=drop');
    const { packets, missed } = await watched(
      sw,
      {},
      () => {
        for (let n = 0; n < 20; n++) sw.inject('p1', flood);
        sw.advance(1000);
        for (let n = 0; n < 20; n++) sw.inject('p1', flood);
      },
      { rate: 3 },
    );
    expect([packets.length, missed]).toEqual([6, 34]);
  });

  test('however many are dropped by another bridge meanwhile', async () => {
    const { sw, br0 } = await twoPorts('actions=drop');
    const br1 = sw.addBridge('br1');
    await sw.addPort(br1, 'q1');
    sw.addFlow(br1, 'actions=drop');
    const act = (): void => {
      for (let n = 0; n < 9; n++) sw.inject('p1', flood, flood);
      sw.inject('q1', flood, flood);
    };
    act(); // and all have flows
    const { packets, missed } = await watched(sw, { bridge: br1 }, act, { rate: 2 });
    expect(packets.map(({ bridge }) => bridge)).toEqual(['br1', 'br1']);
    expect(missed).toBe(0);
    expect((await watched(sw, { bridge: br0 }, act, { rate: 2 })).missed).toBe(16);
  });

  test('until the reader leaves', async () => {
    const { sw } = await twoPorts('actions=drop');
    const stream = new DropStream(100, sw.clock.now());
    sw.backer.dropWatchers.add(stream, {}, { rate: 100, headSize: 0 });
    sw.inject('p1', flood, flood);
    for await (const { size } of stream) {
      expect(size).toBe(flood.length);
      break;
    }
    expect(stream.isEnded).toBe(true);
    sw.inject('p1', flood, flood);
    expect(stream.missedCount).toBe(0);
  });
});
