/**
 * What the rest of a match must say before it may match on a field, as data: a match on the TCP port means something
 * only where the EtherType is IP and the protocol TCP. The values also say what a packet must be to have the field.
 */

import { namesIn, recordFrom } from '../../base/literals.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { icmpv6Type } from '../../wire/transport.ts';
import { ctState } from '../ct-state.ts';
import { etherTypeOf, isTyped, setSlot } from '../key.ts';
import { type SlotName, slots } from '../slots.ts';

/** These bits of a slot of at most four bytes have this value. */
interface Condition {
  readonly slot: SlotName;
  readonly bits: number;
  readonly value: number;
  /** A match must look at the bits: that they are zero by default is not enough. */
  readonly isExplicit?: true;
}

/** All of them. */
type Conditions = readonly Condition[];

const is = (slot: SlotName, value: number, bits = 0xffff): Condition => ({ slot, bits, value });
const bit = (slot: SlotName, bits: number): Condition => ({ slot, bits, value: bits });

const ethernet: Conditions = [is('packet_type', 0, 0xffffffff)];
const ipv4: Conditions = [is('eth_type', etherType.ipv4)];
const ipv6: Conditions = [is('eth_type', etherType.ipv6)];
const icmpv6: Conditions = [...ipv6, is('nw_proto', ipProtocol.icmpv6, 0xff)];
const neighbour = (type: number): Conditions => [...icmpv6, is('tp_src', type), is('tp_dst', 0)];
const solicitation = neighbour(icmpv6Type.neighbourSolicitation);
const advertisement = neighbour(icmpv6Type.neighbourAdvertisement);

/** Later fragments do not have the header. */
const transport = (protocol: number): readonly Conditions[] =>
  [ipv4, ipv6].map((ip) => [...ip, is('nw_proto', protocol, 0xff), is('nw_frag', 0, 2)]);

/** Any one of these lists will do. */
const table = {
  ethernet: [ethernet],
  vlan: [[...ethernet, bit('vlan_tci', vlanPresent)]],
  arp: [[is('eth_type', etherType.arp)], [is('eth_type', etherType.rarp)]],
  ipv4: [ipv4],
  ipv6: [ipv6],
  ip: [ipv4, ipv6],
  mpls: [[is('eth_type', etherType.mpls)], [is('eth_type', etherType.mplsMulticast)]],
  nsh: [[is('eth_type', etherType.nsh)]],
  tcp: transport(ipProtocol.tcp),
  udp: transport(ipProtocol.udp),
  sctp: transport(ipProtocol.sctp),
  icmpv4: [[...ipv4, is('nw_proto', ipProtocol.icmp, 0xff)]],
  icmpv6: [icmpv6],
  nd: [solicitation, advertisement],
  ndSolicit: [solicitation],
  ndAdvert: [advertisement],
  /** A connection that is known: one of these is set, or it is said to be tracked and not invalid. */
  conntrack: [
    ...[ctState.new, ctState.established, ctState.related, ctState.reply, ctState.snat, ctState.dnat].map(
      (state): Conditions => [bit('ct_state', state)],
    ),
    [
      bit('ct_state', ctState.tracked),
      { slot: 'ct_state', bits: ctState.invalid, value: 0, isExplicit: true },
    ],
  ],
} as const satisfies Record<string, readonly Conditions[]>;

export type Prerequisite = keyof typeof table;

/** A condition on a word of a key. */
interface Placed {
  readonly word: number;
  readonly bits: number;
  readonly value: number;
  readonly isExplicit: boolean;
}

function placed({ slot, bits, value, isExplicit }: Condition): Placed {
  const { word, shift, size } = slots[slot];
  const own = size === 4 ? bits : bits & (2 ** (8 * size) - 1);
  return { word, bits: own << shift, value: value << shift, isExplicit: isExplicit === true };
}

const placedTable = recordFrom(namesIn(table), (name) => table[name].map((list) => list.map(placed)));

/** Does a match with these values and bits say what `needs` asks for? */
export function isMetByMatch(needs: Prerequisite, values: Uint32Array, bits: Uint32Array): boolean {
  return isAnyMet(placedTable[needs], withEtherType(values), bits);
}

/** Is a packet with that key what `needs` asks for? */
export function isMetByPacket(needs: Prerequisite, key: Uint32Array): boolean {
  return isAnyMet(placedTable[needs], withEtherType(key), undefined);
}

/** Does it look at any of those bits of a word? */
export function decidesWhether(needs: Prerequisite, word: number, bits: number): boolean {
  return placedTable[needs].some((list) =>
    list.some((condition) => condition.word === word && (condition.bits & bits) !== 0),
  );
}

/** Packets without an Ethernet header have an EtherType all the same. */
function withEtherType(key: Uint32Array): Uint32Array {
  if (!isTyped(key)) return key;
  const typed = key.slice();
  setSlot(typed, 'eth_type', etherTypeOf(key));
  return typed;
}

/** The same; the bits that decided are set in `wildcards`. */
export function isMetByLooking(needs: Prerequisite, key: Uint32Array, wildcards: Uint32Array): boolean {
  for (const conditions of placedTable[needs]) if (areMetByLooking(conditions, key, wildcards)) return true;
  return false;
}

function areMetByLooking(conditions: readonly Placed[], key: Uint32Array, wildcards: Uint32Array): boolean {
  for (const { word, bits, value } of conditions) {
    wildcards[word] = (wildcards[word] ?? 0) | bits;
    if (((key[word] ?? 0) & bits) !== value) return false;
  }
  return true;
}

function isAnyMet(
  alternatives: readonly (readonly Placed[])[],
  key: Uint32Array,
  mask: Uint32Array | undefined,
): boolean {
  for (const conditions of alternatives) if (areMet(conditions, key, mask)) return true;
  return false;
}

function areMet(conditions: readonly Placed[], key: Uint32Array, mask: Uint32Array | undefined): boolean {
  for (const { word, bits, value, isExplicit } of conditions) {
    if (((key[word] ?? 0) & bits) !== value) return false;
    if (isExplicit && mask !== undefined && (~(mask[word] ?? 0) & bits) !== 0) return false;
  }
  return true;
}
