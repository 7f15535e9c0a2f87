/** Ethernet and IP addresses as text. Bytes are in network order. */
import { Malformed } from './errors.ts';

export function formatMac(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(':');
}

/** Throws Malformed unless it is six two-digit groups. */
export function readMac(text: string): Uint8Array {
  if (!/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(text)) {
    throw new Malformed('Ethernet address', 0, `"${text}" is not like 00:11:22:33:44:55`);
  }
  return Uint8Array.from(text.split(':'), (group) => Number.parseInt(group, 16));
}

export function formatIpv4(bytes: ArrayLike<number>): string {
  return Array.from(bytes).join('.');
}

/** Throws Malformed unless it is a dotted quad. */
export function readIpv4(text: string): Uint8Array {
  const parts = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) {
    throw new Malformed('IPv4 address', 0, `"${text}" is not like 192.0.2.1`);
  }
  return Uint8Array.from(parts);
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
