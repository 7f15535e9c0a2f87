/**
 * Matches of OpenFlow 1.0 as structures: section 5.2.3. Masks of addresses are prefixes; every other field counts or
 * does not.
 */
import { getSlot, maskSlot, setSlot, slotReader } from '../../flow/key.ts';
import type { Mask } from '../../flow/mask.ts';
import { type Match, unpackKey } from '../../flow/match.ts';
import { normalMask } from '../../flow/normal-match.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { vlanPresent } from '../../wire/ethernet.ts';
import type { Reader, Writer } from '../bytes.ts';
import { reportNormal } from './normal-match.ts';
import { dscp, UnpackedMatch, vlanPcp, vlanVid } from './unpacked-match.ts';

const scratch = new UnpackedMatch();
const { key, mask } = scratch;
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
  scratch.clear();
  const wildcards = from.u32() & all10;
  const counts = (bit: number): boolean => (wildcards & bit) === 0;
  const takeWhole = (slot: SlotName, bit: number, value: number): void => {
    if (counts(bit)) scratch.set(slot, value);
  };
  takeWhole('in_port', wild10.inPort, from.u16());
  const ethSrc = from.octets(6);
  const ethDst = from.octets(6);
  if (counts(wild10.ethSrc)) scratch.setOctets('eth_src', ethSrc, allOctets);
  if (counts(wild10.ethDst)) scratch.setOctets('eth_dst', ethDst, allOctets);
  setTag10(from.u16(), from.u8(), counts(wild10.vlan), counts(wild10.pcp));
  from.skip(1);
  takeWhole('eth_type', wild10.ethType, from.u16());
  const tos = from.u8();
  if (counts(wild10.tos)) scratch.setMasked('nw_tos', tos, dscp);
  takeWhole('nw_proto', wild10.protocol, from.u8());
  from.skip(2);
  scratch.setMasked('nw_src', from.u32(), prefixOf(wildcards >>> nwSrcShift));
  scratch.setMasked('nw_dst', from.u32(), prefixOf(wildcards >>> nwDstShift));
  takeWhole('tp_src', wild10.tpSrc, from.u16());
  takeWhole('tp_dst', wild10.tpDst, from.u16());
  if (form === 'normal') removeMeaningless();
  return { match: scratch.pack(), isExact: wildcards === 0 };
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
  return scratch.pack();
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
    scratch.set('vlan_tci', 0);
    return;
  }
  const bits = (hasVid ? vlanVid | vlanPresent : 0) | (hasPcp ? vlanPcp | vlanPresent : 0);
  scratch.setMasked('vlan_tci', (vid & vlanVid) | ((pcp << 13) & vlanPcp) | vlanPresent, bits);
}

/** Without what says nothing of packets of that type. */
function removeMeaningless(): void {
  const normal = reportNormal(key, mask);
  if (normal === undefined) return;
  mask.set(normal);
  for (let n = 0; n < key.length; n++) key[n] = (key[n] ?? 0) & (mask[n] ?? 0);
}

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
  match.mask.unpack(mask);
  let wildcards =
    (wildBitsOf(getSlot(mask, 'nw_src')) << nwSrcShift) | (wildBitsOf(getSlot(mask, 'nw_dst')) << nwDstShift);
  for (const [bit, slot] of wholeSlots10) if (!scratch.has(slot)) wildcards |= bit;
  if ((getSlot(mask, 'nw_tos') & dscp) === 0) wildcards |= wild10.tos;
  const made = { wildcards, tciBits: getSlot(mask, 'vlan_tci') };
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
  unpackKey(match, key);
  const tci = tciIn(key);
  const isUntagged = (tciBits & vlanPresent) !== 0 && (tci & vlanPresent) === 0;
  const hasVid = isUntagged || (tciBits & vlanVid) !== 0;
  const hasPcp = isUntagged || (tciBits & vlanPcp) !== 0;
  to.u32(wildcards | (hasVid ? 0 : wild10.vlan) | (hasPcp ? 0 : wild10.pcp));
  to.u16(inPortIn(key));
  writeAddress(to, slots.eth_src.word);
  writeAddress(to, slots.eth_dst.word);
  to.u16(isUntagged ? noTag10 : hasVid ? tci & vlanVid : 0);
  to.u8(isUntagged || !hasPcp ? 0 : tci >>> 13);
  to.u8(0);
  to.u16(etherTypeIn(key));
  to.u8(serviceIn(key) & dscp);
  to.u8(protocolIn(key));
  to.u16(0);
  to.u32(sourceIn(key));
  to.u32(destinationIn(key));
  to.u16(sourcePortIn(key));
  to.u16(destinationPortIn(key));
}

/** Six bytes of `key`. */
function writeAddress(to: Writer, word: number): void {
  to.u32(key[word] ?? 0);
  to.u16((key[word + 1] ?? 0) >>> 16);
}

/** The opposite of `prefixOf`. */
function wildBitsOf(prefix: number): number {
  return prefix === 0 ? 32 : 31 - Math.clz32(prefix & -prefix);
}
