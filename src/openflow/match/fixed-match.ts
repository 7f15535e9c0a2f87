/**
 * The fixed match structures of OpenFlow 1.0 (section 5.2.3) and 1.1 (section A.2.3): every field has its place, and
 * wildcards say which of them count.
 */
import { getSlot, maskSlot, newKey, readSlot, setSlot, slotReader, writeSlot } from '../../flow/key.ts';
import type { Mask } from '../../flow/mask.ts';
import { type Match, packMatch, unpackKey } from '../../flow/match.ts';
import { normalMask } from '../../flow/normal-match.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { port32, receivedPort } from '../ports.ts';
import { reportNormal } from './normal-match.ts';

/** For one match at a time. */
const key = newKey();
const mask = newKey();

const vlanVid = 0x0fff;
const vlanPcp = 0xe000;
const dscp = 0xfc;
const mplsLabel = 0xfffff000;
const mplsTc = 0x0e00;

function clear(): void {
  key.fill(0);
  mask.fill(0);
}

/** Fields other than the port mean something in Ethernet packets only. */
function packed(): Match {
  if (saysMoreThanPort()) maskSlot(mask, 'packet_type');
  return packMatch(key, mask);
}

function saysMoreThanPort(): boolean {
  for (let word = 0; word < mask.length; word++) if (mask[word] !== 0 && word !== inPortWord) return true;
  return false;
}

const inPortWord = ((): number => {
  const one = newKey();
  maskSlot(one, 'in_port');
  return one.findIndex((bits) => bits !== 0);
})();

function setMasked(slot: SlotName, value: number, bits: number): void {
  setSlot(key, slot, value & bits);
  setSlot(mask, slot, bits);
}

/** A field of at most four bytes, as a whole. */
function set(slot: SlotName, value: number): void {
  setSlot(key, slot, value);
  maskSlot(mask, slot);
}

function setOctets(slot: SlotName, value: Uint8Array, bits: Uint8Array): void {
  writeSlot(
    key,
    slot,
    value.map((byte, n) => byte & (bits[n] ?? 0)),
  );
  writeSlot(mask, slot, bits);
}

const allOctets = new Uint8Array(6).fill(0xff);

/** Wildcards of OpenFlow 1.0. */
const wild10 = {
  inPort: 0x1,
  vlan: 0x2,
  ethSrc: 0x4,
  ethDst: 0x8,
  ethType: 0x10,
  protocol: 0x20,
  tpSrc: 0x40,
  tpDst: 0x80,
  pcp: 0x100000,
  tos: 0x200000,
} as const;
const all10 = 0x3fffff;
const nwSrcShift = 8;
const nwDstShift = 14;
const noTag10 = 0xffff;

export const match10Size = 40;

/** A match of OpenFlow 1.0, and whether it says something of every field. */
export interface Match10 {
  readonly match: Match;
  readonly isExact: boolean;
}

/** `normal`: without what a packet of that type does not have. */
export function readMatch10(from: Reader, form: 'as it is' | 'normal' = 'as it is'): Match10 {
  clear();
  const wildcards = from.u32() & all10;
  const counts = (bit: number): boolean => (wildcards & bit) === 0;
  const takeWhole = (slot: SlotName, bit: number, value: number): void => {
    if (counts(bit)) set(slot, value);
  };
  takeWhole('in_port', wild10.inPort, from.u16());
  const ethSrc = from.octets(6);
  const ethDst = from.octets(6);
  if (counts(wild10.ethSrc)) setOctets('eth_src', ethSrc, allOctets);
  if (counts(wild10.ethDst)) setOctets('eth_dst', ethDst, allOctets);
  setTag10(from.u16(), from.u8(), counts(wild10.vlan), counts(wild10.pcp));
  from.skip(1);
  takeWhole('eth_type', wild10.ethType, from.u16());
  const tos = from.u8();
  if (counts(wild10.tos)) setMasked('nw_tos', tos, dscp);
  takeWhole('nw_proto', wild10.protocol, from.u8());
  from.skip(2);
  setMasked('nw_src', from.u32(), prefixOf(wildcards >>> nwSrcShift));
  setMasked('nw_dst', from.u32(), prefixOf(wildcards >>> nwDstShift));
  takeWhole('tp_src', wild10.tpSrc, from.u16());
  takeWhole('tp_dst', wild10.tpDst, from.u16());
  if (form === 'normal') removeMeaningless();
  return { match: packed(), isExact: wildcards === 0 };
}

