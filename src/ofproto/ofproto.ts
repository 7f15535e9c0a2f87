/**
 * One OpenFlow switch: its ports, bundles, rules and learned addresses. Made by `Backer.addBridge`; `vswitchd` tells
 * it what to be, `translate/` asks it what to do with a packet.
 */
import type { Random } from '../base/random.ts';
import type { Timers } from '../base/timers.ts';
import { type Ms, type OfPort, ofPort } from '../base/units.ts';
import type { Datapath } from '../datapath/provider.ts';
import { extractKey } from '../flow/extract.ts';
import type { PortText } from '../flow/fields/text.ts';
import { getSlot } from '../flow/key.ts';
import type { Mac } from '../flow/mac.ts';
import { type Match, matchOn, packKey, unpackKey } from '../flow/match.ts';
import { type CheckOptions, checkActions } from '../openflow/action-rules.ts';
import type { Action } from '../openflow/actions/index.ts';
import { OpenFlowError } from '../openflow/errors.ts';
import type { FragmentHandling } from '../openflow/messages/configuration.ts';
import { type Continuation, decodeContinuation } from '../openflow/messages/continuation.ts';
import type { FlowMod } from '../openflow/messages/flow-mod.ts';
import { everyFlow } from '../openflow/messages/flows.ts';
import { withoutGroups } from '../openflow/messages/groups.ts';
import { lastMeter, type MeterMod } from '../openflow/messages/meters.ts';
import type { PacketIn } from '../openflow/messages/packet-in.ts';
import type { PacketOut } from '../openflow/messages/packet-out.ts';
import { allTables, type TableMod } from '../openflow/messages/tables.ts';
import { portTextOf, reservedPorts } from '../openflow/ports.ts';
import { namesOf } from '../openflow/text/names.ts';
import type { WireVersion } from '../openflow/versions.ts';
import { Frame } from '../wire/frame.ts';
import type { Abilities } from './abilities.ts';
import { Bonding } from './bonding/bonding.ts';
import { ChangeTurns } from './change-turns.ts';
import { hasPrimary, type OfprotoConfig } from './config.ts';
import type { Controllers } from './controllers.ts';
import { GroupTable } from './groups/group-table.ts';
import { MacTable } from './mac-learning.ts';
import { SwitchMeters } from './meters/switch-meters.ts';
import { MirrorSet } from './mirrors/mirror-set.ts';
import type { Bundle, OfprotoPort, Recirculation } from './port.ts';
import type { Requester } from './requester.ts';
import { SwitchPorts } from './switch-ports.ts';
import { SwitchTransaction } from './switch-transaction.ts';
import { FlowExpiry } from './tables/expiry.ts';
import type { FlowEvent } from './tables/flow-events.ts';
import { findRules } from './tables/flow-query.ts';
import type { FlowTable } from './tables/flow-table.ts';
import { FlowTables, visibleTableCount } from './tables/flow-tables.ts';
import {
  addRule,
  checkHiddenFields,
  checkTable,
  FlowTransaction,
  removeRules,
} from './tables/flow-transaction.ts';
import { LearnedCookies } from './tables/learned-cookies.ts';
import { checkOptionFields, withOptionWidths } from './tables/option-fields.ts';
import { toNormal } from './tables/rule.ts';
import { TlvTable } from './tlv-table.ts';

/** No port of any datapath. */
const noDpPort = 0xffffffff;

/** What a switch tells the layer that owns the flows. */
export interface OfprotoEvents {
  portAdded(ofproto: Ofproto, port: OfprotoPort): void;
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
  /** Addresses behind a bundle that went away are stale in the other bridges too. */
  addressGone(ofproto: Ofproto, mac: Mac, vlan: number): void;
}

export interface OfprotoDeps {
  /** Unlike that of any other switch of the process. */
  readonly id: number;
  /** The same for controllers; 16 bytes. */
  readonly uuid: Uint8Array;
  readonly datapath: Datapath;
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
  /** Does it when rules have all packets that the datapath forwarded before this call. */
  readonly whenCounted: (act: () => void) => void;
  /** There are flows whose packets are counted later. */
  readonly isCounting: () => boolean;
  readonly random: Random;
  readonly abilities: Abilities;
  /** Packets that come back with that number are looked up in the switch's own table, as if they came by no port. */
  readonly allocateRecirculation: (ofproto: Ofproto) => Recirculation;
  /** VLAN tags that keys show. */
  readonly tagLimit: () => number;
}

