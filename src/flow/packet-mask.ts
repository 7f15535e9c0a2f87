/**
 * The bits of a key that mean something in a packet of its kind: for showing a packet as if it were a match on itself.
 */
import { etherType, isMplsType, vlanPresent } from '../wire/ethernet.ts';
import { ipProtocol } from '../wire/ip.ts';
import { mplsBottom } from '../wire/mpls.ts';
import { tunnelFlag } from './fields/flags.ts';
import { isMetByPacket } from './fields/prerequisites.ts';
import { etherTypeOf, getSlot, maskSlot, newKey, readSlot, setSlot } from './key.ts';
import { type SlotName, slots } from './slots.ts';

/** Did the packet come through a tunnel? Where to says so. */
export function isTunnelled(key: Uint32Array): boolean {
  if ((key[slots.tun_dst.word] ?? 0) !== 0) return true;
  for (let n = 0; n < 4; n++) if ((key[slots.tun_ipv6_dst.word + n] ?? 0) !== 0) return true;
  return false;
}

/** What every kind of tunnel may tell of a packet. */
export const tunnelHeaderSlots = [
  'tun_id',
  'tun_src',
  'tun_dst',
  'tun_ipv6_src',
  'tun_ipv6_dst',
  'tun_flags',
  'tun_tos',
  'tun_ttl',
] as const satisfies readonly SlotName[];

/** Shown where a packet has them. */
const rareMetadata: readonly SlotName[] = [
  ...(['in_port', 'skb_priority', 'pkt_mark', 'recirc_id', 'dp_hash', 'metadata', 'regs'] as const),
  ...(['ct_state', 'ct_zone', 'ct_mark', 'ct_label'] as const),
];

/** Shown of every tunnel, whatever kind it is of. */
const tunnelSlots: readonly SlotName[] = [
  ...(['tun_src', 'tun_dst', 'tun_ipv6_src', 'tun_ipv6_dst', 'tun_flags', 'tun_tos', 'tun_ttl'] as const),
  ...(['tun_gbp_id', 'tun_gbp_flags', 'tun_gtpu_flags', 'tun_gtpu_msgtype'] as const),
  ...(['tun_erspan_ver', 'tun_erspan_idx', 'tun_erspan_dir', 'tun_erspan_hwid'] as const),
];

const nshSlots = ['nsh_flags', 'nsh_ttl', 'nsh_mdtype', 'nsh_np', 'nsh_path'] as const;
const nshContext = ['nsh_c1', 'nsh_c2', 'nsh_c3', 'nsh_c4'] as const;
const withPorts: readonly number[] = [
  ipProtocol.icmp,
  ipProtocol.igmp,
  ipProtocol.icmpv6,
  ipProtocol.tcp,
  ipProtocol.udp,
  ipProtocol.sctp,
];

/** Of whole width. Metadata that is zero is left out, as in the reference's descriptions of packets, but for tunnels. */
export function packetMask(key: Uint32Array): Uint32Array {
  const mask = newKey();
  for (const slot of slotsOf(key)) maskSlot(mask, slot);
  if (getSlot(mask, 'nw_tos') !== 0) setSlot(mask, 'nw_frag', 3);
  // One register of many: what is zero next to it is left out, too.
  const { word, size } = slots.regs;
  for (let n = word; n < word + size / 4; n++) if (key[n] === 0) mask[n] = 0;
  return mask;
}

function slotsOf(key: Uint32Array): SlotName[] {
  const packetType = getSlot(key, 'packet_type');
  const found: SlotName[] = [
    'packet_type',
    ...rareMetadata.filter((slot) => hasBits(key, slot)),
    ...tunnelSlotsOf(key),
  ];
  if (packetType === 0) found.push('eth_src', 'eth_dst', 'eth_type', ...tagSlots(key));
  // A packet type may be at odds with the EtherType that goes with what is known of the payload.
  const type = getSlot(key, 'eth_type');
  return type === etherTypeOf(key) ? [...found, ...payloadSlots(key, type)] : found;
}

/** Without a tunnel there may be the id of one that the packet is to go through. */
function tunnelSlotsOf(key: Uint32Array): readonly SlotName[] {
  if (!isTunnelled(key)) return hasBits(key, 'tun_id') ? ['tun_id'] : [];
  return (getSlot(key, 'tun_flags') & tunnelFlag.key) === 0 ? tunnelSlots : ['tun_id', ...tunnelSlots];
}

function hasBits(key: Uint32Array, slot: SlotName): boolean {
  return readSlot(key, slot).some((byte) => byte !== 0);
}

/** The outer one is shown even where there is none. */
function tagSlots(key: Uint32Array): SlotName[] {
  return (getSlot(key, 'vlan_tci') & vlanPresent) === 0 ? ['vlan_tci'] : ['vlan_tci', 'vlan_tci2'];
}

function payloadSlots(key: Uint32Array, type: number): SlotName[] {
  if (type === etherType.arp || type === etherType.rarp)
    return ['nw_src', 'nw_dst', 'nw_proto', 'arp_sha', 'arp_tha'];
  if (isMplsType(type)) return labelSlots(key);
  if (type === etherType.nsh) return [...nshSlots, ...nshContext, ...ipSlots(key)];
  if (type === etherType.ipv4) return ['nw_src', 'nw_dst', ...ipSlots(key)];
  if (type !== etherType.ipv6) return [];
  const neighbour: SlotName[] = isMetByPacket('nd', key) ? ['nd_target', 'arp_sha', 'arp_tha'] : [];
  return ['ipv6_src', 'ipv6_dst', 'ipv6_label', ...neighbour, ...ipSlots(key)];
}

function labelSlots(key: Uint32Array): SlotName[] {
  const all = ['mpls_lse', 'mpls_lse2', 'mpls_lse3'] as const;
  const bottom = all.findIndex((slot) => (getSlot(key, slot) & mplsBottom) !== 0);
  return bottom < 0 ? [...all] : all.slice(0, bottom + 1);
}

function ipSlots(key: Uint32Array): SlotName[] {
  const protocol = getSlot(key, 'nw_proto');
  const found: SlotName[] = ['nw_tos', 'nw_ttl', 'nw_proto'];
  if ((getSlot(key, 'nw_frag') & 2) !== 0 || !withPorts.includes(protocol)) return found;
  found.push('tp_src', 'tp_dst');
  if (protocol === ipProtocol.tcp) found.push('tcp_flags');
  return found;
}
