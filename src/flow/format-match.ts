/**
 * Matches as ovs-ofctl prints them: one table says in which order and how. Values that the rest of the match cannot have
 * are left out.
 */
import { etherType, vlanPresent } from '../wire/ethernet.ts';
import { ipProtocol } from '../wire/ip.ts';
import { ctStateNames, type FlagNames, formatFlags, tcpFlagNames, tunnelFlagNames } from './fields/flags.ts';
import { type Field, type FieldName, fields } from './fields/index.ts';
import { formatHex, integerOf } from './fields/integer.ts';
import { formatFieldText, type PortText } from './fields/text.ts';
import { hasBits, readField, wholeMask } from './fields/value.ts';
import { etherTypeOf, getSlot } from './key.ts';
import type { SlotName } from './slots.ts';
import { formatOption, type OptionMatch } from './tunnel-options.ts';

/** Marks up a part of the text, e.g. by colour. */
type Paint = (text: string, part: 'param' | 'special' | 'value') => string;

export interface MatchTextOptions {
  readonly ports: PortText;
  readonly paint?: Paint;
  /** Said first unless it is OpenFlow's usual 32768. */
  readonly priority?: number;
  /** Those of the match that have no place in the key. */
  readonly tunnelOptions?: readonly OptionMatch[] | undefined;
}

const usualPriority = 32768;

interface View {
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
  readonly options: MatchTextOptions;
  readonly paint: Paint;
  /** EtherType, or what the packet type says in its place. */
  readonly type: number;
}

/** Text of some fields; empty when the match says nothing of them. */
type Item = (view: View) => string;

/** No trailing comma. `key` is zero outside `mask`. */
export function formatMatch(key: Uint32Array, mask: Uint32Array, options: MatchTextOptions): string {
  const { priority = usualPriority, paint = (text) => text } = options;
  const view = { key, mask, options, paint, type: etherTypeOf(key) };
  const parts = items.map((item) => item(view)).filter((text) => text !== '');
  if (priority !== usualPriority) parts.unshift(`${paint('priority=', 'special')}${priority}`);
  return parts.join(',');
}

function fieldOf(name: FieldName): Field {
  const field = fields.get(name);
  if (field === undefined) throw new Error(`no field ${name}`);
  return field;
}

type ValueText = (value: Uint8Array, mask: Uint8Array, isExact: boolean, view: View) => string;

/** "label=text", when the mask has bits of the field and `when` holds. */
function item(
  label: string,
  name: FieldName,
  text: ValueText,
  when: (view: View) => boolean = () => true,
): Item {
  const field = fieldOf(name);
  const whole = wholeMask(field);
  return (view) => {
    if (!hasBits(view.mask, field) || !when(view)) return '';
    const mask = readField(view.mask, field);
    const isExact = mask.every((byte, n) => byte === whole[n]);
    return view.paint(`${label}=`, 'param') + text(readField(view.key, field), mask, isExact, view);
  };
}

/** C's %#x for both. */
const shortHex: ValueText = (value, mask, isExact) =>
  formatHex(value, false) + (isExact ? '' : `/${formatHex(mask, false)}`);
const hex: ValueText = (value, mask, isExact) => formatHex(value) + (isExact ? '' : `/${formatHex(mask)}`);
/** Decimal where it is exact. */
const decimalOrHex: ValueText = (value, mask, isExact, view) =>
  isExact ? decimal(value) : hex(value, mask, false, view);
const decimal = (value: Uint8Array): string => integerOf(value).toString();
/** At least so many hexadecimal digits. */
const padded =
  (digits: number): ValueText =>
  (value, mask, isExact) =>
    padHex(value, digits) + (isExact ? '' : `/${padHex(mask, digits)}`);

function padHex(bytes: Uint8Array, digits: number): string {
  return `0x${integerOf(bytes).toString(16).padStart(digits, '0')}`;
}

/** Decimal where it is exact, else with so many digits. */
const decimalOrPadded = (digits: number): ValueText => {
  const masked = padded(digits);
  return (value, mask, isExact, view) => (isExact ? decimal(value) : masked(value, mask, false, view));
};

/** As the field's own format has it. */
const own = (name: FieldName): ValueText => {
  const field = fieldOf(name);
  return (value, mask, _isExact, { options }) => formatFieldText(field, value, mask, options.ports);
};

