import { expect, test } from 'vitest';
import {
  counterRecords,
  emitCounterSample,
  emitFlowSample,
  emitSFlow,
  flowRecords,
  sFlowHeadSize,
  sFlowSource,
} from './sflow.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const words = (...values: number[]): string =>
  values.map((value) => value.toString(16).padStart(8, '0')).join('');

test('a datagram is laid out as sflow.org says', () => {
  const agent = Uint8Array.of(192, 0, 2, 1);
  const head = { sequence: 3, source: sFlowSource('entity', 1000), rate: 10, pool: 30, input: 4, output: 5 };
  const tags = { sourceVlan: 1, sourcePriority: 2, destinationVlan: 3, destinationPriority: 4 };
  const flow = emitFlowSample(head, [
    flowRecords.switch(tags),
    flowRecords.header(Uint8Array.of(1, 2, 3, 4, 5, 6), 5),
  ]);
  const datagram = emitSFlow({ agent, subAgent: 7, sequence: 8, uptime: 9000 }, [flow]);
  expect(hex(datagram)).toBe(
    words(5, 1, 0xc0000201, 7, 8, 9000, 1) +
      words(1, 32 + 24 + 32, 3, 0x020003e8, 10, 30, 0, 4, 5, 2) +
      words(1001, 16, 1, 2, 3, 4) +
      words(1, 24, 1, 10, 4, 5, 0x01020304, 0x05000000),
  );
});

test('an agent of IPv6 has a longer head', () => {
  const agent = Uint8Array.from({ length: 16 }, (_, n) => n);
  const datagram = emitSFlow({ agent, subAgent: 0, sequence: 1, uptime: 0 }, []);
  expect(datagram.length).toBe(sFlowHeadSize(agent));
  expect(hex(datagram)).toBe(`${words(5, 2)}${hex(agent)}${words(0, 1, 0, 0)}`);
});

test('counters that are not known have all bits set, in four bytes and in eight', () => {
  const counts = { hits: 1, misses: undefined, losses: 2 ** 32 + 5, maskHits: 0, flows: 0, masks: 0 };
  expect(hex(counterRecords.datapath(counts))).toBe(words(2207, 24, 1, 0xffffffff, 5, 0, 0, 0));
  const resources = {
    ...{ userTime: 1, systemTime: 2, memory: 2 ** 33 + 1, memoryLimit: undefined },
    ...{ files: 0, fileLimit: 0, connections: 0, connectionLimit: 0 },
  };
  expect(hex(counterRecords.resources(resources))).toBe(
    words(2203, 40, 1, 2, 2, 1, 0xffffffff, 0xffffffff, 0, 0, 0, 0),
  );
});

test('names are filled up, and so is a sample of them', () => {
  const sample = emitCounterSample({ sequence: 1, source: sFlowSource('interface', 6) }, [
    counterRecords.portName('eth0.1'),
  ]);
  const name = `${words(1005, 12, 6)}${Buffer.from('eth0.1').toString('hex')}0000`;
  expect(hex(sample)).toBe(words(2, 12 + 20, 1, 6, 1) + name);
});

test('LACP tells addresses, states and counts', () => {
  const record = counterRecords.lacp({
    ...{ actor: '02:00:00:00:00:01', partner: '02:00:00:00:00:02', aggregate: 7 },
    ...{ states: [1, 2, 3, 4], received: 5, illegal: 6, sent: 8 },
  });
  const none = 0xffffffff;
  expect(hex(record)).toBe(
    `${words(7, 56)}0200000000010000${'0200000000020000'}` +
      words(7, 0x01020304, 5, none, none, none, 6, 8, none, none),
  );
});

test('labels have the next hop and those that came with the packet in front, which are none', () => {
  expect(hex(flowRecords.labels([0x10, 0x20]))).toBe(words(1006, 24, 1, 0, 0, 2, 0x10, 0x20));
});
