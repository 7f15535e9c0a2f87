/**
 * Finds the rows inside the JSON text of a log record without making an object of the whole: a record of a hundred
 * thousand rows would otherwise become an object with as many members, which is slow to make and to read. Used by the
 * replay.
 */

import { isAscii } from 'node:buffer';
import { decodeText } from '../../base/text.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { parseJson, parsePlainJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { syntaxError } from '../engine/errors.ts';

/** Calls `visit` for each row of each table, in their order; `row` makes its JSON when asked. */
export interface RecordView {
  /** Members of the record that are no tables of rows, such as "_date". */
  readonly notes: ReadonlyMap<string, Json>;
  forEachRow(visit: (table: string, uuid: string, row: Json) => void): void;
}

/** A record that was parsed as a whole. */
export function viewOf(record: JsonObject, isTable: (name: string) => boolean): RecordView {
  const names = Object.keys(record);
  const notes = new Map(names.filter((name) => !isTable(name)).map((name) => [name, record[name] ?? null]));
  return {
    notes,
    forEachRow(visit) {
      for (const name of names) {
        const rows = record[name];
        if (!isTable(name)) continue;
        if (!isObject(rows)) throw syntaxError(rows, 'object expected');
        for (const uuid of Object.keys(rows)) visit(name, uuid, rows[uuid] ?? null);
      }
    },
  };
}

/**
 * Looks at the bytes of a record. Undefined when they are not in the plain form that both implementations write: the
 * caller then parses them as a whole, which also finds what is wrong with them. `forEachRow` may throw JsonError.
 */
export function scanRecord(data: Buffer, isTable: (name: string) => boolean): RecordView | undefined {
  const short = data.length <= maxShortLength ? readShortRecord(data, isTable) : undefined;
  if (short !== undefined) return short;
  const scanner = new Scanner(data);
  return scanner.record(isTable) ? scanner.view(data) : undefined;
}

const maxShortLength = 4096;
const anyNote = String.raw`"(?:_is_diff":true|_date":[1-9][0-9]{0,14}|_comment":"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt])*")`;
const shortRecord = new RegExp(
  String.raw`^\{((?:${anyNote},)*)"([A-Za-z]\w*)":\{"([0-9a-f-]{36})":(\{.*\}|null)\}((?:,${anyNote})*)\}\n$`,
);
const noNotes: ReadonlyMap<string, Json> = new Map();
const onlyDiffNote: ReadonlyMap<string, Json> = new Map([['_is_diff', true]]);

/**
 * A record of one row, which most are: one regular expression takes it apart. What it takes for the row may be more
 * than that, but is then not JSON. Notes other than "_is_diff" tell the replay nothing and are left out.
 */
function readShortRecord(data: Buffer, isTable: (name: string) => boolean): RecordView | undefined {
  const match = shortRecord.exec(isAscii(data) ? data.toString('latin1') : decodeText(data));
  if (match === null) return undefined;
  const [, before = '', table = '', uuid = '', text = '', after = ''] = match;
  if (!isTable(table)) return undefined;
  const row = text === 'null' ? null : parsePlainJson(text);
  if (row === undefined) return undefined;
  const isDiff = isDiffNoted(after) || isDiffNoted(before);
  return { notes: isDiff ? onlyDiffNote : noNotes, forEachRow: (visit) => visit(table, uuid, row) };
}

