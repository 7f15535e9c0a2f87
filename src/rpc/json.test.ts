import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText, encodeText } from '../base/text.ts';
import type { Json } from './channel.ts';
import { emitJson, formatJson, JsonError, parseJson, parsePlainJson } from './json.ts';
import { JsonStream } from './json-stream.ts';
import { formatReal, JsonReal } from './json-value.ts';

const reasonOf = (text: string): string => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) return error.reason;
    throw error;
  }
  return 'accepted';
};

describe('parseJson', () => {
  it.each([
    ['[1, 1.0, 1e3, -0]', [1, 1, 1000, 0]],
    ['[9007199254740993, -9223372036854775808]', [9007199254740993n, -9223372036854775808n]],
    ['[9223372036854775808]', [new JsonReal(2 ** 63)]],
    ['[0.5, 0.1, 12.5e3]', [0.5, 0.1, 12500]],
    [
      '[1.00000000000000000001, 1e300, 0.00001, 0.30000000000000004]',
      [1, 1e300, 1e-5, 0.1 + 0.2].map((real) => new JsonReal(real)),
    ],
    ['[1e18]', [10n ** 18n]],
    ['{"a":1E+18\n}', { a: 10n ** 18n }],
    ['{"a":"\\ud83d\\ude00","b":[{}],"c":null}', { a: '😀', b: [{}], c: null }],
    ['{"a":1,"a":2}', { a: 2 }],
  ])('reads %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it.each([
    ['', 'line 0, column 0, byte 0: empty input stream'],
    ['12', 'line 0, column 2, byte 2: syntax error at beginning of input'],
    ['[1,]', 'line 0, column 3, byte 3: syntax error expecting value'],
    ['[1 2]', "line 0, column 4, byte 4: syntax error expecting ']' or ','"],
    ['{1:2}', 'line 0, column 2, byte 2: syntax error parsing object expecting string'],
    ['{"a" 2}', "line 0, column 6, byte 6: syntax error parsing object expecting ':'"],
    ['{"a":2 3}', "line 0, column 8, byte 8: syntax error expecting '}' or ','"],
    ['[', 'line 0, column 1, byte 1: unexpected end of input'],
    ['{"a":true', 'line 0, column 10, byte 10: unexpected end of input'],
    ['[12', 'line 0, column 4, byte 4: unexpected end of input'],
    ['["a', 'line 0, column 3, byte 3: unexpected end of input in quoted string'],
    ['[\n  @]', "line 1, column 2, byte 4: invalid character '@'"],
    ['[truth]', "line 0, column 6, byte 6: invalid keyword 'truth'"],
    ['[01]', 'line 0, column 3, byte 3: leading zeros not allowed'],
    ['[-]', "line 0, column 2, byte 2: '-' must be followed by digit"],
    ['[1.]', 'line 0, column 3, byte 3: decimal point must be followed by digit'],
    ['[1e]', 'line 0, column 3, byte 3: exponent must contain at least one digit'],
    ['[1e400]', 'line 0, column 6, byte 6: number outside valid range'],
    ['["\\u0000"]', 'line 0, column 8, byte 8: null bytes not supported in quoted strings'],
    ['["\\ud800"]', 'line 0, column 8, byte 8: malformed escaped surrogate pair'],
    ['["\\x"]', 'line 0, column 4, byte 4: bad escape \\x'],
    ['[]]', 'line 0, column 2, byte 2: trailing garbage at end of input'],
    ['["\t"]', 'line 0, column 2, byte 2: U+0009 must be escaped in quoted string'],
    ['['.repeat(1001), 'line 0, column 1000, byte 1000: input exceeds maximum nesting depth 1000'],
    [
      `${'['.repeat(1001)}${']'.repeat(1001)}`,
      'line 0, column 1000, byte 1000: input exceeds maximum nesting depth 1000',
    ],
  ])('says what is wrong with %.30j', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it.each([
    ['["\\é"]', 'line 0, column 5, byte 5: bad escape \\\udcc3'],
    ['["\\u00é"]', 'line 0, column 8, byte 8: malformed \\u escape'],
    ['["\\u0é"]', 'line 0, column 7, byte 7: quoted string ends within \\u escape'],
    ['[é]', 'line 0, column 1, byte 1: invalid character U+00c3'],
    ['\ufeff[]', 'line 0, column 0, byte 0: invalid character U+00ef'],
    ['\u00a0[]', 'line 0, column 0, byte 0: invalid character U+00c2'],
  ])('counts bytes and not characters in %j', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it('keeps the bytes of strings that are not UTF-8', () => {
    const byte = fc.constantFrom(
      0x20,
      0x41,
      0x75,
      0x64,
      0x80,
      0xbf,
      0xc3,
      0xa9,
      0xed,
      0xa0,
      0xb8,
      0xf0,
      0xff,
    );
    fc.assert(
      fc.property(fc.array(byte), fc.boolean(), (list, isExact) => {
        const inner = Buffer.from(list);
        const head = isExact ? '["\\u0041' : '["A'; // an escape of U+0041 changes nothing but the parser
        const bytes = Buffer.concat([Buffer.from(head), inner, Buffer.from('"]')]);
        const parsed = parseJson(bytes);
        expect(parsed).toEqual([`A${decodeText(inner)}`]);
        expect(encodeText(emitJson(parsed))).toEqual(
          Buffer.concat([Buffer.from('["A'), inner, Buffer.from('"]')]),
        );
        expect(formatJson(parsed)).toBe(emitJson(parsed));
      }),
    );
  });

  it('writes control characters beside bytes that are not UTF-8 as it does elsewhere', () => {
    const text = '"\\\u0001\n\u007f\u0085\u2028';
    expect(emitJson(`${text}\udcff`)).toBe(`${JSON.stringify(text).slice(0, -1)}\udcff"`);
    expect(emitJson([`${text}\udcff`])).toBe(`[${JSON.stringify(text).slice(0, -1)}\udcff"]`);
  });

  it('keeps half a surrogate pair as the three bytes that the reference makes of it', () => {
    expect(parseJson('["\\ude00", "\\uDC80"]')).toEqual(['\udced\udcb8\udc80', '\udced\udcb2\udc80']);
    expect(emitJson(['\\ude00', '\\\udce9'])).toBe('["\\\\ude00","\\\\\udce9"]');
  });

  it('leaves addresses in strings to the fast parser', () => {
    const text = '{"mac_in_use":"46:6e:12:7e:1e:2e","ip6":"fe80::1e2:4e5"}';
    expect(parsePlainJson(text)).toEqual(JSON.parse(text));
    expect(parsePlainJson('{"a":1e18}')).toBeUndefined();
  });

  it('reads random bytes or throws JsonError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[[\]{}",:0-9eE.\\u+-]*$/)), (text) => {
        expect(['accepted', 'line']).toContain(reasonOf(text).slice(0, 8).split(' ')[0]);
      }),
    );
  });
});

