/**
 * Text that came from outside, byte for byte. What OVSDB, the command lines and the kernel call text is UTF-8 as a
 * rule, but nobody makes sure of it, and the reference passes on what it does not understand. So a string of ours can
 * carry any bytes: a byte that belongs to no character is the lone surrogate U+DC80..U+DCFF with the byte in its low
 * eight bits (as Python's "surrogateescape" has it), and becomes the same byte again when the text goes out.
 * `isWellFormed` tells such strings from the others. Every text that enters or leaves the process goes through here.
 */
import { isUtf8 } from 'node:buffer';

/** The text of `bytes`; every byte can be had back by `encodeText`. */
export function decodeText(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  // A byte that belongs to no character has become U+FFFD, which may also be meant.
  return text.includes('\ufffd') && !isUtf8(buffer) ? decodeBroken(buffer) : text;
}

/** The text up to the first NUL, or all of it. */
export function decodeCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The bytes of `text`. A surrogate that is alone and stands for no byte is encoded like any other code point. */
export function encodeText(text: string): Buffer {
  return text.isWellFormed() ? Buffer.from(text) : encodeBroken(text);
}

/** "invalid UTF-8 sequence 0xc3 0x28": the reference's words for the first bytes that form no character, if any do. */
export function utf8Problem(text: string): string | undefined {
  if (text.isWellFormed()) return undefined;
  const bytes = encodeBroken(text);
  for (let at = 0; at < bytes.length; ) {
    const size = characterSize(bytes, at);
    if (size < 0) {
      const sequence = Array.from({ length: -size }, (_, i) => hexByte(bytes[at + i] ?? 0));
      return `invalid UTF-8 sequence ${sequence.join(' ')}`;
    }
    at += size;
  }
  return undefined;
}

/** What the reference's messages show as a "character": one byte, also of a character that has more. */
export function firstByte(text: string): string {
  return decodeText(encodeText(text.slice(0, 2)).subarray(0, 1));
}

/** Without the white space at both ends. Of Unicode's spaces the C library knows these six, and JavaScript all. */
export function trimSpaces(text: string): string {
  return text.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '');
}

/** Letters of ASCII in lower case; the C library's tolower leaves all others alone. */
export function toLowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** How many bytes the text has, which is what printf pads by. */
export function byteLength(text: string): number {
  return text.isWellFormed() ? Buffer.byteLength(text) : encodeBroken(text).length;
}

/** Orders strings by their bytes, as strcmp does. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Units of a surrogate pair are no code points, and what stands for a byte has the order of that byte.
    return isSurrogate(x) || isSurrogate(y) ? Buffer.compare(encodeText(a), encodeText(b)) : x - y;
  }
  return a.length - b.length;
}

/** Characters of `text`; each byte that belongs to none counts as one. */
export function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Lone surrogates only: with the flag, a pair is one character that is none of these. */
const strayBytes = /([\udc80-\udcff]+)/u;
const loneSurrogates = /([\ud800-\udfff])/u;

function encodeBroken(text: string): Buffer {
  const parts = text.split(strayBytes);
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 1 ? Buffer.from(part, 'latin1') : encodeWithoutBytes(part))),
  );
}

/** No escape of JSON and no byte makes a lone surrogate, but a program that uses the library may. */
function encodeWithoutBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts = text.split(loneSurrogates);
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 1 ? threeBytes(part.charCodeAt(0)) : Buffer.from(part))),
  );
}

/** The form in which UTF-8 has a code point of 16 bits. */
export function threeBytes(code: number): Buffer {
  return Buffer.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
}

function decodeBroken(bytes: Buffer): string {
  let text = '';
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = characterSize(bytes, at);
    if (size > 0) {
      at += size;
      continue;
    }
    text += bytes.toString('utf8', start, at) + String.fromCharCode(0xdc00 | (bytes[at] ?? 0));
    start = ++at;
  }
  return text + bytes.toString('utf8', start);
}

/**
 * Bytes of the character at `at` (Unicode, table 3-7). Negative when there is none: as many bytes tell it, of which
 * the last one is wrong; behind the end is a zero.
 */
function characterSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return -1;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let i = 1; i < size; i++) {
    const next = bytes[at + i] ?? 0;
    const low = i === 1 ? (lowestSecond[first] ?? 0x80) : 0x80;
    const high = i === 1 ? (highestSecond[first] ?? 0xbf) : 0xbf;
    if (next < low || next > high) return -(i + 1);
  }
  return size;
}

/** First bytes that do not take every second byte: longer forms than needed, surrogates, what is beyond U+10FFFF. */
const lowestSecond: Readonly<Record<number, number>> = { 224: 0xa0, 240: 0x90 };
const highestSecond: Readonly<Record<number, number>> = { 237: 0x9f, 244: 0x8f };

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
