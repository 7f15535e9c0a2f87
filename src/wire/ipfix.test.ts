import { expect, test } from 'vitest';
import {
  emitIpfixRecord,
  emitIpfixStatistics,
  emitIpfixStatisticsTemplate,
  emitIpfixTemplates,
  ipfixKeyBytes,
} from './ipfix.ts';
import type { IpfixKind } from './ipfix-elements.ts';

const head = { time: 0x01020304, sequence: 5, domain: 6 };
const plain: IpfixKind = {
  ...{ isTagged: false, network: 'other', transport: 'other', isTunnelled: false, isEgress: false },
};
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Template {
  readonly id: number;
  /** Bytes of each element; undefined for as many as it has. */
  readonly sizes: readonly (number | undefined)[];
}

/** By a reader of RFC 7011, which knows nothing of elements. */
function readTemplates(messages: readonly Uint8Array[]): Template[] {
  return messages.flatMap((message) => {
    const bytes = Buffer.from(message);
    expect(bytes.readUInt16BE(2)).toBe(bytes.length);
    expect([bytes.readUInt16BE(16), bytes.readUInt16BE(18)]).toEqual([2, bytes.length - 16]);
    const templates: Template[] = [];
    for (let at = 20; at < bytes.length; ) {
      const [id, count] = [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)];
      at += 4;
      const sizes = Array.from({ length: count }, () => {
        const size = bytes.readUInt16BE(at + 2);
        at += (bytes.readUInt16BE(at) & 0x8000) === 0 ? 4 : 8;
        return size === 0xffff ? undefined : size;
      });
      templates.push({ id, sizes });
    }
    return templates;
  });
}

test.each([false, true])('records of each kind are as long as their templates say (named: %s)', (isNamed) => {
  const templates = new Map(readTemplates(emitIpfixTemplates(head, isNamed)).map((each) => [each.id, each]));
  expect(templates.size).toBe(2 * 2 * 2 * (1 + 5 + 5));
  for (const isTagged of [false, true])
    for (const [network, transport] of [
      ...([['other', 'other']] as const),
      ...(['other', 'tcp', 'udp', 'sctp', 'icmp'] as const).map((each) => ['ipv4', each] as const),
      ...(['other', 'tcp', 'udp', 'sctp', 'icmp'] as const).map((each) => ['ipv6', each] as const),
    ])
      for (const isTunnelled of [false, true])
        for (const isEgress of [false, true]) {
          const kind: IpfixKind = { isTagged, network, transport, isTunnelled, isEgress };
          const wide = { sourceMacAddress: new Uint8Array(6), destinationMacAddress: new Uint8Array(6) };
          const key = ipfixKeyBytes(kind, {
            ...wide,
            ...{ sourceIPv6Address: new Uint8Array(16), destinationIPv6Address: new Uint8Array(16) },
            ...{ ingressInterfaceName: Uint8Array.of(1, 2), tunnelKey: Uint8Array.of(1, 2, 3) },
          });
          const name = isNamed ? Uint8Array.of(7) : undefined;
          const record = Buffer.from(emitIpfixRecord(head, { kind, key, name, counts: {} }));
          const template = templates.get(record.readUInt16BE(16));
          let at = 20;
          for (const size of template?.sizes ?? expect.unreachable()) at += size ?? 1 + (record[at] ?? 0);
          expect(at, JSON.stringify(kind)).toBe(record.length);
        }
});

test('a record is laid out as RFC 7011 says', () => {
  const key = ipfixKeyBytes(plain, {
    ...{ observationPointId: 7, flowDirection: 0, ethernetType: 0x88cc, ethernetHeaderLength: 14 },
    ...{
      sourceMacAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
      destinationMacAddress: Uint8Array.of(2, 0, 0, 0, 0, 2),
    },
    ...{ ingressInterface: 9, ingressInterfaceType: 6, ingressInterfaceName: Uint8Array.of(0x70, 0x31) },
  });
  const counts = { packetDeltaCount: 2 ** 32 + 3, flowEndReason: 2, flowStartDeltaMicroseconds: 1000 };
  const record = hex(emitIpfixRecord(head, { kind: plain, key, name: undefined, counts }));
  expect(record).toBe(
    [
      ...['000a00a5', '01020304', '00000005', '00000006', '01000095'],
      ...['0000000700', '020000000001', '020000000002', '88cc0e'],
      ...['00000009', '00000006', '027031', '00'],
      ...['000003e8', '00000000'],
      ...['0'.repeat(32), '0000000100000003', '0'.repeat(16 * 10), '02'],
    ].join(''),
  );
});

test('the exporter tells of itself in options', () => {
  expect(hex(emitIpfixStatisticsTemplate(head)).slice(32)).toBe(
    '00030012' + '01ce00020001' + '00900004' + '00a70008',
  );
  const values = { exportingProcessId: 3, notSentPacketTotalCount: 4 };
  expect(hex(emitIpfixStatistics(head, values)).slice(32)).toBe('01ce0010' + '00000003' + '0000000000000004');
});
