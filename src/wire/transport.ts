/** TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), ICMP (RFC 792), ICMPv6 (RFC 4443), ND (RFC 4861), IGMP (RFC 3376). */
import { bytes, header, u8, u16, u32 } from '../base/header.ts';

export const tcp = header('tcp', {
  src: u16,
  dst: u16,
  sequence: u32,
  acknowledgement: u32,
  offsetFlags: u16, // data offset << 12 | flags (12 bits)
  window: u16,
  checksum: u16,
  urgent: u16,
});

export const udp = header('udp', { src: u16, dst: u16, size: u16, checksum: u16 });

export const sctp = header('sctp', { src: u16, dst: u16, tag: u32, checksum: u32 });

/** ICMP and ICMPv6 alike. */
export const icmp = header('icmp', { type: u8, code: u8, checksum: u16, rest: u32 });

export const igmp = header('igmp', { type: u8, code: u8, checksum: u16, group: u32 });

/** What follows `icmp` in a neighbour solicitation or advertisement. */
export const neighbour = header('nd', { target: bytes(16) });

/** An ND option; the length is in units of 8 bytes, this header included. */
export const neighbourOption = header('nd-option', { type: u8, length: u8, address: bytes(6) });

export const icmpv6Type = { neighbourSolicitation: 135, neighbourAdvertisement: 136 } as const;
export const neighbourOptionType = { sourceAddress: 1, targetAddress: 2 } as const;
