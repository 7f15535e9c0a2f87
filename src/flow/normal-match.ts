/**
 * What a match says in vain: fields that packets of its type do not have. A switch leaves them out, as OpenFlow 1.0.2
 * section 3.4 asks of it.
 */
import { entriesIn, namesIn, recordFrom } from '../base/literals.ts';
import { etherType, isMplsType } from '../wire/ethernet.ts';
import { ipProtocol } from '../wire/ip.ts';
import { icmpv6Type } from '../wire/transport.ts';
import { etherTypeOf, isTyped, newKey, slotReader } from './key.ts';
import { type SlotName, slotWords } from './slots.ts';

/** Slots that only some packets have; all others count in every match. */
const groups = {
  ethernet: ['eth_src', 'eth_dst'],
  addresses: ['nw_src', 'nw_dst'],
  transport: ['tp_src', 'tp_dst'],
  protocol: ['nw_proto'],
  ip: ['nw_tos', 'nw_ttl'],
  sender: ['arp_sha'],
  target: ['arp_tha'],
  ipv6: ['ipv6_src', 'ipv6_dst', 'ipv6_label'],
  neighbour: ['nd_target'],
  mpls: ['mpls_lse', 'mpls_lse2', 'mpls_lse3'],
} as const satisfies Record<string, readonly SlotName[]>;

/** Some of the groups, a bit each. */
type GroupSet = number;

const bits = recordFrom(namesIn(groups), (_, n): GroupSet => 1 << n);

/** What each group has of each word. */
const places = entriesIn(groups).flatMap(([group, names]) =>
  names.flatMap(slotWords).map(([word, wordBits]) => ({
    group: bits[group],
    word,
    bits: wordBits,
  })),
);

const wholeType = 0xffffffff;

/**
 * The mask without those bits; undefined where it has none of them. `key` is zero outside `mask`.
 */
export function normalMask(key: Uint32Array, mask: Uint32Array): Uint32Array | undefined {
  const counting = groupsOf(key, mask);
  let normal: Uint32Array | undefined;
  for (const { group, word, bits } of places) {
    if ((counting & group) !== 0 || ((mask[word] ?? 0) & bits) === 0) continue;
    normal ??= mask.slice();
    normal[word] = (normal[word] ?? 0) & ~bits;
  }
  return normal;
}

/** What is left of the key under a mask that was made smaller. */
export function keyUnder(key: Uint32Array, mask: Uint32Array): Uint32Array {
  const under = newKey();
  for (let n = 0; n < under.length; n++) under[n] = (key[n] ?? 0) & (mask[n] ?? 0);
  return under;
}

const packetTypeIn = slotReader('packet_type');
const protocolIn = slotReader('nw_proto');
const icmpTypeIn = slotReader('tp_src');

/** What packets of the match have. */
function groupsOf(key: Uint32Array, mask: Uint32Array): GroupSet {
  const packetType = packetTypeIn(key);
  const packetTypeMask = packetTypeIn(mask);
  const isEthernet = packetTypeMask === 0 || (packetTypeMask === wholeType && packetType === 0);
  const isKnown = isEthernet || (packetTypeMask === wholeType && isTyped(key));
  const type = isKnown ? etherTypeOf(key) : 0;
  return groupsOfType(type, protocolIn(key), icmpTypeIn(key)) | (isEthernet ? bits.ethernet : 0);
}

function hasPorts(protocol: number): boolean {
  return protocol === ipProtocol.tcp || protocol === ipProtocol.udp || protocol === ipProtocol.sctp;
}

function groupsOfType(type: number, protocol: number, icmpType: number): GroupSet {
  if (isMplsType(type)) return bits.mpls;
  switch (type) {
    case etherType.ipv4: {
      const hasTransport = hasPorts(protocol) || protocol === ipProtocol.icmp;
      return bits.protocol | bits.ip | bits.addresses | (hasTransport ? bits.transport : 0);
    }
    case etherType.ipv6:
      return bits.protocol | bits.ip | bits.ipv6 | groupsOfIpv6(protocol, icmpType);
    case etherType.arp:
    case etherType.rarp:
      return bits.protocol | bits.addresses | bits.sender | bits.target;
    default:
      return 0;
  }
}

function groupsOfIpv6(protocol: number, icmpType: number): GroupSet {
  if (hasPorts(protocol)) return bits.transport;
  if (protocol !== ipProtocol.icmpv6) return 0;
  if (icmpType === icmpv6Type.neighbourSolicitation) return bits.transport | bits.neighbour | bits.sender;
  if (icmpType === icmpv6Type.neighbourAdvertisement) return bits.transport | bits.neighbour | bits.target;
  return bits.transport;
}
