import { expect, test } from 'vitest';
import { emitNetFlow, type NetFlowRecord } from './netflow.ts';

const record: NetFlowRecord = {
  ...{ source: 0x0a000001, destination: 0xc0a80002, input: 1, output: 0xffff },
  ...{ packets: 3, bytes: 318, first: 1000, last: 31_000 },
  ...{ sourcePort: 0, destinationPort: 0x0800, tcpFlags: 0, protocol: 1, tos: 0xb8 },
};

test('a datagram is laid out as Cisco says', () => {
  const head = { uptime: 36_000, wall: 1_700_000_000_250, sequence: 7, engineType: 2, engineId: 1 };
  const bytes = emitNetFlow(head, [record]);
  const hex = [
    '00050001', // version, count
    '00008ca0', // uptime
    '6553f100', // seconds
    '0ee6b280', // nanoseconds
    '00000007',
    '02010000', // engine, no sampling
    '0a000001c0a8000200000000',
    '0001ffff',
    '000000030000013e',
    '000003e800007918',
    '00000800',
    '000001b8', // padding, flags, protocol, type of service
    '000000000000' + '0000',
  ];
  expect(Buffer.from(bytes).toString('hex')).toBe(hex.join(''));
});

test('each record is 48 bytes behind the 24 of the head', () => {
  const head = { uptime: 0, wall: 0, sequence: 0, engineType: 0, engineId: 0 };
  expect(emitNetFlow(head, [record, record]).length).toBe(24 + 2 * 48);
});