/** What OpenFlow 1.0 can say of a packet, by its key, except for what `wildcards` has the bits of. */
export function matchOfPacket(packet: Uint32Array, wildcards: number): Match {
  mask.fill(0);
  const counts = (bit: number): boolean => (wildcards & bit) === 0;
  for (const [bit, slot] of wholeSlots10) if (counts(bit)) maskSlot(mask, slot);
  const tagBits =
    (counts(wild10.vlan) ? vlanVid | vlanPresent : 0) | (counts(wild10.pcp) ? vlanPcp | vlanPresent : 0);
  setSlot(mask, 'vlan_tci', tagBits);
  if (counts(wild10.tos)) setSlot(mask, 'nw_tos', dscp);
  setSlot(mask, 'nw_src', prefixOf(wildcards >>> nwSrcShift));
  setSlot(mask, 'nw_dst', prefixOf(wildcards >>> nwDstShift));
  for (let n = 0; n < key.length; n++) key[n] = (packet[n] ?? 0) & (mask[n] ?? 0);
  const normal = normalMask(key, mask);
  if (normal !== undefined) mask.set(normal);
  for (let n = 0; n < key.length; n++) key[n] = (packet[n] ?? 0) & (mask[n] ?? 0);
  return packed();
}

const wholeSlots10: readonly (readonly [bit: number, slot: SlotName])[] = [
  [wild10.inPort, 'in_port'],
  [wild10.ethSrc, 'eth_src'],
  [wild10.ethDst, 'eth_dst'],
  [wild10.ethType, 'eth_type'],
  [wild10.protocol, 'nw_proto'],
  [wild10.tpSrc, 'tp_src'],
  [wild10.tpDst, 'tp_dst'],
];

/** The number of bits that do not count. */
function prefixOf(wildBits: number): number {
  const bits = wildBits & 0x3f;
  return bits < 32 ? (-1 << bits) >>> 0 : 0;
}

function setTag10(vid: number, pcp: number, hasVid: boolean, hasPcp: boolean): void {
  if (hasVid && vid === noTag10) {
    set('vlan_tci', 0);
    return;
  }
  const bits = (hasVid ? vlanVid | vlanPresent : 0) | (hasPcp ? vlanPcp | vlanPresent : 0);
  setMasked('vlan_tci', (vid & vlanVid) | ((pcp << 13) & vlanPcp) | vlanPresent, bits);
}

/** Without what says nothing of packets of that type. */
function removeMeaningless(): void {
  const normal = reportNormal(key, mask);
  if (normal === undefined) return;
  mask.set(normal);
  for (let n = 0; n < key.length; n++) key[n] = (key[n] ?? 0) & (mask[n] ?? 0);
}

/** For one match at a time. */
const values = newKey();
const bits = newKey();

function unpack(match: Match): void {
  unpackKey(match, values);
  match.mask.unpack(bits);
}

const hasBitsOf = (slot: SlotName): boolean => readSlot(bits, slot).some((byte) => byte !== 0);

/** What a mask says of the fields of OpenFlow 1.0. */
interface Mask10 {
  /** But for those of the tag, which depend on whether there is one. */
  readonly wildcards: number;
  readonly tciBits: number;
}

const masks10 = new WeakMap<Mask, Mask10>();

function mask10Of(match: Match): Mask10 {
  const known = masks10.get(match.mask);
  if (known !== undefined) return known;
  match.mask.unpack(bits);
  let wildcards =
    (wildBitsOf(getSlot(bits, 'nw_src')) << nwSrcShift) | (wildBitsOf(getSlot(bits, 'nw_dst')) << nwDstShift);
  for (const [bit, slot] of wholeSlots10) if (!hasBitsOf(slot)) wildcards |= bit;
  if ((getSlot(bits, 'nw_tos') & dscp) === 0) wildcards |= wild10.tos;
  const made = { wildcards, tciBits: getSlot(bits, 'vlan_tci') };
  masks10.set(match.mask, made);
  return made;
}

const inPortIn = slotReader('in_port');
const tciIn = slotReader('vlan_tci');
const etherTypeIn = slotReader('eth_type');
const serviceIn = slotReader('nw_tos');
const protocolIn = slotReader('nw_proto');
const sourceIn = slotReader('nw_src');
const destinationIn = slotReader('nw_dst');
const sourcePortIn = slotReader('tp_src');
const destinationPortIn = slotReader('tp_dst');

