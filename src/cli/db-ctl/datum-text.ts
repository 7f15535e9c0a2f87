/**
 * The text form of column values that the command line tools read and print: `a, b`, `[a, b]`, `{k=v}`, `"quoted"`,
 * ranges `1-5`, `@name` for rows made by the same command line. ovs-vsctl(8) "Database Values".
 */

import { Refused } from '../../base/errors.ts';
import { characterCount, trimSpaces, utf8Problem } from '../../base/text.ts';
import type { BaseTypeJson, Integer, TypeJson } from '../../ovsdb/schema-types.ts';
import { emitJson } from '../../rpc/json.ts';
import { unescapeJson } from '../../rpc/json-escapes.ts';
import { formatReal } from '../../rpc/json-value.ts';
import { type Atom, compareAtoms, type Datum, isMap, maxOf, minOf, setOf, sortedUnique } from './datum.ts';

/** Ends a command: the program prints "PROGRAM: message" and exits with 1. */
export class CommandFailed extends Refused {
  override readonly name = 'CommandFailed';
  constructor(message: string) {
    super('command', message);
  }
}

/** What `@name` stands for. */
export interface Symbols {
  /** The uuid of that name; `strength` tells how a column's reference to it is declared. */
  refer(name: string, strength: 'strong' | 'weak' | undefined): string;
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const delimiters = ':=, []{}!<>';
const maxRangeSize = 4096n;

export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** How many characters of a uuid `text` is the beginning of; 0 when it is none. */
export function partialUuidLength(text: string): number {
  const isPartial =
    /^[0-9a-f-]*$/i.test(text) &&
    uuidPattern.test(text + '00000000-0000-0000-0000-000000000000'.slice(text.length));
  return isPartial && text.length <= 36 ? text.length : 0;
}

/** Throws CommandFailed. */
export function readDatum(text: string, type: TypeJson, symbols: Symbols): Datum {
  const asMap = isMap(type);
  const cursor = new Cursor(text);
  const end = cursor.take(asMap ? '{' : '[') ? (asMap ? '}' : ']') : '';
  if (end === '' && cursor.isAtEnd)
    throw new CommandFailed(
      asMap ? 'use "{}" to specify the empty map' : 'use "[]" to specify the empty set',
    );
  const pairs: (readonly [Atom, Atom | undefined])[] = [];
  while (!cursor.isAtEnd && cursor.next !== end) {
    if (delimiters.includes(cursor.next)) {
      throw new CommandFailed(`${text}: unexpected "${cursor.next}" parsing ${describeType(type)}`);
    }
    pairs.push(...readElements(cursor, type, symbols));
    cursor.skipSpaces();
    cursor.take(',');
  }
  if (cursor.next !== end) throw new CommandFailed(`${text}: missing "${end}" at end of data`);
  if (end !== '') {
    cursor.take(end);
    if (!cursor.isAtEnd) throw new CommandFailed(`${text}: trailing garbage after "${end}"`);
  }
  return checkedDatum(text, type, pairs);
}

function checkedDatum(text: string, type: TypeJson, pairs: (readonly [Atom, Atom | undefined])[]): Datum {
  const asMap = isMap(type);
  const what = asMap ? 'pair(s)' : 'value(s)';
  const count = pairs.length;
  if (count < minOf(type))
    throw new CommandFailed(`${text}: ${count} ${what} specified but the minimum number is ${minOf(type)}`);
  if (count > maxOf(type))
    throw new CommandFailed(`${text}: ${count} ${what} specified but the maximum number is ${maxOf(type)}`);
  const datum = sortedUnique(pairs, asMap);
  if (datum === undefined)
    throw new CommandFailed(
      `${text}: ${asMap ? 'map contains duplicate key' : 'set contains duplicate value'}`,
    );
  return datum;
}

/** One atom or pair; several for a range of integers. */
function readElements(
  cursor: Cursor,
  type: TypeJson,
  symbols: Symbols,
): (readonly [Atom, Atom | undefined])[] {
  const start = cursor.rest;
  const token = cursor.token();
  const keys =
    type.key.type === 'integer' ? readIntegers(token, type.key) : [readAtom(token, type.key, symbols)];
  if (type.value === undefined) return keys.map((key) => [key, undefined]);
  cursor.skipSpaces();
  if (cursor.next === '') throw new CommandFailed(`${start}: syntax error at "`); // the reference stops there too
  if (cursor.next !== '=')
    throw new CommandFailed(`${start}: syntax error at "${cursor.next}" expecting "="`);
  cursor.take('=');
  const value = readAtom(cursor.token(), type.value, symbols);
  return keys.map((key) => [key, value]);
}

/** Throws CommandFailed. */
export function readAtom(text: string, base: BaseTypeJson, symbols: Symbols): Atom {
  const atom = readAnyAtom(text, base, symbols);
  checkConstraints(atom, base);
  return atom;
}

function readAnyAtom(text: string, base: BaseTypeJson, symbols: Symbols): Atom {
  switch (base.type) {
    case 'integer':
      return readInteger(text) ?? fail(`"${text}" is not a valid integer or range`);
    case 'real':
      return readReal(text) ?? fail(`"${text}" is not a valid real number`);
    case 'boolean':
      if (['true', 'yes', 'on', '1'].includes(text)) return true;
      if (['false', 'no', 'off', '0'].includes(text)) return false;
      return fail(`"${text}" is not a valid boolean (use "true" or "false")`);
    case 'string':
      return readString(text);
    case 'uuid':
      if (text.startsWith('@'))
        return symbols.refer(text, base.refTable === undefined ? undefined : (base.refType ?? 'strong'));
      return isUuid(text) ? text.toLowerCase() : fail(`"${text}" is not a valid UUID`);
  }
}

function readString(text: string): string {
  if (text === '') return fail('An empty string is not valid as input; use "" to represent the empty string');
  if (!text.startsWith('"')) return text;
  if (text.length < 2 || !text.endsWith('"')) return fail(`${text}: missing quote at end of quoted string`);
  const unescaped = unescapeJson(text.slice(1, -1));
  return unescaped.error === undefined ? unescaped.text : fail(`${text}: ${unescaped.error}`);
}

function readIntegers(text: string, base: BaseTypeJson): Atom[] {
  const range = /^([ \t-\r]*[-+]?[0-9]+)-([ \t-\r]*[-+]?[0-9]+)$/.exec(text);
  const first = readInteger(range?.[1] ?? text);
  const last = range === null ? first : readInteger(range[2] ?? '');
  if (first === undefined || last === undefined) return fail(`"${text}" is not a valid integer or range`);
  if (last < first) return fail(`"${text}" is not a valid range. Range end cannot be before start.`);
  checkConstraints(first, base);
  if (base.enum === undefined) checkConstraints(last, base);
  const size = BigInt(last) - BigInt(first);
  if (size >= maxRangeSize) {
    if (base.enum !== undefined) checkConstraints(normal(BigInt(first) + 1n), base);
    return fail(
      `constraint violation: Range "${first}-${last}" is too big. Maximum allowed size is ${maxRangeSize}.`,
    );
  }
  return Array.from({ length: Number(size) + 1 }, (_, i) => {
    const atom = normal(BigInt(first) + BigInt(i));
    if (base.enum !== undefined) checkConstraints(atom, base);
    return atom;
  });
}

function readInteger(text: string): number | bigint | undefined {
  if (!/^[ \t-\r]*[-+]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(trimSpaces(text).replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? normal(value) : undefined;
}

function normal(value: bigint): number | bigint {
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : value;
}

function readReal(text: string): number | undefined {
  if (!/^[ \t-\r]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value + 0 : undefined;
}

/** Throws CommandFailed with the server's words for what it would refuse. */
function checkConstraints(atom: Atom, base: BaseTypeJson): void {
  const { enum: allowed } = base;
  if (allowed !== undefined && !allowed[1].some((value) => value === atom)) {
    const valid = formatDatum({ key: { type: base.type }, min: 0, max: 'unlimited' }, setOf(...allowed[1]));
    fail(`constraint violation: ${formatAtom(atom, base.type)} is not one of the allowed values (${valid})`);
  }
  if (base.type === 'integer') checkRange(atom, base.minInteger, base.maxInteger);
  if (base.type === 'real') checkRange(atom, base.minReal, base.maxReal);
  if (base.type === 'string' && typeof atom === 'string') checkText(atom, base);
}

function checkRange(atom: Atom, min: Integer | undefined, max: Integer | undefined): void {
  const isLow = min !== undefined && compareAtoms(atom, min) < 0;
  const isHigh = max !== undefined && compareAtoms(atom, max) > 0;
  if (!isLow && !isHigh) return;
  if (min !== undefined && max !== undefined)
    fail(`constraint violation: ${atom} is not in the valid range ${min} to ${max} (inclusive)`);
  if (isLow) fail(`constraint violation: ${atom} is less than minimum allowed value ${min}`);
  fail(`constraint violation: ${atom} is greater than maximum allowed value ${max}`);
}

function checkText(
  text: string,
  { minLength = 0, maxLength = Number.POSITIVE_INFINITY }: BaseTypeJson,
): void {
  const problem = utf8Problem(text);
  if (problem !== undefined) fail(`constraint violation: not a valid UTF-8 string: ${problem}`);
  const count = characterCount(text);
  if (count < minLength)
    fail(`constraint violation: "${text}" length ${count} is less than minimum allowed length ${minLength}`);
  if (count > maxLength)
    fail(
      `constraint violation: "${text}" length ${count} is greater than maximum allowed length ${maxLength}`,
    );
}

export function formatDatum(type: TypeJson, datum: Datum): string {
  const valueType = type.value?.type;
  const elements = datum.keys.map((key, i) => {
    const text = formatAtom(key, type.key.type);
    return valueType === undefined ? text : `${text}=${formatAtom(datum.values?.[i] ?? '', valueType)}`;
  });
  const joined = elements.join(', ');
  if (maxOf(type) === 1 && elements.length > 0) return joined;
  return isMap(type) ? `{${joined}}` : `[${joined}]`;
}

/** Without brackets and quotes; easier for scripts, but it cannot be read back for sure. */
export function formatBare(type: TypeJson, datum: Datum): string {
  const bare = (atom: Atom, base: BaseTypeJson) =>
    typeof atom === 'string' ? atom : formatAtom(atom, base.type);
  const { value } = type;
  return datum.keys
    .map(
      (key, i) =>
        bare(key, type.key) + (value === undefined ? '' : `=${bare(datum.values?.[i] ?? '', value)}`),
    )
    .join(' ');
}

export function formatAtom(atom: Atom, type: BaseTypeJson['type']): string {
  if (type === 'string' && typeof atom === 'string') return needsQuotes(atom) ? emitJson(atom) : atom;
  if (type === 'real' && typeof atom === 'number') return formatReal(atom);
  return String(atom);
}

function needsQuotes(text: string): boolean {
  return !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) || text === 'true' || text === 'false' || isUuid(text);
}

/** "set of up to 5 strings", "map of (string, uuid) pairs". */
export function describeType(type: TypeJson): string {
  const min = minOf(type);
  const max = maxOf(type);
  if (min === 1 && max === 1 && !isMap(type)) return type.key.type;
  const what = isMap(type) ? 'map' : 'set';
  const size =
    max === Number.POSITIVE_INFINITY
      ? min > 0
        ? ` of ${min} or more`
        : ' of'
      : min > 0
        ? ` of ${min} to ${max}`
        : ` of up to ${max}`;
  return (
    what +
    size +
    (type.value === undefined ? ` ${type.key.type}s` : ` (${type.key.type}, ${type.value.type}) pairs`)
  );
}

/** Reads tokens off the front of a command line argument. */
export class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.skipSpaces();
  }

  /** The next character; '' at the end. */
  get next(): string {
    return this.#text[this.#at] ?? '';
  }

  get rest(): string {
    return this.#text.slice(this.#at);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Passes over `what`, and spaces after it, if it comes next. */
  take(what: string): boolean {
    if (what === '' || !this.#text.startsWith(what, this.#at)) return false;
    this.#at += what.length;
    this.skipSpaces();
    return true;
  }

  skipSpaces(): void {
    while (/^[ \t-\r]$/.test(this.next)) this.#at++;
  }

  /** Up to the next delimiter that is not quoted. Throws CommandFailed. */
  token(): string {
    const start = this.rest;
    let out = '';
    let isQuoted = false;
    while (!this.isAtEnd) {
      const c = this.next;
      if (c === '\\') {
        this.#at++;
        if (this.isAtEnd) throw new CommandFailed(`${start}: backslash at end of argument`);
        out += (isQuoted ? '\\' : '') + this.next;
      } else if (!isQuoted && delimiters.includes(c)) break;
      else {
        out += c;
        if (c === '"') isQuoted = !isQuoted;
      }
      this.#at++;
    }
    if (isQuoted) throw new CommandFailed(`${start}: quoted string extends past end of argument`);
    return out;
  }
}

function fail(message: string): never {
  throw new CommandFailed(message);
}
