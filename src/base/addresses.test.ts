import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, formatIpv6, formatMac, readIpv4, readIpv6, readMac } from './addresses.ts';
import { expectReadOrMalformed } from './malformed-fixture.ts';

const rows: [hex: string, text: string][] = [
  ['00000000000000000000000000000000', '::'],
  ['00000000000000000000000000000001', '::1'],
  ['20010db8000000000000000000000001', '2001:db8::1'],
  ['20010db8000000010000000000000001', '2001:db8:0:1::1'],
  ['fe800000000000000000000000000000', 'fe80::'],
  ['00010002000300040005000600070008', '1:2:3:4:5:6:7:8'],
  ['00010000000300040005000600070008', '1:0:3:4:5:6:7:8'],
  ['00000000000000000000ffff0a000001', '::ffff:10.0.0.1'],
];

describe('addresses', () => {
  it.each(rows)('writes %s as %s and reads it back', (hex, text) => {
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
    expect(formatIpv6(bytes)).toBe(text);
    expect(readIpv6(text)).toEqual(bytes);
  });

  it('round-trips every address', () => {
    const pairs = [
      { size: 16, format: formatIpv6, read: readIpv6 },
      { size: 4, format: formatIpv4, read: readIpv4 },
      { size: 6, format: formatMac, read: readMac },
    ];
    for (const { size, format, read } of pairs) {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: size, maxLength: size }), (bytes) => {
          expect(read(format(bytes))).toEqual(bytes);
        }),
      );
    }
  });

  it('takes any text as an address or as Malformed', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('0', '1', 'f', ':', '.', '255') }));
    fc.assert(
      fc.property(text, fc.constantFrom(readIpv4, readIpv6, readMac), (t, read) => {
        expectReadOrMalformed(() => {
          expect(read(t)).toBeInstanceOf(Uint8Array);
        });
      }),
      { numRuns: 1000 },
    );
  });
});
