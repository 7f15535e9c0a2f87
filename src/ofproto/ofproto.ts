/**
 * One OpenFlow switch: its ports, bundles, rules and learned addresses. Made by `Backer.addBridge`; `vswitchd` tells
 * it what to be, `translate/` asks it what to do with a packet.
 */
import type { Random } from '../base/random.ts';
import type { Timers } from '../base/timers.ts';
import type { Ms, OfPort } from '../base/units.ts';
import type { Datapath } from '../datapath/provider.ts';
import type { PortText } from '../flow/fields/text.ts';
import type { Mac } from '../flow/mac.ts';
import { matchOn } from '../flow/match.ts';
import type { FragmentHandling } from '../openflow/messages/configuration.ts';
import type { Continuation } from '../openflow/messages/continuation.ts';
import { portTextOf } from '../openflow/ports.ts';
import { namesOf } from '../openflow/text/names.ts';
import type { Abilities } from './abilities.ts';
import { ChangeTurns } from './change-turns.ts';
import { hasPrimary, type OfprotoConfig } from './config.ts';
import type { Controllers } from './controllers.ts';
import type { DatapathPorts } from './datapath-ports.ts';
import { Exporters } from './exporters/exporters.ts';
import type { ExportHost } from './exporters/host.ts';
import type { TrackingDatapath } from './forget-connections.ts';
import { GroupTable } from './groups/group-table.ts';
import { MacTable } from './mac-learning.ts';
import { SwitchMeters } from './meters/switch-meters.ts';
import { MirrorSet } from './mirrors/mirror-set.ts';
import type { GroupPlace } from './multicast/multicast-table.ts';
import { type OutgoingPacket, PacketsOut } from './packets-out.ts';
import type { Bundle, OfprotoPort, Recirculation } from './port.ts';
import { NeighbourProtocols } from './protocols/neighbour-protocols.ts';
import type { Requester } from './requester.ts';
import { SwitchChanges } from './switch-changes.ts';
import { SwitchPorts } from './switch-ports.ts';
import type { FlowEvent } from './tables/flow-events.ts';
import { FlowTables } from './tables/flow-tables.ts';
import { addRule } from './tables/flow-transaction.ts';
import { toNormal } from './tables/rule.ts';
import { RuleEnds } from './tables/rule-ends.ts';
import { TlvTable } from './tlv-table.ts';

/** What a switch tells the layer that owns the flows. */
export interface OfprotoEvents {
  portAdded(ofproto: Ofproto, port: OfprotoPort): void;
  portRenumbered(ofproto: Ofproto, port: OfprotoPort): void;
  portRemoved(ofproto: Ofproto, port: OfprotoPort): void;
  /** Anything that decides about packets changed: every flow may be wrong. */
  changed(): void;
  /** Rules came, went or changed. */
  rulesChanged(ofproto: Ofproto, events: readonly FlowEvent[]): void;
  /** Another of several rules of one priority may be found there. */
  tableReordered(ofproto: Ofproto, table: number): void;
  groupsChanged(ofproto: Ofproto, numbers: Iterable<number>): void;
  /** What is live may not be so any more, or be so now. */
  livenessChanged(ofproto: Ofproto): void;
  /** Addresses may be due earlier than thought. */
  ageingChanged(): void;
  /** `wantsMisses` did. */
  missesChanged(ofproto: Ofproto): void;
  addressChanged(ofproto: Ofproto, mac: Mac, vlan: number): void;
  /** Where a group is wanted; undefined for where all are sent to. */
  multicastChanged(ofproto: Ofproto, place: GroupPlace | undefined): void;
  /** Addresses behind a bundle that went away are stale in the other bridges too. */
  addressGone(ofproto: Ofproto, mac: Mac, vlan: number): void;
}

export interface OfprotoDeps {
  /** Unlike that of any other switch of the process. */
  readonly id: number;
  /** The same for controllers; 16 bytes. */
  readonly uuid: Uint8Array;
  readonly datapath: Datapath;
  readonly datapathPorts: DatapathPorts;
  readonly timers: Timers;
  /** Who it talks OpenFlow with. */
  readonly controllersOf: (ofproto: Ofproto) => Controllers;
  readonly events: OfprotoEvents;
  /** Runs actions on a packet. */
  readonly packetOut: (packet: PacketOfController) => void;
  /** Decides now what becomes of it; what is returned does it. */
  readonly preparePacketOut: (packet: PacketOfController) => () => void;
  /** Goes on with a packet that waited for a controller. Throws OpenFlowError where its bridge is gone. */
  readonly resume: (packet: PacketOfController, continuation: Continuation) => void;
  /** VLAN tags that keys show. */
  readonly tagLimit: () => number;
  /** Does it when rules have all packets that the datapath forwarded before this call. */
  readonly whenCounted: (act: () => void) => void;
  /** There are flows whose packets are counted later. */
  readonly isCounting: () => boolean;
  readonly random: Random;
  readonly exportHost: ExportHost;
  /** See `MonitoringDeps`. */
  readonly nextBfdSession: () => number;
  /** A port of that switch, by its number in the datapath. */
  readonly portOf: (ofproto: Ofproto, dpPort: number) => OfprotoPort | undefined;
  readonly abilities: Abilities;
  /** Packets that come back with that number are looked up in the switch's own table, as if they came by no port. */
  readonly allocateRecirculation: (ofproto: Ofproto) => Recirculation;
}

