import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Malformed } from '../../base/errors.ts';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { parseAddress } from './address.ts';
import { MessageWriter, type NetlinkMessage } from './message.ts';

/** struct ifaddrmsg and its attributes. */
function message(family: number, prefix: number, attributes: Uint8Array): NetlinkMessage {
  return of(new MessageWriter().u8(family).u8(prefix).u8(0).u8(0).u32(7).bytes(attributes).finish());
}

function of(bytes: Uint8Array): NetlinkMessage {
  const payload = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { type: 20, flags: 0, sequence: 0, payload };
}

describe('an address of the kernel', () => {
  test('is read; of a link between two points, the own one', () => {
    const own = new MessageWriter().attribute(1, [192, 0, 2, 9]).attribute(2, [192, 0, 2, 1]).finish();
    expect(parseAddress(message(2, 24, own))).toEqual({
      address: Uint8Array.of(192, 0, 2, 1),
      prefix: 24,
      ifindex: 7,
    });
    const six = new MessageWriter().attribute(1, new Array(16).fill(3)).finish();
    expect(parseAddress(message(10, 64, six))?.address).toEqual(new Uint8Array(16).fill(3));
    expect(parseAddress(message(28, 64, six))).toBeUndefined();
  });

  test('is malformed, or one whose prefix is in it', () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(fc.constantFrom(2, 10), fc.nat(255), bytes, (family, prefix, rest) => {
        expectReadOrMalformed(() => {
          const read = parseAddress(message(family, prefix, rest));
          if (read !== undefined) expect(read.prefix).toBeLessThanOrEqual(8 * read.address.length);
        });
      }),
    );
    expect(() => parseAddress(of(new Uint8Array(5)))).toThrow(Malformed);
  });
});
