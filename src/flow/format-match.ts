/**
 * Matches as ovs-ofctl prints them: one table says in which order and how. Values that the rest of the match cannot have
 * are left out.
 */
import { etherType, vlanPresent } from '../wire/ethernet.ts';
import { ipProtocol } from '../wire/ip.ts';
import {
  ctStateNames,
  type FlagNames,
  formatFlags,
  tcpFlagNames,
  tunnelKeyFlagNames,
} from './fields/flags.ts';
import { type Field, type FieldName, fields } from './fields/index.ts';
import { integerOf } from './fields/integer.ts';
import { fieldTextUnder, type PortText } from './fields/text.ts';
import { hasBits, readField, wholeMask } from './fields/value.ts';
import { etherTypeOf, getSlot, newKey, slotReader } from './key.ts';
import type { Mask } from './mask.ts';
import { type Match, unpackKey } from './match.ts';
import type { SlotName } from './slots.ts';
import { formatOption, type OptionMatch } from './tunnel-options.ts';

/** What a piece of the text of flows is, as ovs-ofctl(8), "--color", tells them apart. */
type TextPart = 'actions' | 'drop' | 'learn' | 'param' | 'paren' | 'special' | 'value';

/** Marks up a part of the text, e.g. by colour. */
export type Paint = (text: string, part: TextPart) => string;

export interface MatchTextOptions {
  readonly ports: PortText;
  readonly paint?: Paint | undefined;
  /** Said first unless it is OpenFlow's usual 32768. */
  readonly priority?: number | undefined;
  /** Those of the match that have no place in the key. */
  readonly tunnelOptions?: readonly OptionMatch[] | undefined;
}

export const usualPriority = 32768;

interface View {
  /** Zero outside `mask`. */
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
  readonly options: MatchTextOptions;
  readonly paint: Paint;
  /** EtherType, or what the packet type says in its place. */
  readonly type: number;
  /** The word that says it. */
  readonly word: TypeWord | undefined;
}

/** Text of some fields; empty when the values say nothing of them. */
type Text = (view: View) => string;

/** How some fields are printed under a mask; undefined when it has no bits of them. */
type Item = (mask: Uint32Array) => Text | undefined;

/** What a mask can say, decided once for all matches under it. */
interface Plan {
  readonly mask: Uint32Array;
  readonly texts: readonly Text[];
}

function planFor(mask: Uint32Array): Plan {
  return { mask, texts: items.map((item) => item(mask)).filter((text) => text !== undefined) };
}

const plans = new WeakMap<Mask, Plan>();
/** For the function that uses it only. */
const unpacked = newKey();

/** No trailing comma. `key` is zero outside `mask`. */
export function formatMatch(key: Uint32Array, mask: Uint32Array, options: MatchTextOptions): string {
  return formatPlanned(planFor(mask), key, options);
}

/** The same of a packed match, with the options of tunnels that it has beside its key. */
export function formatPacked(
  match: Match,
  { priority, ports, paint }: Pick<MatchTextOptions, 'ports' | 'priority' | 'paint'>,
): string {
  let plan = plans.get(match.mask);
  if (plan === undefined) {
    plan = planFor(match.mask.unpack());
    plans.set(match.mask, plan);
  }
  return formatPlanned(plan, unpackKey(match, unpacked), {
    ports,
    paint,
    priority,
    tunnelOptions: match.options,
  });
}

const allTunnelFlags = 2 ** tunnelKeyFlagNames.names.length - 1;
const plain: Paint = (text) => text;

function formatPlanned({ mask, texts }: Plan, key: Uint32Array, options: MatchTextOptions): string {
  const { priority = usualPriority, paint = plain } = options;
  const type = etherTypeOf(key);
  const view = { key, mask, options, paint, type, word: wordFor(key, mask, type) };
  let all = priority === usualPriority ? '' : `${paint('priority=', 'special')}${priority}`;
  for (const textOf of texts) {
    const text = textOf(view);
    if (text !== '') all += all === '' ? text : `,${text}`;
  }
  return all;
}

function fieldOf(name: FieldName): Field {
  const field = fields.get(name);
  if (field === undefined) throw new Error(`no field ${name}`);
  return field;
}

/** How values of a field are printed under a mask of it. */
type ValueText = (
  field: Field,
  mask: Uint8Array,
  isExact: boolean,
) => (key: Uint32Array, view: View) => string;

/** "label=text", when the mask has bits of the field and `when` holds. */
function item(label: string, name: FieldName, text: ValueText, when: (view: View) => boolean = always): Item {
  const field = fieldOf(name);
  const whole = wholeMask(field);
  const plainLabel = `${label}=`;
  return (wide) => {
    if (!hasBits(wide, field)) return undefined;
    const mask = readField(wide, field);
    const ofValue = text(
      field,
      mask,
      mask.every((byte, n) => byte === whole[n]),
    );
    return (view) => {
      if (!when(view)) return '';
      const { paint } = view;
      return (paint === plain ? plainLabel : paintLabel(label, paint)) + ofValue(view.key, view);
    };
  };
}

