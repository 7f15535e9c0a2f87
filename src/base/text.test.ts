import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  characterCount,
  compareBytes,
  decodeCString,
  decodeText,
  encodeText,
  firstByte,
  utf8Problem,
} from './text.ts';

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
/** Mostly bytes that begin or end characters, so that whole ones and broken ones come about. */
const byte = fc.oneof(
  fc.integer({ min: 0, max: 255 }),
  fc.constantFrom(0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc3, 0xe0, 0xed, 0xef, 0xf0, 0xf4),
);
const someBytes = fc.array(byte, { maxLength: 12 }).map((list) => Buffer.from(list));

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

describe('text of outside bytes', () => {
  it.each([
    ['c3 a9', 'é'],
    ['f0 9f 98 80', '😀'],
    ['ef bb bf 41', '\ufeffA'],
    ['ef bf bd', '\ufffd'],
    ['e9', '\udce9'],
    ['41 e9 41', 'A\udce9A'],
    ['ef bf bd e9', '\ufffd\udce9'],
    ['c0 80', '\udcc0\udc80'],
    ['ed a0 80', '\udced\udca0\udc80'],
    ['f4 90 80 80', '\udcf4\udc90\udc80\udc80'],
    ['c3 a9 c3', 'é\udcc3'],
  ])('of %s stands for each byte', (hex, text) => {
    expect(decodeText(bytesOf(hex))).toBe(text);
    expect(encodeText(text)).toEqual(bytesOf(hex));
  });

  test('gives back any bytes, and is well-formed where they are UTF-8', () => {
    fc.assert(
      fc.property(someBytes, (bytes) => {
        const text = decodeText(bytes);
        expect(encodeText(text)).toEqual(bytes);
        expect(text.isWellFormed()).toBe(isUtf8(bytes));
        expect(utf8Problem(text) === undefined).toBe(isUtf8(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test('is read from any view of memory, up to a NUL where it ends with one', () => {
    const memory = Uint8Array.of(1, 0xe9, 0xc3, 0xa9, 0, 0x41);
    expect(decodeText(memory.subarray(1, 4))).toBe('\udce9é');
    expect(decodeCString(memory.subarray(1))).toBe('\udce9é');
    expect(decodeCString(memory.subarray(1, 4))).toBe('\udce9é');
  });

  test('is compared as its bytes are', () => {
    fc.assert(
      fc.property(someBytes, someBytes, someBytes, (start, a, b) => {
        const [x, y] = [Buffer.concat([start, a]), Buffer.concat([start, b])];
        const expected = Buffer.compare(x, y);
        expect(Math.sign(compareBytes(decodeText(x), decodeText(y)))).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('has as many characters as code points', () => {
    expect([characterCount('é😀x'), characterCount('\udce9\udce9')]).toEqual([3, 2]);
  });

  test('shows one byte where the reference prints a char', () => {
    expect(['x', 'é', '😀'].map((text) => encodeText(firstByte(text)))).toEqual([
      Buffer.of(0x78),
      Buffer.of(0xc3),
      Buffer.of(0xf0),
    ]);
  });
});

describe('what is not UTF-8', () => {
  it.each([
    ['e9', '0xe9 0x00'],
    ['78 e9 79', '0xe9 0x79'],
    ['ff', '0xff'],
    ['80', '0x80'],
    ['c0 80', '0xc0'],
    ['c1 bf', '0xc1'],
    ['e0 9f bf', '0xe0 0x9f'],
    ['ed a0 80', '0xed 0xa0'],
    ['e2 82', '0xe2 0x82 0x00'],
    ['f0 8f bf bf', '0xf0 0x8f'],
    ['f4 90 80 80', '0xf4 0x90'],
    ['f0 9f 98 41', '0xf0 0x9f 0x98 0x41'],
    ['f5 80', '0xf5'],
  ])('is named by the bytes up to the first wrong one: %s', (hex, sequence) => {
    expect(utf8Problem(decodeText(bytesOf(hex)))).toBe(`invalid UTF-8 sequence ${sequence}`);
  });

  it('is found in strings that a program made, too', () => {
    expect(utf8Problem('a\ud800')).toBe('invalid UTF-8 sequence 0xed 0xa0');
    expect(utf8Problem('a\udc00')).toBe('invalid UTF-8 sequence 0xed 0xb0');
  });
});
