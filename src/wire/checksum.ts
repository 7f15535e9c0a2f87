/** The Internet checksum: RFC 1071, incremental form RFC 1624. Sums are carried as plain numbers, folded at the end. */
import { ipProtocol, ipv4, ipv6 } from './ip.ts';

/** Adds the 16-bit words of view[at..at+size) to `sum`; an odd last byte counts as its high half. Unfolded. */
export function sumWords(view: DataView, at: number, size: number, sum = 0): number {
  let total = sum;
  const end = at + size;
  let next = at;
  // A 64 KiB frame adds up to 2^32 * 2^14 at most: exact in a double.
  for (; next + 4 <= end; next += 4) total += view.getUint32(next);
  if (next + 2 <= end) {
    total += view.getUint16(next) * 0x10000;
    next += 2;
    if (next < end) total += view.getUint8(next) << 8;
  } else if (next < end) total += view.getUint8(next) * 0x1000000;
  return total;
}

/** Folds to 16 bits, not complemented. */
export function foldSum(sum: number): number {
  let folded = (sum % 0x100000000) + Math.floor(sum / 0x100000000);
  folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** The checksum field's value for bytes whose own checksum field holds zero. */
export function internetChecksum(view: DataView, at: number, size: number, sum = 0): number {
  return ~foldSum(sumWords(view, at, size, sum)) & 0xffff;
}

/** Sum of the pseudo header of the IPv4 header at `at` (RFC 9293 section 3.1). */
export function pseudoHeader4(view: DataView, at: number, protocol: number, size: number): number {
  return sumWords(view, at + ipv4.offset.src, 8, protocol + size);
}

/** Sum of the pseudo header of the IPv6 header at `at` (RFC 8200 section 8.1). */
export function pseudoHeader6(view: DataView, at: number, protocol: number, size: number): number {
  return sumWords(view, at + ipv6.offset.src, 32, protocol + size);
}

/** New checksum after the 16-bit word `from` became `to` (RFC 1624 equation 3). */
export function updateChecksum(checksum: number, from: number, to: number): number {
  return ~foldSum((~checksum & 0xffff) + (~from & 0xffff) + to) & 0xffff;
}

/** RFC 768: a computed zero is sent as all ones, since zero means "none". Other protocols send it as it is. */
export function transportChecksum(checksum: number, protocol: number): number {
  return checksum === 0 && protocol === ipProtocol.udp ? 0xffff : checksum;
}
