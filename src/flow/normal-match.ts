/**
 * What a match says in vain: fields that packets of its type do not have. A switch leaves them out, as OpenFlow 1.0.2
 * section 3.4 asks of it.
 */
import { etherType, isMplsType } from '../wire/ethernet.ts';
import { ipProtocol } from '../wire/ip.ts';
import { icmpv6Type } from '../wire/transport.ts';
import { etherTypeOf, getSlot, isTyped, newKey } from './key.ts';
import { type SlotName, slots } from './slots.ts';

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

type Group = keyof typeof groups;

const groupNames = Object.keys(groups) as Group[]; // an object literal has no others

/** [word, bits] of each group. */
const places = new Map(
  groupNames.map((group) => [group, groups[group].flatMap((name) => wordsOf(name))] as const),
);

function wordsOf(name: SlotName): (readonly [word: number, bits: number])[] {
  const { word, shift, size } = slots[name];
  if (size < 4) return [[word, (2 ** (8 * size) - 1) << shift]];
  return Array.from({ length: Math.ceil(size / 4) }, (_, n) => {
    const left = size - 4 * n;
    return [word + n, left >= 4 ? -1 : -1 << (8 * (4 - left))] as const;
  });
}

const wholeType = 0xffffffff;

/**
 * The mask without those bits; undefined where it has none of them. `key` is zero outside `mask`.
 */
export function normalMask(key: Uint32Array, mask: Uint32Array): Uint32Array | undefined {
  const counting = groupsOf(key, mask);
  let normal: Uint32Array | undefined;
  for (const [group, words] of places) {
    if (counting.has(group)) continue;
    for (const [word, bits] of words) {
      if (((mask[word] ?? 0) & bits) === 0) continue;
      normal ??= mask.slice();
      normal[word] = (normal[word] ?? 0) & ~bits;
    }
  }
  return normal;
}

/** What is left of the key under a mask that was made smaller. */
export function keyUnder(key: Uint32Array, mask: Uint32Array): Uint32Array {
  const under = newKey();
  for (let n = 0; n < under.length; n++) under[n] = (key[n] ?? 0) & (mask[n] ?? 0);
  return under;
}

/** What packets of the match have. */
function groupsOf(key: Uint32Array, mask: Uint32Array): ReadonlySet<Group> {
  const packetType = getSlot(key, 'packet_type');
  const packetTypeMask = getSlot(mask, 'packet_type');
  const isEthernet = packetTypeMask === 0 || (packetTypeMask === wholeType && packetType === 0);
  const isKnown = isEthernet || (packetTypeMask === wholeType && isTyped(key));
  const type = isKnown ? etherTypeOf(key) : 0;
  const found = groupsOfType(type, getSlot(key, 'nw_proto'), getSlot(key, 'tp_src'));
  return isEthernet ? new Set(['ethernet', ...found]) : new Set(found);
}

const withPorts: readonly number[] = [ipProtocol.tcp, ipProtocol.udp, ipProtocol.sctp];

function groupsOfType(type: number, protocol: number, icmpType: number): readonly Group[] {
  if (isMplsType(type)) return ['mpls'];
  switch (type) {
    case etherType.ipv4: {
      const hasTransport = withPorts.includes(protocol) || protocol === ipProtocol.icmp;
      return ['protocol', 'ip', 'addresses', ...(hasTransport ? (['transport'] as const) : [])];
    }
    case etherType.ipv6:
      return ['protocol', 'ip', 'ipv6', ...groupsOfIpv6(protocol, icmpType)];
    case etherType.arp:
    case etherType.rarp:
      return ['protocol', 'addresses', 'sender', 'target'];
    default:
      return [];
  }
}

function groupsOfIpv6(protocol: number, icmpType: number): readonly Group[] {
  if (withPorts.includes(protocol)) return ['transport'];
  if (protocol !== ipProtocol.icmpv6) return [];
  if (icmpType === icmpv6Type.neighbourSolicitation) return ['transport', 'neighbour', 'sender'];
  if (icmpType === icmpv6Type.neighbourAdvertisement) return ['transport', 'neighbour', 'target'];
  return ['transport'];
}