describe('formatJson', () => {
  it('sorts and indents as the reference does', () => {
    const value: Json = { b: [1, []], a: {} };
    expect(formatJson(value, { isSorted: true, isPretty: true })).toBe(
      '{\n  "a": {\n    },\n  "b": [\n    1,\n    []]}',
    );
  });

  it.each([
    [0.1 + 0.2, '0.3'],
    [1e-7, '1e-07'],
    [1e300, '1e+300'],
    [123456.789, '123456.789'],
    [1e15, '1e+15'],
    [-2.5, '-2.5'],
  ])('prints the real %d as C does', (value, text) => {
    expect(formatReal(value)).toBe(text);
  });

  it('prints integers exactly, and reals as C does, among other values', () => {
    const value: Json = [9007199254740993n, 2 ** 53 - 1, new JsonReal(1), { a: new JsonReal(1e300) }, 0.5];
    expect(emitJson(value)).toBe('[9007199254740993,9007199254740991,1,{"a":1e+300},0.5]');
  });

  it('gives back every number as an exact integer of 64 bits or with 15 digits', () => {
    const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,24})$/);
    const fraction = fc.stringMatching(/^(\.[0-9]{1,24})?$/);
    const exponent = fc.stringMatching(/^([eE][-+]?[0-9]{1,2})?$/);
    fc.assert(
      fc.property(fc.constantFrom('', '-'), digits, fraction, exponent, (sign, whole, part, power) => {
        const literal = `${sign}${whole}${part}${power}`;
        const integer = integerOf(literal);
        const real = Number(literal);
        const isInteger = integer !== undefined && BigInt.asIntN(64, integer) === integer;
        const text = `[${isInteger ? integer : formatReal(real)}]`;
        expect(emitJson(parseJson(`[${literal}]`))).toBe(text);
        expect(formatJson(parseJson(`[${literal}]`))).toBe(text);
      }),
    );
  });

  it('gives back what was parsed', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ noUnicodeString: false })), (value) => {
        const text = JSON.stringify(value);
        fc.pre(
          !text.includes('e-') && !text.includes('e+') && !text.includes('.') && !/\\u(0000|d)/.test(text),
        );
        // What does not fit 64 bits is a real, of which 15 digits are written.
        const wholes = (text.match(/-?\d+/g) ?? []).map(BigInt);
        fc.pre(wholes.every((whole) => whole === BigInt.asIntN(64, whole)));
        expect(JSON.parse(emitJson(parseJson(text)))).toEqual(JSON.parse(text));
      }),
      { numRuns: 50 },
    );
  });
});

/** The integer that a literal stands for, by way of a fraction of two integers. */
function integerOf(literal: string): bigint | undefined {
  const [mantissa = '', power = '0'] = literal.toLowerCase().split('e');
  const [whole = '', part = ''] = mantissa.split('.');
  const shift = Number(power) - part.length;
  const numerator = BigInt(whole + part) * 10n ** BigInt(Math.max(shift, 0));
  const denominator = 10n ** BigInt(Math.max(-shift, 0));
  return numerator % denominator === 0n ? numerator / denominator : undefined;
}

describe('JsonStream', () => {
  it('finds the same messages however the bytes are cut', () => {
    const messages: Json[] = [{ a: 'x"y\\' }, [1, '[{', [2]], { b: '😀' }, ['é\udce9'], []];
    const bytes = encodeText(messages.map((m) => emitJson(m)).join(' \n'));
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const stream = new JsonStream();
        const found: Json[] = [];
        for (const [i, start] of at.entries())
          stream.feed(bytes.subarray(start, at[i + 1]), (m) => found.push(m));
        expect(found).toEqual(messages);
        expect(stream.pendingSize).toBe(0);
      }),
    );
  });

  it.each(['x', '{"a":@', ']', '"text"'])('refuses %j at once', (text) => {
    expect(() => new JsonStream().feed(Buffer.from(text), () => {})).toThrow(JsonError);
  });

  it('refuses a message beyond its limits', () => {
    const stream = new JsonStream({ maxSize: 10, maxDepth: 2 });
    expect(() => stream.feed(Buffer.from('["0123456789'), () => {})).toThrow('limit of 10 bytes');
    expect(() =>
      new JsonStream({ maxSize: 10, maxDepth: 2 }).feed(Buffer.from('[[[]]]'), () => {}),
    ).toThrow();
  });
});
