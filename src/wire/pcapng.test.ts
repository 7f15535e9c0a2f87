import { expect, test } from 'vitest';
import { emitPcapngDevice, emitPcapngHeader, emitPcapngPacket } from './pcapng.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('a section says which order its bytes have, and no length', () => {
  expect(hex(emitPcapngHeader())).toBe(
    ['0a0d0d0a', '1c000000', '4d3c2b1a', '01000000', 'ffffffffffffffff', '1c000000'].join(''),
  );
});

test('a device has its name, padded to whole words', () => {
  expect(hex(emitPcapngDevice('br0 p'))).toBe(
    [
      '01000000',
      '24000000',
      '01000000',
      '00000000',
      '02000500',
      '6272302070000000',
      '00000000',
      '24000000',
    ].join(''),
  );
});

test('a packet has its time in microseconds, its size before it was cut, and a comment', () => {
  const packet = {
    device: 3,
    time: 2 ** 32 / 1000 + 0.005,
    bytes: Uint8Array.of(1, 2, 3),
    size: 60,
    comment: 'why',
  };
  expect(hex(emitPcapngPacket(packet))).toBe(
    [
      ...['06000000', '30000000', '03000000', '01000000', '05000000', '03000000', '3c000000', '01020300'],
      ...['01000300', '77687900', '00000000', '30000000'],
    ].join(''),
  );
});

test('a comment that is longer than an option can be is cut', () => {
  const packet = { device: 0, time: 0, bytes: new Uint8Array(0), size: 0, comment: 'x'.repeat(100_000) };
  const bytes = emitPcapngPacket(packet);
  expect(bytes.length % 4).toBe(0);
  expect(bytes.length).toBeLessThan(70_000);
});