const ownItem = (label: string, name: FieldName, when?: (view: View) => boolean): Item =>
  item(label, name, own(name), when);

const flagsOf =
  (names: FlagNames, whole: number): ValueText =>
  (value, mask) =>
    formatFlags(names, Number(integerOf(value)), Number(integerOf(mask)), whole);

const isType =
  (...types: number[]) =>
  ({ type }: View): boolean =>
    types.includes(type);
const isArp = isType(etherType.arp, etherType.rarp);
const isIpv6 = isType(etherType.ipv6);
const isNsh = isType(etherType.nsh);
/** Neither has addresses of its own name. */
const hasNwAddresses = (view: View): boolean => !isArp(view) && !isIpv6(view) && !isNsh(view);
const isProtocol = (view: View, protocol: number): boolean => getSlot(view.key, 'nw_proto') === protocol;
const isIcmp6 = (view: View): boolean => isIpv6(view) && isProtocol(view, ipProtocol.icmpv6);
const isIcmp = (view: View): boolean =>
  isIcmp6(view) || (view.type === etherType.ipv4 && isProtocol(view, ipProtocol.icmp));
const hasPorts = (view: View): boolean => !isIcmp(view);
const isTcp = (view: View): boolean => {
  const type = getSlot(view.key, 'eth_type');
  return (type === etherType.ipv4 || type === etherType.ipv6) && isProtocol(view, ipProtocol.tcp);
};

/** The word for an EtherType, or for one with an IP protocol. */
const words: readonly (readonly [word: string, type: number, protocol?: number])[] = [
  ['icmp', etherType.ipv4, ipProtocol.icmp],
  ['tcp', etherType.ipv4, ipProtocol.tcp],
  ['udp', etherType.ipv4, ipProtocol.udp],
  ['sctp', etherType.ipv4, ipProtocol.sctp],
  ['ip', etherType.ipv4],
  ['icmp6', etherType.ipv6, ipProtocol.icmpv6],
  ['tcp6', etherType.ipv6, ipProtocol.tcp],
  ['udp6', etherType.ipv6, ipProtocol.udp],
  ['sctp6', etherType.ipv6, ipProtocol.sctp],
  ['ipv6', etherType.ipv6],
  ['arp', etherType.arp],
  ['rarp', etherType.rarp],
  ['mpls', etherType.mpls],
  ['mplsm', etherType.mplsMulticast],
];

function wordFor(view: View): (typeof words)[number] | undefined {
  if (getSlot(view.mask, 'eth_type') === 0) return undefined;
  const hasProtocol = getSlot(view.mask, 'nw_proto') !== 0;
  return words.find(
    ([, type, protocol]) =>
      type === view.type && (protocol === undefined || (hasProtocol && isProtocol(view, protocol))),
  );
}

const hasTypeWord = (view: View): boolean => wordFor(view) !== undefined;
const hasProtocolWord = (view: View): boolean => wordFor(view)?.[2] !== undefined;

const typeWord: Item = (view) => {
  const word = wordFor(view);
  return word === undefined ? '' : view.paint(word[0], 'value');
};

/** Ethernet is what a packet is anyway; said only where a datapath flow is shown. */
const packetType: Item = (view) => {
  const mask = getSlot(view.mask, 'packet_type');
  const value = getSlot(view.key, 'packet_type');
  const isEthernet = value === 0 && mask === 0xffffffff;
  if (mask === 0 || (isEthernet && getSlot(view.mask, 'recirc_id') === 0)) return '';
  if (isEthernet) return 'eth';
  const half = (shift: number): string => shortOf((value >>> shift) & 0xffff, (mask >>> shift) & 0xffff);
  return `packet_type=(${half(16)},${half(0)})`;
};

function shortOf(value: number, mask: number): string {
  if (mask === 0) return '*';
  const text = value > 9 ? `0x${value.toString(16)}` : String(value);
  return mask === 0xffff ? text : `${text}/0x${mask.toString(16)}`;
}

