/** IPv4 (RFC 791), IPv6 (RFC 8200) and its extension headers, ARP (RFC 826). Read by key extraction and checksums. */
import { bytes, header, u8, u16, u32 } from '../base/header.ts';

export const ipv4 = header('ipv4', {
  versionLength: u8, // version << 4 | header size in words
  tos: u8,
  totalSize: u16,
  id: u16,
  fragment: u16, // flags and offset in units of 8 bytes
  ttl: u8,
  protocol: u8,
  checksum: u16,
  src: u32,
  dst: u32,
});

export const ipv4Fragment = { dont: 0x4000, more: 0x2000, offset: 0x1fff } as const;

/** In the type of service, or traffic class: the DSCP (RFC 2474), and what is said of congestion (RFC 3168 section 5). */
export const serviceBits = { dscp: 0xfc, congestion: 3 } as const;
/** What may be said of congestion. */
export const congestion = { notCapable: 0, capable: 2, met: 3 } as const;

export const ipv6 = header('ipv6', {
  versionClassLabel: u32,
  payloadSize: u16,
  nextHeader: u8,
  hopLimit: u8,
  src: bytes(16),
  dst: bytes(16),
});

/** Hop-by-hop, routing and destination options open alike; the length is in units of 8 bytes, not counting the first. */
export const ipv6Option = header('ipv6-option', { nextHeader: u8, length: u8 });

export const ipv6Fragment = header('ipv6-fragment', {
  nextHeader: u8,
  reserved: u8,
  offsetMore: u16,
  id: u32,
});

export const ipProtocol = {
  hopByHop: 0,
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  routing: 43,
  fragment: 44,
  gre: 47,
  authentication: 51,
  icmpv6: 58,
  noNext: 59,
  destination: 60,
  sctp: 132,
} as const;

export function isIcmpProtocol(protocol: number): boolean {
  return protocol === ipProtocol.icmp || protocol === ipProtocol.icmpv6;
}

export const arp = header('arp', {
  hardware: u16,
  protocol: u16,
  hardwareSize: u8,
  protocolSize: u8,
  operation: u16,
  sha: bytes(6),
  spa: u32,
  tha: bytes(6),
  tpa: u32,
});

/** Of ARP and RARP, RFC 826. */
export const arpOperation = { request: 1, reply: 2 } as const;

/** Bytes of the shortest IPv6 extension header. */
export const minExtensionSize = 8;

/** Is this IPv6 next-header value that of an extension header, behind which more follows? */
export function isExtension(protocol: number): boolean {
  return (
    protocol === ipProtocol.hopByHop ||
    protocol === ipProtocol.routing ||
    protocol === ipProtocol.destination ||
    protocol === ipProtocol.authentication ||
    protocol === ipProtocol.fragment
  );
}

/** Bytes of the extension header of that type at `at`, of which at least `minExtensionSize` are there. */
export function extensionSize(view: DataView, at: number, protocol: number): number {
  if (protocol === ipProtocol.fragment) return ipv6Fragment.size;
  const length = ipv6Option.get.length(view, at);
  return protocol === ipProtocol.authentication ? (length + 2) * 4 : (length + 1) * 8;
}
