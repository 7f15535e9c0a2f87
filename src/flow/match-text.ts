/**
 * Matches as people write them, "tcp,nw_src=10.0.0.0/8,tp_dst=80": names of ovs-fields(7) and the words that stand for
 * a protocol. Used by `dpctl/dump-flows filter=`; says what is wrong in the reference's words.
 */
import { readIpv4, readIpv6, readMac } from '../base/addresses.ts';
import { Malformed } from '../base/errors.ts';
import { etherType, vlanPresent } from '../wire/ethernet.ts';
import { ipProtocol } from '../wire/ip.ts';
import { type FieldDef, fieldNamed } from './fields.ts';
import { getSlot, newKey, readSlot, setSlot, writeSlot } from './key.ts';
import { slots } from './slots.ts';

export interface MatchText {
  /** Zero outside `mask`. */
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
}

/** [EtherType, IP protocol] */
const protocols: Readonly<Record<string, readonly [number, number?]>> = {
  ip: [etherType.ipv4],
  ipv4: [etherType.ipv4],
  ip4: [etherType.ipv4],
  icmp: [etherType.ipv4, ipProtocol.icmp],
  tcp: [etherType.ipv4, ipProtocol.tcp],
  udp: [etherType.ipv4, ipProtocol.udp],
  sctp: [etherType.ipv4, ipProtocol.sctp],
  ipv6: [etherType.ipv6],
  ip6: [etherType.ipv6],
  icmp6: [etherType.ipv6, ipProtocol.icmpv6],
  tcp6: [etherType.ipv6, ipProtocol.tcp],
  udp6: [etherType.ipv6, ipProtocol.udp],
  sctp6: [etherType.ipv6, ipProtocol.sctp],
  arp: [etherType.arp],
  rarp: [etherType.rarp],
  mpls: [etherType.mpls],
  mplsm: [etherType.mplsMulticast],
};

/** Names that older tools know for a field by what the packet is. */
const namesByProtocol: Readonly<Record<string, readonly string[]>> = {
  nw_src: ['ip_src', 'arp_spa'],
  nw_dst: ['ip_dst', 'arp_tpa'],
  tp_src: ['tcp_src', 'udp_src', 'sctp_src'],
  tp_dst: ['tcp_dst', 'udp_dst', 'sctp_dst'],
};

/** `portNumber` knows ports by name. Throws Malformed. */
export function readMatch(text: string, portNumber: (name: string) => number | undefined): MatchText {
  const match: MatchText = { key: newKey(), mask: newKey() };
  for (const item of text.split(/[,\s]+/).filter((part) => part !== '')) {
    const [, name = '', value] = /^([^=]*)=?(.*)$/.exec(item) ?? [];
    const protocol = protocols[name];
    if (protocol !== undefined) setProtocol(match, protocol);
    else if (name === 'in_port') setPort(match, value ?? '', portNumber);
    else setField(match, name, value ?? '', text);
  }
  return match;
}

/** Does the match leave a packet through, as far as the bits of `known` tell? */
export function isMatching({ key, mask }: MatchText, packet: Uint32Array, known: Uint32Array): boolean {
  return mask.every((bits, n) => (((packet[n] ?? 0) ^ (key[n] ?? 0)) & bits & (known[n] ?? 0)) === 0);
}

function setProtocol(match: MatchText, [type, protocol]: readonly [number, number?]): void {
  put(match, 'eth_type', type, 0xffff);
  if (protocol !== undefined) put(match, 'nw_proto', protocol, 0xff);
}

function setPort(match: MatchText, text: string, portNumber: (name: string) => number | undefined): void {
  const port = /^\d+$/.test(text) ? Number(text) : portNumber(text);
  if (port === undefined) throw wrong(`${text}: invalid or unknown port for in_port`);
  put(match, 'in_port', port, 0xffffffff);
}

function setField(match: MatchText, name: string, text: string, whole: string): void {
  const field = findField(match, name);
  if (field === undefined) throw wrong(`${whole}: unknown field ${name}`);
  if (field.needs !== undefined && !isMet(match.key, field.needs))
    throw wrong(`${whole}: prerequisites not met for setting ${name}`);
  const [value = '', maskText] = text.split('/');
  const bytes = readValue(field, value);
  const mask = maskText === undefined ? allOnes(field) : readMask(field, maskText);
  write(match, field, bytes, mask);
  if (field.slot === 'vlan_tci') put(match, 'vlan_tci', vlanPresent, vlanPresent);
}

