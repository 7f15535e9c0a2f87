/**
 * Hashes of a connection for the `hash` action, which spreads connections over the members of a bond or a group. A
 * packet that is not IP has the hash of its basis alone, as in the reference.
 */
import { slots } from '../../flow/slots.ts';
import { etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';

const typeWord = slots.eth_type.word;
const nwSrc = slots.nw_src.word;
const nwDst = slots.nw_dst.word;
const protoWord = slots.nw_proto.word;
const ipv6Src = slots.ipv6_src.word;
const ipv6Dst = slots.ipv6_dst.word;
const portsWord = slots.tp_src.word;

/** Addresses, protocol and ports. */
export function hashL4(key: Uint32Array, basis: number): number {
  return finish(mix(mix(mixAddresses(basis, key, false), protocolOf(key)), key[portsWord] ?? 0));
}

/** The same for both directions; without the ports of UDP, of which fragments have none. */
export function hashSymmetricL4(key: Uint32Array, basis: number): number {
  const protocol = protocolOf(key);
  const ports = key[portsWord] ?? 0;
  const isTold = protocol === ipProtocol.tcp || protocol === ipProtocol.sctp;
  const both = isTold ? (ports >>> 16) ^ (ports & 0xffff) : 0;
  return finish(mix(mix(mixAddresses(basis, key, true), protocol), both));
}

function protocolOf(key: Uint32Array): number {
  const type = (key[typeWord] ?? 0) & 0xffff;
  return type === etherType.ipv4 || type === etherType.ipv6 ? (key[protoWord] ?? 0) >>> 24 : 0;
}

function mixAddresses(basis: number, key: Uint32Array, isSymmetric: boolean): number {
  const type = (key[typeWord] ?? 0) & 0xffff;
  if (type === etherType.ipv4) return mixPair(basis, key[nwSrc] ?? 0, key[nwDst] ?? 0, isSymmetric);
  if (type !== etherType.ipv6) return basis;
  let hash = basis;
  for (let n = 0; n < 4; n++) hash = mixPair(hash, key[ipv6Src + n] ?? 0, key[ipv6Dst + n] ?? 0, isSymmetric);
  return hash;
}

function mixPair(hash: number, src: number, dst: number, isSymmetric: boolean): number {
  return isSymmetric ? mix(hash, src ^ dst) : mix(mix(hash, src), dst);
}

/** Do its packets have ports, or a type and code in their place? */
function hasPorts(protocol: number): boolean {
  const { tcp, udp, sctp, icmp, icmpv6 } = ipProtocol;
  return (
    protocol === tcp || protocol === udp || protocol === sctp || protocol === icmp || protocol === icmpv6
  );
}

/** What the reference ends this hash with. */
const tupleEnd = 42;

/**
 * Addresses, protocol and ports, by which connections in a tunnel are told apart outside of it: as the reference
 * computes it on a little-endian processor without instructions for CRCs, so that both choose the same port.
 */
export function hashTuple(key: Uint32Array): number {
  const type = (key[typeWord] ?? 0) & 0xffff;
  let hash = 0;
  if (type === etherType.ipv6) {
    for (let n = 0; n < 4; n++) hash = mix(hash, swapped(key[ipv6Src + n] ?? 0));
    for (let n = 0; n < 4; n++) hash = mix(hash, swapped(key[ipv6Dst + n] ?? 0));
  } else if (type === etherType.ipv4 || type === etherType.arp)
    hash = mix(mix(hash, swapped(key[nwSrc] ?? 0)), swapped(key[nwDst] ?? 0));
  else return finish(tupleEnd);
  const protocol = (key[protoWord] ?? 0) >>> 24;
  hash = mix(hash, protocol);
  if (hasPorts(protocol)) hash = mix(hash, swapped(key[portsWord] ?? 0));
  return finish(hash ^ tupleEnd);
}

function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** One round of MurmurHash3. */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