/** A comment may contain the same words, but its quotes are escaped. */
function isDiffNoted(notes: string): boolean {
  return notes.includes('"_is_diff":true');
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;

class Scanner {
  readonly #data: Buffer;
  #at = 0;
  #isAscii = true;
  readonly #notes = new Map<string, Json>();
  readonly #tables: string[] = [];
  /** For each table, where its rows' entries end in #bounds. */
  readonly #ends: number[] = [];
  /** For each row: where its uuid's text starts, where its JSON starts and ends. */
  readonly #bounds: number[] = [];

  constructor(data: Buffer) {
    this.#data = data;
  }

  /** Scans the whole record; false when it is not in the plain form. */
  record(isTable: (name: string) => boolean): boolean {
    const isComplete = this.#members((start, end) => {
      const name = this.#data.toString('latin1', start, end);
      if (!isTable(name)) return this.#note(name);
      if (this.#tables.includes(name)) return false;
      const isRows = this.#members((uuidAt, uuidEnd) => uuidEnd - uuidAt === 36 && this.#row(uuidAt));
      this.#tables.push(name);
      this.#ends.push(this.#bounds.length);
      return isRows;
    });
    this.#skipSpace();
    return isComplete && this.#at === this.#data.length;
  }

  view(data: Buffer): RecordView {
    const tables = this.#tables;
    const ends = this.#ends;
    const bounds = this.#bounds;
    // Bytes of ASCII become text faster when nothing has to be decoded.
    const textOf = this.#isAscii ? asciiText : decodeText;
    return {
      notes: this.#notes,
      forEachRow(visit) {
        let at = 0;
        for (const [i, table] of tables.entries()) {
          for (const end = ends[i] ?? 0; at < end; at += 3) {
            const [uuidAt = 0, start = 0, stop = 0] = [bounds[at], bounds[at + 1], bounds[at + 2]];
            const uuid = data.toString('latin1', uuidAt, uuidAt + 36);
            visit(
              table,
              uuid,
              data[start] === openBrace ? parseJson(textOf(data.subarray(start, stop))) : null,
            );
          }
        }
      },
    };
  }

  #note(name: string): boolean {
    const start = this.#at;
    if (!this.#skipValue()) return false;
    const common = readPlainNote(this.#data, start, this.#at);
    if (common !== undefined) {
      this.#notes.set(name, common);
      return true;
    }
    try {
      const wrapped = parseJson(`[${decodeText(this.#data.subarray(start, this.#at))}]`);
      this.#notes.set(name, Array.isArray(wrapped) ? (wrapped[0] ?? null) : null);
      return true;
    } catch {
      return false; // the parser of the whole record says what is wrong
    }
  }

  #row(uuidAt: number): boolean {
    const start = this.#at;
    if (!this.#skipValue()) return false;
    const isNull = this.#at - start === 4 && this.#data.toString('latin1', start, this.#at) === 'null';
    if (!isNull && this.#data[start] !== openBrace) return false;
    this.#bounds.push(uuidAt, start, this.#at);
    return true;
  }

  /** Walks the members of the object at hand; `visit` gets where the name lies, and consumes the value. */
  #members(visit: (nameStart: number, nameEnd: number) => boolean): boolean {
    this.#skipSpace();
    if (this.#data[this.#at] !== openBrace) return false;
    this.#at++;
    this.#skipSpace();
    if (this.#data[this.#at] === closeBrace) {
      this.#at++;
      return true;
    }
    for (;;) {
      this.#skipSpace();
      const start = this.#at + 1;
      if (this.#data[this.#at] !== quote) return false;
      const end = this.#data.indexOf(quote, start);
      if (end < 0 || !isPlainName(this.#data, start, end)) return false;
      this.#at = end + 1;
      this.#skipSpace();
      if (this.#data[this.#at] !== colon) return false;
      this.#at++;
      this.#skipSpace();
      if (!visit(start, end)) return false;
      this.#skipSpace();
      const next = this.#data[this.#at++];
      if (next === closeBrace) return true;
      if (next !== comma) return false;
    }
  }

  /** Steps over one value, by its brackets; what is inside is left to the parser. */
  #skipValue(): boolean {
    const data = this.#data;
    const { length } = data;
    let depth = 0;
    let at = this.#at;
    for (; at < length; at++) {
      const c = data[at];
      if (c === quote) {
        at = this.#endOfString(at + 1);
      } else if (c === openBrace || c === 0x5b) {
        depth++;
      } else if (c === closeBrace || c === 0x5d) {
        if (depth === 0) break;
        if (--depth > 0) continue;
        at++;
        break;
      } else if (depth === 0 && c === comma) {
        break;
      }
    }
    const isFound = at < length && at > this.#at;
    this.#at = at;
    return isFound;
  }

  #endOfString(from: number): number {
    const data = this.#data;
    const { length } = data;
    for (let at = from; at < length; at++) {
      const c = data[at] ?? 0;
      if (c === quote) return at;
      if (c === backslash) at++;
      else if (c > 0x7f) this.#isAscii = false;
    }
    return length;
  }

  #skipSpace(): void {
    for (let c = this.#data[this.#at]; c === 0x20 || (c !== undefined && c >= 0x09 && c <= 0x0d); ) {
      c = this.#data[++this.#at];
    }
  }
}

function asciiText(bytes: Buffer): string {
  return bytes.toString('latin1');
}

/** The values that nearly every record has: true, and a number of a few digits. */
function readPlainNote(data: Buffer, start: number, end: number): Json | undefined {
  if (data[start] === 0x74) return data.toString('latin1', start, end) === 'true' ? true : undefined;
  let value = 0;
  if (end - start > 15 || data[start] === 0x30) return undefined;
  for (let at = start; at < end; at++) {
    const digit = (data[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** No escapes and nothing beyond ASCII, so that the bytes are the name. */
function isPlainName(data: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const c = data[at];
    if (c === undefined || c === backslash || c < 0x20 || c > 0x7e) return false;
  }
  return true;
}
