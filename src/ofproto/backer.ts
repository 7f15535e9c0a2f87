/**
 * What all bridges of one datapath type share: the datapath, its flows and upcalls, and the patch ports between them.
 * One for each datapath type in use; `vswitchd` makes it with the first bridge of its type.
 */
import { coverageCounter } from '../base/coverage.ts';
import type { Random } from '../base/random.ts';
import type { Timer, Timers } from '../base/timers.ts';
import { type DpPort, dpPort, ms } from '../base/units.ts';
import type { Datapath } from '../datapath/provider.ts';
import { matchOn, unpackKey } from '../flow/match.ts';
import type { Transport } from '../net/transport.ts';
import type { Netdev } from '../netdev/provider.ts';
import { OpenFlowError } from '../openflow/errors.ts';
import type { Continuation } from '../openflow/messages/continuation.ts';
import { reservedPorts } from '../openflow/ports.ts';
import { Abilities, type AbilityName } from './abilities.ts';
import { defaultUpcallLimits, type OfprotoConfig, type UpcallLimits } from './config.ts';
import { Connections } from './connections/connections.ts';
import { DatapathPorts } from './datapath-ports.ts';
import { DropTally } from './drops/drop-tally.ts';
import { DropWatchers } from './drops/drop-watchers.ts';
import type { ExportHost } from './exporters/host.ts';
import { Ofproto, type OfprotoEvents, type PacketOfController } from './ofproto.ts';
import { PortIndex } from './port-index.ts';
import { internalTable } from './tables/flow-tables.ts';
import { FrozenStates, type NewState, ownWordsOf } from './translate/freezing/frozen-states.ts';
import { ActionLists } from './translate/intern.ts';
import { Scratch, type TranslationContext } from './translate/request.ts';
import {
  addressTag,
  everyTag,
  groupTag,
  livenessTag,
  missTag,
  multicastGroupTag,
  multicastTag,
} from './translate/tags.ts';
import { NativeTunnels } from './tunnels/native-tunnels.ts';
import type { TunnelHost } from './tunnels/tunnel-host.ts';
import { ControllerPackets } from './upcall/controller-packets.ts';
import { InstalledFlows } from './upcall/installed-flows.ts';
import { PacketAccounts } from './upcall/packet-accounts.ts';
import { Revalidator } from './upcall/revalidator.ts';
import { Upcalls } from './upcall/upcalls.ts';
import { ZonePolicies } from './zone-policies.ts';

const settingsChanged = coverageCounter('rev_reconfigure');
const tablesChanged = coverageCounter('rev_flow_table');
const portToggled = coverageCounter('rev_port_toggled');
const addressChanged = coverageCounter('rev_mac_learning');
const multicastChanged = coverageCounter('rev_mcast_snooping');

const everyPacket = matchOn({});

export interface BackerDeps {
  readonly datapath: Datapath;
  readonly timers: Timers;
  readonly random: Random;
  /** How OpenFlow connections come about. */
  readonly transport: Transport;
  readonly exportHost: ExportHost;
  readonly tunnelHost: TunnelHost;
  /** See `MonitoringDeps`. */
  readonly nextBfdSession: () => number;
  readonly limits?: UpcallLimits;
  /** Packets, and flows that are in the datapath, are left alone until `release`. */
  readonly isHeld?: boolean;
  /** See `InBandDeps`. */
  readonly neighbourOf?: ((address: string) => string | undefined) | undefined;
}

/** The table of the switch itself decides about packets that come back so; mirrors have had them. */
function returningTo(ofproto: Ofproto): NewState {
  const ownWords = ownWordsOf(unpackKey(matchOn({ in_port: reservedPorts.ANY })));
  const rest = { table: internalTable, actions: [], stack: [], actionSet: [] };
  const userdata = new Uint8Array(0);
  return { ofproto, table: internalTable, ownWords, isTracked: false, mirrored: -1, userdata, rest };
}

export class Backer {
  readonly datapath: Datapath;
  readonly flows = new InstalledFlows();
  /** Packets that bridges dropped. What the datapath itself drops is in `datapath.drops()`. */
  readonly drops: DropTally;
  /** Who watches dropped packets. */
  readonly dropWatchers: DropWatchers;
  readonly ports = new PortIndex();
  readonly frozen = new FrozenStates();
  readonly abilities: Abilities;
  readonly tunnels: NativeTunnels;
  /** What connections are remembered for how long. */
  readonly zonePolicies: ZonePolicies;
  /** What all translations of its packets work with. */
  readonly translation: TranslationContext;
  readonly revalidator: Revalidator;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #deps: BackerDeps;
  readonly #bridges = new Map<string, Ofproto>();
  readonly #bridgesById = new Map<number, Ofproto>();
  readonly #controllerPackets: ControllerPackets;
  readonly #upcalls: Upcalls;
  readonly #datapathPorts: DatapathPorts;
  #limits: UpcallLimits;
  #haveSettingsChanged = false;
  #isHeld: boolean;
  #ageing: Timer | undefined;