/** What the structure has no place for is left out. */
export function writeMatch10(match: Match, to: Writer): void {
  const { wildcards, tciBits } = mask10Of(match);
  unpackKey(match, values);
  const tci = tciIn(values);
  const isUntagged = (tciBits & vlanPresent) !== 0 && (tci & vlanPresent) === 0;
  const hasVid = isUntagged || (tciBits & vlanVid) !== 0;
  const hasPcp = isUntagged || (tciBits & vlanPcp) !== 0;
  to.u32(wildcards | (hasVid ? 0 : wild10.vlan) | (hasPcp ? 0 : wild10.pcp));
  to.u16(inPortIn(values));
  writeAddress(to, slots.eth_src.word);
  writeAddress(to, slots.eth_dst.word);
  to.u16(isUntagged ? noTag10 : hasVid ? tci & vlanVid : 0);
  to.u8(isUntagged || !hasPcp ? 0 : tci >>> 13);
  to.u8(0);
  to.u16(etherTypeIn(values));
  to.u8(serviceIn(values) & dscp);
  to.u8(protocolIn(values));
  to.u16(0);
  to.u32(sourceIn(values));
  to.u32(destinationIn(values));
  to.u16(sourcePortIn(values));
  to.u16(destinationPortIn(values));
}

/** Six bytes of `values`. */
function writeAddress(to: Writer, word: number): void {
  to.u32(values[word] ?? 0);
  to.u16((values[word + 1] ?? 0) >>> 16);
}

/** The opposite of `prefixOf`. */
function wildBitsOf(prefix: number): number {
  return prefix === 0 ? 32 : 31 - Math.clz32(prefix & -prefix);
}

/** Wildcards of OpenFlow 1.1; addresses and metadata have masks of their own. */
const wild11 = {
  inPort: 0x1,
  vlan: 0x2,
  pcp: 0x4,
  ethType: 0x8,
  tos: 0x10,
  protocol: 0x20,
  tpSrc: 0x40,
  tpDst: 0x80,
  mplsLabel: 0x100,
  mplsTc: 0x200,
} as const;
const noTag11 = 0xffff;
const anyTag11 = 0xfffe;
const standardType = 0;

export const match11Size = 88;

/** The head of a match structure, type and length, was read. Throws OpenFlowError. */
export function readMatch11(from: Reader): Match {
  clear();
  const port = from.u32();
  const wildcards = from.u32();
  const counts = (bit: number): boolean => (wildcards & bit) === 0;
  if (counts(wild11.inPort)) {
    const known = receivedPort(port);
    if (known === undefined) throw badValue(`port ${port}`);
    set('in_port', known);
  }
  for (const slot of ['eth_src', 'eth_dst'] as const) {
    const address = from.octets(6);
    setOctets(slot, address, inverted(from.octets(6)));
  }
  const vid = from.u16();
  const pcp = from.u8();
  if (counts(wild11.vlan)) setTag11(vid, counts(wild11.pcp) ? pcp : undefined);
  from.skip(1);
  const type = from.u16();
  if (counts(wild11.ethType)) set('eth_type', type);
  readNetwork11(from, wildcards);
  setMasked64(from);
  return packed();
}

function badValue(what: string): OpenFlowError {
  return new OpenFlowError('OFPBMC_BAD_VALUE', `a match on ${what}`);
}

function inverted(octets: Uint8Array): Uint8Array {
  return octets.map((byte) => ~byte);
}

function setTag11(vid: number, pcp: number | undefined): void {
  if (vid === noTag11) {
    set('vlan_tci', 0);
    return;
  }
  if (vid > vlanVid && vid !== anyTag11) throw badValue(`VLAN ${vid}`);
  const vidBits = vid === anyTag11 ? 0 : vlanVid;
  if (pcp !== undefined && pcp > 7) throw badValue(`VLAN priority ${pcp}`);
  const pcpBits = pcp === undefined ? 0 : vlanPcp;
  setMasked('vlan_tci', (vid & vidBits) | ((pcp ?? 0) << 13) | vlanPresent, vidBits | pcpBits | vlanPresent);
}

