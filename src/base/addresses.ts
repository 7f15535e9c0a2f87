/** Ethernet and IP addresses as text. Bytes are in network order. */
import { Malformed } from './errors.ts';

const byteTexts = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function formatMac(bytes: ArrayLike<number>): string {
  let text = '';
  for (let n = 0; n < bytes.length; n++) text += `${n === 0 ? '' : ':'}${byteTexts[bytes[n] ?? 0]}`;
  return text;
}

/** Throws Malformed unless it is six groups of one or two digits. */
export function readMac(text: string): Uint8Array {
  const mac = macNumber(text);
  if (mac < 0) throw new Malformed('Ethernet address', 0, `"${text}" is not like 00:11:22:33:44:55`);
  return bytesOf(mac, 6);
}

function bytesOf(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let n = size - 1, rest = number; n >= 0; n--, rest = Math.floor(rest / 256)) bytes[n] = rest % 256;
  return bytes;
}

const colon = ':'.charCodeAt(0);
const dot = '.'.charCodeAt(0);
const zero = '0'.charCodeAt(0);

/** By their codes; -1 for all other characters. */
const hexDigits = new Int8Array(128).fill(-1);
for (const [digit, c] of [...'0123456789abcdef'].entries())
  for (const either of [c, c.toUpperCase()]) hexDigits[either.charCodeAt(0)] = digit;

/** The value of a hexadecimal digit by its code; -1 for what is none. */
export function hexDigit(code: number): number {
  return hexDigits[code] ?? -1;
}

/** The address from `from` to `to`, six groups of one or two digits, as 48 bits; -1 where that is none. */
export function macNumber(text: string, from = 0, to = text.length): number {
  let mac = 0;
  let groupCount = 1;
  let digitCount = 0;
  let byte = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === colon) {
      if (digitCount === 0 || ++groupCount > 6) return -1;
      mac = mac * 256 + byte;
      digitCount = byte = 0;
      continue;
    }
    const digit = hexDigit(code);
    if (digit < 0 || ++digitCount > 2) return -1;
    byte = byte * 16 + digit;
  }
  return groupCount === 6 && digitCount > 0 ? mac * 256 + byte : -1;
}

/** The dotted quad from `from` to `to` as 32 bits; -1 where that is none. */
export function ipv4Number(text: string, from = 0, to = text.length): number {
  let address = 0;
  let partCount = 1;
  let digitCount = 0;
  let byte = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === dot) {
      if (digitCount === 0 || ++partCount > 4) return -1;
      address = address * 256 + byte;
      digitCount = byte = 0;
      continue;
    }
    const digit = code - zero;
    if (digit < 0 || digit > 9 || ++digitCount > 3) return -1;
    byte = byte * 10 + digit;
    if (byte > 255) return -1;
  }
  return partCount === 4 && digitCount > 0 ? address * 256 + byte : -1;
}

export function formatIpv4(bytes: ArrayLike<number>): string {
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
}

/** Throws Malformed unless it is a dotted quad. */
export function readIpv4(text: string): Uint8Array {
  const address = ipv4Number(text);
  if (address < 0) throw new Malformed('IPv4 address', 0, `"${text}" is not like 192.0.2.1`);
  return bytesOf(address, 4);
}

/** RFC 5952: lower case, the longest run of two or more zero groups shortened; mapped IPv4 as dotted quad. */
export function formatIpv6(bytes: ArrayLike<number>): string {
  const groups = Array.from({ length: 8 }, (_, n) => ((bytes[2 * n] ?? 0) << 8) | (bytes[2 * n + 1] ?? 0));
  const isMapped = groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff;
  if (isMapped) return `::ffff:${formatIpv4(Array.from(bytes).slice(12))}`;
  let best = { at: -1, size: 1 };
  for (let at = 0; at < 8; at++) {
    let size = 0;
    while (at + size < 8 && groups[at + size] === 0) size++;
    if (size > best.size) best = { at, size };
  }
  const hex = (list: number[]): string => list.map((g) => g.toString(16)).join(':');
  if (best.at < 0) return hex(groups);
  return `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.size))}`;
}

/** Of either kind, by its length. */
export function formatIp(bytes: ArrayLike<number>): string {
  return bytes.length === 4 ? formatIpv4(bytes) : formatIpv6(bytes);
}

/** Throws Malformed unless it is an IPv6 address without a zone. */
export function readIpv6(text: string): Uint8Array {
  const malformed = new Malformed('IPv6 address', 0, `"${text}" is not like 2001:db8::1`);
  const quad = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let hex = text;
  if (quad?.[1] !== undefined && quad[2] !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = readIpv4(quad[2]);
    hex = `${quad[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const halves = hex.split('::');
  if (halves.length > 2) throw malformed;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) throw malformed;
  const groups = [...head, ...Array.from({ length: halves.length === 2 ? missing : 0 }, () => '0'), ...tail];
  if (!groups.every((g) => /^[0-9a-f]{1,4}$/i.test(g))) throw malformed;
  return Uint8Array.from(groups.flatMap((g) => [Number.parseInt(g, 16) >> 8, Number.parseInt(g, 16) & 0xff]));
}
