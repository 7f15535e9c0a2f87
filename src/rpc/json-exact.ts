/**
 * The careful JSON parser behind `json.ts`: byte by byte, with exact 64-bit integers and the reference's error texts
 * and positions. Runs only for text that the language's own parser refuses or might read differently.
 */
import { decodeText } from '../base/text.ts';
import type { Json } from './channel.ts';
import { unescapeJson } from './json-escapes.ts';
import { JsonReal, realToJson } from './json-value.ts';

export type ExactOutcome =
  | { readonly error: undefined; readonly value: Json }
  | { readonly error: { readonly at: number; readonly reason: string } };

/** Parses all of `bytes` as one object or array, nested at most `maxDepth` deep. */
export function parseExactJson(bytes: Uint8Array, maxDepth: number): ExactOutcome {
  try {
    const parser = new Parser(bytes, maxDepth);
    return { error: undefined, value: parser.document() };
  } catch (error) {
    if (error instanceof Failure) return { error: { at: error.at, reason: error.message } };
    throw error;
  }
}

/** Leaves the parser on the first error. */
class Failure extends Error {
  readonly at: number;

  constructor(at: number, reason: string) {
    super(reason);
    this.at = at;
  }
}

type Punctuation = '[' | ']' | '{' | '}' | ':' | ',';
type Token =
  | { readonly kind: 'punctuation'; readonly mark: Punctuation }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'end' };

const end: Token = { kind: 'end' };
const punctuation: Readonly<Record<string, Token>> = Object.fromEntries(
  (['[', ']', '{', '}', ':', ','] as const).map((mark) => [mark, { kind: 'punctuation', mark }]),
);

class Parser {
  readonly #bytes: Uint8Array;
  readonly #maxDepth: number;
  #at = 0;
  /** Where an error about the last token is reported: its mark, its closing quote, or the byte after it. */
  #tokenAt = 0;
  #depth = 0;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
  }

  document(): Json {
    const token = this.#next();
    if (token.kind === 'end') this.#fail('empty input stream');
    if (token.kind !== 'punctuation' || (token.mark !== '{' && token.mark !== '[')) {
      this.#fail('syntax error at beginning of input');
    }
    const value = this.#value(token);
    if (this.#next().kind !== 'end') this.#fail('trailing garbage at end of input');
    return value;
  }

  #value(token: Token): Json {
    if (token.kind === 'string') return token.text;
    if (token.kind === 'value') return token.value;
    if (token.kind === 'punctuation' && token.mark === '[') return this.#nested(() => this.#array());
    if (token.kind === 'punctuation' && token.mark === '{') return this.#nested(() => this.#object());
    return this.#unexpected(token, 'syntax error expecting value');
  }

  #nested(parse: () => Json): Json {
    if (this.#depth >= this.#maxDepth) this.#fail(`input exceeds maximum nesting depth ${this.#maxDepth}`);
    this.#depth++;
    const value = parse();
    this.#depth--;
    return value;
  }

  #array(): Json {
    const elements: Json[] = [];
    for (let token = this.#next(); ; token = this.#next()) {
      if (elements.length === 0 && isMark(token, ']')) return elements;
      elements.push(this.#value(token));
      const next = this.#next();
      if (isMark(next, ']')) return elements;
      if (!isMark(next, ',')) this.#unexpected(next, "syntax error expecting ']' or ','");
    }
  }

  #object(): Json {
    const members: [string, Json][] = [];
    for (let token = this.#next(); ; token = this.#next()) {
      if (members.length === 0 && isMark(token, '}')) return {};
      if (token.kind !== 'string') this.#unexpected(token, 'syntax error parsing object expecting string');
      else {
        const colon = this.#next();
        if (!isMark(colon, ':')) this.#unexpected(colon, "syntax error parsing object expecting ':'");
        members.push([token.text, this.#value(this.#next())]);
      }
      const next = this.#next();
      if (isMark(next, '}')) return Object.fromEntries(members);
      if (!isMark(next, ',')) this.#unexpected(next, "syntax error expecting '}' or ','");
    }
  }

  #unexpected(token: Token, why: string): never {
    if (token.kind !== 'end') return this.#fail(why);
    // A number or keyword is only over with the byte after it, which the reference then counts.
    const last = this.#bytes[this.#bytes.length - 1] ?? 0;
    return this.#fail('unexpected end of input', isLetter(last) || isNumberByte(last) ? 1 : 0);
  }

  #next(): Token {
    const bytes = this.#bytes;
    while (isSpace(bytes[this.#at])) this.#at++;
    const start = this.#at;
    const c = bytes[start];
    this.#tokenAt = start;
    if (c === undefined) return end;
    if (c === 0x22) return this.#string(start + 1);
    if (c === 0x2d || isDigit(c)) return this.#number(start);
    if (c >= 0x61 && c <= 0x7a) return this.#keyword(start);
    const mark = punctuation[String.fromCharCode(c)];
    if (mark === undefined) return this.#fail(`invalid character ${nameOfByte(c)}`);
    this.#at++;
    return mark;
  }

  #keyword(start: number): Token {
    const word = this.#run(start, isLetter);
    if (word === 'true') return { kind: 'value', value: true };
    if (word === 'false') return { kind: 'value', value: false };
    if (word === 'null') return { kind: 'value', value: null };
    return this.#fail(`invalid keyword '${word}'`);
  }

  #number(start: number): Token {
    const word = this.#run(start, isNumberByte);
    const read = readNumber(word);
    if (typeof read === 'string') return this.#fail(read);
    return { kind: 'value', value: read };
  }

  /** Takes the bytes from `start` on that `belongs` accepts. */
  #run(start: number, belongs: (c: number) => boolean): string {
    let at = start;
    for (let c = this.#bytes[at]; c !== undefined && belongs(c); c = this.#bytes[at]) at++;
    this.#at = at;
    this.#tokenAt = at;
    return Buffer.from(this.#bytes.subarray(start, at)).toString('latin1');
  }

  #string(start: number): Token {
    const bytes = this.#bytes;
    let at = start;
    let hasEscapes = false;
    for (let c = bytes[at]; c !== 0x22; c = bytes[at]) {
      this.#tokenAt = at;
      if (c === undefined) return this.#fail('unexpected end of input in quoted string');
      if (c < 0x20) return this.#fail(`U+${hex4(c).toUpperCase()} must be escaped in quoted string`);
      if (c === 0x5c) {
        hasEscapes = true;
        at++;
      }
      at++;
    }
    this.#at = at + 1;
    this.#tokenAt = at;
    const raw = decodeText(bytes.subarray(start, at));
    if (!hasEscapes) return { kind: 'string', text: raw };
    const read = unescapeJson(raw);
    return read.error === undefined ? { kind: 'string', text: read.text } : this.#fail(read.error);
  }

  #fail(why: string, beyond = 0): never {
    const before = Buffer.from(this.#bytes.subarray(0, Math.min(this.#tokenAt, this.#bytes.length)));
    let line = 0;
    for (let at = before.indexOf(0x0a); at >= 0; at = before.indexOf(0x0a, at + 1)) line++;
    const byte = before.length + beyond;
    const column = byte - (before.lastIndexOf(0x0a) + 1);
    throw new Failure(byte, `line ${line}, column ${column}, byte ${byte}: ${why}`);
  }
}