/** From the type of service to MPLS; what the EtherType does not have is passed over. */
function readNetwork11(from: Reader, wildcards: number): void {
  const counts = (bit: number): boolean => (wildcards & bit) === 0;
  const type = getSlot(key, 'eth_type');
  const isIpv4 = type === etherType.ipv4;
  const hasAddresses = isIpv4 || type === etherType.arp || type === etherType.rarp;
  const tos = from.u8();
  if (isIpv4 && counts(wild11.tos)) {
    if ((tos & ~dscp) !== 0) throw badValue(`type of service ${tos}`);
    setMasked('nw_tos', tos, dscp);
  }
  const protocol = from.u8();
  if (hasAddresses && counts(wild11.protocol)) set('nw_proto', protocol);
  for (const slot of ['nw_src', 'nw_dst'] as const) {
    const address = from.u32();
    const maskOfAddress = ~from.u32() >>> 0;
    if (hasAddresses) setMasked(slot, address, maskOfAddress);
  }
  setPorts11(isIpv4, from.u16(), from.u16(), wildcards);
  const label = from.u32();
  const tc = from.u8();
  from.skip(3);
  if (type !== etherType.mpls && type !== etherType.mplsMulticast) return;
  const labelBits = counts(wild11.mplsLabel) ? mplsLabel : 0;
  const tcBits = counts(wild11.mplsTc) ? mplsTc : 0;
  setMasked('mpls_lse', ((label << 12) | (tc << 9)) >>> 0, (labelBits | tcBits) >>> 0);
}

function setPorts11(isIpv4: boolean, source: number, destination: number, wildcards: number): void {
  if (!isIpv4) return;
  const protocol = getSlot(key, 'nw_proto');
  const isIcmp = protocol === ipProtocol.icmp;
  const others: readonly number[] = [ipProtocol.tcp, ipProtocol.udp, ipProtocol.sctp];
  if (!isIcmp && !others.includes(protocol)) return;
  const ports = [
    ['tp_src', source, wild11.tpSrc],
    ['tp_dst', destination, wild11.tpDst],
  ] as const;
  for (const [slot, port, bit] of ports) {
    if ((wildcards & bit) !== 0) continue;
    if (isIcmp && port > 0xff) throw new OpenFlowError('OFPBMC_BAD_FIELD', `a match on ICMP ${port}`);
    set(slot, port);
  }
}

function setMasked64(from: Reader): void {
  const value = from.octets(8);
  setOctets('metadata', value, inverted(from.octets(8)));
}

/** With its head. What the structure has no place for is left out. */
export function writeMatch11(match: Match, to: Writer): void {
  unpack(match);
  const tci = getSlot(values, 'vlan_tci');
  const tciBits = getSlot(bits, 'vlan_tci');
  const isUntagged = (tciBits & vlanPresent) !== 0 && (tci & vlanPresent) === 0;
  const hasPcp = !isUntagged && (tciBits & vlanPcp) !== 0;
  const lse = getSlot(values, 'mpls_lse');
  const lseBits = getSlot(bits, 'mpls_lse');
  const wild = (is: boolean, bit: number): number => (is ? 0 : bit);
  to.u16(standardType);
  to.u16(match11Size);
  to.u32(hasBitsOf('in_port') ? port32(getSlot(values, 'in_port')) : 0);
  to.u32(
    wild(hasBitsOf('in_port'), wild11.inPort) |
      wild(tciBits !== 0, wild11.vlan) |
      wild(hasPcp, wild11.pcp) |
      wild(hasBitsOf('eth_type'), wild11.ethType) |
      wild((getSlot(bits, 'nw_tos') & dscp) !== 0, wild11.tos) |
      wild(hasBitsOf('nw_proto'), wild11.protocol) |
      wild(hasBitsOf('tp_src'), wild11.tpSrc) |
      wild(hasBitsOf('tp_dst'), wild11.tpDst) |
      wild((lseBits & mplsLabel) !== 0, wild11.mplsLabel) |
      wild((lseBits & mplsTc) !== 0, wild11.mplsTc),
  );
  for (const slot of ['eth_src', 'eth_dst'] as const) {
    to.octets(readSlot(values, slot));
    to.octets(inverted(readSlot(bits, slot)));
  }
  to.u16(isUntagged ? noTag11 : tciBits === 0 ? 0 : (tciBits & vlanVid) === 0 ? anyTag11 : tci & vlanVid);
  to.u8(hasPcp ? tci >>> 13 : 0);
  to.u8(0);
  to.u16(getSlot(values, 'eth_type'));
  to.u8(getSlot(values, 'nw_tos') & dscp);
  to.u8(getSlot(values, 'nw_proto'));
  for (const slot of ['nw_src', 'nw_dst'] as const) {
    to.u32(getSlot(values, slot));
    to.u32(~getSlot(bits, slot) >>> 0);
  }
  to.u16(getSlot(values, 'tp_src'));
  to.u16(getSlot(values, 'tp_dst'));
  to.u32((lseBits & mplsLabel) === 0 ? 0 : lse >>> 12);
  to.u8((lseBits & mplsTc) === 0 ? 0 : (lse & mplsTc) >>> 9);
  to.room(3);
  to.octets(readSlot(values, 'metadata'));
  to.octets(inverted(readSlot(bits, 'metadata')));
}
