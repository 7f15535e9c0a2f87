/**
 * Cuts a byte stream into JSON values: JSON-RPC has no framing, messages simply follow each other (RFC 7047
 * section 4). Used by the socket channel. Bounded: a message that grows or nests too far is an error.
 */

import { decodeText } from '../base/text.ts';
import type { Json } from './channel.ts';
import { JsonError, maxJsonDepth, parseJson, parsePlainJson } from './json.ts';

export interface JsonLimits {
  /** Bytes of one message. */
  readonly maxSize: number;
  readonly maxDepth: number;
}

export const defaultJsonLimits: JsonLimits = { maxSize: 256 * 1024 * 1024, maxDepth: maxJsonDepth };

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

export class JsonStream {
  readonly #limits: JsonLimits;
  /** Chunks of the unfinished message, in order. */
  #parts: Buffer[] = [];
  #size = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  constructor(limits: JsonLimits = defaultJsonLimits) {
    this.#limits = limits;
  }

  /** Bytes kept of an unfinished message. */
  get pendingSize(): number {
    return this.#size;
  }

  /**
   * Takes the next bytes and gives each message that is complete to `take`, in order. Keeps no reference to `chunk`'s
   * memory beyond an unfinished message. Throws JsonError; the stream is then useless.
   */
  feed(chunk: Uint8Array, take: (value: Json) => void): void {
    const bytes = asBuffer(chunk);
    const whole = this.#size === 0 ? this.#parseWhole(bytes) : undefined;
    if (whole !== undefined) {
      take(whole);
      return;
    }
    let start = 0;
    while (start < bytes.length) {
      const end = this.#scan(bytes, start);
      if (end < 0) {
        this.#keep(bytes.subarray(start));
        return;
      }
      const message = this.#size === 0 ? bytes.subarray(start, end) : this.#join(bytes.subarray(start, end));
      this.#reset();
      start = end;
      if (message.length > this.#limits.maxSize) this.#tooLong();
      if (!isBlank(message)) take(parseJson(message));
    }
  }

  /** The stream has ended: throws JsonError when it ends inside a message. */
  finish(): void {
    if (this.#size > 0) parseJson(this.#join(Buffer.alloc(0)));
  }

  /**
   * What most chunks are: one short message and nothing else. Too short to nest too deep, as two brackets make a level.
   */
  #parseWhole(bytes: Buffer): Json | undefined {
    const { maxSize, maxDepth } = this.#limits;
    const { length } = bytes;
    if (length > 2 * maxDepth || length > maxSize) return undefined;
    if (bytes[0] !== openBrace || bytes[length - 1] !== closeBrace) return undefined;
    return parsePlainJson(decodeText(bytes));
  }

  /** The offset after the message that ends in bytes[from..], or -1. */
  #scan(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#isInString) {
      at = this.#skipString(bytes, at);
      if (at < 0) return -1;
    }
    for (; at < bytes.length; at++) {
      const c = bytes[at];
      if (c === quote && this.#depth > 0) {
        this.#isInString = true;
        at = this.#skipString(bytes, at + 1) - 1;
        if (at < 0) return -1;
      } else if (c === 0x5b || c === 0x7b) {
        if (++this.#depth > this.#limits.maxDepth) return this.#broken(bytes, from, at + 1);
      } else if (c === 0x5d || c === 0x7d) {
        if (--this.#depth <= 0) return at + 1;
      } else if (this.#depth === 0 ? !isSpace(c) : !mayStandOutsideStrings(c)) {
        return this.#broken(bytes, from, at + 1);
      }
    }
    return -1;
  }

  /** The offset after the closing quote, or -1 when the string goes on in the next chunk. */
  #skipString(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#isEscaped && at < bytes.length) {
      this.#isEscaped = false;
      at++;
    }
    for (; at < bytes.length; at++) {
      const c = bytes[at];
      if (c === quote) {
        this.#isInString = false;
        return at + 1;
      }
      if (c === backslash && ++at >= bytes.length) this.#isEscaped = true;
    }
    return -1;
  }

  /** What is in hand cannot become JSON: lets the parser say why. */
  #broken(bytes: Buffer, from: number, end: number): never {
    const message = this.#join(bytes.subarray(from, end));
    parseJson(message);
    throw new JsonError(message.length, 'not JSON');
  }

  #keep(rest: Buffer): void {
    if (this.#size === 0 && isBlank(rest)) return;
    this.#size += rest.length;
    if (this.#size > this.#limits.maxSize) this.#tooLong();
    this.#parts.push(Buffer.from(rest));
  }

  #join(last: Buffer): Buffer {
    return Buffer.concat([...this.#parts, last]);
  }

  #reset(): void {
    this.#parts = [];
    this.#size = 0;
    this.#depth = 0;
    this.#isInString = false;
    this.#isEscaped = false;
  }

  #tooLong(): never {
    const { maxSize } = this.#limits;
    throw new JsonError(maxSize, `message is longer than the limit of ${maxSize} bytes`);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isSpace(c: number | undefined): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d;
}

function isBlank(bytes: Buffer): boolean {
  for (const c of bytes) if (!isSpace(c)) return false;
  return true;
}

const outside = new Uint8Array(256);
for (const c of ' \t\n\r:,+-.0123456789truefalsnE') outside[c.charCodeAt(0)] = 1;

/** Bytes of numbers, keywords and separators: anything else cannot belong to JSON. */
function mayStandOutsideStrings(c: number | undefined): boolean {
  return c !== undefined && outside[c] === 1;
}
