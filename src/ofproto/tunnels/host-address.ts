/**
 * Addresses of hosts at both ends of tunnels, of IPv4 and IPv6 alike: 16 bytes, where those of IPv4 are mapped into IPv6
 * (RFC 4291 section 2.5.5.2).
 */
import { formatIp } from '../../base/addresses.ts';

export type HostAddress = Uint8Array;

/** Bits in front of an IPv4 address. */
export const mappedBits = 96;
const mappedBytes = mappedBits / 8;

/** Of 4 or 16 bytes. */
export function hostAddress(bytes: ArrayLike<number>): HostAddress {
  const address = new Uint8Array(16);
  if (bytes.length === 4) address.fill(0xff, mappedBytes - 2, mappedBytes);
  address.set(bytes, 16 - bytes.length);
  return address;
}

export function isMapped(address: HostAddress): boolean {
  return address.every((byte, n) => n >= mappedBytes || byte === (n < mappedBytes - 2 ? 0 : 0xff));
}

/** 4 bytes of an IPv4 address, else 16. */
export function plainBytes(address: HostAddress): Uint8Array {
  return isMapped(address) ? address.subarray(mappedBytes) : address;
}

/** It is not the address that stands for none. */
export function isSet(address: HostAddress): boolean {
  return plainBytes(address).some((byte) => byte !== 0);
}

export function formatHostAddress(address: HostAddress): string {
  const bytes = plainBytes(address);
  return formatIp(bytes);
}

export function isSameAddress(a: HostAddress, b: HostAddress): boolean {
  return a.every((byte, n) => byte === b[n]);
}

export function prefixMask(prefix: number): Uint8Array {
  return Uint8Array.from(
    { length: 16 },
    (_, n) => 0xff & ~(0xff >> Math.min(8, Math.max(0, prefix - 8 * n))),
  );
}

/** Do both begin with the same so many bits? */
export function sharesPrefix(a: HostAddress, b: HostAddress, prefix: number): boolean {
  return prefixMask(prefix).every((bits, n) => (((a[n] ?? 0) ^ (b[n] ?? 0)) & bits) === 0);
}
