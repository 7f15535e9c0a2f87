/** The words of matches that stand for an EtherType, or for one with an IP protocol. */
import { etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { slotReader } from '../key.ts';

export type TypeWord = readonly [word: string, type: number, protocol?: number];

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

export const ipProtocolOf = slotReader('nw_proto');
export const ethernetTypeOf = slotReader('eth_type');

export function wordFor(key: Uint32Array, mask: Uint32Array, type: number): TypeWord | undefined {
  if (ethernetTypeOf(mask) === 0) return undefined;
  const protocol = ipProtocolOf(mask) === 0 ? undefined : ipProtocolOf(key);
  for (const word of words)
    if (word[1] === type && (word[2] === undefined || word[2] === protocol)) return word;
  return undefined;
}
