/**
 * Tunnels whose headers the datapath puts in front of packets and takes off itself, as far as bridges of one datapath
 * have to do with it: by which of their ports a wrapped packet leaves, and asking for the Ethernet addresses of
 * neighbours.
 */
import type { Timers } from '../../base/timers.ts';
import type { PortRange } from '../../datapath/provider.ts';
import { readSlot } from '../../flow/key.ts';
import { setEgress } from '../../netdev/provider.ts';
import { byFlow } from '../../netdev/tunnel/tunnel-config.ts';
import type { Abilities } from '../abilities.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';
import type { PortIndex } from '../port-index.ts';
import type { PortOfSwitch } from '../port-of-switch.ts';
import { type HostAddress, hostAddress, isMapped, isSameAddress } from './host-address.ts';
import { protocolOf, type TunnelEnd } from './listening-ports.ts';
import { composeRequest, type NeighbourRequest } from './neighbour-request.ts';
import type { TunnelHost } from './tunnel-host.ts';

export interface NativeTunnelsDeps {
  readonly host: TunnelHost;
  readonly abilities: Abilities;
  readonly ports: PortIndex;
  readonly bridges: ReadonlyMap<string, Ofproto>;
  readonly timers: Timers;
  /** Flows that depended on any of the tags may be wrong. */
  readonly changed: (tags: number) => void;
  /** Has packets of tunnels leave by those ports of UDP. */
  readonly sendFrom: (range: PortRange) => void;
}

export class NativeTunnels {
  readonly host: TunnelHost;
  readonly #deps: NativeTunnelsDeps;

  constructor(deps: NativeTunnelsDeps) {
    this.host = deps.host;
    this.#deps = deps;
    deps.host.watch({
      changed: (tags) => deps.changed(tags),
      egressChanged: () => {
        for (const { port } of deps.ports.tunnels) this.#showEgress(port);
      },
      sourcePortsChanged: () => deps.sendFrom(this.host.sourcePorts),
    });
    deps.sendFrom(this.host.sourcePorts);
  }

  /** There are tunnels, and the datapath can do it. */
  get isOn(): boolean {
    const { abilities, ports } = this.#deps;
    return ports.hasTunnels && abilities.has('tnl_push_pop');
  }

  portAdded(port: OfprotoPort): void {
    const end = endOf(port);
    if (end !== undefined && this.#deps.abilities.has('tnl_push_pop')) this.host.listening.add(end);
    this.#showEgress(port);
  }

  portRemoved(port: OfprotoPort): void {
    const end = endOf(port);
    if (end !== undefined) this.host.listening.remove(end);
    this.host.neighbours.flush(port.name);
    this.host.forget(port.name);
  }

  /** That of the bridge of the same name, or else of any bridge. */
  portOf(device: string): PortOfSwitch | undefined {
    const own = this.#deps.bridges.get(device);
    for (const ofproto of own === undefined
      ? this.#deps.bridges.values()
      : [own, ...this.#deps.bridges.values()])
      for (const port of ofproto.ports.values()) if (port.name === device) return { ofproto, port };
    return undefined;
  }

  hasAddress({ name }: OfprotoPort): boolean {
    return (this.host.device(name)?.addresses.length ?? 0) > 0;
  }

  /** Is what a neighbour says said to an address of the bridge, or of one of its ports? */
  isForHost(flow: Uint32Array, { name, ports }: Ofproto): boolean {
    const isOwn = (bytes: Uint8Array): boolean => isTargetOf(flow, hostAddress(bytes));
    if (this.host.device(name)?.addresses.some(({ address }) => isOwn(address)) === true) return true;
    for (const port of ports.values()) {
      const [first] = this.host.device(port.name)?.addresses ?? [];
      if (first !== undefined && isOwn(first.address)) return true;
    }
    return false;
  }

  /** Asks by that port, once the translation that needed the answer is through. */
  ask({ ofproto, port }: PortOfSwitch, request: NeighbourRequest): void {
    const { timers } = this.#deps;
    timers.at(timers.clock.now(), () => {
      if (ofproto.ports.get(port.ofPort) === port) ofproto.packets.arrive(port, composeRequest(request));
    });
  }

  #showEgress({ netdev, tunnel }: OfprotoPort): void {
    if (tunnel === undefined) return;
    const remote = tunnel.remote === byFlow ? new Uint8Array(16) : hostAddress(tunnel.remote);
    const device = this.host.routes.find(remote, tunnel.egressMark ?? 0)?.device;
    const hasCarrier = device !== undefined && this.host.device(device)?.hasCarrier === true;
    setEgress(netdev, device === undefined ? undefined : { device, hasCarrier });
  }
}

/** Undefined for a port that is no tunnel. */
function endOf({ tunnel, netdev, dpPort }: OfprotoPort): TunnelEnd | undefined {
  const { portSpec } = netdev;
  if (tunnel === undefined || dpPort === undefined || portSpec === undefined) return undefined;
  if (protocolOf(tunnel.type) === 0) return undefined;
  return { name: portSpec.name, dpPort, protocol: protocolOf(tunnel.type), port: tunnel.dstPort };
}

/**
 * Where a packet of ARP or neighbour discovery goes: for IPv6 also the group of nodes whose addresses end so (RFC 4291
 * section 2.7.1).
 */
function isTargetOf(flow: Uint32Array, address: HostAddress): boolean {
  if (isMapped(address)) return isSameAddress(hostAddress(readSlot(flow, 'nw_dst')), address);
  const target = readSlot(flow, 'ipv6_dst');
  return isSameAddress(target, address) || isSolicitedNode(target, address);
}

function isSolicitedNode(group: Uint8Array, address: HostAddress): boolean {
  return (
    group[0] === 0xff &&
    ((group[1] ?? 0) & 0xf) === 2 &&
    group[11] === 1 &&
    group[12] === 0xff &&
    address.subarray(13).every((byte, n) => byte === group[13 + n])
  );
}
