/**
 * Output by a tunnel whose headers the datapath puts in front of the packet: which headers, and what the bridge does
 * with the wrapped packet that the host would have sent it by. That is part of the same translation.
 */
import { formatMac, readMac } from '../../../base/addresses.ts';
import type { TunnelHeader } from '../../../datapath/tunnel-header.ts';
import { tunnelHeaderSize } from '../../../datapath/tunnel-header.ts';
import { getSlot, readSlot, setSlot, writeSlot } from '../../../flow/key.ts';
import type { TunnelConfig } from '../../../netdev/tunnel/tunnel-config.ts';
import { etherType } from '../../../wire/ethernet.ts';
import type { OfprotoPort } from '../../port.ts';
import type { PortOfSwitch } from '../../port-of-switch.ts';
import {
  formatHostAddress,
  type HostAddress,
  hostAddress,
  isMapped,
  isSet,
  plainBytes,
} from '../../tunnels/host-address.ts';
import { protocolOf } from '../../tunnels/listening-ports.ts';
import { enterBridge } from '../bridge-crossing.ts';
import { listeningTag, neighbourTag, routesTag } from '../tags.ts';
import type { Translation } from '../translation.ts';
import { headerFor, isOverIpv6 } from './tunnel-headers.ts';

/** By where wrapped packets go. */
interface TunnelWay {
  readonly out: PortOfSwitch;
  readonly sourceMac: string;
  readonly source: HostAddress;
  /** The other end, or a gateway to it. */
  readonly next: HostAddress;
  readonly destinationMac: Uint8Array;
}

/**
 * The packet is as the datapath has it, but for its tunnel's fields, which only the flow has. With `isCut`, of what is
 * cut.
 */
export function outputNatively(
  t: Translation,
  port: OfprotoPort,
  tunnel: TunnelConfig,
  isCut: boolean,
): void {
  const { flow, request } = t;
  const { dpPort } = port;
  const way = wayOf(t);
  if (way === undefined || dpPort === undefined) return;
  const { out, next, sourceMac, source, destinationMac } = way;
  t.tell({
    event: 'tunnelEnds',
    from: { mac: sourceMac, address: formatHostAddress(source) },
    to: { mac: formatMac(destinationMac), address: formatHostAddress(next) },
  });
  const header = headerFor(tunnel, flow, way, t.ofproto.tlvTable);
  if (header === undefined || out.port.dpPort === undefined) {
    t.drop('notWrapped');
    return;
  }
  const push = { do: 'tnl_push', tunnelPort: dpPort, header, outPort: out.port.dpPort } as const;
  const neighbours = request.context.tunnels.host.neighbours;
  t.effect({ kind: 'neighbour', neighbours, bridge: out.ofproto.name, address: next });
  t.detours.takeCopy(push, () => {
    if (isCut) t.datapath.push({ do: 'recirc', id: 0 });
    else sendWrapped(t, out, { tunnel, header, way });
  });
}

/** Drops the packet, and says why, where it cannot be sent now. */
function wayOf(t: Translation): TunnelWay | undefined {
  const { flow, request, outcome } = t;
  const { host } = request.context.tunnels;
  const destination = isOverIpv6(flow)
    ? readSlot(flow, 'tun_ipv6_dst')
    : hostAddress(readSlot(flow, 'tun_dst'));
  const given = getSlot(flow, 'tun_src') === 0 ? undefined : hostAddress(readSlot(flow, 'tun_src'));
  outcome.tags |= routesTag | listeningTag;
  const route = host.routes.find(destination, getSlot(flow, 'pkt_mark'), given);
  const out = route && request.context.tunnels.portOf(route.device);
  if (route === undefined || out === undefined) {
    t.drop('noRoute');
    return undefined;
  }
  const { gateway, source } = route;
  const next = gateway !== undefined && isSet(gateway) ? gateway : destination;
  t.tell({ event: 'tunnelRoute', to: formatHostAddress(next), port: out.port.name });
  const sourceMac = out.port.mac;
  if (sourceMac === undefined) {
    t.drop('noEgressAddress');
    return undefined;
  }
  const bridge = out.ofproto.name;
  outcome.tags |= neighbourTag(bridge, next);
  const destinationMac = host.neighbours.find(bridge, next);
  if (destinationMac !== undefined) return { out, sourceMac, source, next, destinationMac };
  const protocol = isMapped(next) ? 'ARP' : 'ND';
  t.tell({ event: 'neighbourUnknown', address: formatHostAddress(next), bridge, protocol });
  request.context.tunnels.ask(out, {
    target: next,
    source: host.routes.sourceFor(next, bridge) ?? source,
    mac: readMac(sourceMac),
  });
  t.drop('neighbourUnknown');
  return undefined;
}

interface Wrapping {
  readonly tunnel: TunnelConfig;
  readonly header: TunnelHeader;
  readonly way: TunnelWay;
}

/**
 * The bridge has the wrapped packet as if it had come in by `out`, from nobody: nothing of it is wanted but what it does.
 * Differs: what a tunnel sends is counted for it once; the reference counts it again, with its headers, on the way into the
 * bridge.
 */
function sendWrapped(t: Translation, out: PortOfSwitch, { tunnel, header, way }: Wrapping): void {
  const { mask, outputs, request } = t;
  const { flow, base } = request.context.scratch;
  const wrapped = flow.slice();
  for (const words of [flow, base]) wrap(words, wrapped, tunnel, way);
  const looked = mask.slice();
  mask.fill(0);
  const { count } = outputs;
  const size = tunnelHeaderSize(header);
  t.outcome.effects.push({ kind: 'wrapped', size });
  t.packet.whileWrapped(() => enterBridge(t, out));
  t.outcome.effects.push({ kind: 'wrapped', size: -size });
  outputs.count = count;
  mask.set(looked);
}

/** The headers of `words` become those that a tunnel puts in front, of which `from` says something. */
function wrap(words: Uint32Array, from: Uint32Array, { type }: TunnelConfig, way: TunnelWay): void {
  const overIpv6 = isOverIpv6(from);
  writeSlot(words, 'eth_dst', way.destinationMac);
  writeSlot(words, 'eth_src', readMac(way.sourceMac));
  setSlot(words, 'eth_type', overIpv6 ? etherType.ipv6 : etherType.ipv4);
  for (const slot of ['packet_type', 'nw_frag', 'vlan_tpid', 'vlan_tci', 'vlan_tpid2', 'vlan_tci2'] as const)
    setSlot(words, slot, 0);
  setSlot(words, 'nw_proto', protocolOf(type));
  setSlot(words, 'nw_tos', getSlot(from, 'tun_tos'));
  setSlot(words, 'nw_ttl', getSlot(from, 'tun_ttl'));
  setSlot(words, 'tp_src', getSlot(from, 'tun_tp_src'));
  setSlot(words, 'tp_dst', getSlot(from, 'tun_tp_dst'));
  writeSlot(words, 'nw_dst', readSlot(from, 'tun_dst'));
  writeSlot(words, 'ipv6_dst', readSlot(from, 'tun_ipv6_dst'));
  const source = isMapped(way.source) ? plainBytes(way.source) : new Uint8Array(4);
  const [given, given6] = [readSlot(from, 'tun_src'), readSlot(from, 'tun_ipv6_src')];
  writeSlot(words, 'nw_src', overIpv6 || given.some(Boolean) ? given : source);
  writeSlot(words, 'ipv6_src', !overIpv6 || given6.some(Boolean) ? given6 : way.source);
}
