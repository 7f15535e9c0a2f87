/**
 * The groups of a datapath flow's text, like ipv4(src=..,dst=..): what members each has, of which packets, and how it
 * prints and reads where that is more than one member after the other. One table serves flows and `set` actions.
 */
import { Malformed } from '../../base/errors.ts';
import { trimSpaces } from '../../base/text.ts';
import { ctStateNames, tcpFlagNames } from '../../flow/fields/flags.ts';
import { getSlot, readSlot } from '../../flow/key.ts';
import type { SlotName } from '../../flow/slots.ts';
import { etherType, isMplsType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { mplsBottom } from '../../wire/mpls.ts';
import type { SetHeader } from '../actions.ts';
import {
  decimal,
  type Form,
  flags,
  fragmentForm,
  fullHexadecimal,
  hexadecimal,
  ipv4Form,
  ipv6Form,
  macForm,
  maskedInHex,
} from './forms.ts';
import {
  formatMember,
  isExactMember,
  type Member,
  type MemberOptions,
  member,
  type ReadKey,
  readMember,
} from './member.ts';
import { tunnelGroup } from './tunnel-key.ts';
export interface KeyTextOptions extends MemberOptions {
  /** The mask says whether a flow is for Ethernet alone, as those of bridges are without that. */
  readonly masksPacketType?: boolean;
  /** An Ethernet header is shown where neither the packet's type nor its addresses are: "eth()". */
  readonly hasEthernet?: boolean;
}

interface Group {
  readonly name: string;
  readonly members: readonly Member[];
  /** Does a packet with that key have it? */
  readonly isIn: (key: Uint32Array, mask: Uint32Array) => boolean;
  /** Where printing is more than one member after the other. */
  readonly format?: (key: Uint32Array, mask: Uint32Array, options: KeyTextOptions) => string;
  /** The same for what a `set` action writes: what the mask leaves out is not written. */
  readonly formatSet?: (key: Uint32Array, mask: Uint32Array) => string;
  /** Where reading is more than that. Throws Malformed. */
  readonly read?: (body: string, into: ReadKey) => void;
}

const tcpFlagsForm = flags(tcpFlagNames, 0xfff);
const ctStateForm = flags(ctStateNames, 0xffffffff);

const always = (): boolean => true;
const type = (key: Uint32Array): number => getSlot(key, 'eth_type');
const isIp = (key: Uint32Array): boolean => type(key) === etherType.ipv4 || type(key) === etherType.ipv6;
const isFirst = (key: Uint32Array): boolean => (getSlot(key, 'nw_frag') & 2) === 0;
const carries =
  (protocol: number) =>
  (key: Uint32Array): boolean =>
    isIp(key) && isFirst(key) && getSlot(key, 'nw_proto') === protocol;
const isIcmp =
  (ethernetType: number, protocol: number) =>
  (key: Uint32Array): boolean =>
    type(key) === ethernetType && carries(protocol)(key);
const isNeighbour = (key: Uint32Array): boolean =>
  isIcmp(etherType.ipv6, ipProtocol.icmpv6)(key) &&
  (getSlot(key, 'tp_src') === 135 || getSlot(key, 'tp_src') === 136) &&
  getSlot(key, 'tp_dst') === 0;
/** The connection's first packet is known, and the packet is of that family. */
const isTracked =
  (ethernetType: number) =>
  (key: Uint32Array): boolean =>
    type(key) === ethernetType && getSlot(key, 'ct_nw_proto') !== 0;
const mplsSlots = ['mpls_lse', 'mpls_lse2', 'mpls_lse3'] as const;
const isMpls = (key: Uint32Array): boolean => isMplsType(type(key));

const tupleMembers = (
  src: SlotName,
  dst: SlotName,
  form: Form,
  ports: readonly [string, string],
): Member[] => [
  member('src', src, form),
  member('dst', dst, form),
  member('proto', 'ct_nw_proto', decimal),
  member(ports[0], 'ct_tp_src', decimal),
  member(ports[1], 'ct_tp_dst', decimal),
];

const bare = (name: string, slot: SlotName, form: Form): Group => ({
  name,
  members: [member('', slot, form)],
  isIn: always,
});

function group(name: string, isIn: Group['isIn'], members: readonly Member[]): Group {
  return { name, members, isIn };
}

const mplsMembers: readonly Member[] = [
  { name: 'label', slot: 'mpls_lse', form: decimal, bits: [12, 20] },
  { name: 'tc', slot: 'mpls_lse', form: decimal, bits: [9, 3] },
  { name: 'ttl', slot: 'mpls_lse', form: decimal, bits: [0, 8] },
  { name: 'bos', slot: 'mpls_lse', form: decimal, bits: [8, 1] },
];

const nshByte = maskedInHex(decimal, 2, 2);
const nshWord = maskedInHex(fullHexadecimal, 1, 8);
const nshMembers: readonly Member[] = [
  member('flags', 'nsh_flags', nshByte),
  member('ttl', 'nsh_ttl', nshByte),
  member('mdtype', 'nsh_mdtype', nshByte),
  member('np', 'nsh_np', nshByte),
  { name: 'spi', slot: 'nsh_path', form: nshWord, bits: [8, 24] },
  { name: 'si', slot: 'nsh_path', form: nshByte, bits: [0, 8] },
  ...(['nsh_c1', 'nsh_c2', 'nsh_c3', 'nsh_c4'] as const).map((slot) => member(slot.slice(4), slot, nshWord)),
];

const portMembers = [member('src', 'tp_src', decimal), member('dst', 'tp_dst', decimal)];
/** One byte each, though they lie where ports do. */
const icmpMembers: readonly Member[] = [
  { name: 'type', slot: 'tp_src', form: decimal, bits: [0, 8] },
  { name: 'code', slot: 'tp_dst', form: decimal, bits: [0, 8] },
];

const isTcp = carries(ipProtocol.tcp);
/** No flags at all, and none looked at, are not worth a word. */
const hasTcpFlags = (key: Uint32Array, mask: Uint32Array): boolean =>
  isTcp(key) && (getSlot(key, 'tcp_flags') !== 0 || getSlot(mask, 'tcp_flags') !== 0);

/** Before the EtherType; the tag stands between these and the rest. */
export const metadataGroups: readonly Group[] = [
  bare('skb_priority', 'skb_priority', hexadecimal),
  tunnelGroup,
  bare('skb_mark', 'pkt_mark', hexadecimal),
  { ...bare('ct_state', 'ct_state', ctStateForm), format: formatCtState, formatSet: formatCtStateToSet },
  bare('ct_zone', 'ct_zone', hexadecimal),
  bare('ct_mark', 'ct_mark', hexadecimal),
  bare('ct_label', 'ct_label', hexadecimal),
  group(
    'ct_tuple4',
    isTracked(etherType.ipv4),
    tupleMembers('ct_nw_src', 'ct_nw_dst', ipv4Form, ['tp_src', 'tp_dst']),
  ),
  {
    ...group(
      'ct_tuple6',
      isTracked(etherType.ipv6),
      tupleMembers('ct_ipv6_src', 'ct_ipv6_dst', ipv6Form, ['src_port', 'dst_port']),
    ),
    read: readTuple6,
  },
  bare('recirc_id', 'recirc_id', hexadecimal),
  bare('dp_hash', 'dp_hash', hexadecimal),
  bare('in_port', 'in_port', decimal),
];

export const packetTypeGroup = group('packet_type', always, [
  { name: 'ns', slot: 'packet_type', form: decimal, bits: [16, 16] },
  { name: 'id', slot: 'packet_type', form: hexadecimal, bits: [0, 16] },
]);
const isEthernet = (key: Uint32Array): boolean => getSlot(key, 'packet_type') === 0;

export const ethernetGroup = group('eth', isEthernet, [
  member('src', 'eth_src', macForm),
  member('dst', 'eth_dst', macForm),
]);

export const payloadGroups: readonly Group[] = [
  { ...group('mpls', isMpls, mplsMembers), format: formatMpls, formatSet: formatMplsToSet, read: readMpls },
  { ...group('nsh', (key) => type(key) === etherType.nsh, nshMembers), format: formatNsh },
  group('ipv4', (key) => type(key) === etherType.ipv4, [
    member('src', 'nw_src', ipv4Form),
    member('dst', 'nw_dst', ipv4Form),
    member('proto', 'nw_proto', decimal),
    member('tos', 'nw_tos', hexadecimal),
    member('ttl', 'nw_ttl', decimal),
    member('frag', 'nw_frag', fragmentForm),
  ]),
  group('ipv6', (key) => type(key) === etherType.ipv6, [
    member('src', 'ipv6_src', ipv6Form),
    member('dst', 'ipv6_dst', ipv6Form),
    { name: 'label', slot: 'ipv6_label', form: hexadecimal, bits: [0, 20] },
    member('proto', 'nw_proto', decimal),
    member('tclass', 'nw_tos', hexadecimal),
    member('hlimit', 'nw_ttl', decimal),
    member('frag', 'nw_frag', fragmentForm),
  ]),
  group('arp', (key) => type(key) === etherType.arp || type(key) === etherType.rarp, [
    member('sip', 'nw_src', ipv4Form),
    member('tip', 'nw_dst', ipv4Form),
    member('op', 'nw_proto', decimal),
    member('sha', 'arp_sha', macForm),
    member('tha', 'arp_tha', macForm),
  ]),
  group('tcp', carries(ipProtocol.tcp), portMembers),
  group('tcp_flags', hasTcpFlags, [member('', 'tcp_flags', tcpFlagsForm)]),
  group('udp', carries(ipProtocol.udp), portMembers),
  group('sctp', carries(ipProtocol.sctp), portMembers),
  group('icmp', isIcmp(etherType.ipv4, ipProtocol.icmp), icmpMembers),
  group('icmpv6', isIcmp(etherType.ipv6, ipProtocol.icmpv6), icmpMembers),
  group('nd', isNeighbour, [
    member('target', 'nd_target', ipv6Form),
    member('sll', 'arp_sha', macForm),
    member('tll', 'arp_tha', macForm),
  ]),
  // What the reference's datapath can set, but never shows of a flow.
  {
    ...group('nd_ext', () => false, [
      member('nd_reserved', 'nd_reserved', fullHexadecimal),
      member('nd_options_type', 'nd_options_type', decimal),
    ]),
    formatSet: formatNeighbourExtensions,
  },
];

/** What a `set` action writes: "ipv4(dst=1.2.3.4)". */
export function formatSet(header: SetHeader, key: Uint32Array, mask: Uint32Array): string {
  const found = allGroups.get(header);
  if (found === undefined) throw new Error(`no text for ${header}`);
  return found.formatSet?.(key, mask) ?? `${header}(${formatMembers(found, key, mask, {})})`;
}

/** Empty when the packet does not have the group, or the mask leaves all of it out. */
export function formatGroup(g: Group, key: Uint32Array, mask: Uint32Array, options: KeyTextOptions): string {
  if (!g.isIn(key, mask)) return '';
  if (g.format !== undefined) return g.format(key, mask, options);
  const members = formatMembers(g, key, mask, options);
  return members === '' ? '' : `${g.name}(${members})`;
}

/** As numbers where everything is shown, else by name. */
function formatCtState(key: Uint32Array, mask: Uint32Array, options: KeyTextOptions): string {
  const form = options.isVerbose === true ? hexadecimal : ctStateForm;
  const text = formatMember(member('', 'ct_state', form), key, mask, options);
  return text === '' ? '' : `ct_state(${text})`;
}

function formatCtStateToSet(key: Uint32Array, mask: Uint32Array): string {
  const isVerbose = isExactMember(member('', 'ct_state', hexadecimal), mask);
  return formatCtState(key, mask, { isVerbose }) || 'ct_state(0/0)';
}

/** What is reserved is shown, written or not. */
function formatNeighbourExtensions(key: Uint32Array, mask: Uint32Array): string {
  const reserved = `nd_reserved=${fullHexadecimal.format(readSlot(key, 'nd_reserved'))}`;
  const type = formatMember(member('nd_options_type', 'nd_options_type', decimal), key, mask, {});
  return `nd_ext(${[reserved, type].filter((text) => text !== '').join(',')})`;
}

/** Earlier names of the ports, which are read too. */
function readTuple6(body: string, into: ReadKey): void {
  readMembers('ct_tuple6', body.replace(/\btp_(src|dst)=/g, '$1_port='), into);
}

/** Masks stand everywhere unless all are exact. */
function formatMpls(key: Uint32Array, mask: Uint32Array, options: KeyTextOptions): string {
  const stack = mplsStackOf(key);
  const masks = stack.map((slot) => getSlot(mask, slot));
  if (stack.length === 0 || (options.isVerbose !== true && masks.every((bits) => bits === 0))) return '';
  return formatMplsStack(stack, key, mask);
}

function formatMplsToSet(key: Uint32Array, mask: Uint32Array): string {
  const last = mplsSlots.findLastIndex((slot) => getSlot(mask, slot) !== 0);
  return formatMplsStack(mplsSlots.slice(0, Math.max(last, 0) + 1), key, mask);
}

function formatMplsStack(stack: readonly SlotName[], key: Uint32Array, mask: Uint32Array): string {
  const masks = stack.map((slot) => getSlot(mask, slot));
  const isExact = masks.every((bits) => bits === 0xffffffff);
  const entries = stack.map((slot, n) => formatMplsEntry(getSlot(key, slot), isExact ? undefined : masks[n]));
  return `mpls(${entries.join(',')})`;
}

/** A member that was named already is the next entry's. */
function readMpls(body: string, into: ReadKey): void {
  let named = new Set<string>();
  let depth = 0;
  for (const item of itemsOf(body)) {
    const [name = ''] = item.split('=', 1);
    if (named.has(name)) {
      named = new Set();
      depth++;
    }
    named.add(name);
    const slot = mplsSlots[depth];
    const found = mplsMembers.find((m) => m.name === name);
    if (slot === undefined || found === undefined)
      throw new Malformed('flow', 0, `"${item}" is no member of up to ${mplsSlots.length} labels`);
    readMember({ ...found, slot }, item.slice(name.length + 1), into);
  }
}

/** The slots in use: down to the bottom of the stack, or as far as the packet went. */
function mplsStackOf(key: Uint32Array): SlotName[] {
  const stack: SlotName[] = [];
  for (const slot of mplsSlots) {
    const entry = getSlot(key, slot);
    if (entry === 0) break;
    stack.push(slot);
    if ((entry & mplsBottom) !== 0) break;
  }
  return stack;
}

function formatMplsEntry(entry: number, mask: number | undefined): string {
  const [label, tc, bos, ttl] = mplsParts(entry);
  if (mask === undefined) return `label=${label},tc=${tc},ttl=${ttl},bos=${bos}`;
  const [labelMask, tcMask, bosMask, ttlMask] = mplsParts(mask).map((part) => part.toString(16));
  return `label=${label}/0x${labelMask},tc=${tc}/${tcMask},ttl=${ttl}/0x${ttlMask},bos=${bos}/${bosMask}`;
}

function mplsParts(entry: number): [label: number, tc: number, bos: number, ttl: number] {
  return [entry >>> 12, (entry >>> 9) & 7, (entry >>> 8) & 1, entry & 0xff];
}

/** Stands there whatever is masked; what is not looked at is left out. Only metadata type 1 has a context to mask. */
function formatNsh(key: Uint32Array, mask: Uint32Array): string {
  const hasContext = getSlot(key, 'nsh_mdtype') === 1;
  const members = nshMembers.map((m) => {
    if (!hasContext && m.slot.startsWith('nsh_c')) return `${m.name}=0x0`;
    return formatMember(m, key, mask, {});
  });
  return `nsh(${members.filter((text) => text !== '').join(',')})`;
}

function formatMembers(g: Group, key: Uint32Array, mask: Uint32Array, options: KeyTextOptions): string {
  return g.members
    .map((m) => formatMember(m, key, mask, options))
    .filter((text) => text !== '')
    .join(',');
}

const allGroups = new Map(
  [...metadataGroups, packetTypeGroup, ethernetGroup, ...payloadGroups].map((g): [string, Group] => [
    g.name,
    g,
  ]),
);

/** Reads the group of that name; false when there is none. Throws Malformed. */
export function readKeyGroup(name: string, body: string, into: ReadKey): boolean {
  const found = allGroups.get(name);
  if (found === undefined) return false;
  if (found.read !== undefined) found.read(body, into);
  else readMembers(name, body, into);
  return true;
}

function readMembers(name: string, body: string, into: ReadKey): void {
  const members = allGroups.get(name)?.members ?? [];
  const [first] = members;
  if (first?.name === '') {
    readMember(first, body, into);
    return;
  }
  for (const item of itemsOf(body)) {
    const equals = item.indexOf('=');
    const memberName = equals < 0 ? '' : item.slice(0, equals);
    const m = members.find((candidate) => candidate.name === memberName);
    if (m === undefined) throw new Malformed('flow', 0, `${name} has no member "${memberName || item}"`);
    readMember(m, item.slice(equals + 1), into);
  }
}

/** What stands between commas; one may end the list. */
function itemsOf(body: string): string[] {
  return body === '' ? [] : body.replace(/,$/, '').split(',').map(trimSpaces);
}
