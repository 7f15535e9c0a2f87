import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Malformed } from '../../base/errors.ts';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { MessageWriter, type NetlinkMessage } from './message.ts';
import { parseRoute } from './route.ts';

interface Header {
  readonly family?: number;
  readonly prefix?: number;
  readonly scope?: number;
  readonly kind?: number;
}

/** struct rtmsg and its attributes. */
function message(
  { family = 2, prefix = 24, scope = 0, kind = 1 }: Header,
  attributes: Uint8Array,
): NetlinkMessage {
  const header = new MessageWriter()
    .u8(family)
    .u8(prefix)
    .u8(0)
    .u8(0)
    .u8(254)
    .u8(3)
    .u8(scope)
    .u8(kind)
    .u32(0);
  return of(header.bytes(attributes).finish());
}

function of(bytes: Uint8Array): NetlinkMessage {
  return {
    type: 24,
    flags: 0,
    sequence: 0,
    payload: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  };
}

const attributes = (): MessageWriter => new MessageWriter().attribute(1, [192, 0, 2, 0]).number(4, 7);

describe('a route of the kernel', () => {
  test('is read', () => {
    const gateway = attributes().attribute(5, [198, 51, 100, 1]).number(16, 9).finish();
    expect(parseRoute(message({}, gateway))).toEqual({
      destination: Uint8Array.of(192, 0, 2, 0),
      prefix: 24,
      ifindex: 7,
      gateway: Uint8Array.of(198, 51, 100, 1),
      isLocal: false,
      mark: 9,
    });
    const toEverywhere = new MessageWriter().number(4, 7).finish();
    expect(parseRoute(message({ family: 10, prefix: 0, kind: 2 }, toEverywhere))).toMatchObject({
      destination: new Uint8Array(16),
      isLocal: true,
      gateway: undefined,
    });
  });

  test('is passed over where it leads nowhere', () => {
    const all = attributes().finish();
    expect(parseRoute(message({ kind: 7 }, all))).toBeUndefined();
    expect(parseRoute(message({ scope: 255 }, all))).toBeUndefined();
    expect(parseRoute(message({ family: 28 }, all))).toBeUndefined();
    expect(parseRoute(message({}, new Uint8Array()))).toBeUndefined();
  });

  test('is malformed, or one whose prefix is in its address', () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(fc.constantFrom(2, 10), fc.nat(255), bytes, (family, prefix, rest) => {
        expectReadOrMalformed(() => {
          const route = parseRoute(message({ family, prefix }, rest));
          if (route !== undefined) expect(route.prefix).toBeLessThanOrEqual(8 * route.destination.length);
        });
      }),
    );
    expect(() => parseRoute(of(new Uint8Array(5)))).toThrow(Malformed);
  });
});
