/**
 * Hashes of what a packet says of itself, by which OpenFlow actions spread packets: each the same number as the reference
 * computes, so that both choose alike. Built from MurmurHash3 (Appleby) and lookup3 (Jenkins), both in the public domain.
 */
import { finishHash, mixWord } from '../base/murmur3.ts';
import { etherType } from '../wire/ethernet.ts';
import { ipProtocol } from '../wire/ip.ts';
import { getSlot, maskSlot, readSlot, setSlot } from './key.ts';
import type { Mac } from './mac.ts';
import type { SlotName } from './slots.ts';

/** What is hashed: as in `hash-fields.ts` of OpenFlow's actions. */
export type HashedFields =
  | 'eth_src'
  | 'symmetric_l4'
  | 'symmetric_l3l4'
  | 'symmetric_l3l4+udp'
  | 'nw_src'
  | 'nw_dst'
  | 'symmetric_l3';

/** 0..2^32-1. */
export function hashFields(key: Uint32Array, fields: HashedFields, basis: number): number {
  switch (fields) {
    case 'eth_src':
      return lookup3(readSlot(key, 'eth_src'), basis);
    case 'symmetric_l4':
      return lookup3(layer4(key), basis);
    case 'symmetric_l3':
      return lookup3([...padded(bothAddresses(key), 16), ...typeBytes(key), 0, 0], basis);
    case 'symmetric_l3l4':
    case 'symmetric_l3l4+udp':
      return layers34(key, basis, fields === 'symmetric_l3l4+udp');
    case 'nw_src':
    case 'nw_dst':
      return lookup3(addressOf(key, fields), basis);
  }
}

/** Sets the bits of `mask` that `hashFields` looks at in `key`. */
export function unwildcardHashed(mask: Uint32Array, key: Uint32Array, fields: HashedFields): void {
  const isIp = isIpv4(key) || isIpv6(key);
  const isLayer4 = fields === 'symmetric_l4';
  const isLayer34 = fields === 'symmetric_l3l4' || fields === 'symmetric_l3l4+udp';
  if (fields === 'eth_src' || isLayer4 || (isLayer34 && !isIp)) maskSlot(mask, 'eth_src');
  // Differs: the reference hashes addresses and VLAN of packets that are not IP, and lets one flow stand for all of them.
  if (isLayer4 || (isLayer34 && !isIp)) {
    maskSlot(mask, 'eth_dst');
    setSlot(mask, 'vlan_tci', getSlot(mask, 'vlan_tci') | 0xfff);
  }
  if (!isIp || fields === 'eth_src') return;
  for (const side of ['nw_src', 'nw_dst'] as const)
    if (fields === side || fields.startsWith('symmetric'))
      maskSlot(mask, isIpv4(key) ? side : ipv6Slots[side]);
  if (!isLayer4 && !isLayer34) return;
  maskSlot(mask, 'nw_proto');
  // Of layer 4, the reference looks at more than it hashes.
  const decides = isLayer4
    ? getSlot(key, 'nw_proto') !== ipProtocol.udp
    : hasPorts(key, fields.endsWith('udp'));
  if (!decides) return;
  maskSlot(mask, 'tp_src');
  maskSlot(mask, 'tp_dst');
}

/** A hash of a hash: how much member `n` weighs for a packet, where the heaviest gets it. */
export function weigh(hash: number, n: number): number {
  return finishHash(mixWord(mixWord(hash, 0), n) ^ 8) >>> 0;
}

/** Of a station in a VLAN, by which a bond in mode balance-slb chooses. */
export function hashStation(mac: Mac, vlan: number, basis: number): number {
  const high = Math.floor(mac / 2 ** 32) | (vlan << 16);
  return finishHash(mixWord(mixWord(basis, mac | 0), high) ^ 8) >>> 0;
}

/**
 * Of a connection in one direction, by which a bond in mode balance-tcp chooses where packets do not come back with a
 * hash.
 */
export function hashFiveTuple(key: Uint32Array, basis: number): number {
  const bytes = [...wholeAddressOf(key, 'nw_src'), ...wholeAddressOf(key, 'nw_dst')];
  let hash = basis;
  for (let at = 0; at < bytes.length; at += 4) hash = mixWord(hash, littleEndian(bytes, at));
  if (bytes.length > 0) {
    const protocol = getSlot(key, 'nw_proto');
    hash = mixWord(hash, protocol);
    const ports = [...readSlot(key, 'tp_src'), ...readSlot(key, 'tp_dst')];
    if (withPorts.has(protocol)) hash = mixWord(hash, littleEndian(ports, 0));
  }
  return finishHash(hash ^ 42) >>> 0;
}

