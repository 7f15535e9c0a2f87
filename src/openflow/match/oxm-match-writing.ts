/**
 * Matches written as lists of OXM TLVs, in the order in which the reference sends their fields. `oxm-match.ts` reads
 * them.
 */
import { type Field, type FieldName, fields } from '../../flow/fields/index.ts';
import type { FieldNumber } from '../../flow/fields/numbers.ts';
import { isMetByMatch } from '../../flow/fields/prerequisites.ts';
import { hasBits, readField, wholeMask } from '../../flow/fields/value.ts';
import { etherTypeOf, newKey, slotReader } from '../../flow/key.ts';
import type { Mask } from '../../flow/mask.ts';
import { type Match, unpackKey } from '../../flow/match.ts';
import type { OptionMatch } from '../../flow/tunnel-options.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import type { Writer } from '../bytes.ts';
import { port32 } from '../ports.ts';
import type { WireVersion } from '../versions.ts';
import { numberInActions, writeCookie, writeOxmHeader } from './oxm.ts';

/** Does a match say so much that the field may follow? Where it says nothing, the field goes out all the same. */
type When = (values: Uint32Array, bits: Uint32Array) => boolean;

interface Entry {
  readonly field: Field;
  /** It is sent behind the options of tunnels. */
  readonly isAfterOptions: boolean;
  /** The value of its mask when all bits are set. */
  readonly whole: Uint8Array;
  readonly when: When;
}

const protocolIn = slotReader('nw_proto');
const tagIn = slotReader('vlan_tci');
const connectionProtocolIn = slotReader('ct_nw_proto');
const packetTypeIn = slotReader('packet_type');

/** All bits of the packet type, which has a word of its own. */
const wholeType = 0xffffffff;

const always: When = () => true;
const isIp: When = (values) => {
  const type = etherTypeOf(values);
  return type === etherType.ipv4 || type === etherType.ipv6;
};
const isIpv4: When = (values) => etherTypeOf(values) === etherType.ipv4;
const isIpv6: When = (values) => etherTypeOf(values) === etherType.ipv6;
const carries =
  (protocol: number, ofType: When = isIp): When =>
  (values, bits) =>
    ofType(values, bits) && protocolIn(bits) !== 0 && protocolIn(values) === protocol;
const needsOf =
  (field: Field): When =>
  (values, bits) =>
    field.needs === undefined || isMetByMatch(field.needs, values, bits);

function entries(when: When | undefined, ...names: readonly FieldName[]): Entry[] {
  return names.map((name) => {
    const field = fields.get(name);
    if (field === undefined) throw new Error(`no field ${name}`);
    return { field, isAfterOptions: false, whole: wholeMask(field), when: when ?? needsOf(field) };
  });
}

const range = <N extends string>(count: number, name: (n: number) => N): N[] =>
  Array.from({ length: count }, (_, n) => name(n));