/** Of a packet all flags are shown, of which matches can name but one. */
function tunnelFlagsItem(wide: Uint32Array): Text | undefined {
  const mask = getSlot(wide, 'tun_flags') & allTunnelFlags;
  if (mask === 0) return undefined;
  return ({ key, paint }) =>
    paintLabel('tun_flags', paint) +
    formatFlags(tunnelKeyFlagNames, getSlot(key, 'tun_flags'), mask, allTunnelFlags);
}

/** Labels that the reference leaves as they are. */
const unpainted = /^(tun_gbp_flags|tun_erspan_.*|gtpu_.*)$/;

function paintLabel(label: string, paint: Paint): string {
  if (unpainted.test(label)) return `${label}=`;
  return label === 'conj_id' ? `${paint(label, 'param')}=` : paint(`${label}=`, 'param');
}

const always = (): boolean => true;

/** What `format` makes of a field's value, and `more` behind it. */
function valueText(
  field: Field,
  format: (value: number | bigint) => string,
  more = '',
): (key: Uint32Array) => string {
  const { word, wordCount, shift, bits } = field.place;
  if (wordCount === 1) return (key) => format((((key[word] ?? 0) >>> shift) & bits) >>> 0) + more;
  return (key) => format(integerOf(readField(key, field))) + more;
}

/** C's %#x. */
const shortHexOf = (value: number | bigint): string => (value ? hexOf(value) : '0');
const hexOf = (value: number | bigint): string => `0x${value.toString(16)}`;
const paddedHexOf =
  (digits: number) =>
  (value: number | bigint): string =>
    `0x${value.toString(16).padStart(digits, '0')}`;

const hexBy =
  (format: (value: number | bigint) => string): ValueText =>
  (field, mask, isExact) =>
    valueText(field, format, isExact ? '' : `/${format(integerOf(mask))}`);
const shortHex = hexBy(shortHexOf);
const hex = hexBy(hexOf);
/** At least so many hexadecimal digits. */
const padded = (digits: number): ValueText => hexBy(paddedHexOf(digits));

const decimal: ValueText = (field) => valueText(field, String);
/** The value alone, as C's %#x. */
const bareHex: ValueText = (field) => valueText(field, shortHexOf);
/** Decimal where it is exact. */
const decimalOr =
  (masked: ValueText): ValueText =>
  (field, mask, isExact) =>
    (isExact ? decimal : masked)(field, mask, isExact);
const decimalOrHex = decimalOr(hex);
/** Decimal where it is exact, else with so many digits. */
const decimalOrPadded = (digits: number): ValueText => decimalOr(padded(digits));

/** As the field's own format has it. */
const own: ValueText = (field, mask) => {
  const format = fieldTextUnder(field, mask);
  return (key, { options }) => format(readField(key, field), options.ports);
};

const ownItem = (label: string, name: FieldName, when?: (view: View) => boolean): Item =>
  item(label, name, own, when);

const flagsOf =
  (names: FlagNames, whole: number): ValueText =>
  (field, mask) => {
    const bits = Number(integerOf(mask));
    return valueText(field, (value) => formatFlags(names, Number(value), bits, whole));
  };

const isType =
  (...types: number[]) =>
  ({ type }: View): boolean =>
    types.includes(type);
const isArp = isType(etherType.arp, etherType.rarp);
const isIpv6 = isType(etherType.ipv6);
const isNsh = isType(etherType.nsh);
/** Neither has addresses of its own name. */
const hasNwAddresses = (view: View): boolean => !isArp(view) && !isIpv6(view) && !isNsh(view);
const isProtocol = (view: View, protocol: number): boolean => protocolOf(view.key) === protocol;
const isIcmp6 = (view: View): boolean => isIpv6(view) && isProtocol(view, ipProtocol.icmpv6);
const isIcmp = (view: View): boolean =>
  isIcmp6(view) || (view.type === etherType.ipv4 && isProtocol(view, ipProtocol.icmp));
const hasPorts = (view: View): boolean => !isIcmp(view);
const isTcp = (view: View): boolean => {
  const type = getSlot(view.key, 'eth_type');
  return (type === etherType.ipv4 || type === etherType.ipv6) && isProtocol(view, ipProtocol.tcp);
};

type TypeWord = readonly [word: string, type: number, protocol?: number];

