/**
 * The ports of a switch and the bundles they form. Made by `Ofproto`, read by translation and by whoever shows ports.
 * How a bundle treats VLANs is in bundle.ts.
 */
import { emptyMap } from '../base/empty-map.ts';
import type { DpPort, Ms, OfPort } from '../base/units.ts';
import { ofPort } from '../base/units.ts';
import type { DpMeter } from '../datapath/meter.ts';
import { type Netdev, type NetdevStats, tunnelOf } from '../netdev/provider.ts';
import type { TunnelConfig } from '../netdev/tunnel/tunnel-config.ts';
import { portConfigBit } from '../openflow/messages/port-description.ts';
import type { Bond } from '../protocols/bond.ts';
import type { Lacp } from '../protocols/lacp.ts';
import type { Lldp } from '../protocols/lldp.ts';
import type { BundleConfig, PortDiscovery } from './config.ts';
import { noMonitoring, type PortMonitoring } from './monitoring/monitoring-config.ts';
import type { PortMonitor } from './monitoring/port-monitor.ts';
import type { TreeState } from './spanning-tree/tree-state.ts';
import { VlanSet } from './vlan-set.ts';

/** Number of the port that has the bridge's own name: OFPP_LOCAL in its 16-bit form. */
export const localPort = ofPort(65534);

const portDown = portConfigBit('PORT_DOWN');

interface NewPort extends Pick<OfprotoPort, 'netdev' | 'dpPort' | 'patchPeer' | 'createdAt'> {
  readonly number: OfPort;
}

export class OfprotoPort {
  readonly ofPort: OfPort;
  readonly netdev: Netdev;
  /** undefined for a patch port: no datapath knows it. */
  dpPort: DpPort | undefined;
  /** Name of the patch port at the other end. */
  patchPeer: string | undefined;
  /** What its packets are wrapped in; undefined for a port that is no tunnel. Others may have the same `dpPort`. */
  tunnel: TunnelConfig | undefined;
  /** Another tunnel has all packets that this one would have. */
  isOvershadowed = false;
  /** The Port row it is a member of, once that is configured. */
  bundle: Bundle | undefined;
  /** What a spanning tree allows by it; undefined where it takes part in none. */
  tree: TreeState | undefined;
  /** Frames for everybody go to it, if only to be kept from leaving. */
  isFlooded = true;
  #isLive = false;
  /** Frames that crossed a patch port or a tunnel: its device never sees them. */
  readonly crossed = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 };

  /** What may come in; nothing is limited where there are none. */
  limits: readonly DpMeter[] = [];
  /** How its link is to be monitored. */
  monitoring: PortMonitoring = noMonitoring;
  /** What monitors its link. */
  monitor: PortMonitor | undefined;
  /** What IP packets of a queue are marked with when they leave. */
  queueDscps: ReadonlyMap<number, number> = emptyMap;
  /** Whether LLDP is spoken. */
  discovery: PortDiscovery = 'unset';
  /** What speaks it. */
  lldp: Lldp | undefined;
  /** When it was added. */
  readonly createdAt: Ms;
  /** Bits of `portConfigNames` that controllers have set, but for that it is switched off, which its device knows. */
  settings = 0;

  constructor({ number, netdev, dpPort, patchPeer, createdAt }: NewPort) {
    this.ofPort = number;
    this.netdev = netdev;
    this.dpPort = dpPort;
    this.patchPeer = patchPeer;
    this.tunnel = tunnelOf(netdev);
    this.createdAt = createdAt;
  }

  get name(): string {
    return this.netdev.name;
  }

  get mac(): string | undefined {
    return this.netdev.state.mac;
  }

  get hasCarrier(): boolean {
    return this.netdev.state.hasCarrier;
  }

  get linkResets(): number {
    return this.netdev.state.linkResets;
  }

  /** Its link is up, and what monitors it and LACP, where it is spoken, agree. */
  get mayEnable(): boolean {
    return (
      this.hasCarrier && this.monitor?.isWorking !== false && this.bundle?.lacp?.mayEnable(this) !== false
    );
  }

  /** Bits of `portConfigNames`. */
  get config(): number {
    return this.settings | (this.netdev.state.isUp ? 0 : portDown);
  }

  /** Groups may choose it. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /**
   * Its netdev's state may be another, or what protocols say of its link. True when that made it live, or not live any
   * more.
   */
  updateLiveness(): boolean {
    const before = this.#isLive;
    this.#isLive = this.netdev.state.isUp && this.mayEnable;
    return this.#isLive !== before;
  }

  countSent(packets: number, bytes: number): void {
    this.crossed.txPackets += packets;
    this.crossed.txBytes += bytes;
  }

  countReceived(packets: number, bytes: number): void {
    this.crossed.rxPackets += packets;
    this.crossed.rxBytes += bytes;
    if (packets > 0) this.monitor?.received();
  }

  /** No device counts what crosses it. */
  get hasOwnCounters(): boolean {
    return this.dpPort === undefined || this.tunnel !== undefined;
  }

  /** Counters of its device. No device sees what crosses a patch port or a tunnel: the switch counts it. */
  stats(): NetdevStats | Promise<NetdevStats> {
    if (!this.hasOwnCounters) return this.netdev.stats();
    const { rxBytes, rxPackets, txBytes, txPackets } = this.crossed;
    return new Map([
      ['rx_bytes', rxBytes],
      ['rx_packets', rxPackets],
      ['tx_bytes', txBytes],
      ['tx_packets', txPackets],
    ]);
  }
}

/** Packets come back with that number as long as somebody holds it. */
export interface Recirculation {
  readonly id: number;
}

/** A Port row in the switch: one interface, or a bond of several. */
export class Bundle {
  readonly name: string;
  /** In the order of `config.members`, without those that are not (yet) there. */
  members: readonly OfprotoPort[] = [];
  /** What chooses among several members; undefined for an ordinary port. */
  bond: Bond<OfprotoPort> | undefined;
  /** What agrees with the other end of each link. */
  lacp: Lacp<OfprotoPort> | undefined;
  /** Where packets of a balancing bond come back with their hash. */
  recirculation: Recirculation | undefined;
  /** The datapath chooses among its members. */
  usesLbOutput = false;
  #config: BundleConfig;
  #trunks: VlanSet | undefined;
  #cvlans: VlanSet | undefined;

  constructor(name: string, config: BundleConfig) {
    this.name = name;
    this.#config = config;
    this.configure(config);
  }

  get config(): BundleConfig {
    return this.#config;
  }

  /** VLANs carried as tagged ones; undefined = all. */
  get trunks(): VlanSet | undefined {
    return this.#trunks;
  }

  /** Customer VLANs let in; undefined = all. */
  get cvlans(): VlanSet | undefined {
    return this.#cvlans;
  }

  configure(config: BundleConfig): void {
    this.#config = config;
    this.#trunks = trunksOf(config);
    this.#cvlans = config.cvlans.length === 0 ? undefined : new VlanSet(config.cvlans);
  }
}

/** A native VLAN other than 0 is carried whatever `trunks` says, and VLAN 0 then is not: untagged means native. */
function trunksOf({ vlanMode, tag, trunks }: BundleConfig): VlanSet | undefined {
  const isNative = vlanMode === 'native-tagged' || vlanMode === 'native-untagged';
  if (!isNative || tag === 0) return trunks.length === 0 ? undefined : new VlanSet(trunks);
  const carried = new Set(trunks.length === 0 ? Array.from({ length: 4096 }, (_, vlan) => vlan) : trunks);
  carried.add(tag);
  carried.delete(0);
  return new VlanSet(carried);
}