/** A packet that somebody sends by a switch, and what is to be done with it. */
export interface PacketOfController extends OutgoingPacket {
  readonly ofproto: Ofproto;
}

export class Ofproto {
  readonly name: string;
  readonly id: number;
  readonly uuid: Uint8Array;
  readonly macs: MacTable<Bundle>;
  readonly tables: FlowTables;
  readonly controllers: Controllers;
  /** Through which ports and bundles come, change and go. */
  readonly switchPorts: SwitchPorts;
  readonly tlvTable = new TlvTable();
  readonly groups = new GroupTable();
  readonly meters: SwitchMeters;
  readonly mirrors = new MirrorSet();
  readonly exporters: Exporters;
  /** All that it speaks with neighbours. */
  readonly protocols: NeighbourProtocols;
  readonly changes: SwitchChanges;
  readonly packets: PacketsOut;
  readonly #deps: OfprotoDeps;
  readonly #turns: ChangeTurns;
  readonly #ruleEnds: RuleEnds;
  #config: OfprotoConfig;
  #fragments: FragmentHandling = 'normal';

  constructor(name: string, config: OfprotoConfig, deps: OfprotoDeps) {
    const { timers, events } = deps;
    this.name = name;
    this.id = deps.id;
    this.uuid = deps.uuid;
    this.#deps = deps;
    this.#config = config;
    this.meters = new SwitchMeters(deps.datapath);
    this.#turns = new ChangeTurns(timers);
    this.controllers = deps.controllersOf(this);
    this.tables = this.#makeTables();
    this.#ruleEnds = new RuleEnds({ ...deps, tables: this.tables, turns: this.#turns });
    this.changes = this.#makeChanges();
    this.packets = this.#makePacketsOut();
    if (config.tables.length > 0) this.changes.configureTables(config.tables);
    this.#addDefaultRule();
    this.macs = new MacTable(timers.clock, (mac, vlan) => events.addressChanged(this, mac, vlan));
    this.mirrors.configure(config.mirrors);
    this.exporters = this.#makeExporters();
    this.macs.configure({ ...config, agingTime: config.macAgingTime, maxSize: config.macTableSize });
    this.protocols = this.#makeProtocols();
    this.switchPorts = this.#makeSwitchPorts();
    this.protocols.begin(config);
    this.exporters.configure(config.exporters);
  }

  get timers(): Timers {
    return this.#deps.timers;
  }

  /** Its controllers want other packets than before of those that no rule is for. */
  missesChanged(): void {
    this.#deps.events.missesChanged(this);
  }

  /** Somebody has taken charge, or nobody is any longer. */
  chargeChanged(): void {
    this.#deps.events.livenessChanged(this);
  }

  /** Resolves when others have had a turn. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => this.timers.at(this.now, resolve));
  }

  get now(): Ms {
    return this.#deps.timers.clock.now();
  }

  get config(): OfprotoConfig {
    return this.#config;
  }

  get ports(): ReadonlyMap<OfPort, OfprotoPort> {
    return this.switchPorts.byNumber;
  }

  get wantsMisses(): boolean {
    return this.controllers.wantsMisses;
  }

  /** Its ports by name. */
  get portText(): PortText {
    return portTextOf(namesOf([...this.ports].map(([number, { name }]) => [number, name])));
  }

  /** In the order in which they were made, which is the order of flooding. */
  get bundles(): ReadonlyMap<string, Bundle> {
    return this.switchPorts.bundles;
  }