  constructor(deps: BackerDeps) {
    const { datapath, timers } = deps;
    this.datapath = datapath;
    this.#datapathPorts = new DatapathPorts(datapath);
    this.drops = new DropTally(this.#bridges);
    this.abilities = new Abilities(datapath.features);
    this.#timers = timers;
    this.#random = deps.random;
    this.#deps = deps;
    this.#limits = deps.limits ?? defaultUpcallLimits;
    this.tunnels = new NativeTunnels({
      host: deps.tunnelHost,
      abilities: this.abilities,
      ports: this.ports,
      bridges: this.#bridges,
      timers,
      changed: (tags) => this.revalidator.change(tags),
      sendFrom: (range) => datapath.setEgressPorts(range),
    });
    this.zonePolicies = new ZonePolicies({
      datapath,
      timers,
      changed: () => {
        this.#haveSettingsChanged = true;
        this.revalidator.change(everyTag);
      },
    });
    const { ports, flows, frozen, abilities, tunnels, zonePolicies, drops } = this;
    this.translation = { ports, frozen, abilities, tunnels, zonePolicies, scratch: new Scratch() };
    const shared = { datapath, timers, flows, translation: this.translation, lists: new ActionLists() };
    this.revalidator = new Revalidator({
      ...shared,
      drops,
      limits: () => this.#limits,
      onCounted: () => {
        for (const { protocols } of this.#bridges.values()) protocols.all.counted();
      },
    });
    this.dropWatchers = new DropWatchers({
      ...{ datapath, clock: timers.clock, flows, ports, drops },
      explain: (key) => this.#upcalls.dropOf(key),
    });
    const accounts = new PacketAccounts({ timers, ports, drops, watchers: this.dropWatchers });
    this.#controllerPackets = new ControllerPackets({ ...shared, accounts });
    this.#upcalls = new Upcalls({
      ...shared,
      accounts,
      flowLimit: () => this.revalidator.flowLimit,
      bridgeOf: (id) => this.#bridgesById.get(id),
      onFlow: () => this.revalidator.wake(),
    });
    this.#isHeld = deps.isHeld ?? false;
    if (!this.#isHeld) datapath.flushFlows(); // what an owner before decided does not count here
    datapath.setVlanLimit(this.tagLimit);
    datapath.onUpcalls = (batch) => {
      if (!this.#isHeld) this.#upcalls.receive(batch);
    };
  }

  get bridges(): ReadonlyMap<string, Ofproto> {
    return this.#bridges;
  }

  get limits(): UpcallLimits {
    return this.#limits;
  }

  /** VLAN tags that keys show; `vlan-limit` 0 = as many as a key can hold. */
  get tagLimit(): number {
    return this.#limits.vlanLimit === 1 ? 1 : 2;
  }

  /** Misses that found the queue of their port full. */
  get refusedUpcallCount(): number {
    return this.#upcalls.refusedCount;
  }

  netdevOf(port: DpPort): Netdev | undefined {
    return this.ports.ofDpPort(port)?.port.netdev;
  }

  setLimits(limits: UpcallLimits): void {
    if (limits.vlanLimit !== this.#limits.vlanLimit) {
      this.revalidator.purge(); // keys look different from now on
      this.#limits = limits;
      this.datapath.setVlanLimit(this.tagLimit);
    }
    this.#limits = limits;
    this.revalidator.limitsChanged();
  }

  /** The bridges' flows are what they are to be. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.datapath.flushFlows();
  }

  /** Without, every flow is for packets of exactly one kind; for tests. */
  setMegaflows(areMade: boolean): void {
    this.#upcalls.makesMegaflows = areMade;
    this.revalidator.purge();
  }

  /** Does without an ability of the datapath from now on, or no longer; for tests. Throws Refused. */
  setAbility(name: AbilityName, value: string): void {
    this.abilities.set(name, value);
    this.revalidator.purge();
  }

  addBridge(name: string, config: OfprotoConfig): Ofproto {
    const { datapath } = this;
    const { timers, random, transport, exportHost, nextBfdSession, neighbourOf } = this.#deps;
    const connections = { transport, timers, random, neighbourOf };
    const made = new Ofproto(name, config, {
      id: this.#random.u32(),
      uuid: new Uint8Array(Uint32Array.from({ length: 4 }, () => this.#random.u32()).buffer),
      datapath,
      datapathPorts: this.#datapathPorts,
      timers: this.#timers,
      controllersOf: (ofproto) => new Connections(ofproto, connections),
      events: this.#events(),
      packetOut: (packet) => this.#controllerPackets.packetOut(packet),
      preparePacketOut: (packet) => this.#controllerPackets.preparePacketOut(packet),
      resume: (packet, continuation) => this.#resume(packet, continuation),
      tagLimit: () => this.tagLimit,
      whenCounted: (act) => this.revalidator.whenCounted(act),
      isCounting: () => this.flows.count > 0,
      random,
      exportHost,
      nextBfdSession,
      portOf: (ofproto, port) => {
        const found = this.ports.ofDpPort(dpPort(port));
        if (found !== undefined) return found.ofproto === ofproto ? found.port : undefined;
        const tunnel = [...this.ports.tunnels].find(
          (one) => one.ofproto === ofproto && one.port.dpPort === port,
        );
        return tunnel?.port;
      },
      abilities: this.abilities,
      allocateRecirculation: (ofproto) => this.frozen.allocate(returningTo(ofproto)),
    });
    this.#bridges.set(name, made);
    this.#bridgesById.set(made.id, made);
    return made;
  }

  /** Removes its ports first; their netdevs stay the caller's. */
  async removeBridge(name: string): Promise<void> {
    const gone = this.#bridges.get(name);
    if (gone === undefined) return;
    this.#bridges.delete(name);
    this.#bridgesById.delete(gone.id);
    gone.close();
    this.revalidator.purgeWhere((flow) => flow.input.ofproto === gone);
    await Promise.all([...gone.ports.keys()].map((port) => gone.switchPorts.remove(port)));
    this.drops.forgetBridge(gone);
  }

  /** All settings that have changed since this was last called count as one change. */
  countChange(): void {
    if (this.#haveSettingsChanged) settingsChanged.total++;
    this.#haveSettingsChanged = false;
  }

  /** Does what is due: waiting upcalls, a slice of revalidation. What is left follows by timer, as ageing does. */
  run(): void {
    this.#upcalls.run();
    this.revalidator.run();
  }

  /** Throws OpenFlowError. */
  #resume(packet: PacketOfController, continuation: Continuation): void {
    const { bridge: uuid = new Uint8Array(0) } = continuation;
    const bridge = [...this.#bridges.values()].find((one) => Buffer.compare(one.uuid, uuid) === 0);
    if (bridge === undefined) throw new OpenFlowError('NXR_STALE', 'the bridge of the packet is gone');
    this.#controllerPackets.resume(packet, bridge, continuation);
  }

  #events(): OfprotoEvents {
    return {
      portAdded: (ofproto, port) => {
        this.ports.add(ofproto, port);
        this.tunnels.portAdded(port);
      },
      portRenumbered: (ofproto, port) => {
        this.ports.addAgain(ofproto, port);
        this.tunnels.portAdded(port);
      },
      portRemoved: (ofproto, port) => {
        this.ports.remove(port);
        this.tunnels.portRemoved(port);
        // At once: its datapath number may soon be another port's.
        this.revalidator.purgeWhere((flow) => flow.input.port === port);
        this.drops.forgetPort(ofproto, port);
      },
      changed: () => {
        this.#haveSettingsChanged = true;
        this.revalidator.change(everyTag);
      },
      rulesChanged: (ofproto, events) => {
        tablesChanged.total++;
        for (const { rule, match } of events)
          this.revalidator.ruleChanged({ ofproto, table: rule.table, match });
      },
      tableReordered: (ofproto, table) =>
        this.revalidator.ruleChanged({ ofproto, table, match: everyPacket }),
      groupsChanged: (ofproto, numbers) => {
        for (const number of numbers) this.revalidator.change(groupTag(ofproto.id, number));
      },
      livenessChanged: (ofproto) => {
        portToggled.total++;
        this.revalidator.change(livenessTag(ofproto.id));
      },
      ageingChanged: () => this.#arrangeAgeing(),
      addressChanged: (ofproto, mac, vlan) => {
        addressChanged.total++;
        this.revalidator.change(addressTag(ofproto.id, mac, vlan));
        if (this.#ageing === undefined) this.#arrangeAgeing();
      },
      multicastChanged: ({ id }, place) => {
        multicastChanged.total++;
        this.revalidator.change(place === undefined ? multicastTag(id) : multicastGroupTag(id, place));
      },
      missesChanged: ({ id }) => this.revalidator.change(missTag(id)),
      addressGone: (from, mac, vlan) => {
        for (const other of this.#bridges.values()) if (other !== from) other.macs.forget(mac, vlan);
      },
    };
  }

  #age(): void {
    let isMore = false;
    for (const { macs } of this.#bridges.values()) isMore = macs.run() || isMore;
    this.#arrangeAgeing(isMore ? this.#timers.clock.now() : undefined);
  }

  #arrangeAgeing(due = this.#nextExpiry()): void {
    this.#ageing?.cancel();
    this.#ageing = undefined;
    if (due === Number.POSITIVE_INFINITY) return;
    this.#ageing = this.#timers.at(ms(due), () => {
      this.#ageing = undefined;
      this.#age();
    });
  }

  #nextExpiry(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { macs } of this.#bridges.values()) next = Math.min(next, macs.nextExpiry());
    return next;
  }
}
