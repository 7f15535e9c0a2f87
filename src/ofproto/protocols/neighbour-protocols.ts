/** All protocols that a switch speaks with its neighbours: what each is given, and what one tells the others. */
import type { Abilities } from '../abilities.ts';
import { Bonding, type BondingDeps } from '../bonding/bonding.ts';
import { defaultOfprotoConfig, type OfprotoConfig } from '../config.ts';
import { Discovery } from '../lldp/discovery.ts';
import { MirroredPorts, type MirroredPortsDeps } from '../mirrors/mirrored-ports.ts';
import { Monitoring, type MonitoringDeps } from '../monitoring/monitoring.ts';
import { MulticastSnooping, type SnoopingDeps } from '../multicast/snooping.ts';
import { SpanningTree, type SpanningTreeDeps } from '../spanning-tree/spanning-tree.ts';
import { type ProtocolDeps, type StatusEvents, untoldStatus } from './protocol-deps.ts';
import { SwitchProtocols } from './switch-protocol.ts';

/** Parts of the switch, and what the layers below give it. */
export interface NeighbourProtocolsDeps
  extends Omit<ProtocolDeps, 'status'>,
    Pick<BondingDeps, 'tables' | 'macs' | 'datapath' | 'allocateRecirculation' | 'isCounting'>,
    Pick<MonitoringDeps, 'name' | 'nextBfdSession'>,
    Pick<SnoopingDeps, 'bundles' | 'groupChanged'>,
    Pick<SpanningTreeDeps, 'portStateChanged'>,
    Pick<MirroredPortsDeps, 'mirrors'> {
  readonly abilities: Abilities;
}

export class NeighbourProtocols {
  /** What chooses among members of bundles. */
  readonly bonding: Bonding;
  /** What it tells neighbours of itself, and they tell it. */
  readonly discovery: Discovery;
  /** Which groups are wanted where. */
  readonly multicast: MulticastSnooping;
  /** Which ports may forward, and what becomes of BPDUs. */
  readonly spanningTree: SpanningTree;
  readonly all: SwitchProtocols;
  /** Who shows what they have come to. */
  status: StatusEvents = untoldStatus;

  constructor(deps: NeighbourProtocolsDeps) {
    const shared: ProtocolDeps = { ...deps, status: this.#statusEvents() };
    const { name, macs, mirrors, abilities } = deps;
    this.bonding = new Bonding({
      ...{ ...shared, ...deps },
      hasLbOutput: () => abilities.has('lb_output_action'),
    });
    this.multicast = new MulticastSnooping(deps);
    this.discovery = new Discovery(shared);
    this.spanningTree = new SpanningTree({
      ...{ ...shared, name, macs },
      bundles: () => deps.bundles().values(),
      isMirrorOutput: (bundle) => mirrors.isOutput(bundle),
      portStateChanged: deps.portStateChanged,
      flushGroups: () => this.multicast.flush(),
    });
    const { bonding, multicast, spanningTree, discovery } = this;
    this.all = new SwitchProtocols([
      this.#makeMonitoring(shared, deps),
      ...[bonding, multicast, spanningTree, discovery],
      new MirroredPorts({ mirrors, macs, multicast }),
    ]);
  }

  /** The switch has all its parts. */
  begin(config: OfprotoConfig): void {
    this.multicast.configured(config);
    this.discovery.configured(defaultOfprotoConfig);
  }

  /** Of what it finds out of a link the other protocols are told. */
  #makeMonitoring(shared: ProtocolDeps, { name, nextBfdSession }: NeighbourProtocolsDeps): Monitoring {
    return new Monitoring({
      ...{ ...shared, name, nextBfdSession },
      linkChanged: (port) => {
        shared.linkChanged(port);
        this.all.portChanged(port);
      },
    });
  }

  /** To whoever shows it at that time. */
  #statusEvents(): StatusEvents {
    return {
      bundle: (bundle) => this.status.bundle(bundle),
      port: (port) => this.status.port(port),
      bridge: () => this.status.bridge(),
      attached: (port, vlan, isWanted) => this.status.attached(port, vlan, isWanted),
    };
  }
}