  configure(config: OfprotoConfig): void {
    const before = this.#config;
    const { events } = this.#deps;
    this.#config = config;
    if (config.tables !== before.tables) this.changes.configureTables(config.tables);
    if (config.datapathId !== before.datapathId) this.controllers.reconnect();
    this.protocols.all.configured(before);
    const isManaged = hasPrimary(config.control);
    if (isManaged !== hasPrimary(before.control) || (!isManaged && config.failMode !== before.failMode)) {
      this.#turns.whenFree(() => {
        this.changes.flush();
        this.#addDefaultRule();
      });
    }
    const isFloodChanged = this.macs.configure({
      ...config,
      agingTime: config.macAgingTime,
      maxSize: config.macTableSize,
    });
    this.exporters.configure(config.exporters);
    const areMirrorsChanged = this.mirrors.configure(config.mirrors);
    if (areMirrorsChanged || isFloodChanged || config.forwardBpdu !== before.forwardBpdu) events.changed();
    if (config.macAgingTime !== before.macAgingTime || config.macTableSize !== before.macTableSize) {
      events.ageingChanged();
    }
  }

  /** What becomes of IP fragments. */
  get fragments(): FragmentHandling {
    return this.#fragments;
  }

  /** Nothing here reassembles: that is not taken on. */
  setFragments(handling: FragmentHandling): void {
    if (handling === this.#fragments || handling === 'reassemble') return;
    this.#fragments = handling;
    this.#deps.events.changed();
  }

  #makeTables(): FlowTables {
    const { timers, events } = this.#deps;
    return new FlowTables({
      clock: timers.clock,
      turns: this.#turns,
      onChange: (changed, by) => this.#rulesChanged(changed, by),
      onReordered: (table) => events.tableReordered(this, table),
      onEnd: () => this.#ruleEnds.removeUnlearned(),
    });
  }

  #makeChanges(): SwitchChanges {
    const { name, tables, groups, meters, tlvTable, controllers } = this;
    const { events } = this.#deps;
    return new SwitchChanges({
      ...{ name, tables, groups, meters, tlvTable, controllers, now: () => this.now },
      turns: this.#turns,
      changed: () => events.changed(),
      groupsChanged: (numbers) => events.groupsChanged(this, numbers),
    });
  }

  #makeExporters(): Exporters {
    const { timers, random, exportHost, portOf, events } = this.#deps;
    return new Exporters({
      timers,
      random,
      host: exportHost,
      ports: () => this.ports.values(),
      portOf: (dpPort) => portOf(this, dpPort),
      datapathId: () => this.#config.datapathId,
      changed: () => events.changed(),
    });
  }

  #makeSwitchPorts(): SwitchPorts {
    const { name, controllers, macs } = this;
    const protocols = this.protocols.all;
    const { datapath, datapathPorts, events } = this.#deps;
    return new SwitchPorts({
      ...{ name, datapath, datapathPorts, controllers, macs, protocols, now: () => this.now },
      events: {
        portAdded: (port) => events.portAdded(this, port),
        portRenumbered: (port) => events.portRenumbered(this, port),
        portRemoved: (port) => events.portRemoved(this, port),
        changed: () => events.changed(),
        livenessChanged: () => events.livenessChanged(this),
        addressGone: (mac, vlan) => events.addressGone(this, mac, vlan),
      },
    });
  }

  #makePacketsOut(): PacketsOut {
    const { tagLimit, packetOut, preparePacketOut, resume } = this.#deps;
    const { tlvTable, changes } = this;
    return new PacketsOut({
      ports: () => this.ports,
      ...{ tlvTable, changes, tagLimit },
      packetOut: ({ inPort, key, bytes, actions }) =>
        packetOut({ inPort, key, bytes, actions, ofproto: this }),
      preparePacketOut: (packet) => preparePacketOut({ ...packet, ofproto: this }),
      resume: (packet, continuation) => resume({ ...packet, ofproto: this }, continuation),
    });
  }

  #makeProtocols(): NeighbourProtocols {
    const { timers, random, events, datapath, abilities, allocateRecirculation, isCounting, nextBfdSession } =
      this.#deps;
    const { name, tables, macs, mirrors } = this;
    return new NeighbourProtocols({
      ...{ name, timers, random, tables, macs, mirrors, datapath, abilities, isCounting, nextBfdSession },
      ports: () => this.ports,
      bundles: () => this.bundles,
      config: () => this.#config,
      send: (port, frame, options) => this.packets.prepareFrame(port, frame, options)(),
      prepare: (port, frame, options) => this.packets.prepareFrame(port, frame, options),
      linkChanged: (port) => this.#linkChanged(port),
      portStateChanged: (port) => this.controllers.portChanged(port),
      groupChanged: (place) => events.multicastChanged(this, place),
      changed: () => events.changed(),
      allocateRecirculation: () => allocateRecirculation(this),
    });
  }

  #linkChanged(port: OfprotoPort): void {
    if (!port.updateLiveness()) return;
    this.controllers.portChanged(port);
    this.#deps.events.livenessChanged(this);
  }

  /** As logs have it: "netdev@ovs-netdev". */
  get datapathName(): string {
    const { type, name } = this.#deps.datapath;
    return `${type}@${name}`;
  }

  /** What tracks connections for it. */
  get trackingDatapath(): TrackingDatapath {
    return this.#deps.datapath;
  }

  /** The datapath can meter packets. */
  get hasMeters(): boolean {
    return this.#deps.datapath.features.actions.has('meter');
  }

  /** Ends all conversations. */
  close(): void {
    this.controllers.close();
    this.protocols.all.stop();
    this.exporters.close();
    this.#ruleEnds.stop();
    this.meters.clear();
  }

  /** A switch that has no controller forwards like any Ethernet switch, unless it is to be secure. */
  #addDefaultRule(): void {
    if (this.#config.failMode === 'standalone' && !hasPrimary(this.#config.control))
      addRule(this.tables, { table: 0, priority: 0, match: matchOn({}), actions: [toNormal] });
  }

  #rulesChanged(changed: readonly FlowEvent[], by: Requester | undefined): void {
    this.#ruleEnds.follow(changed);
    this.#deps.events.rulesChanged(this, changed);
    this.controllers.flowsChanged(changed, by);
    this.changes.tellVacancy();
  }
}