/** In the order in which the reference sends them; options of tunnels come in between. */
function orderFor(version: WireVersion): readonly Entry[] {
  const isNicira = version === 1;
  const before = [
    ...entries(
      always,
      'dp_hash',
      'recirc_id',
      'conj_id',
      isNicira ? 'in_port' : 'in_port_oxm',
      'actset_output',
    ),
    ...entries(always, 'eth_src', 'eth_dst', 'eth_type'),
    ...(isNicira
      ? entries(always, 'vlan_tci')
      : [...entries(always, 'vlan_vid'), ...entries(hasTag, 'vlan_pcp')]),
    ...entries(undefined, 'mpls_tc', 'mpls_bos', 'mpls_ttl', 'mpls_label'),
    ...entries(isIpv4, 'ip_src', 'ip_dst'),
    ...entries(isIpv6, 'ipv6_src', 'ipv6_dst'),
    ...entries(
      isIp,
      'ip_frag',
      isNicira ? 'nw_tos' : 'ip_dscp',
      'nw_ecn',
      'nw_ttl',
      'ipv6_label',
      'nw_proto',
    ),
    ...entries(carries(ipProtocol.tcp), 'tcp_src', 'tcp_dst', 'tcp_flags'),
    ...entries(carries(ipProtocol.udp), 'udp_src', 'udp_dst'),
    ...entries(carries(ipProtocol.sctp), 'sctp_src', 'sctp_dst'),
    ...entries(carries(ipProtocol.icmp, isIpv4), 'icmp_type', 'icmp_code'),
    ...entries(carries(ipProtocol.icmpv6, isIpv6), 'icmpv6_type', 'icmpv6_code'),
    ...entries(undefined, 'nd_reserved', 'nd_target', 'nd_options_type', 'nd_sll', 'nd_tll'),
    ...entries(undefined, 'arp_op', 'arp_spa', 'arp_tpa', 'arp_sha', 'arp_tha'),
    ...entries(
      always,
      'tun_id',
      'tun_flags',
      'tun_src',
      'tun_dst',
      'tun_ipv6_src',
      'tun_ipv6_dst',
      'tun_gbp_id',
      'tun_gbp_flags',
    ),
  ];
  const behind = [
    ...entries(always, 'tun_erspan_idx', 'tun_erspan_ver', 'tun_erspan_dir', 'tun_erspan_hwid'),
    ...entries(always, 'tun_gtpu_flags', 'tun_gtpu_msgtype'),
    ...entries(
      always,
      'nsh_flags',
      'nsh_ttl',
      'nsh_mdtype',
      'nsh_np',
      'nsh_spi',
      'nsh_si',
      'nsh_c1',
      'nsh_c2',
      'nsh_c3',
      'nsh_c4',
    ),
    ...entries(
      always,
      ...(version < 6 ? range(16, (n) => `reg${n}` as const) : range(8, (n) => `xreg${n}` as const)),
    ),
    ...entries(always, 'pkt_mark', 'ct_state', 'ct_zone', 'ct_mark', 'ct_label'),
    ...entries(always, 'ct_nw_src', 'ct_ipv6_src', 'ct_nw_dst', 'ct_ipv6_dst'),
    ...entries((values) => connectionProtocolIn(values) !== 0, 'ct_nw_proto', 'ct_tp_src', 'ct_tp_dst'),
    ...entries(always, 'metadata'),
  ];
  return [...before, ...behind.map((entry) => ({ ...entry, isAfterOptions: true }))];
}

function hasTag(values: Uint32Array): boolean {
  return (tagIn(values) & (vlanPresent | 0xfff)) !== 0;
}

const orders = new Map<WireVersion, readonly Entry[]>();

function orderOf(version: WireVersion): readonly Entry[] {
  let order = orders.get(version);
  if (order === undefined) {
    order = orderFor(version);
    orders.set(version, order);
  }
  return order;
}

/** What a mask has of a field, and how that goes out. */
interface Part {
  readonly field: Field;
  readonly isAfterOptions: boolean;
  readonly when: When;
  /** None where the version has no number for the field. */
  readonly number: FieldNumber | undefined;
  /** What is sent of the mask. */
  readonly mask: Uint8Array | undefined;
}

/** Per mask and version: few masks say how many matches are sent. */
const plans = new WeakMap<Mask, (readonly Part[])[]>();

function planOf(mask: Mask, bits: Uint32Array, version: WireVersion): readonly Part[] {
  let ofMask = plans.get(mask);
  if (ofMask === undefined) {
    ofMask = [];
    plans.set(mask, ofMask);
  }
  const known = ofMask[version];
  if (known !== undefined) return known;
  const made = orderOf(version)
    .filter(({ field }) => hasBits(bits, field))
    .map((entry) => partOf(entry, bits, version));
  ofMask[version] = made;
  return made;
}

function partOf(
  { field, isAfterOptions, whole, when }: Entry,
  bits: Uint32Array,
  version: WireVersion,
): Part {
  const fieldMask = readField(bits, field);
  const isWhole = field.isWholeSlot === true || fieldMask.every((byte, n) => byte === whole[n]);
  const hasMask = field.mask !== 'exact' && (!isWhole || field.isAlwaysMasked === true);
  return {
    field,
    isAfterOptions,
    when,
    number: field.numbers.length === 0 ? undefined : numberInActions(field, version),
    mask: hasMask ? fieldMask : undefined,
  };
}

