/** Packets as they stand in messages and in the log: all fields that the packet has, and its checksum. */
import { etherType } from '../wire/ethernet.ts';
import { Frame } from '../wire/frame.ts';
import { ipProtocol, isExtension } from '../wire/ip.ts';
import { extractKey, fragment } from './extract.ts';
import type { PortText } from './fields/text.ts';
import { formatMatch } from './format-match.ts';
import { getSlot, maskSlot, newKey } from './key.ts';
import type { Paint } from './match-format/match-item.ts';
import type { SlotName } from './slots.ts';

/** Tags that are shown as such. */
const vlanLimit = 2;

/** A packet's bytes do not say by which port it came. */
const portNumbers: PortText = { read: Number, format: String };

/** Ends in a newline. `packetType` is what the packet begins with, as a key says it; 0 is Ethernet. */
export function formatPacket(bytes: Uint8Array, packetType: number, paint?: Paint): string {
  const key = keyOfPacket(bytes, packetType);
  return `${formatPacketKey(key, portNumbers, paint)}${formatChecksum(bytes, key)}\n`;
}

export function keyOfPacket(bytes: Uint8Array, packetType = 0): Uint32Array {
  const frame = new Frame(bytes);
  frame.end = bytes.length;
  const key = newKey();
  extractKey(frame, key, vlanLimit, packetType);
  return key;
}

/** All that a packet of that kind has, and the port that it came from where that is known. */
export function formatPacketKey(key: Uint32Array, ports: PortText, paint?: Paint): string {
  const mask = newKey();
  for (const slot of slotsOf(key)) maskSlot(mask, slot);
  if (getSlot(key, 'in_port') !== 0) maskSlot(mask, 'in_port');
  return formatMatch(key, mask, { ports, paint });
}

/** Ports, or what stands in their place. */
const hasPorts: readonly number[] = [
  ipProtocol.icmp,
  ipProtocol.icmpv6,
  ipProtocol.tcp,
  ipProtocol.udp,
  ipProtocol.sctp,
  ipProtocol.igmp,
];

/** What a packet of that kind has. */
function slotsOf(key: Uint32Array): SlotName[] {
  const packetType = getSlot(key, 'packet_type');
  const slots: SlotName[] = ['packet_type'];
  if (packetType === 0) {
    slots.push('eth_dst', 'eth_src', 'eth_type', 'vlan_tci');
    if (getSlot(key, 'vlan_tci') !== 0) slots.push('vlan_tci2');
  }
  const type = packetType === 0 ? getSlot(key, 'eth_type') : packetType & 0xffff;
  switch (type) {
    case etherType.ipv4:
      return [...slots, 'nw_src', 'nw_dst', ...ipSlots(key)];
    case etherType.ipv6:
      return [...slots, 'ipv6_src', 'ipv6_dst', 'ipv6_label', ...neighbourSlots(key), ...ipSlots(key)];
    case etherType.arp:
    case etherType.rarp:
      return [...slots, 'nw_src', 'nw_dst', 'nw_proto', 'arp_sha', 'arp_tha'];
    case etherType.mpls:
    case etherType.mplsMulticast:
      return [...slots, ...labelSlots(key)];
    case etherType.nsh:
      return [
        ...slots,
        'nsh_flags',
        'nsh_ttl',
        'nsh_mdtype',
        'nsh_np',
        'nsh_path',
        'nsh_c1',
        'nsh_c2',
        'nsh_c3',
        'nsh_c4',
        ...ipSlots(key),
      ];
    default:
      return slots;
  }
}

function ipSlots(key: Uint32Array): SlotName[] {
  const slots: SlotName[] = ['nw_frag', 'nw_tos', 'nw_ttl', 'nw_proto'];
  const protocol = getSlot(key, 'nw_proto');
  if ((getSlot(key, 'nw_frag') & fragment.later) !== 0 || !hasPorts.includes(protocol)) return slots;
  slots.push('tp_src', 'tp_dst');
  if (protocol === ipProtocol.tcp) slots.push('tcp_flags');
  return slots;
}

const neighbourTypes: readonly number[] = [135, 136];

function neighbourSlots(key: Uint32Array): SlotName[] {
  const isNeighbour =
    getSlot(key, 'nw_proto') === ipProtocol.icmpv6 &&
    neighbourTypes.includes(getSlot(key, 'tp_src')) &&
    getSlot(key, 'tp_dst') === 0;
  return isNeighbour ? ['arp_sha', 'arp_tha', 'nd_target'] : [];
}

const bottomOfStack = 0x100;

function labelSlots(key: Uint32Array): SlotName[] {
  const all = ['mpls_lse', 'mpls_lse2', 'mpls_lse3'] as const;
  const last = all.findIndex((slot) => (getSlot(key, slot) & bottomOfStack) !== 0);
  return last < 0 ? [...all] : all.slice(0, last + 1);
}

/** By protocol: its name, bytes of the header, and where the checksum is. */
const checksums: readonly (readonly [
  protocol: number,
  name: string,
  size: number,
  at: number,
  bytes: 2 | 4,
])[] = [
  [ipProtocol.tcp, 'tcp', 20, 16, 2],
  [ipProtocol.udp, 'udp', 8, 6, 2],
  [ipProtocol.sctp, 'sctp', 12, 8, 4],
  [ipProtocol.icmp, 'icmp', 8, 2, 2],
  [ipProtocol.icmpv6, 'icmp6', 4, 2, 2],
];

/** " tcp_csum:1234" */
function formatChecksum(bytes: Uint8Array, key: Uint32Array): string {
  const protocol = getSlot(key, 'nw_proto');
  const known = checksums.find(([of]) => of === protocol);
  const header = transportOf(bytes, key);
  if (known === undefined || header === undefined) return '';
  const [, name, size, at, count] = known;
  if (header.length < size) return '';
  const sum = Buffer.from(header.subarray(at, at + count)).readUIntBE(0, count);
  return ` ${name}_csum:${sum.toString(16)}`;
}

/** From the transport header to the end of the IP packet; undefined where there is none. */
export function transportOf(bytes: Uint8Array, key: Uint32Array): Uint8Array | undefined {
  const packetType = getSlot(key, 'packet_type');
  const type = packetType === 0 ? getSlot(key, 'eth_type') : packetType & 0xffff;
  const tags = ['vlan_tci', 'vlan_tci2'] as const;
  const tagCount = tags.filter((slot) => getSlot(key, slot) !== 0).length;
  const at = packetType === 0 ? 14 + 4 * tagCount : 0;
  const word = (offset: number): number => ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
  if (type === etherType.ipv4) {
    const end = Math.min(bytes.length, at + word(at + 2));
    return bytes.subarray(at + 4 * ((bytes[at] ?? 0) & 0xf), end);
  }
  if (type !== etherType.ipv6) return undefined;
  const end = Math.min(bytes.length, at + 40 + word(at + 4));
  let from = at + 40;
  for (let next = bytes[at + 6] ?? 0; isExtension(next) && from < end; ) {
    const isFragment = next === ipProtocol.fragment;
    next = bytes[from] ?? 0;
    from += isFragment ? 8 : 8 * ((bytes[from + 1] ?? 0) + 1);
  }
  return bytes.subarray(from, Math.max(from, end));
}