/** A tag as VLAN and priority where it can be said so, otherwise as it stands in the header. */
const tag =
  (slot: SlotName, number: string): Item =>
  ({ key, mask, paint }) => {
    const bits = getSlot(mask, slot);
    const tci = getSlot(key, slot);
    if (bits === 0) return '';
    const vid = bits & 0xfff;
    const pcp = bits & 0xe000;
    const isWhole = (vid === 0 || vid === 0xfff) && (pcp === 0 || pcp === 0xe000) && (vid | pcp) !== 0;
    if ((bits & tci & vlanPresent) !== 0 && isWhole) {
      const parts = [];
      if (vid !== 0) parts.push(`${paint(`dl_vlan${number}=`, 'param')}${tci & 0xfff}`);
      if (pcp !== 0) parts.push(`${paint(`dl_vlan_pcp${number}=`, 'param')}${tci >>> 13}`);
      return parts.join(',');
    }
    const hex4 = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;
    const text = bits === 0xffff ? hex4(tci) : `${hex4(tci)}/${hex4(bits)}`;
    return `${paint(`vlan_tci${number}=`, 'param')}${text}`;
  };

/** A slot that no field shows. */
const bareSlot =
  (label: string, slot: SlotName): Item =>
  ({ key, mask, paint }) => {
    const bits = getSlot(mask, slot);
    const hex8 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
    if (bits === 0) return '';
    const value = getSlot(key, slot);
    return (
      paint(`${label}=`, 'param') + (bits === 0xffffffff ? String(value) : `${hex8(value)}/${hex8(bits)}`)
    );
  };

/** DSCP and ECN are shown apart, the first where it stands in the byte. */
const dscp: Item = ({ key, mask, paint }) => {
  if ((getSlot(mask, 'nw_tos') & 0xfc) === 0) return '';
  return `${paint('nw_tos=', 'param')}${getSlot(key, 'nw_tos') & 0xfc}`;
};

const erspanVersion = (view: View): number => getSlot(view.key, 'tun_erspan_ver');
const hasCtProtocol = (view: View): boolean => getSlot(view.mask, 'ct_nw_proto') !== 0;
const hasNshContexts = (view: View): boolean =>
  isNsh(view) && getSlot(view.mask, 'nsh_mdtype') === 0xff && getSlot(view.key, 'nsh_mdtype') === 1;