const [packetType] = entries(always, 'packet_type');
const written = newKey();
const writtenMask = newKey();

/**
 * Writes a match as TLVs, without padding. Version 1 is that of Nicira's extended match. Where a version has no number
 * for a field, that of another one goes out.
 */
export function writeOxmMatch(
  to: Writer,
  match: Match,
  version: WireVersion,
  cookie = 0n,
  cookieMask = 0n,
): void {
  const values = unpackKey(match, written);
  const bits = match.mask.unpack(writtenMask);
  const plan = planOf(match.mask, bits, version);
  if (packetType !== undefined && hasBits(bits, packetType.field) && !isTypeImplied(plan, values, bits))
    writePart(to, partOf(packetType, bits, version), values);
  let left = match.options;
  for (const part of plan) {
    if (left !== undefined && part.isAfterOptions) {
      writeOptions(to, left, version);
      left = undefined;
    }
    if (part.when(values, bits)) writePart(to, part, values);
  }
  if (left !== undefined) writeOptions(to, left, version);
  if (cookieMask !== 0n) writeCookie(to, cookie, cookieMask);
}

/** That packets are of Ethernet is clear from other fields. */
function isTypeImplied(plan: readonly Part[], values: Uint32Array, bits: Uint32Array): boolean {
  if (packetTypeIn(values) !== 0 || packetTypeIn(bits) !== wholeType) return false;
  for (const { field, when } of plan) if (field.needs !== undefined && when(values, bits)) return true;
  return false;
}

/** What a match says of a field, as bytes; `mask` is undefined for all of its bits. */
export interface MatchedFieldBytes {
  readonly field: Field;
  readonly value: Uint8Array;
  readonly mask: Uint8Array | undefined;
}

/** The fields that a match is on, as OpenFlow 1.4 would have them sent. */
export function matchedFields(match: Match): MatchedFieldBytes[] {
  const values = unpackKey(match, written);
  const bits = match.mask.unpack(writtenMask);
  const plan = planOf(match.mask, bits, 5).filter((part) => part.when(values, bits));
  const isTyped =
    packetType !== undefined && hasBits(bits, packetType.field) && !isTypeImplied(plan, values, bits);
  const parts = isTyped ? [partOf(packetType, bits, 5), ...plan] : plan;
  return [
    ...parts.map(({ field, mask: fieldMask }) => ({
      field,
      value: readField(values, field),
      mask: fieldMask,
    })),
    ...(match.options ?? []).flatMap(({ index, value, mask: bytes }) => {
      const field = optionFields[index];
      return field === undefined ? [] : [{ field, value, mask: bytes }];
    }),
  ];
}

/** Options of tunnels by their numbers. */
const optionFields = [...fields.values()].filter(({ option }) => option !== undefined);

function writeOptions(to: Writer, list: readonly OptionMatch[], version: WireVersion): void {
  for (const { index, value, mask: bits } of list) {
    const field = optionFields[index];
    if (field === undefined) continue;
    writeOxmHeader(to, numberInActions(field, version), value.length, bits !== undefined);
    to.octets(value);
    if (bits !== undefined) to.octets(bits);
  }
}

function writePart(to: Writer, { field, number, mask: fieldMask }: Part, values: Uint32Array): void {
  if (number === undefined) return;
  writeOxmHeader(to, number, field.bytes, fieldMask !== undefined);
  writeValue(to, field, values);
  if (fieldMask !== undefined) to.octets(fieldMask);
}

function writeValue(to: Writer, field: Field, values: Uint32Array): void {
  const { word, wordCount, shift, bits } = field.place;
  if (wordCount > 1) {
    const last = word + wordCount - 1;
    for (let n = word; n < last; n++) to.u32(values[n] ?? 0);
    if (field.bytes % 4 === 0) to.u32(values[last] ?? 0);
    else to.u16((values[last] ?? 0) >>> 16);
    return;
  }
  const value = ((values[word] ?? 0) >>> shift) & bits;
  if (field.format === 'ofPort32') to.u32(port32(value));
  else if (field.bytes === 4) to.u32(value);
  else if (field.bytes === 2) to.u16(value);
  else to.u8(value);
}
