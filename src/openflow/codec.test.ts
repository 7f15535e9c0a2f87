import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Writer } from './bytes.ts';
import { decodeMessage, encodeMessage, headerSize, messageSize } from './codec.ts';
import { OpenFlowError } from './errors.ts';
import { type Message, messages } from './messages/index.ts';
import { allVersions, type WireVersion } from './versions.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const data = fc.uint8Array({ maxLength: 30 });
const version = fc.constantFrom(...allVersions);

/** Any message, with what the version can say of it. */
const anyMessage = (of: WireVersion): fc.Arbitrary<Message> =>
  fc.oneof(
    fc.constant({ name: 'HELLO', value: { versions: undefined } } as const),
    fc.subarray([...allVersions]).map((versions) => ({ name: 'HELLO', value: { versions } }) as const),
    data.map((value) => ({ name: 'ECHO_REQUEST', value: { data: value } }) as const),
    data.map((value) => ({ name: 'ECHO_REPLY', value: { data: value } }) as const),
    fc
      .constantFrom('FEATURES_REQUEST', 'GET_CONFIG_REQUEST', 'BARRIER_REQUEST', 'BARRIER_REPLY')
      .map((name) => ({ name, value: undefined }) as Message),
    fc.record({
      name: fc.constantFrom('GET_CONFIG_REPLY' as const, 'SET_CONFIG' as const),
      value: fc.record({
        fragments: fc.constantFrom(
          'normal' as const,
          'drop' as const,
          'reassemble' as const,
          'nx-match' as const,
        ),
        invalidTtlToController: of === 2 || of === 3 ? fc.boolean() : fc.constant(false),
        missSendLength: fc.integer({ min: 0, max: 0xffff }),
      }),
    }),
    data.map(
      (value) =>
        ({
          name: 'ERROR',
          value: { name: 'OFPBRC_BAD_LEN', numbers: { experimenter: 0, type: 1, code: 6 }, data: value },
        }) as const,
    ),
  );

describe('messages', () => {
  it('come back as they went, in every version', () => {
    fc.assert(
      fc.property(
        version.chain((of) => fc.tuple(fc.constant(of), anyMessage(of))),
        fc.nat(),
        ([of, message], xid) => {
          const to = new Writer(8);
          encodeMessage(to, of, message, xid);
          expect(messageSize(to.written)).toBe(to.size);
          expect(decodeMessage(to.written.slice())).toEqual({ ...message, version: of, xid });
        },
      ),
    );
  });

  it('are all in the test above', () => {
    const seen = new Set(fc.sample(anyMessage(4), 2000).map(({ name }) => name));
    expect(seen).toEqual(new Set(messages.map(({ name }) => name)));
  });

  test.each([
    ['errors of Nicira before 1.2', 1, '01010014 00000001 b0c20000 00002320 00010200'],
    ['errors of Nicira since 1.2', 4, '04010010 00000001 ffff0005 00002320'],
  ] as const)('have %s', (_, of, hex) => {
    const read = decodeMessage(bytes(hex));
    const to = new Writer();
    encodeMessage(to, of, read, 1);
    expect(Buffer.from(to.written).toString('hex')).toBe(hex.replaceAll(' ', ''));
  });

  test.each([
    ['07000008 00000001', 'OFPBRC_BAD_VERSION'],
    ['04630008 00000001', 'OFPBRC_BAD_TYPE'],
    ['04000009 00000001', 'OFPBRC_BAD_LEN'],
    ['04050009 00000001 00', 'OFPBRC_BAD_LEN'],
    ['04010008 00000001', 'OFPBRC_BAD_LEN'],
    ['04040010 00000001 00001234 00000001', 'OFPBRC_BAD_VENDOR'],
    ['04040010 00000001 00002320 00009999', 'OFPBRC_BAD_SUBTYPE'],
    ['04120010 00000001 7777000000000000', 'OFPBRC_BAD_STAT'],
    ['0409000c 00000001 00100000', 'OFPSCFC_BAD_FLAGS'],
  ] as const)('are refused: %s (%s)', (hex, errorName) => {
    expect(() => decodeMessage(bytes(hex))).toThrow(expect.objectContaining({ errorName }) as OpenFlowError);
  });

  it('are read, or refused in the words of OpenFlow, whatever they are', () => {
    const head = fc.record({ of: fc.integer({ min: 0, max: 7 }), type: fc.integer({ min: 0, max: 35 }) });
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 40 }), fc.boolean(), ({ of, type }, body, isLong) => {
        const all = Uint8Array.of(
          of,
          type,
          0,
          headerSize + body.length + (isLong ? 1 : 0),
          0,
          0,
          0,
          1,
          ...body,
        );
        try {
          expect(decodeMessage(all).version).toBe(of);
        } catch (error) {
          expect(error).toBeInstanceOf(OpenFlowError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
