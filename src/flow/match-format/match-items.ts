/**
 * What the text of a match has, in which order and how. Values that the rest of the match cannot have are left out.
 */
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { ctStateNames, formatFlags, tcpFlagNames, tunnelKeyFlagNames } from '../fields/flags.ts';
import { getSlot, slotReader } from '../key.ts';
import type { SlotName } from '../slots.ts';
import { formatOption } from '../tunnel-options.ts';
import {
  asBareHex,
  asDecimal,
  asDecimalOrHex,
  asDecimalOrPadded,
  asFlags,
  asHex,
  asPaddedHex,
  asShortHex,
  type Item,
  item,
  type MatchView,
  ownItem,
  paintLabel,
  type Text,
  valueText,
} from './match-item.ts';
import { ethernetTypeOf, ipProtocolOf } from './match-words.ts';

const allTunnelFlags = 2 ** tunnelKeyFlagNames.names.length - 1;

/** Of a packet all flags are shown, of which matches can name but one. */
function tunnelFlagsItem(wide: Uint32Array): Text | undefined {
  const mask = getSlot(wide, 'tun_flags') & allTunnelFlags;
  if (mask === 0) return undefined;
  return ({ key, paint }) =>
    paintLabel('tun_flags', paint) +
    formatFlags(tunnelKeyFlagNames, getSlot(key, 'tun_flags'), mask, allTunnelFlags);
}

const isType =
  (...types: number[]) =>
  ({ type }: MatchView): boolean =>
    types.includes(type);

const isArp = isType(etherType.arp, etherType.rarp);
const isIpv6 = isType(etherType.ipv6);
const isNsh = isType(etherType.nsh);
/** Neither has addresses of its own name. */
const hasNwAddresses = (view: MatchView): boolean => !isArp(view) && !isIpv6(view) && !isNsh(view);
const isProtocol = (view: MatchView, protocol: number): boolean => ipProtocolOf(view.key) === protocol;
const isIcmp6 = (view: MatchView): boolean => isIpv6(view) && isProtocol(view, ipProtocol.icmpv6);

const isIcmp = (view: MatchView): boolean =>
  isIcmp6(view) || (view.type === etherType.ipv4 && isProtocol(view, ipProtocol.icmp));

const hasPorts = (view: MatchView): boolean => !isIcmp(view);

const isTcp = (view: MatchView): boolean => {
  const type = getSlot(view.key, 'eth_type');
  return (type === etherType.ipv4 || type === etherType.ipv6) && isProtocol(view, ipProtocol.tcp);
};

const hasTypeWord = ({ word }: MatchView): boolean => word !== undefined;
const hasProtocolWord = ({ word }: MatchView): boolean => word?.[2] !== undefined;

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
const erspanVersion = (view: MatchView): number => getSlot(view.key, 'tun_erspan_ver');
const hasCtProtocol = (view: MatchView): boolean => getSlot(view.mask, 'ct_nw_proto') !== 0;

const hasNshContexts = (view: MatchView): boolean =>
  isNsh(view) && getSlot(view.mask, 'nsh_mdtype') === 0xff && getSlot(view.key, 'nsh_mdtype') === 1;

