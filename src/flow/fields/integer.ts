/** Integers as C's strtoul takes them: decimal, 0x and leading-zero octal. */
import { hexDigit } from '../../base/addresses.ts';

const zero = '0'.charCodeAt(0);
const x = 'x'.charCodeAt(0);

/** The one from `from` to `to` when it is decimal or hexadecimal and below 2^32; -1 for any other, and what is none. */
export function smallInteger(text: string, from = 0, to = text.length): number {
  const size = to - from;
  if (size <= 0 || size > 10) return -1;
  const isZero = text.charCodeAt(from) === zero;
  if (isZero && size === 1) return 0;
  const isHex = isZero && size > 2 && (text.charCodeAt(from + 1) | 0x20) === x;
  if (isZero && !isHex) return -1; // octal, or none
  const base = isHex ? 16 : 10;
  let value = 0;
  for (let at = isHex ? from + 2 : from; at < to; at++) {
    const digit = hexDigit(text.charCodeAt(at));
    if (digit < 0 || digit >= base) return -1;
    value = value * base + digit;
  }
  return value <= 0xffffffff ? value : -1;
}

/** undefined when the text is not exactly one. */
export function readInteger(text: string): bigint | undefined {
  const small = smallInteger(text);
  if (small >= 0) return BigInt(small);
  if (/^0[xX][0-9a-fA-F]+$/.test(text) || /^(0|[1-9][0-9]*)$/.test(text)) return BigInt(text);
  if (/^0[0-7]+$/.test(text)) return BigInt(`0o${text.slice(1)}`);
  return undefined;
}

/**
 * The number that a text begins with: hexadecimal of any length, where white space may stand between the digits, or
 * else of 64 bits, negative ones counted from the end. undefined for none; `value` is undefined where `size` bytes do
 * not hold it.
 */
export function readIntegerAhead(
  text: string,
  size: number,
): { readonly value: bigint | undefined; readonly rest: string } | undefined {
  const [all = '', hex, sign, digits = ''] =
    /^0x([0-9a-f \t\r\n]*)|^\s*([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)/i.exec(text) ?? [];
  if (all === '') return undefined;
  const plain = hex === undefined ? (readInteger(digits) ?? 0n) : BigInt(`0x0${hex.replaceAll(/\s/g, '')}`);
  const limit = BigInt(8 * (hex === undefined ? Math.min(8, size) : size));
  const value = sign === '-' && plain < 1n << 64n ? BigInt.asUintN(64, -plain) : plain;
  return { value: value >> limit === 0n ? value : undefined, rest: text.slice(all.length) };
}

/** Network order, `size` bytes; undefined when it does not fit. */
export function integerBytes(value: bigint, size: number): Uint8Array | undefined {
  if (value >> BigInt(8 * size) !== 0n) return undefined;
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let n = size - 1; n >= 0 && rest !== 0n; n--, rest >>= 8n) bytes[n] = Number(rest & 0xffn);
  return bytes;
}

export function integerOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

/** Hexadecimal with 0x, no leading zeros; zero is "0" as in C's %#x where `hasZeroPrefix` is false. */
export function formatHex(bytes: Uint8Array, hasZeroPrefix = true): string {
  const value = integerOf(bytes);
  return value === 0n && !hasZeroPrefix ? '0' : `0x${value.toString(16)}`;
}