/** Of several meanings of a name, that which the packet so far can have. */
function findField(match: MatchText, name: string): FieldDef | undefined {
  const candidates = (namesByProtocol[name] ?? [name])
    .map((known) => fieldNamed(known)?.field)
    .filter((field) => field !== undefined);
  return candidates.find(({ needs }) => needs === undefined || isMet(match.key, needs)) ?? candidates[0];
}

function isMet(key: Uint32Array, needs: NonNullable<FieldDef['needs']>): boolean {
  const type = getSlot(key, 'eth_type');
  const isIp = type === etherType.ipv4 || type === etherType.ipv6;
  const carries = (protocol: number): boolean => isIp && getSlot(key, 'nw_proto') === protocol;
  const isNeighbour = (...types: number[]): boolean =>
    type === etherType.ipv6 && carries(ipProtocol.icmpv6) && types.includes(getSlot(key, 'tp_src'));
  switch (needs) {
    case 'ethernet':
      return true;
    case 'vlan':
      return (getSlot(key, 'vlan_tci') & vlanPresent) !== 0;
    case 'arp':
      return type === etherType.arp || type === etherType.rarp;
    case 'ipv4':
      return type === etherType.ipv4;
    case 'ipv6':
      return type === etherType.ipv6;
    case 'ip':
      return isIp;
    case 'mpls':
      return type === etherType.mpls || type === etherType.mplsMulticast;
    case 'tcp':
    case 'udp':
    case 'sctp':
      return carries(ipProtocol[needs]);
    case 'icmpv4':
      return type === etherType.ipv4 && carries(ipProtocol.icmp);
    case 'icmpv6':
      return type === etherType.ipv6 && carries(ipProtocol.icmpv6);
    case 'nd':
      return isNeighbour(135, 136);
    case 'ndSolicit':
      return isNeighbour(135);
    case 'ndAdvert':
      return isNeighbour(136);
    case 'nsh':
      return type === etherType.nsh;
    case 'conntrack':
      return getSlot(key, 'ct_state') !== 0;
  }
}

function readValue(field: FieldDef, text: string): Uint8Array {
  const { size } = slots[field.slot];
  if (field.format === 'mac') return readMac(text);
  if (field.format === 'ipv4') return readIpv4(text);
  if (field.format === 'ipv6') return readIpv6(text);
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw wrong(`${text}: bad value`);
  const value = BigInt(text);
  if (value >> BigInt(field.width) !== 0n)
    throw wrong(`${text}: value too large for ${field.width}-bit field`);
  return bytesOf(value << BigInt(field.low ?? 0), size);
}

/** A mask of addresses may be a prefix length. */
function readMask(field: FieldDef, text: string): Uint8Array {
  const isAddress = field.format === 'ipv4' || field.format === 'ipv6';
  if (!isAddress || !/^\d+$/.test(text)) return readValue(field, text);
  const length = Number(text);
  if (length > field.width) throw wrong(`${text}: network prefix bits not between 0 and ${field.width}`);
  const ones = (1n << BigInt(length)) - 1n;
  return bytesOf(ones << BigInt(field.width - length), slots[field.slot].size);
}

function allOnes(field: FieldDef): Uint8Array {
  return bytesOf(((1n << BigInt(field.width)) - 1n) << BigInt(field.low ?? 0), slots[field.slot].size);
}

/** Network order. */
function bytesOf(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, n) => Number((value >> BigInt(8 * (size - 1 - n))) & 0xffn));
}

function write({ key, mask }: MatchText, field: FieldDef, value: Uint8Array, bits: Uint8Array): void {
  const before = { key: readSlot(key, field.slot), mask: readSlot(mask, field.slot) };
  const merged = before.key.map((byte, n) => byte | ((value[n] ?? 0) & (bits[n] ?? 0)));
  writeSlot(key, field.slot, merged);
  writeSlot(
    mask,
    field.slot,
    before.mask.map((byte, n) => byte | (bits[n] ?? 0)),
  );
}

function put(
  { key, mask }: MatchText,
  slot: Parameters<typeof setSlot>[1],
  value: number,
  bits: number,
): void {
  setSlot(key, slot, (getSlot(key, slot) | value) >>> 0);
  setSlot(mask, slot, (getSlot(mask, slot) | bits) >>> 0);
}

function wrong(why: string): Malformed {
  return new Malformed('match', 0, why);
}
