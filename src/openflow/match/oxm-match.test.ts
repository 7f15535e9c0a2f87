import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { fields } from '../../flow/fields/index.ts';
import { newKey } from '../../flow/key.ts';
import { isSameMatch, type Match, packMatch } from '../../flow/match.ts';
import { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { allVersions } from '../versions.ts';
import { numberFor, writeOxmHeader } from './oxm.ts';
import { readOxmMatch } from './oxm-match.ts';
import { writeOxmMatch } from './oxm-match-writing.ts';

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function read(hex: string, isStrict = true, allowsCookie = false) {
  return readOxmMatch(new Reader(bytesOf(hex)), { isStrict, allowsCookie });
}

describe('a match as TLVs', () => {
  it('comes back the same in every version that knows its fields', () => {
    const chosen = [...fields.values()].filter(
      ({ needs, slot, isAlwaysMasked, meansOwnBits, name }) =>
        needs === undefined &&
        slot !== 'tun_metadata' &&
        isAlwaysMasked === undefined &&
        meansOwnBits === undefined &&
        !name.startsWith('x'),
    );
    fc.assert(
      fc.property(
        fc.subarray(chosen),
        fc.constantFrom(...allVersions),
        fc.integer(),
        (some, version, seed) => {
          const key = newKey();
          const mask = newKey();
          const hasNarrow = some.some(
            ({ format, isWholeSlot }) => format === 'ofPort32' || isWholeSlot === true,
          );
          const valueBits = hasNarrow ? 0xff : 0xffffffff;
          for (const { place, slot, isWholeSlot, numbers, format } of some) {
            const isPort = format === 'ofPort32';
            if (
              numbers.every(({ since }) => since > version) ||
              slot === 'packet_type' ||
              slot === 'actset_output'
            )
              continue;
            const bits = isWholeSlot === true ? 0xffffffff : place.bits << place.shift;
            for (let n = 0; n < place.wordCount; n++) {
              mask[place.word + n] = place.wordCount > 1 ? 0xffffffff : bits;
              key[place.word + n] =
                (mask[place.word + n] ?? 0) & (isPort || isWholeSlot === true ? 0xff : seed);
            }
          }
          // What was read of one match is used for the next with the same fields.
          for (const change of [0, 0x5a5a5a5a, 0xffffffff]) {
            const match = packMatch(
              key.map((word, n) => word ^ (change & valueBits & (mask[n] ?? 0))),
              mask,
            );
            const writer = new Writer(4);
            writeOxmMatch(writer, match, version);
            const back = readOxmMatch(new Reader(writer.written), { isStrict: true }).match;
            expect(isSameMatch(back, match)).toBe(true);
          }
        },
      ),
    );
  });

  it('has of ERSPAN versions the bits of the value as mask', () => {
    expect(isSameMatch(read('ffff1906 00002320 02ff').match, read('ffff1906 00002320 0202').match)).toBe(
      true,
    );
    expect(isSameMatch(read('ffff1805 00002320 02').match, read('ffff1906 00002320 0202').match)).toBe(true);
  });

  test.each([
    ['80000a02 08', 'OFPBMC_BAD_LEN'],
    ['80000a03 080000', 'OFPBMC_BAD_FIELD'],
    ['80000a02 0800 80000a02 0800', 'OFPBMC_DUP_FIELD'],
    ['80001604 0a000001', 'OFPBMC_BAD_PREREQ'],
    ['80000a02 0800 80001708 0a000001 ffffff00', 'OFPBMC_BAD_WILDCARDS'],
    ['80000b04 0800 ff00', 'OFPBMC_BAD_MASK'],
    ['80000a02 0800 80001001 40', 'OFPBMC_BAD_VALUE'],
    ['80000004 0000ff01', 'OFPBMC_BAD_VALUE'],
    ['80007e01 00', 'OFPBMC_BAD_FIELD'],
    ['00015108 00001234 0000ff00', 'OFPBMC_BAD_WILDCARDS'],
    ['00015001 05 00015001 06', 'OFPBMC_DUP_FIELD'],
    [
      [1, 2, 3].map((n) => `0001${(0x50 + 2 * n).toString(16)}7c ${'ab'.repeat(124)}`).join(' '),
      'OFPBMC_BAD_VALUE',
    ],
    ['ffff0202 0000', 'OFPBMC_BAD_LEN'],
    ['00013c08 0000000000000001', 'OFPBMC_BAD_FIELD'],
  ] as const)('is refused: %s (%s)', (hex, errorName) => {
    expect(() => read(hex)).toThrow(expect.objectContaining({ errorName }) as OpenFlowError);
  });

  test.each([
    ['80000a02 0800 80001604 0a000001', '80000a02 0806 80001604 0a000001', 'OFPBMC_BAD_PREREQ'],
    [
      '80000a02 0800 80001401 06 80001a02 0001',
      '80000a02 0800 80001401 11 80001a02 0001',
      'OFPBMC_BAD_PREREQ',
    ],
    [
      '80000a02 0800 80001708 0a000000 ffffff00',
      '80000a02 0800 80001708 0a000001 ffffff00',
      'OFPBMC_BAD_WILDCARDS',
    ],
    ['80000004 00000001', '80000004 0000ff01', 'OFPBMC_BAD_VALUE'],
    ['80000a02 0800 80001001 3f', '80000a02 0800 80001001 40', 'OFPBMC_BAD_VALUE'],
    ['80000c02 1005 80000e01 07', '80000c02 0005 80000e01 07', 'OFPBMC_BAD_PREREQ'],
  ] as const)('is refused where one with the same fields was not: %s, then %s', (good, bad, errorName) => {
    read(good);
    expect(() => read(bad)).toThrow(expect.objectContaining({ errorName }) as OpenFlowError);
    expect(isSameMatch(read(good).match, read(good).match)).toBe(true);
  });

  test.each([
    ['80000a02 0800 80001401 06 80001a02 0001', '80000a02 0800 80001401 06 80001a02 0050'],
    ['80000c02 1005 80000e01 07', '80000c02 1006 80000e01 01'],
    ['80000c02 1005', '80000c02 0000'],
    ['80000004 00000001', '80000004 fffffffd'],
    ['80000606 0102030405ff', '80000606 a1a2a3a4a5a6'],
    ['8000070c 010200000000 ffff00000000', '8000070c a1a200000000 ffff00000000'],
  ])('has its own values where one with the same fields came before: %s, then %s', (before, hex) => {
    const written = (match: Match): string => {
      const to = new Writer();
      writeOxmMatch(to, match, 4);
      return Buffer.from(to.written).toString('hex');
    };
    const alone = written(read(`${hex} 00015000`).match).replace('00015000', '');
    read(before);
    expect(written(read(hex).match)).toBe(alone);
    expect(alone).not.toBe(before.replaceAll(' ', ''));
  });

  test.each([
    ['00015004 00001234', '00015002 1234'],
    ['00015004 00000000', '00015000'],
    ['00015000', '00015000'],
    ['00015108 00001234 0000ffff', '00015104 1234 ffff'],
    ['00015108 00000000 00000000', '00015100'],
    ['00015100', '00015100'],
    [
      '00015a01 05 00015601 06 00012008 0000000000000005',
      '00012008 0000000000000005 00015601 06 00015a01 05',
    ],
  ])('has options of tunnels: %s comes back as %s', (hex, back) => {
    const to = new Writer();
    writeOxmMatch(to, read(hex).match, 1);
    expect(Buffer.from(to.written).toString('hex')).toBe(back.replaceAll(' ', ''));
  });

  it('passes over fields that nobody knows where the reader is not strict', () => {
    expect(read('80007e01 00 80000a02 0800', false).match.mask.words.length).toBe(2);
  });

  it('may have a cookie where Nicira lets it', () => {
    expect(read('00013c08 0000000000000005', true, true)).toMatchObject({
      cookie: 5n,
      cookieMask: 2n ** 64n - 1n,
    });
    expect(read('00013d10 0000000000000004 000000000000000c', true, true)).toMatchObject({
      cookie: 4n,
      cookieMask: 12n,
    });
  });

  it('reads any bytes, or says what is wrong with them in the words of OpenFlow', () => {
    const header = fc.constantFrom(...fields.values()).chain((field) => {
      const writer = new Writer();
      const number = numberFor(field, 6);
      return fc.boolean().map((hasMask) => {
        writer.reset();
        if (number !== undefined) writeOxmHeader(writer, number, field.bytes, hasMask);
        return writer.written.slice();
      });
    });
    const piece = fc.oneof(header, fc.uint8Array({ maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.boolean(), (pieces, isStrict) => {
        const bytes = Uint8Array.from(pieces.flatMap((part) => [...part]));
        try {
          const { match } = readOxmMatch(new Reader(bytes), { isStrict });
          expect(match.values.length).toBe(match.mask.words.length);
        } catch (error) {
          expect(error).toBeInstanceOf(OpenFlowError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
