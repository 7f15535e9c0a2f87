/**
 * JSON as OVSDB and unixctl speak it: 64-bit integers stay exact (`bigint` beyond 2^53), the text must be one object
 * or array, and errors carry the reference's words and position. Used by every JSON-RPC channel, by the log file and
 * by the tools. Follows RFC 8259 and RFC 7047 section 3.1; what is common goes through the language's own parser.
 */
import { Malformed } from '../base/errors.ts';
import { compareBytes, decodeText, encodeText } from '../base/text.ts';
import type { Json } from './channel.ts';
import { parseExactJson } from './json-exact.ts';
import { formatReal, isArray, type JsonObject, JsonReal } from './json-value.ts';

/** The text is not JSON. */
export class JsonError extends Malformed {
  override readonly name = 'JsonError';
  /** "line 0, column 5, byte 5: syntax error expecting value": what the reference's tools print. */
  readonly reason: string;

  constructor(at: number, reason: string) {
    super('JSON', at, reason);
    this.reason = reason;
  }
}

/** What the reference accepts; deeper input is an error. */
export const maxJsonDepth = 1000;

/** Parses one JSON object or array with nothing after it. Throws JsonError. */
export function parseJson(text: string | Uint8Array): Json {
  const source = typeof text === 'string' ? text : decodeText(text);
  const first = firstOf(source);
  const value = first === '{' || first === '[' ? parsePlainJson(source) : undefined;
  if (value !== undefined) return value;
  // The exact parser says where and why, if there is anything wrong at all.
  const bytes = typeof text === 'string' ? encodeText(text) : text;
  const outcome = parseExactJson(bytes, maxJsonDepth);
  if (outcome.error !== undefined) throw new JsonError(outcome.error.at, outcome.error.reason);
  return outcome.value;
}

/**
 * The value of a text that the language's own parser reads as we want; undefined for any other, which may still be
 * JSON.
 */
export function parsePlainJson(text: string): Json | undefined {
  if (needsExactParser(text)) return undefined;
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** The JSON text, short: no spaces, members in the object's own order. */
export function emitJson(value: Json): string {
  if (typeof value === 'string') return quote(value);
  try {
    const text = JSON.stringify(value);
    // It escapes what stands for a byte (`text.ts`), of which the reference writes the byte.
    if (!text.includes('\\ud')) return text;
  } catch (error) {
    // A bigint or a JsonReal is inside, or so many of those escapes that no string holds them.
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  }
  return formatJson(value);
}

export interface JsonFormat {
  /** Members in the order of their names' bytes. */
  readonly isSorted?: boolean;
  /** Two spaces a level, as the reference's --pretty. */
  readonly isPretty?: boolean;
}

/**
 * The JSON text exactly as the reference prints it: reals with 15 significant digits, optional sorting and indentation.
 */
export function formatJson(value: Json, format: JsonFormat = {}): string {
  const out: string[] = [];
  write(value, format, '\n', out);
  return out.join('');
}

/**
 * What the language's parser would silently read otherwise: integers it would round, reals of many digits or little
 * size, exponents, escapes of U+0000 and of half surrogate pairs. May say yes for text inside a string; that only costs
 * time. It must not for the addresses and uuids that a database is full of ("46:6e:12:..."), hence the look at what
 * ends an exponent.
 */
const suspicious =
  /[[,:\s]-?(?:[0-9.]{16}|0\.0000|[0-9.]+[eE][-+]?[0-9]+(?:[\s,\]}]|$))|\\u(?:0000|[dD][89a-fA-F])/;

function needsExactParser(text: string): boolean {
  return suspicious.test(text) || isTooDeep(text);
}

/** Only long runs of opening brackets can be too deep, so most texts are answered by their length. */
function isTooDeep(text: string): boolean {
  if (text.length <= 2 * maxJsonDepth) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) {
      i = endOfString(text, i + 1);
    } else if (c === 0x5b || c === 0x7b) {
      if (++depth > maxJsonDepth) return true;
    } else if (c === 0x5d || c === 0x7d) {
      depth--;
    }
  }
  return false;
}

/** The offset of the quote that ends the string whose text starts at `at`. */
function endOfString(text: string, at: number): number {
  for (let from = at; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c && quote - 1 - backslashes >= at) backslashes++;
    if (backslashes % 2 === 0) return quote;
    from = quote + 1;
  }
}

function firstOf(text: string): string {
  const first = text.charAt(0);
  return first === '{' || first === '[' ? first : text.trimStart().charAt(0);
}

function write(value: Json, format: JsonFormat, newLine: string, out: string[]): void {
  if (typeof value === 'string') out.push(quote(value));
  else if (typeof value === 'number') out.push(formatNumber(value));
  else if (value instanceof JsonReal) out.push(formatReal(value.value));
  else if (value === null || typeof value !== 'object') out.push(String(value));
  else if (isArray(value)) writeArray(value, format, newLine, out);
  else writeObject(value, format, newLine, out);
}

function formatNumber(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : formatReal(value);
}

function writeArray(value: readonly Json[], format: JsonFormat, newLine: string, out: string[]): void {
  const inner = `${newLine}  `;
  out.push('[');
  for (const [i, element] of value.entries()) {
    if (i > 0) out.push(',');
    if (format.isPretty === true) out.push(inner);
    write(element, format, inner, out);
  }
  out.push(']');
}

function writeObject(value: JsonObject, format: JsonFormat, newLine: string, out: string[]): void {
  const inner = `${newLine}  `;
  const members: [string, Json][] = Object.entries(value);
  if (format.isSorted === true) members.sort(([a], [b]) => compareBytes(a, b));
  out.push('{');
  if (format.isPretty === true && members.length === 0) out.push(inner);
  for (const [i, [name, member]] of members.entries()) {
    if (i > 0) out.push(',');
    if (format.isPretty === true) out.push(inner);
    out.push(quote(name), format.isPretty === true ? ': ' : ':');
    write(member, format, inner, out);
  }
  out.push('}');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes them
const mustBeEscaped = /["\\\u0000-\u001f]/g;

function quote(text: string): string {
  if (text.isWellFormed()) return JSON.stringify(text);
  return `"${text.replace(mustBeEscaped, (special) => JSON.stringify(special).slice(1, -1))}"`;
}