/** The word for an EtherType, or for one with an IP protocol. */
const words: readonly TypeWord[] = [
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

const protocolOf = slotReader('nw_proto');
const ethernetTypeOf = slotReader('eth_type');

function wordFor(key: Uint32Array, mask: Uint32Array, type: number): TypeWord | undefined {
  if (ethernetTypeOf(mask) === 0) return undefined;
  const protocol = protocolOf(mask) === 0 ? undefined : protocolOf(key);
  for (const word of words)
    if (word[1] === type && (word[2] === undefined || word[2] === protocol)) return word;
  return undefined;
}

const hasTypeWord = ({ word }: View): boolean => word !== undefined;
const hasProtocolWord = ({ word }: View): boolean => word?.[2] !== undefined;

const typeWord: Item = (mask) => {
  if (ethernetTypeOf(mask) === 0) return undefined;
  return ({ word, paint }) => (word === undefined ? '' : paint(word[0], 'value'));
};

/** Ethernet is what a packet is anyway; said only where a datapath flow is shown. */
const packetType: Item = (wide) => {
  const mask = getSlot(wide, 'packet_type');
  const showsEthernet = getSlot(wide, 'recirc_id') !== 0;
  if (mask === 0) return undefined;
  return ({ key }) => {
    const value = getSlot(key, 'packet_type');
    if (value === 0 && mask === 0xffffffff) return showsEthernet ? 'eth' : '';
    const half = (shift: number): string => shortOf((value >>> shift) & 0xffff, (mask >>> shift) & 0xffff);
    return `packet_type=(${half(16)},${half(0)})`;
  };
};

function shortOf(value: number, mask: number): string {
  if (mask === 0) return '*';
  const text = value > 9 ? `0x${value.toString(16)}` : String(value);
  return mask === 0xffff ? text : `${text}/0x${mask.toString(16)}`;
}

const hexText = (digits: number, value: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** A tag as VLAN and priority where it can be said so, otherwise as it stands in the header. */
const tag =
  (slot: SlotName, number: string): Item =>
  (mask) => {
    const bits = getSlot(mask, slot);
    if (bits === 0) return undefined;
    const vid = bits & 0xfff;
    const pcp = bits & 0xe000;
    const isWhole = (vid === 0 || vid === 0xfff) && (pcp === 0 || pcp === 0xe000) && (vid | pcp) !== 0;
    return ({ key, paint }) => {
      const tci = getSlot(key, slot);
      if ((bits & tci & vlanPresent) !== 0 && isWhole) {
        const parts = [];
        if (vid !== 0) parts.push(`${paint(`dl_vlan${number}=`, 'param')}${tci & 0xfff}`);
        if (pcp !== 0) parts.push(`${paint(`dl_vlan_pcp${number}=`, 'param')}${tci >>> 13}`);
        return parts.join(',');
      }
      const text = bits === 0xffff ? hexText(4, tci) : `${hexText(4, tci)}/${hexText(4, bits)}`;
      return `${paint(`vlan_tci${number}=`, 'param')}${text}`;
    };
  };
const outerTag = tag('vlan_tci', '');
const innerTag = tag('vlan_tci2', '1');

/** A slot that no field shows. */
const bareSlot =
  (label: string, slot: SlotName): Item =>
  (mask) => {
    const bits = getSlot(mask, slot);
    if (bits === 0) return undefined;
    return ({ key, paint }) => {
      const value = getSlot(key, slot);
      const text = bits === 0xffffffff ? String(value) : `${hexText(8, value)}/${hexText(8, bits)}`;
      return paint(`${label}=`, 'param') + text;
    };
  };

/** DSCP and ECN are shown apart, the first where it stands in the byte. */
const dscp: Item = (mask) => {
  if ((getSlot(mask, 'nw_tos') & 0xfc) === 0) return undefined;
  return ({ key, paint }) => `${paint('nw_tos=', 'param')}${getSlot(key, 'nw_tos') & 0xfc}`;
};

const inPortOf = slotReader('in_port');
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
  item('tun_gbp_flags', 'tun_gbp_flags', bareHex),
  item('tun_tos', 'tun_tos', (field) => valueText(field, (value) => value.toString(16))),
  item('tun_ttl', 'tun_ttl', decimal),
  item('tun_erspan_ver', 'tun_erspan_ver', decimal),
  item('tun_erspan_idx', 'tun_erspan_idx', bareHex, (view) => erspanVersion(view) === 1),
  item('tun_erspan_dir', 'tun_erspan_dir', decimal, (view) => erspanVersion(view) === 2),
  item('tun_erspan_hwid', 'tun_erspan_hwid', bareHex, (view) => erspanVersion(view) === 2),
  item('gtpu_flags', 'tun_gtpu_flags', bareHex),
  item('gtpu_msgtype', 'tun_gtpu_msgtype', decimal),
  tunnelFlagsItem,
  () =>
    ({ options }) =>
      (options.tunnelOptions ?? []).map(formatOption).join(','),
  item('metadata', 'metadata', shortHex),
  item(
    'in_port',
    'in_port',
    () =>
      (key, { options }) =>
        options.ports.format(inPortOf(key)),
  ),
  outerTag,
  (mask) => (getSlot(mask, 'vlan_tci') === 0 ? undefined : innerTag(mask)),
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
