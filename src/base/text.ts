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

// The two below make nothing per character: a peer may send a long text of nothing but stray bytes.

function encodeBroken(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(3 * text.length);
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80 || (unit >= 0xdc80 && unit <= 0xdcff)) {
      bytes[size++] = unit & 0xff;
      continue;
    }
    const code = isSurrogate(unit) ? (text.codePointAt(at) ?? 0) : unit;
    if (code > 0xffff) at++; // two units
    size = putCode(bytes, size, code);
  }
  return bytes.subarray(0, size);
}

/** Puts the code point's UTF-8 at `at`; returns where it ends. Half a surrogate pair has the three bytes of its range. */
function putCode(bytes: Buffer, at: number, code: number): number {
  let end = at;
  if (code < 0x80) {
    bytes[end++] = code;
    return end;
  }
  if (code < 0x800) bytes[end++] = 0xc0 | (code >> 6);
  else {
    if (code < 0x10000) bytes[end++] = 0xe0 | (code >> 12);
    else {
      bytes[end++] = 0xf0 | (code >> 18);
      bytes[end++] = 0x80 | ((code >> 12) & 0x3f);
    }
    bytes[end++] = 0x80 | ((code >> 6) & 0x3f);
  }
  bytes[end++] = 0x80 | (code & 0x3f);
  return end;
}

/** The text of the three bytes in which UTF-8 would have half a surrogate pair. */
export function halfPair(code: number): string {
  const bytes = [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
  return String.fromCharCode(...bytes.map((byte) => 0xdc00 | byte));
}

function decodeBroken(bytes: Buffer): string {
  const units = new Uint16Array(bytes.length);
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = characterSize(bytes, at);
    if (size < 0) {
      units[count++] = 0xdc00 | (bytes[at++] ?? 0);
      continue;
    }
    const code = codeAt(bytes, at, size);
    at += size;
    if (code > 0xffff) units[count++] = 0xd7c0 + (code >> 10);
    units[count++] = code > 0xffff ? 0xdc00 | (code & 0x3ff) : code;
  }
  return Buffer.from(units.buffer, 0, 2 * count).toString('utf16le');
}

/** The code point of a character of that many bytes. */
function codeAt(bytes: Buffer, at: number, size: number): number {
  let code = bytes[at] ?? 0;
  if (size > 1) code &= 0x7f >> size;
  for (let i = 1; i < size; i++) code = (code << 6) | ((bytes[at + i] ?? 0) & 0x3f);
  return code;
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
    if (next < 0x80 || next > 0xbf || (i === 1 && !mayFollow(first, next))) return -(i + 1);
  }
  return size;
}

/** Some first bytes do not take every second byte: longer forms than needed, surrogates, what is beyond U+10FFFF. */
function mayFollow(first: number, second: number): boolean {
  if (first === 0xe0) return second >= 0xa0;
  if (first === 0xed) return second <= 0x9f;
  if (first === 0xf0) return second >= 0x90;
  return first !== 0xf4 || second <= 0x8f;
}

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