export const items: readonly Item[] = [
  item('pkt_mark', 'pkt_mark', asShortHex),
  item('recirc_id', 'recirc_id', asShortHex),
  item('dp_hash', 'dp_hash', asShortHex),
  item('conj_id', 'conj_id', asDecimal),
  item('skb_priority', 'skb_priority', asShortHex),
  ownItem('actset_output', 'actset_output'),
  item('ct_state', 'ct_state', asFlags(ctStateNames, 0xff)),
  item('ct_zone', 'ct_zone', asDecimalOrHex),
  item('ct_mark', 'ct_mark', asShortHex),
  item('ct_label', 'ct_label', asHex),
  ownItem('ct_nw_src', 'ct_nw_src'),
  ownItem('ct_ipv6_src', 'ct_ipv6_src'),
  ownItem('ct_nw_dst', 'ct_nw_dst'),
  ownItem('ct_ipv6_dst', 'ct_ipv6_dst'),
  item('ct_nw_proto', 'ct_nw_proto', asDecimal),
  item('ct_tp_src', 'ct_tp_src', asDecimalOrHex, hasCtProtocol),
  item('ct_tp_dst', 'ct_tp_dst', asDecimalOrHex, hasCtProtocol),
  packetType,
  typeWord,
  ...Array.from({ length: 16 }, (_, n) => item(`reg${n}`, `reg${n}`, asShortHex)),
  item('tun_id', 'tun_id', asShortHex),
  ownItem('tun_src', 'tun_src'),
  ownItem('tun_dst', 'tun_dst'),
  ownItem('tun_ipv6_src', 'tun_ipv6_src'),
  ownItem('tun_ipv6_dst', 'tun_ipv6_dst'),
  item('tun_gbp_id', 'tun_gbp_id', asDecimalOrHex),
  item('tun_gbp_flags', 'tun_gbp_flags', asBareHex),
  item('tun_tos', 'tun_tos', (field) => valueText(field, (value) => value.toString(16))),
  item('tun_ttl', 'tun_ttl', asDecimal),
  item('tun_erspan_ver', 'tun_erspan_ver', asDecimal),
  item('tun_erspan_idx', 'tun_erspan_idx', asBareHex, (view) => erspanVersion(view) === 1),
  item('tun_erspan_dir', 'tun_erspan_dir', asDecimal, (view) => erspanVersion(view) === 2),
  item('tun_erspan_hwid', 'tun_erspan_hwid', asBareHex, (view) => erspanVersion(view) === 2),
  item('gtpu_flags', 'tun_gtpu_flags', asBareHex),
  item('gtpu_msgtype', 'tun_gtpu_msgtype', asDecimal),
  tunnelFlagsItem,
  () =>
    ({ options }) =>
      (options.tunnelOptions ?? []).map(formatOption).join(','),
  item('metadata', 'metadata', asShortHex),
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
  item('dl_type', 'eth_type', asPaddedHex(4), (view) => !hasTypeWord(view)),
  ownItem('ipv6_src', 'ipv6_src', isIpv6),
  ownItem('ipv6_dst', 'ipv6_dst', isIpv6),
  item('ipv6_label', 'ipv6_label', asPaddedHex(5), isIpv6),
  ownItem('arp_spa', 'arp_spa', isArp),
  ownItem('arp_tpa', 'arp_tpa', isArp),
  ...(['nsh_flags', 'nsh_ttl', 'nsh_mdtype', 'nsh_np'] as const).map((name) =>
    item(name, name, asDecimalOrPadded(2), isNsh),
  ),
  item('nsh_spi', 'nsh_spi', asHex, isNsh),
  item('nsh_si', 'nsh_si', asDecimalOrPadded(2), isNsh),
  ...(['nsh_c1', 'nsh_c2', 'nsh_c3', 'nsh_c4'] as const).map((name) =>
    item(name, name, asHex, hasNshContexts),
  ),
  ownItem('nw_src', 'ip_src', hasNwAddresses),
  ownItem('nw_dst', 'ip_dst', hasNwAddresses),
  item('arp_op', 'arp_op', asDecimal, isArp),
  item('nw_proto', 'nw_proto', asDecimal, (view) => !isArp(view) && !hasProtocolWord(view)),
  ownItem('arp_sha', 'arp_sha', isArp),
  ownItem('arp_tha', 'arp_tha', isArp),
  dscp,
  item('nw_ecn', 'nw_ecn', asDecimal),
  item('nw_ttl', 'nw_ttl', asDecimal),
  item('mpls_label', 'mpls_label', asDecimal),
  item('mpls_tc', 'mpls_tc', asDecimal),
  item('mpls_ttl', 'mpls_ttl', asDecimal),
  item('mpls_bos', 'mpls_bos', asDecimal),
  bareSlot('mpls_lse1', 'mpls_lse2'),
  bareSlot('mpls_lse2', 'mpls_lse3'),
  ownItem('nw_frag', 'ip_frag'),
  item('icmp_type', 'udp_src', asDecimalOrHex, isIcmp),
  item('icmp_code', 'udp_dst', asDecimalOrHex, isIcmp),
  ownItem('nd_target', 'nd_target', isIcmp6),
  ownItem('nd_sll', 'nd_sll', isIcmp6),
  ownItem('nd_tll', 'nd_tll', isIcmp6),
  item('nd_reserved', 'nd_reserved', asDecimalOrPadded(8), isIcmp6),
  item('nd_options_type', 'nd_options_type', asDecimalOrHex, isIcmp6),
  item('tp_src', 'udp_src', asDecimalOrHex, hasPorts),
  item('tp_dst', 'udp_dst', asDecimalOrHex, hasPorts),
  item('tcp_flags', 'tcp_flags', asFlags(tcpFlagNames, 0xfff), isTcp),
];
