/**
 * Exporters of a whole switch: what collectors get of the packets that it forwards, and what that costs it without any.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { type ExporterConfig, noExporters } from '../../src/ofproto/exporters/exporter-config.ts';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import { frameWith } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const targets = ['192.0.2.9:2055'];
const netFlow = { targets, engineType: 1, engineId: 2, addsIdToPorts: false, activeTimeout: 600_000 };
const sFlow = {
  ...{ targets, agent: undefined, controlAddress: undefined, subAgent: 0 },
  ...{ sampling: 1, polling: 0, headerSize: 128 },
};
const bridgeIpfix = {
  ...{ targets, activeTimeout: 60, maxFlows: 1000, samplesTunnels: true, virtualObserver: undefined },
  ...{ sampling: 1, domain: 0, point: 0, samplesInput: true, samplesOutput: false },
};

/** Of UDP, from one of many addresses. */
function packetFrom(address: number): Uint8Array {
  const source = address.toString(16).padStart(8, '0');
  return frameWith({ payload: `08004500002c00000000401100000${source.slice(1)}0a00000200350035` });
}

const packetSize = packetFrom(1).length;
const flowCount = 40;
const roundCount = 25;

let sw: VirtualSwitch;
let bridge: Ofproto;

beforeEach(async () => {
  sw = new VirtualSwitch();
  bridge = sw.addBridge('br0', { failMode: 'secure' });
  for (const name of ['p1', 'p2']) await sw.addPort(bridge, name);
  sw.addFlow(bridge, 'actions=output:2');
});

function have(exporters: Partial<ExporterConfig>): void {
  bridge.configure({ ...bridge.config, exporters: { ...noExporters, ...exporters } });
  sw.advance(100);
}

function carryPackets(): void {
  for (let round = 0; round < roundCount; round++) {
    for (let flow = 1; flow <= flowCount; flow++) sw.inject('p1', packetFrom(flow));
    sw.advance(700);
    if (round === 10) sw.addFlow(bridge, 'priority=1,arp,actions=drop'); // flows are looked at again
  }
}

/** Packets and bytes of all records of NetFlow. */
function netFlowTotals(): [packets: number, bytes: number] {
  let totals: [number, number] = [0, 0];
  for (const { bytes } of sw.datagrams) {
    const records = Buffer.from(bytes);
    for (let at = 24; at < records.length; at += 48)
      totals = [totals[0] + records.readUInt32BE(at + 16), totals[1] + records.readUInt32BE(at + 20)];
  }
  return totals;
}

describe('what is exported', () => {
  test('by NetFlow is all that was forwarded, once', () => {
    have({ netFlow });
    carryPackets();
    sw.advance(60_000); // flows end
    const packets = flowCount * roundCount;
    expect(netFlowTotals()).toEqual([packets, packets * packetSize]);
  });

  test('by sFlow is a sample of each packet that there is to be one of', () => {
    have({ sFlow });
    carryPackets();
    sw.advance(2000);
    const samples = sw.datagrams.reduce((sum, { bytes }) => sum + Buffer.from(bytes).readUInt32BE(24), 0);
    expect(samples).toBe(flowCount * roundCount);
    expect(sw.datagrams.every(({ bytes }) => bytes.length < 1400)).toBe(true);
  });

  test('by IPFIX counts each packet', () => {
    have({ bridgeIpfix });
    carryPackets();
    const stats = bridge.exporters.ipfix?.bridgeStats();
    expect(stats).toMatchObject({ packets: BigInt(flowCount * roundCount), currentFlows: BigInt(flowCount) });
    sw.advance(70_000);
    expect(bridge.exporters.ipfix?.bridgeStats()?.currentFlows).toBe(0n);
  });
});

test('a switch without exporters sends nothing up and keeps nothing more', () => {
  carryPackets();
  const plain = [...sw.backer.flows].map(({ actions, effects }) => ({
    actions,
    kinds: effects.map(({ kind }) => kind),
  }));
  expect(plain.every(({ actions }) => actions.every((action) => action.do === 'output'))).toBe(true);
  expect(plain.some(({ kinds }) => kinds.includes('netflow'))).toBe(false);
  expect(sw.datagrams).toEqual([]);
});

test('flows do as before when exporters go', () => {
  const actionsOf = (): unknown[] => [...sw.backer.flows].flatMap(({ actions }) => actions);
  sw.inject('p1', packetFrom(1));
  const before = actionsOf();
  have({ sFlow, bridgeIpfix });
  expect(actionsOf().length).toBe(before.length + 2);
  have({});
  expect(actionsOf()).toEqual(before);
});

test('a packet that is dropped counts as that, though a sample of it is taken', () => {
  sw.addFlow(bridge, 'priority=65535,actions=drop');
  have({ sFlow, bridgeIpfix });
  sw.inject('p1', packetFrom(1));
  expect([...sw.backer.drops.totals]).toEqual([['ruleDrops', 1]]);
});