const withPorts: ReadonlySet<number> = new Set([
  ...[ipProtocol.tcp, ipProtocol.udp, ipProtocol.sctp, ipProtocol.icmp, ipProtocol.icmpv6],
]);

/** That of ARP included. */
function wholeAddressOf(key: Uint32Array, side: 'nw_src' | 'nw_dst'): Uint8Array {
  return getSlot(key, 'eth_type') === etherType.arp ? readSlot(key, side) : addressOf(key, side);
}

const ipv6Slots = { nw_src: 'ipv6_src', nw_dst: 'ipv6_dst' } as const satisfies Record<string, SlotName>;

function isIpv4(key: Uint32Array): boolean {
  return getSlot(key, 'eth_type') === etherType.ipv4;
}

function isIpv6(key: Uint32Array): boolean {
  return getSlot(key, 'eth_type') === etherType.ipv6;
}

function hasPorts(key: Uint32Array, withUdp: boolean): boolean {
  const protocol = getSlot(key, 'nw_proto');
  return (
    protocol === ipProtocol.tcp || protocol === ipProtocol.sctp || (withUdp && protocol === ipProtocol.udp)
  );
}

/** Empty for packets that are not IP. */
function addressOf(key: Uint32Array, side: 'nw_src' | 'nw_dst'): Uint8Array {
  if (isIpv4(key)) return readSlot(key, side);
  return isIpv6(key) ? readSlot(key, ipv6Slots[side]) : new Uint8Array(0);
}

function bothAddresses(key: Uint32Array): number[] {
  return xor(addressOf(key, 'nw_src'), addressOf(key, 'nw_dst'));
}

function xor(a: Uint8Array, b: Uint8Array): number[] {
  return Array.from(a, (byte, n) => byte ^ (b[n] ?? 0));
}

function padded(bytes: readonly number[], size: number): number[] {
  return [...bytes, ...new Array<number>(size - bytes.length).fill(0)];
}

function typeBytes(key: Uint32Array): Uint8Array {
  return readSlot(key, 'eth_type');
}

function vlanBytes(key: Uint32Array): readonly [number, number] {
  const vlan = getSlot(key, 'vlan_tci') & 0xfff;
  return [vlan >>> 8, vlan & 0xff];
}

function portBytes(key: Uint32Array): number[] {
  return xor(readSlot(key, 'tp_src'), readSlot(key, 'tp_dst'));
}

function macBytes(key: Uint32Array): number[] {
  return xor(readSlot(key, 'eth_src'), readSlot(key, 'eth_dst'));
}

function layer4(key: Uint32Array): number[] {
  const isIp = isIpv4(key) || isIpv6(key);
  return padded(
    [
      ...padded(bothAddresses(key), 16),
      ...typeBytes(key),
      ...vlanBytes(key),
      ...(isIp && hasPorts(key, false) ? portBytes(key) : [0, 0]),
      ...macBytes(key),
      isIp ? getSlot(key, 'nw_proto') : 0,
    ],
    32,
  );
}

function layers34(key: Uint32Array, basis: number, withUdp: boolean): number {
  const isIp = isIpv4(key) || isIpv6(key);
  const bytes = isIp
    ? bothAddresses(key)
    : [...typeBytes(key), ...vlanBytes(key), ...padded(macBytes(key), 8)];
  let hash = basis;
  for (let at = 0; at < bytes.length; at += 4) hash = mixWord(hash, littleEndian(bytes, at));
  if (isIp) {
    hash = mixWord(hash, getSlot(key, 'nw_proto'));
    if (hasPorts(key, withUdp)) hash = mixWord(hash, littleEndian(portBytes(key), 0));
  }
  return finishHash(hash ^ basis) >>> 0;
}

function littleEndian(bytes: ArrayLike<number>, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

/** lookup3 over little-endian words; nothing is hashed of no bytes. */
function lookup3(bytes: ArrayLike<number>, basis: number): number {
  if (bytes.length === 0) return basis;
  let a = (0xdeadbeef + bytes.length + basis) | 0;
  let b = a;
  let c = a;
  let at = 0;
  for (; bytes.length - at >= 12; at += 12) {
    a = (a + littleEndian(bytes, at)) | 0;
    b = (b + littleEndian(bytes, at + 4)) | 0;
    c = (c + littleEndian(bytes, at + 8)) | 0;
    a = (a - c) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (at === bytes.length) return c >>> 0;
  a = (a + littleEndian(bytes, at)) | 0;
  b = (b + littleEndian(bytes, at + 4)) | 0;
  c = (c + littleEndian(bytes, at + 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}
