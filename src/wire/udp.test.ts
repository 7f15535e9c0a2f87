import { expect, test } from 'vitest';
import { emitUdp } from './udp.ts';

test('a datagram is written with all its headers', () => {
  const frame = emitUdp({
    ethernet: { src: '02:00:00:00:00:01', dst: '00:23:20:00:00:01' },
    ip: { src: 0xa9fe0101, dst: 0xa9fe0100, tos: 0xc0, ttl: 255 },
    ports: { src: 49152, dst: 3784 },
    payload: Uint8Array.of(1, 2, 3),
  });
  const ip = '45c0001f000000' + '00ff11' + '6510' + 'a9fe0101a9fe0100';
  expect(Buffer.from(frame).toString('hex')).toBe(
    ['002320000001', '020000000001', '0800', ip, 'c0000ec8000b0000', '010203'].join(''),
  );
});
