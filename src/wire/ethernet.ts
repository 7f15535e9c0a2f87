/**
 * Ethernet II, IEEE 802.3 with LLC/SNAP, and IEEE 802.1Q tags.
 * Read by key extraction, written by the VLAN actions.
 */
import { bytes, header, u8, u16, u24 } from '../base/header.ts';

export const ethernet = header('ethernet', { dst: bytes(6), src: bytes(6), type: u16 });

/** What follows the addresses of a tagged frame; the next type follows the tag. */
export const vlanTag = header('vlan', { tpid: u16, tci: u16 });

/** What follows the length of an 802.3 frame (IEEE 802.2; RFC 1042 for the SNAP part). */
export const llcSnap = header('llc-snap', { dsap: u8, ssap: u8, control: u8, organisation: u24, type: u16 });

export const etherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  rarp: 0x8035,
  ipv6: 0x86dd,
  /** An Ethernet frame behind a header that is no EtherType's. */
  transparentBridging: 0x6558,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  serviceVlan: 0x88a8,
  nsh: 0x894f,
  /** Connectivity fault management. */
  cfm: 0x8902,
  /** Protocols between the two ends of a link, LACP among them. */
  slow: 0x8809,
  lldp: 0x88cc,
  /** Not on the wire: stands in a key for a frame without an EtherType. */
  none: 0x05ff,
} as const;

/** Below this the type field is a length (IEEE 802.3 section 3.2.6). */
export const firstEtherType = 0x0600;

/** Bit 12 of a tag's TCI; in a key it says "there is a tag". */
export const vlanPresent = 0x1000;

export function isMplsType(type: number): boolean {
  return type === etherType.mpls || type === etherType.mplsMulticast;
}

export function isVlanType(type: number): boolean {
  return type === etherType.vlan || type === etherType.serviceVlan;
}
