/**
 * The text form of column values that the command line tools read, and the bare one that they print: `a, b`, `[a, b]`,
 * `{k=v}`, `"quoted"`, ranges `1-5`, `@name` for rows made by the same command line. ovs-vsctl(8) "Database Values".
 */

import { Refused } from '../../base/errors.ts';
import { trimSpaces } from '../../base/text.ts';
import { isUuid, zeroUuid } from '../../ovsdb/atom.ts';
import { checkAtom, formatAtom } from '../../ovsdb/engine/atom.ts';
import {
  atomsOf,
  datumOf,
  describeType,
  hasRepeatedKey,
  pairsOf,
  sortElements,
} from '../../ovsdb/engine/datum.ts';
import { OvsdbError } from '../../ovsdb/engine/errors.ts';
import type { BaseType, ColumnType, Datum } from '../../ovsdb/engine/types.ts';
import type { Integer, Scalar } from '../../ovsdb/schema-types.ts';
import { unescapeJson } from '../../rpc/json-escapes.ts';

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

const delimiters = ':=, []{}!<>';
const maxRangeSize = 4096n;

/** How many characters of a uuid `text` is the beginning of; 0 when it is none. */
export function partialUuidLength(text: string): number {
  const isPartial = /^[0-9a-f-]*$/i.test(text) && isUuid(text + zeroUuid.slice(text.length));
  return isPartial && text.length <= 36 ? text.length : 0;
}

/** Throws CommandFailed. */
export function readDatum(text: string, type: ColumnType, symbols: Symbols): Datum {
  const isMap = type.form === 'map';
  const cursor = new Cursor(text);
  const end = cursor.take(isMap ? '{' : '[') ? (isMap ? '}' : ']') : '';
  if (end === '' && cursor.isAtEnd)
    throw new CommandFailed(
      isMap ? 'use "{}" to specify the empty map' : 'use "[]" to specify the empty set',
    );
  const elements: (readonly Scalar[])[] = [];
  while (!cursor.isAtEnd && cursor.next !== end) {
    if (delimiters.includes(cursor.next)) {
      throw new CommandFailed(`${text}: unexpected "${cursor.next}" parsing ${describeType(type)}`);
    }
    elements.push(...readElements(cursor, type, symbols));
    cursor.skipSpaces();
    cursor.take(',');
  }
  if (cursor.next !== end) throw new CommandFailed(`${text}: missing "${end}" at end of data`);
  if (end !== '') {
    cursor.take(end);
    if (!cursor.isAtEnd) throw new CommandFailed(`${text}: trailing garbage after "${end}"`);
  }
  return checkedDatum(text, type, elements);
}

function checkedDatum(text: string, type: ColumnType, elements: readonly (readonly Scalar[])[]): Datum {
  const isMap = type.form === 'map';
  const specified = `${text}: ${elements.length} ${isMap ? 'pair(s)' : 'value(s)'} specified`;
  if (elements.length < type.min)
    throw new CommandFailed(`${specified} but the minimum number is ${type.min}`);
  if (elements.length > type.max)
    throw new CommandFailed(`${specified} but the maximum number is ${type.max}`);
  const atoms = sortElements(type, elements.flat());
  if (hasRepeatedKey(type, atoms))
    throw new CommandFailed(
      `${text}: ${isMap ? 'map contains duplicate key' : 'set contains duplicate value'}`,
    );
  return datumOf(type, atoms);
}

/** One atom or pair; several for a range of integers. */
function readElements(cursor: Cursor, type: ColumnType, symbols: Symbols): (readonly Scalar[])[] {
  const start = cursor.rest;
  const token = cursor.token();
  const keys =
    type.key.type === 'integer' ? readIntegers(token, type.key) : [readAtom(token, type.key, symbols)];
  if (type.value === undefined) return keys.map((key) => [key]);
  cursor.skipSpaces();
  if (cursor.next === '') throw new CommandFailed(`${start}: syntax error at "`); // the reference stops there too
  if (cursor.next !== '=')
    throw new CommandFailed(`${start}: syntax error at "${cursor.next}" expecting "="`);
  cursor.take('=');
  const value = readAtom(cursor.token(), type.value, symbols);
  return keys.map((key) => [key, value]);
}

/** Throws CommandFailed. */
export function readAtom(text: string, base: BaseType, symbols: Symbols): Scalar {
  const atom = readAnyAtom(text, base, symbols);
  checkConstraints(atom, base);
  return atom;
}

function readAnyAtom(text: string, base: BaseType, symbols: Symbols): Scalar {
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
        return symbols.refer(text, base.refTable === undefined ? undefined : base.refType);
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

function readIntegers(text: string, base: BaseType): Integer[] {
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

function readInteger(text: string): Integer | undefined {
  if (!/^[ \t-\r]*[-+]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(trimSpaces(text).replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? normal(value) : undefined;
}

function normal(value: bigint): Integer {
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : value;
}

function readReal(text: string): number | undefined {
  if (!/^[ \t-\r]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value + 0 : undefined;
}

/** Throws CommandFailed with the server's words for what it would refuse. */
function checkConstraints(atom: Scalar, base: BaseType): void {
  try {
    checkAtom(base, atom);
  } catch (why) {
    if (!(why instanceof OvsdbError)) throw why;
    fail(why.message);
  }
}

/** Without brackets and quotes; easier for scripts, but it cannot be read back for sure. */
export function formatBare({ key, value }: ColumnType, datum: Datum): string {
  const bare = (atom: Scalar, base: BaseType) =>
    typeof atom === 'string' ? atom : formatAtom(base.type, atom);
  const elements =
    value === undefined
      ? atomsOf(datum).map((atom) => bare(atom, key))
      : pairsOf(datum).map(([k, v]) => `${bare(k, key)}=${bare(v, value)}`);
  return elements.join(' ');
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
