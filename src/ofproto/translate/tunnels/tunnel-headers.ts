/** The headers that the datapath is to put in front of a packet, from what its flow says of a tunnel: see `tnl_push`. */

import { readMac } from '../../../base/addresses.ts';
import { unreachable } from '../../../base/errors.ts';
import type { TunnelHeader, TunnelIp, TunnelProtocol, TunnelUdp } from '../../../datapath/tunnel-header.ts';
import { tunnelFlag } from '../../../flow/fields/flags.ts';
import { readField } from '../../../flow/fields/value.ts';
import { getSlot, isTyped, readSlot } from '../../../flow/key.ts';
import { slots } from '../../../flow/slots.ts';
import type { TunnelConfig } from '../../../netdev/tunnel/tunnel-config.ts';
import { etherType } from '../../../wire/ethernet.ts';
import { criticalOption, type GeneveOption } from '../../../wire/geneve.ts';
import { greFlag } from '../../../wire/gre.ts';
import { gtpuFlag, gtpuUserPacket } from '../../../wire/gtpu.ts';
import { ipv4Fragment } from '../../../wire/ip.ts';
import { vxlanFlag, vxlanNext } from '../../../wire/vxlan.ts';
import type { TlvTable } from '../../tlv-table.ts';
import { type HostAddress, isMapped, plainBytes } from '../../tunnels/host-address.ts';
import { protocolOf } from '../../tunnels/listening-ports.ts';

export interface HeaderEnds {
  /** "xx:xx:xx:xx:xx:xx" */
  readonly sourceMac: string;
  /** 6 bytes. */
  readonly destinationMac: Uint8Array;
  readonly source: HostAddress;
}

/** Marks a checksum that each packet is to have. */
const wantsChecksum = 0xffff;

/** Undefined where the tunnel cannot carry such a packet. */
export function headerFor(
  tunnel: TunnelConfig,
  flow: Uint32Array,
  ends: HeaderEnds,
  options: TlvTable,
): TunnelHeader | undefined {
  const protocol = protocolFor(tunnel, flow, options);
  if (protocol === undefined) return undefined;
  const ip = ipFor(tunnel, flow, ends.source);
  return {
    ethernet: {
      dst: [...ends.destinationMac],
      src: [...readMac(ends.sourceMac)],
      type: ip.version === 4 ? etherType.ipv4 : etherType.ipv6,
    },
    ip,
    tunnel: protocol,
  };
}

export function isOverIpv6(flow: Uint32Array): boolean {
  return getSlot(flow, 'tun_dst') === 0;
}

function ipFor({ type }: TunnelConfig, flow: Uint32Array, source: HostAddress): TunnelIp {
  const [service, hops] = [getSlot(flow, 'tun_tos'), getSlot(flow, 'tun_ttl')];
  const protocol = protocolOf(type);
  if (isOverIpv6(flow)) {
    const dst = [...readSlot(flow, 'tun_ipv6_dst')];
    return { version: 6, src: [...source], dst, label: 0, protocol, trafficClass: service, hopLimit: hops };
  }
  return {
    version: 4,
    src: [...(isMapped(source) ? plainBytes(source) : new Uint8Array(4))],
    dst: [...readSlot(flow, 'tun_dst')],
    ...{ protocol, tos: service, ttl: hops },
    fragment: hasFlag(flow, tunnelFlag.dontFragment) ? ipv4Fragment.dont : 0,
  };
}

function hasFlag(flow: Uint32Array, flag: number): boolean {
  return (getSlot(flow, 'tun_flags') & flag) !== 0;
}

function udpFor({ dstPort }: TunnelConfig, flow: Uint32Array): TunnelUdp {
  const hasChecksum = isOverIpv6(flow) || hasFlag(flow, tunnelFlag.checksum);
  return { src: 0, dst: dstPort, checksum: hasChecksum ? wantsChecksum : 0 };
}

function protocolFor(tunnel: TunnelConfig, flow: Uint32Array, options: TlvTable): TunnelProtocol | undefined {
  switch (tunnel.type) {
    case 'vxlan':
      return vxlanFor(tunnel, flow);
    case 'geneve':
      return geneveFor(tunnel, flow, options);
    case 'gtpu':
      return gtpuFor(tunnel, flow);
    case 'gre':
    case 'ip6gre':
      return greFor(tunnel, flow);
    case 'erspan':
    case 'ip6erspan':
      return erspanFor(flow);
    case 'lisp':
    case 'stt':
    case 'bareudp':
      return undefined; // only a kernel wraps so
    default:
      return unreachable(tunnel.type);
  }
}

