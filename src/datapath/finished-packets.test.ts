import { expect, test } from 'vitest';
import { hasGoodChecksums, hex, tcpPacket, udpPacket } from '../../test/conformance/packets.ts';
import { gso } from '../wire/frame.ts';
import { finishedPackets } from './finished-packets.ts';

const none = { checksumStart: -1, checksumOffset: 0, gsoType: gso.none, gsoSize: 0, headerSize: 0 };

test('an open checksum is closed, and the packet itself stays as it was', () => {
  const bytes = udpPacket({ isPartial: true });
  const before = hex(bytes);
  const finished = finishedPackets({ bytes, offload: { ...none, checksumStart: 34, checksumOffset: 6 } });
  expect(finished.map(hex)).toEqual([hex(udpPacket())]);
  expect(hex(bytes)).toBe(before);
});

test('what is to be segmented becomes several packets', () => {
  const bytes = tcpPacket(2500);
  const offload = { ...none, checksumStart: 34, checksumOffset: 16, gsoType: gso.tcp4, gsoSize: 1000 };
  const finished = finishedPackets({ bytes, offload });
  expect(finished.map(({ length }) => length - 54)).toEqual([1000, 1000, 500]);
  expect(finished.every(hasGoodChecksums)).toBe(true);
});

test.each([undefined, { ...none, checksumStart: 34, checksumOffset: 600 }, { ...none, gsoType: 77 }])(
  'what needs nothing, or nothing that makes sense, stays as it is: %j',
  (offload) => {
    const bytes = udpPacket();
    expect(finishedPackets({ bytes, offload })).toEqual([bytes]);
  },
);
