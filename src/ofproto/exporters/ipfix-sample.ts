/**
 * What IPFIX tells of a sampled packet: which flow it is of, by its headers and the ports that it came by and goes to.
 */

import { encodeText } from '../../base/text.ts';
import type { Upcall } from '../../datapath/provider.ts';
import { getSlot, readSlot } from '../../flow/key.ts';
import { broadcast, ethDst, isMulticast } from '../../flow/mac.ts';
import { etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { ipfixKeyBytes } from '../../wire/ipfix.ts';
import type { IpfixKind, IpfixValues } from '../../wire/ipfix-elements.ts';
import type { OfprotoPort } from '../port.ts';
import type { IpfixSample } from './ipfix.ts';

/** How the packet was sampled. */
interface Sampled {
  readonly domain: number;
  readonly point: number;
  /** Packets that it stands for. */
  readonly packets: number;
  readonly isForwarded: boolean;
  readonly isEgress: boolean;
  readonly input: OfprotoPort | undefined;
  /** undefined where it is not known, or the packet has just come in. */
  readonly output: OfprotoPort | undefined;
  /** It came by a tunnel that is to be told of. */
  readonly isTunnelled: boolean;
}

/** Bytes of the header of Ethernet. */
const headerSizes = { plain: 14, tagged: 18 } as const;
const longest = { name: 64, description: 128 } as const;
const transports: ReadonlyMap<number, IpfixKind['transport']> = new Map([
  [ipProtocol.tcp, 'tcp'],
  [ipProtocol.udp, 'udp'],
  [ipProtocol.sctp, 'sctp'],
]);
/** Kinds of tunnels: their numbers, protocols, and bytes of a key. */
const tunnels: ReadonlyMap<string, readonly [type: number, protocol: number, keySize: number]> = new Map([
  ['vxlan', [1, ipProtocol.udp, 3]],
  ['gre', [2, 47, 4]],
  ['lisp', [3, ipProtocol.udp, 3]],
  ['stt', [4, ipProtocol.tcp, 8]],
  ['geneve', [7, ipProtocol.udp, 3]],
]);

export function isTunnelType(type: string): boolean {
  return tunnels.has(type);
}

export function ipfixSampleOf({ key, bytes }: Pick<Upcall, 'key' | 'bytes'>, sampled: Sampled): IpfixSample {
  const { domain, packets, isForwarded, isEgress } = sampled;
  const isTagged = getSlot(key, 'vlan_tci') !== 0;
  const network = networkOf(key);
  const transport = transportOf(key, network);
  const kind = { isTagged, network, transport, isTunnelled: sampled.isTunnelled, isEgress };
  const headerSize = isTagged ? headerSizes.tagged : headerSizes.plain;
  const destination = ethDst(key);
  return {
    kind,
    domain,
    packets,
    isForwarded,
    headerSize,
    size: bytes.length,
    key: ipfixKeyBytes(kind, valuesOf(key, kind, headerSize, sampled)),
    destination: destination === broadcast ? 'broadcast' : isMulticast(destination) ? 'multicast' : 'unicast',
    tcpFlags: getSlot(key, 'tcp_flags'),
  };
}

function networkOf(key: Uint32Array): IpfixKind['network'] {
  const type = getSlot(key, 'eth_type');
  if (type === etherType.ipv4) return 'ipv4';
  return type === etherType.ipv6 ? 'ipv6' : 'other';
}

function transportOf(key: Uint32Array, network: IpfixKind['network']): IpfixKind['transport'] {
  if (network === 'other') return 'other';
  const protocol = getSlot(key, 'nw_proto');
  const icmp = network === 'ipv4' ? ipProtocol.icmp : ipProtocol.icmpv6;
  return protocol === icmp ? 'icmp' : (transports.get(protocol) ?? 'other');
}

/** Of every element that a key may have; those of the kind are taken. */
function valuesOf(
  key: Uint32Array,
  { network, isTunnelled }: IpfixKind,
  headerSize: number,
  { point, isEgress, input, output }: Sampled,
): IpfixValues {
  const tci = getSlot(key, 'vlan_tci');
  const tos = getSlot(key, 'nw_tos');
  const from = deviceOf(input);
  const to = isEgress ? deviceOf(output) : noDevice;
  const isIpv6 = network === 'ipv6';
  const type = getSlot(key, 'tp_src');
  const code = getSlot(key, 'tp_dst');
  const values = {
    observationPointId: point,
    flowDirection: isEgress ? 1 : 0,
    sourceMacAddress: readSlot(key, 'eth_src'),
    destinationMacAddress: readSlot(key, 'eth_dst'),
    ethernetType: getSlot(key, 'eth_type'),
    ethernetHeaderLength: headerSize,
    ingressInterface: from.index,
    ingressInterfaceType: from.type,
    ingressInterfaceName: from.name,
    ingressInterfaceDescription: from.description,
    egressInterface: to.index,
    egressInterfaceType: to.type,
    egressInterfaceName: to.name,
    egressInterfaceDescription: to.description,
    vlanId: tci & 0xfff,
    dot1qVlanId: tci & 0xfff,
    dot1qPriority: tci >>> 13,
    ipVersion: isIpv6 ? 6 : 4,
    ipTTL: getSlot(key, 'nw_ttl'),
    protocolIdentifier: getSlot(key, 'nw_proto'),
    ipDiffServCodePoint: tos >>> 2,
    ipPrecedence: tos >>> 5,
    ipClassOfService: tos,
    sourceIPv4Address: getSlot(key, 'nw_src'),
    destinationIPv4Address: getSlot(key, 'nw_dst'),
    sourceIPv6Address: isIpv6 ? readSlot(key, 'ipv6_src') : 0,
    destinationIPv6Address: isIpv6 ? readSlot(key, 'ipv6_dst') : 0,
    flowLabelIPv6: getSlot(key, 'ipv6_label'),
    sourceTransportPort: type,
    destinationTransportPort: code,
    icmpTypeIPv4: type,
    icmpCodeIPv4: code,
    icmpTypeIPv6: type,
    icmpCodeIPv6: code,
  };
  return isTunnelled ? { ...values, ...tunnelValues(key, input) } : values;
}

function tunnelValues(key: Uint32Array, input: OfprotoPort | undefined): IpfixValues {
  const [type, protocol, keySize] = tunnels.get(input?.netdev.type ?? '') ?? [0, 0, 0];
  return {
    tunnelSourceIPv4Address: getSlot(key, 'tun_src'),
    tunnelDestinationIPv4Address: getSlot(key, 'tun_dst'),
    tunnelProtocolIdentifier: protocol,
    tunnelSourceTransportPort: getSlot(key, 'tun_tp_src'),
    tunnelDestinationTransportPort: getSlot(key, 'tun_tp_dst'),
    tunnelType: type,
    tunnelKey: readSlot(key, 'tun_id').subarray(8 - keySize),
  };
}

interface Device {
  readonly index: number;
  readonly type: number;
  readonly name: Uint8Array;
  readonly description: Uint8Array;
}

const noBytes = new Uint8Array(0);
/** One that is not known. */
const noDevice: Device = { index: 0, type: 0, name: noBytes, description: noBytes };

function deviceOf(port: OfprotoPort | undefined): Device {
  if (port === undefined) return noDevice;
  const { ifindex, status } = port.netdev.state;
  return {
    index: ifindex,
    type: Number(status.get('if_type') ?? 0),
    name: encodeText(port.name).subarray(0, longest.name),
    description: encodeText(status.get('if_descr') ?? '').subarray(0, longest.description),
  };
}
