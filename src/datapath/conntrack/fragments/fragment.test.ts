import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../../../test/conformance/packets.ts';
import { seededRandom } from '../../../base/random.ts';
import { readFragment } from './fragment.ts';

const [over4, over6] = [0x0800, 0x86dd];

function read(type: number, text: string, shorter = 0): ReturnType<typeof readFragment> {
  const bytes = bytesOf(`eeee${text.replaceAll(' ', '')}`);
  return readFragment(new DataView(bytes.buffer), type, 2, bytes.length - shorter);
}

// Checksums by hand.
const middle4 = '4500 001c 0001 2002 40 11 46cc 0a000001 0a000002 0011223344556677';
const last4 = '4500 001c 0001 0002 40 11 66cc 0a000001 0a000002 0011223344556677';
const whole4 = '4500 001c 0001 4000 40 11 26ce 0a000001 0a000002 0011223344556677';
const addresses6 = 'fd000000000000000000000000000001 fd000000000000000000000000000002';
const first6 = `60000000 0010 2c 40 ${addresses6} 11 00 0001 00000009 0011223344556677`;
const behindHop6 = `60000000 0018 00 40 ${addresses6} 2c00 010400000000 11 00 0010 00000009 0011223344556677`;

describe('of a fragment it is read which part of which packet it is', () => {
  test('over IPv4', () => {
    expect(read(over4, middle4)).toEqual({
      version: 4,
      source: [10, 0, 0, 1],
      destination: [10, 0, 0, 2],
      id: 1,
      protocol: 17,
      offset: 16,
      isLast: false,
      network: 2,
      dataAt: 22,
      size: 8,
      packetSize: 28,
      headerSize: 20,
      header: undefined,
    });
    expect(read(over4, last4)).toMatchObject({ offset: 16, isLast: true });
    expect(read(over4, `${last4}0000`)).toMatchObject({ size: 8 });
  });

  test('over IPv6', () => {
    expect(read(over6, first6)).toMatchObject({
      version: 6,
      id: 9,
      protocol: 0,
      offset: 0,
      isLast: false,
      dataAt: 50,
      size: 8,
      packetSize: 56,
      headerSize: 0,
      header: { at: 42, namedAt: 8, nextHeader: 17 },
    });
    expect(read(over6, behindHop6)).toMatchObject({
      offset: 16,
      isLast: true,
      headerSize: 8,
      header: { at: 50, namedAt: 42, nextHeader: 17 },
    });
  });
});

test.each([
  ['is whole', over4, whole4],
  ['is cut short', over4, middle4.slice(0, -4)],
  ['has a wrong checksum', over4, middle4.replace('46cc', '46cd')],
  ['carries nothing', over4, '4500 0014 0001 2002 40 11 46d4 0a000001 0a000002'],
  ['has a header that is too short', over4, middle4.replace('4500', '4400')],
  ['is another protocol', 0x0806, middle4],
  ['is whole behind a header for fragments', over6, first6.replace('11 00 0001', '11 00 0000')],
  ['is cut short', over6, first6.slice(0, -4)],
  ['carries nothing', over6, `60000000 0008 2c 40 ${addresses6} 11 00 0001 00000009`],
  ['ends in the header', over6, `60000000 0004 2c 40 ${addresses6} 11 00 0001`],
  ['has another header', over6, first6.replace('2c 40', '11 40')],
])('what %s is none', (_, type, text) => {
  expect(read(type, text)).toBeUndefined();
});

test('any bytes are a fragment within them, or none', () => {
  const random = seededRandom(5);
  for (let n = 0; n < 20_000; n++) {
    const bytes = Uint8Array.from({ length: random.u32() % 90 }, () => random.u32() & 0xff);
    if (bytes.length > 8) bytes[6] = random.u32() % 2 === 0 ? 44 : 0;
    const fragment = readFragment(new DataView(bytes.buffer), over6, 0, bytes.length);
    if (fragment !== undefined) expect(fragment.dataAt + fragment.size).toBeLessThanOrEqual(bytes.length);
  }
});