const items: readonly Item[] = [
  item('pkt_mark', 'pkt_mark', shortHex),
  item('recirc_id', 'recirc_id', shortHex),
  item('dp_hash', 'dp_hash', shortHex),
  item('conj_id', 'conj_id', decimal),
  item('skb_priority', 'skb_priority', shortHex),
  ownItem('actset_output', 'actset_output'),
  item('ct_state', 'ct_state', flagsOf(ctStateNames, 0xff)),
  item('ct_zone', 'ct_zone', decimalOrHex),
  item('ct_mark', 'ct_mark', shortHex),
  item('ct_label', 'ct_label', hex),
  ownItem('ct_nw_src', 'ct_nw_src'),
  ownItem('ct_ipv6_src', 'ct_ipv6_src'),
  ownItem('ct_nw_dst', 'ct_nw_dst'),
  ownItem('ct_ipv6_dst', 'ct_ipv6_dst'),
  item('ct_nw_proto', 'ct_nw_proto', decimal),
  item('ct_tp_src', 'ct_tp_src', decimalOrHex, hasCtProtocol),
  item('ct_tp_dst', 'ct_tp_dst', decimalOrHex, hasCtProtocol),
  packetType,
  typeWord,
  ...Array.from({ length: 16 }, (_, n) => item(`reg${n}`, `reg${n}`, shortHex)),
  item('tun_id', 'tun_id', shortHex),
  ownItem('tun_src', 'tun_src'),
  ownItem('tun_dst', 'tun_dst'),
  ownItem('tun_ipv6_src', 'tun_ipv6_src'),
  ownItem('tun_ipv6_dst', 'tun_ipv6_dst'),
  item('tun_gbp_id', 'tun_gbp_id', decimalOrHex),
  item('tun_gbp_flags', 'tun_gbp_flags', (value) => formatHex(value, false)),
  item('tun_tos', 'tun_tos', (value) => integerOf(value).toString(16)),
  item('tun_ttl', 'tun_ttl', decimal),
  item('tun_erspan_ver', 'tun_erspan_ver', decimal),
  item(
    'tun_erspan_idx',
    'tun_erspan_idx',
    (value) => formatHex(value, false),
    (view) => erspanVersion(view) === 1,
  ),
  item('tun_erspan_dir', 'tun_erspan_dir', decimal, (view) => erspanVersion(view) === 2),
  item(
    'tun_erspan_hwid',
    'tun_erspan_hwid',
    (value) => formatHex(value, false),
    (view) => erspanVersion(view) === 2,
  ),
  item('gtpu_flags', 'tun_gtpu_flags', (value) => formatHex(value, false)),
  item('gtpu_msgtype', 'tun_gtpu_msgtype', decimal),
  item('tun_flags', 'tun_flags', flagsOf(tunnelFlagNames, 0xffff)),
  ({ options, paint }) =>
    (options.tunnelOptions ?? [])
      .map((option) => formatOption(option, (label) => paint(label, 'param')))
      .join(','),
  item('metadata', 'metadata', shortHex),
  item('in_port', 'in_port', (value, _mask, _isExact, { options }) =>
    options.ports.format(Number(integerOf(value))),
  ),
  tag('vlan_tci', ''),
  (view) => (getSlot(view.mask, 'vlan_tci') === 0 ? '' : tag('vlan_tci2', '1')(view)),
  ownItem('dl_src', 'eth_src'),
  ownItem('dl_dst', 'eth_dst'),
  item('dl_type', 'eth_type', padded(4), (view) => !hasTypeWord(view)),
  ownItem('ipv6_src', 'ipv6_src', isIpv6),
  ownItem('ipv6_dst', 'ipv6_dst', isIpv6),
  item('ipv6_label', 'ipv6_label', padded(5), isIpv6),
  ownItem('arp_spa', 'arp_spa', isArp),
  ownItem('arp_tpa', 'arp_tpa', isArp),
  ...(['nsh_flags', 'nsh_ttl', 'nsh_mdtype', 'nsh_np'] as const).map((name) =>
    item(name, name, decimalOrPadded(2), isNsh),
  ),
  item('nsh_spi', 'nsh_spi', hex, isNsh),
  item('nsh_si', 'nsh_si', decimalOrPadded(2), isNsh),
  ...(['nsh_c1', 'nsh_c2', 'nsh_c3', 'nsh_c4'] as const).map((name) => item(name, name, hex, hasNshContexts)),
  ownItem('nw_src', 'ip_src', hasNwAddresses),
  ownItem('nw_dst', 'ip_dst', hasNwAddresses),
  item('arp_op', 'arp_op', decimal, isArp),
  item('nw_proto', 'nw_proto', decimal, (view) => !isArp(view) && !hasProtocolWord(view)),
  ownItem('arp_sha', 'arp_sha', isArp),
  ownItem('arp_tha', 'arp_tha', isArp),
  dscp,
  item('nw_ecn', 'nw_ecn', decimal),
  item('nw_ttl', 'nw_ttl', decimal),
  item('mpls_label', 'mpls_label', decimal),
  item('mpls_tc', 'mpls_tc', decimal),
  item('mpls_ttl', 'mpls_ttl', decimal),
  item('mpls_bos', 'mpls_bos', decimal),
  bareSlot('mpls_lse1', 'mpls_lse2'),
  bareSlot('mpls_lse2', 'mpls_lse3'),
  ownItem('nw_frag', 'ip_frag'),
  item('icmp_type', 'udp_src', decimalOrHex, isIcmp),
  item('icmp_code', 'udp_dst', decimalOrHex, isIcmp),
  ownItem('nd_target', 'nd_target', isIcmp6),
  ownItem('nd_sll', 'nd_sll', isIcmp6),
  ownItem('nd_tll', 'nd_tll', isIcmp6),
  item('nd_reserved', 'nd_reserved', decimalOrPadded(8), isIcmp6),
  item('nd_options_type', 'nd_options_type', decimalOrHex, isIcmp6),
  item('tp_src', 'udp_src', decimalOrHex, hasPorts),
  item('tp_dst', 'udp_dst', decimalOrHex, hasPorts),
  item('tcp_flags', 'tcp_flags', flagsOf(tcpFlagNames, 0xfff), isTcp),
];