const int64Max = 2n ** 63n;

/** What C's library reads without complaint: smaller ones are less exact, and the reference refuses them. */
const smallestReal = 2.2250738585072014e-308;

/**
 * The value of a number token, or what is wrong with it. An integer that is not safe in a double is a bigint.
 * Differs: the reference takes the integers from 2^64 to 2^64 + 3 for 0 to 3; here they are reals, as all beyond 64 bits.
 */
function readNumber(word: string): number | bigint | JsonReal | string {
  const parts = /^-?([0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]*)?/.exec(word);
  const [matched = '', whole = '', fraction = '', exponent = ''] = parts ?? [];
  if (/^0[0-9]/.test(whole)) return 'leading zeros not allowed';
  if (whole === '') return "'-' must be followed by digit";
  if (fraction === '.') return 'decimal point must be followed by digit';
  if (exponent !== '' && !/[0-9]$/.test(exponent)) return 'exponent must contain at least one digit';
  if (/[0-9]{10}/.test(exponent.replace(/^e[+-]?0*/i, ''))) return 'exponent outside valid range';
  if (matched !== word) return 'syntax error in number';
  const exact = readInteger(word.startsWith('-'), whole, fraction.slice(1), Number(exponent.slice(1)));
  if (exact !== undefined) return exact;
  const real = Number(word);
  const magnitude = Math.abs(real);
  if ((magnitude > 0 && magnitude < smallestReal) || !Number.isFinite(real))
    return 'number outside valid range';
  // Written with more digits than a double has, a real may look like an integer, which it is not.
  return !Number.isInteger(real) && realToJson(real) === real ? real : new JsonReal(real);
}

/** The number when it is an integer of 64 bits, in whatever form it was written ("1e3", "2.0"). */
function readInteger(
  isNegative: boolean,
  whole: string,
  fraction: string,
  exponent: number,
): number | bigint | undefined {
  const digits = (whole + fraction).replace(/^0+/, '');
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  const significant = digits.slice(0, end);
  if (significant === '') return 0;
  const power = digits.length - significant.length - fraction.length + exponent;
  if (power < 0 || significant.length + power > 19) return undefined;
  const magnitude = BigInt(significant) * 10n ** BigInt(power);
  if (magnitude > (isNegative ? int64Max : int64Max - 1n)) return undefined;
  const value = isNegative ? -magnitude : magnitude;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

function isMark(token: Token, mark: Punctuation): boolean {
  return token.kind === 'punctuation' && token.mark === mark;
}

function isSpace(c: number | undefined): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function isLetter(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a);
}

function isNumberByte(c: number): boolean {
  return isDigit(c) || c === 0x2e || c === 0x65 || c === 0x45 || c === 0x2d || c === 0x2b;
}

function nameOfByte(c: number): string {
  return c >= 0x20 && c < 0x7f ? `'${String.fromCharCode(c)}'` : `U+${hex4(c)}`;
}

function hex4(c: number): string {
  return c.toString(16).padStart(4, '0');
}