/** A packet that somebody sends, and what is to be done with it. */
export interface PacketOfController {
  readonly ofproto: Ofproto;
  readonly inPort: OfPort;
  /** Of whole width, with what the sender says of the pipeline's fields. */
  readonly key: Uint32Array;
  readonly bytes: Uint8Array;
  readonly actions: readonly Action[];
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
  /** What chooses among members of bundles. */
  readonly bonding: Bonding;
  /** What the database shows of a bundle or its members may be another. */
  onBundleStatus: (bundle: Bundle) => void = () => {};
  readonly #deps: OfprotoDeps;
  readonly #turns: ChangeTurns;
  readonly #expiry: FlowExpiry;
  readonly #learnedCookies: LearnedCookies;
  #config: OfprotoConfig;
  #vacancyTables: readonly FlowTable[] = [];
  #fragments: FragmentHandling = 'normal';

  constructor(name: string, config: OfprotoConfig, deps: OfprotoDeps) {
    const { timers, controllersOf, events } = deps;
    const { clock } = timers;
    this.name = name;
    this.id = deps.id;
    this.uuid = deps.uuid;
    this.#deps = deps;
    this.#config = config;
    this.meters = new SwitchMeters(deps.datapath);
    this.#turns = new ChangeTurns(timers);
    this.#expiry = new FlowExpiry({
      timers,
      whenCounted: deps.whenCounted,
      mayExpire: () => !this.#turns.isTaken,
      expire: (rule, reason) => removeRules(this.tables, [rule], reason),
    });
    this.controllers = controllersOf(this);
    const onChange = (changed: readonly FlowEvent[], by: Requester | undefined): void =>
      this.#rulesChanged(changed, by);
    const onReordered = (table: number): void => events.tableReordered(this, table);
    const onEnd = (): void => this.#learnedCookies.removeUnlearned();
    this.tables = new FlowTables({ clock, turns: this.#turns, onChange, onReordered, onEnd });
    this.#learnedCookies = new LearnedCookies(this.tables);
    if (config.tables.length > 0) this.#configureTables();
    this.#addDefaultRule();
    this.macs = new MacTable(clock, (mac, vlan) => events.addressChanged(this, mac, vlan));
    this.mirrors.configure(config.mirrors);
    this.macs.configure({ ...config, agingTime: config.macAgingTime, maxSize: config.macTableSize });
    const { datapath } = deps;
    this.bonding = this.#makeBonding();
    const { controllers, macs, bonding } = this;
    this.switchPorts = new SwitchPorts({
      name,
      datapath,
      now: () => clock.now(),
      controllers,
      macs,
      bonding,
      events: {
        portAdded: (port) => events.portAdded(this, port),
        portRemoved: (port) => events.portRemoved(this, port),
        changed: () => events.changed(),
        livenessChanged: () => events.livenessChanged(this),
        addressGone: (mac, vlan) => events.addressGone(this, mac, vlan),
      },
    });
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
    if (config.tables !== before.tables) this.#configureTables();
    if (config.datapathId !== before.datapathId) this.controllers.reconnect();
    if (config.hwaddr !== before.hwaddr) this.bonding.systemIdChanged();
    const isManaged = hasPrimary(config.control);
    if (isManaged !== hasPrimary(before.control) || (!isManaged && config.failMode !== before.failMode)) {
      this.#turns.whenFree(() => {
        this.flush();
        this.#addDefaultRule();
      });
    }
    const isFloodChanged = this.macs.configure({
      ...config,
      agingTime: config.macAgingTime,
      maxSize: config.macTableSize,
    });
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

  /** Changes flows as a controller asks. Throws OpenFlowError. */
  modifyFlows(mod: FlowMod, version: WireVersion, by?: Requester): void | Promise<void> {
    this.checkFlowMod(mod, version);
    return this.change((transaction) => transaction.modifyFlows(mod), by);
  }

  /**
   * Makes changes that packets see all at once, or none if `make` or one of its steps throws; by the time it returns, or
   * the promise resolves.
   */
  change(
    make: (transaction: SwitchTransaction) => Iterable<void> | void,
    by?: Requester,
  ): void | Promise<void> {
    return this.#turns.make(this.#changeSteps(make, by));
  }

  *#changeSteps(
    make: (transaction: SwitchTransaction) => Iterable<void> | void,
    by: Requester | undefined,
  ): Generator<void, void> {
    const transaction = this.#beginChange();
    try {
      yield* make(transaction) ?? [];
    } catch (why) {
      yield* transaction.revertSteps();
      throw why;
    }
    yield* transaction.commitSteps(by);
  }

  /** Sends a packet as a controller asks. Throws OpenFlowError. */
  packetOut(message: PacketOut, version: WireVersion): void {
    const packet = this.packetOfController(message, version);
    this.#beginChange().checkReferences(message.actions);
    this.#deps.packetOut(packet);
  }

  /** Decides what becomes of a packet as things are now; what is returned does it. */
  preparePacketOut(packet: PacketOfController): () => void {
    return this.#deps.preparePacketOut(packet);
  }

  /** Throws OpenFlowError for actions that cannot be done with it. */
  packetOfController(
    { bufferId, metadata, actions, packet: bytes }: PacketOut,
    version: WireVersion,
  ): PacketOfController {
    if (bufferId !== undefined)
      throw new OpenFlowError('OFPBRC_BUFFER_UNKNOWN', `no packet is kept in buffer ${bufferId}`);
    const inPort = ofPort(getSlot(unpackKey(metadata), 'in_port'));
    const packet = this.#packetFrom(
      this.tlvTable.resolve(metadata, 'passed over'),
      bytes,
      this.ports.get(inPort)?.dpPort ?? noDpPort,
    );
    this.#checkActions(actions, packKey(packet.key), { version, table: 0 });
    return { ...packet, actions: withOptionWidths(actions, this.tlvTable) };
  }

  /** Goes on with a packet that waited for a controller. Throws OpenFlowError. */
  resume({ metadata, packet, continuation: bytes }: PacketIn, version: WireVersion): void {
    const continuation = decodeContinuation(bytes, version, 'refused');
    this.#deps.resume(
      this.#packetFrom(this.tlvTable.resolve(metadata), packet, continuation.datapathPort),
      continuation,
    );
  }

  #makeBonding(): Bonding {
    const { timers, random, events, isCounting, allocateRecirculation, datapath, abilities } = this.#deps;
    return new Bonding({
      timers,
      random,
      tables: this.tables,
      macs: this.macs,
      systemId: () => this.#config.hwaddr,
      datapath,
      hasLbOutput: () => abilities.has('lb_output_action'),
      send: (port, frame) => this.#send(port, frame),
      allocateRecirculation: () => allocateRecirculation(this),
      isCounting,
      linkChanged: (port) => this.#linkChanged(port),
      changed: () => events.changed(),
      statusChanged: (bundle) => this.onBundleStatus(bundle),
    });
  }

  /** Sends a frame of the switch's own. */
  #send({ ofPort: port }: OfprotoPort, frame: Uint8Array): void {
    const packet = this.#packetFrom(matchOn({ in_port: reservedPorts.ANY }), frame, noDpPort);
    this.#deps.packetOut({ ...packet, actions: [{ do: 'output', port, maxLength: 0 }] });
  }

  #linkChanged(port: OfprotoPort): void {
    if (!port.updateLiveness()) return;
    this.controllers.portChanged(port);
    this.#deps.events.livenessChanged(this);
  }

  #packetFrom(metadata: Match, bytes: Uint8Array, datapathPort: number): PacketOfController {
    const key = unpackKey(metadata);
    const inPort = ofPort(getSlot(key, 'in_port'));
    const frame = new Frame(bytes);
    frame.end = bytes.length;
    frame.inPort = datapathPort;
    extractKey(frame, key, this.#deps.tagLimit(), getSlot(key, 'packet_type'));
    return { ofproto: this, inPort, key, bytes, actions: [] };
  }

  /** Changes one table or all as a controller asks. Throws OpenFlowError. */
  modifyTables(mod: TableMod): void {
    if (mod.table >= visibleTableCount && mod.table !== allTables)
      throw new OpenFlowError('OFPTMFC_EPERM', `table ${mod.table} is the switch's own`);
    for (let number = 0; number < visibleTableCount; number++)
      if (mod.table === allTables || mod.table === number) this.tables.table(number).modify(mod);
    if (mod.miss !== undefined) this.#deps.events.changed();
    this.#watchVacancy();
  }

  /** Tells what each table is to be; flows that are too many make room. */
  #configureTables(): void {
    const configs = new Map(this.#config.tables.map((config) => [config.number, config]));
    const transaction = new FlowTransaction(this.tables);
    for (let number = 0; number < visibleTableCount; number++) {
      const table = this.tables.table(number);
      table.configure(configs.get(number));
      transaction.shrink(table);
    }
    transaction.commit();
  }

  #watchVacancy(): void {
    this.#vacancyTables = [...this.tables.tables()].filter(({ hasVacancyEvents }) => hasVacancyEvents);
  }

  #tellVacancy(): void {
    for (const table of this.#vacancyTables) {
      const status = table.takeVacancyEvent();
      if (status !== undefined) this.controllers.tableChanged(status);
    }
  }

  /** As logs have it: "netdev@ovs-netdev". */
  get datapathName(): string {
    const { type, name } = this.#deps.datapath;
    return `${type}@${name}`;
  }

  /** The datapath can meter packets. */
  get hasMeters(): boolean {
    return this.#deps.datapath.features.actions.has('meter');
  }

  /** Changes meters as a controller asks; flows go with their meter. Throws OpenFlowError. */
  modifyMeter(mod: MeterMod): void {
    switch (mod.command) {
      case 'add':
        this.meters.add(mod, this.now);
        break;
      case 'modify':
        this.meters.modify(mod);
        break;
      case 'delete':
        for (const number of this.meters.find(mod.meter)) {
          this.#turns.whenFree(() =>
            removeRules(this.tables, this.tables.meterUsers.find(number), 'meter_delete'),
          );
          this.meters.delete(number);
        }
    }
    if (mod.meter > lastMeter) this.#deps.events.changed(); // packets on their way up may go through it
  }

  /** Throws OpenFlowError for actions that do not fit the match, and for tables that are not the controllers'. */
  checkFlowMod(mod: FlowMod, version: WireVersion): void {
    const { actions, match, table } = mod;
    checkTable(mod);
    if (!mod.command.startsWith('delete')) checkHiddenFields(mod, this.name);
    this.#checkActions(actions, match, { version, table });
  }

  #checkActions(
    actions: readonly Action[],
    match: Match,
    context: CheckOptions & { readonly version: WireVersion },
  ): void {
    checkOptionFields(actions, this.tlvTable);
    const error = checkActions(actions, match, context);
    if (error === undefined || (error === 'inconsistent' && context.version === 1)) return;
    const name = error === 'inconsistent' ? 'OFPBAC_MATCH_INCONSISTENT' : error;
    throw new OpenFlowError(name, 'actions that do not fit the match');
  }

  #beginChange(): SwitchTransaction {
    const { events } = this.#deps;
    return new SwitchTransaction({
      tables: this.tables,
      groups: this.groups,
      meters: this.meters,
      groupsChanged: (numbers) => events.groupsChanged(this, numbers),
      now: () => this.now,
    });
  }

  /** Ends all conversations. */
  close(): void {
    this.controllers.close();
    this.bonding.stop();
    this.#expiry.stop();
    this.meters.clear();
  }

  /** A switch that has no controller forwards like any Ethernet switch, unless it is to be secure. */
  #addDefaultRule(): void {
    if (this.#config.failMode === 'standalone' && !hasPrimary(this.#config.control))
      addRule(this.tables, { table: 0, priority: 0, match: matchOn({}), actions: [toNormal] });
  }

  /** Takes all flows that controllers may see away, and all groups and meters. */
  flush(): void {
    removeRules(this.tables, findRules(this.tables, everyFlow, this.tables.version));
    const transaction = this.#beginChange();
    transaction.modifyGroup(withoutGroups);
    for (const _ of transaction.commitSteps());
    this.meters.clear();
  }

  #rulesChanged(changed: readonly FlowEvent[], by: Requester | undefined): void {
    for (const event of changed) {
      if (event.kind === 'removed') this.#expiry.forget(event.rule);
      else this.#expiry.watch(event.rule);
      if (event.kind === 'modified') this.#expiry.forget(event.before);
    }
    this.#deps.events.rulesChanged(this, changed);
    this.controllers.flowsChanged(changed, by);
    this.#tellVacancy();
    this.#learnedCookies.follow(changed);
  }
}