/** The lower half of the key. */
function keyIn(flow: Uint32Array): number {
  return flow[slots.tun_id.word + 1] ?? 0;
}

/** What is inside, as VXLAN GPE says it. */
const vxlanNextOf: ReadonlyMap<number, number> = new Map([
  [etherType.ipv4, vxlanNext.ipv4],
  [etherType.ipv6, vxlanNext.ipv6],
  [etherType.transparentBridging, vxlanNext.ethernet],
  [etherType.nsh, vxlanNext.nsh],
]);

function vxlanFor(tunnel: TunnelConfig, flow: Uint32Array): TunnelProtocol | undefined {
  const udp = udpFor(tunnel, flow);
  const vni = keyIn(flow) & 0xffffff;
  if (!tunnel.extensions.has('gpe')) return { type: 'vxlan', udp, flags: vxlanFlag.vni, vni };
  const inner = innerType(flow);
  const next = inner === undefined ? undefined : vxlanNextOf.get(inner);
  if (next === undefined) return undefined;
  return { type: 'vxlan', udp, flags: vxlanFlag.vni | vxlanFlag.nextProtocol | next, vni };
}

/** EtherType of what is wrapped; undefined for what has none. */
function innerType(flow: Uint32Array): number | undefined {
  const type = getSlot(flow, 'packet_type');
  if (type === 0) return etherType.transparentBridging;
  return isTyped(flow) ? type & 0xffff : undefined;
}

function geneveFor(tunnel: TunnelConfig, flow: Uint32Array, table: TlvTable): TunnelProtocol {
  const options = geneveOptions(flow, table);
  return {
    type: 'geneve',
    udp: udpFor(tunnel, flow),
    isOam: hasFlag(flow, tunnelFlag.oam),
    isCritical: options.some(({ type }) => (type & criticalOption) !== 0),
    vni: keyIn(flow) & 0xffffff,
    options,
  };
}

function geneveOptions(flow: Uint32Array, table: TlvTable): GeneveOption[] {
  return table.placedIn(flow).map(({ optionClass, optionType, field }) => ({
    class: optionClass,
    type: optionType,
    data: [...readField(flow, field)],
  }));
}

function greFor({ outKey, hasSequence }: TunnelConfig, flow: Uint32Array): TunnelProtocol | undefined {
  const protocol = innerType(flow);
  if (protocol === undefined) return undefined;
  const hasChecksum = hasFlag(flow, tunnelFlag.checksum);
  const hasKey = outKey !== undefined;
  return {
    type: 'gre',
    flags:
      (hasChecksum ? greFlag.checksum : 0) |
      (hasKey ? greFlag.key : 0) |
      (hasSequence ? greFlag.sequence : 0),
    protocol,
    ...(hasChecksum && { checksum: 0 }),
    ...(hasKey && { key: keyIn(flow) }),
    ...(hasSequence && { sequence: 0 }),
  };
}

const largestSession = 0x3ff;

function erspanFor(flow: Uint32Array): TunnelProtocol | undefined {
  const sessionId = keyIn(flow);
  const version = getSlot(flow, 'tun_erspan_ver');
  if (sessionId > largestSession || (version !== 1 && version !== 2)) return undefined;
  if (version === 1) return { type: 'erspan', version, sessionId, index: getSlot(flow, 'tun_erspan_idx') };
  const direction = getSlot(flow, 'tun_erspan_dir');
  return { type: 'erspan', version, sessionId, direction, hardwareId: getSlot(flow, 'tun_erspan_hwid') };
}

/** Version 1 of the protocol that carries packets of users. */
const gtpuDefault = 0x30;

function gtpuFor(tunnel: TunnelConfig, flow: Uint32Array): TunnelProtocol {
  return {
    type: 'gtpu',
    udp: udpFor(tunnel, flow),
    flags: (getSlot(flow, 'tun_gtpu_flags') || gtpuDefault) | (tunnel.hasSequence ? gtpuFlag.sequence : 0),
    messageType: getSlot(flow, 'tun_gtpu_msgtype') || gtpuUserPacket,
    teid: keyIn(flow),
    ...(tunnel.hasSequence && { hasSequence: true as const }),
  };
}
