/**
 * One OpenFlow switch: its ports, bundles, rules and learned addresses. Made by `Backer.addBridge`; `vswitchd` tells
 * it what to be, `translate/` asks it what to do with a packet.
 */
import type { Clock } from '../base/clock.ts';
import type { OfPort } from '../base/units.ts';
import type { Datapath } from '../datapath/provider.ts';
import type { PortText } from '../flow/fields/text.ts';
import type { Mac } from '../flow/mac.ts';
import { type Match, matchOn } from '../flow/match.ts';
import type { Netdev } from '../netdev/provider.ts';
import type { Action } from '../openflow/actions/index.ts';
import { portTextOf, reservedPorts } from '../openflow/ports.ts';
import { namesOf } from '../openflow/text/names.ts';
import type { BundleConfig, OfprotoConfig } from './config.ts';
import { FlowTables } from './flow-tables.ts';
import { MacTable } from './mac-learning.ts';
import { Bundle, localPort, OfprotoPort } from './port.ts';
import { PortNumbers } from './port-numbers.ts';
import type { Rule } from './rule.ts';

const toNormal: Action = { do: 'output', port: reservedPorts.NORMAL, maxLength: 0 };

export interface AddPortOptions {
  /** Honoured when free. */
  readonly wanted?: OfPort;
  /** Name of the peer, for a patch port. */
  readonly patchPeer?: string;
}

/** What a switch tells the layer that owns the flows. */
export interface OfprotoEvents {
  portAdded(ofproto: Ofproto, port: OfprotoPort): void;
  portRemoved(ofproto: Ofproto, port: OfprotoPort): void;
  /** Anything that decides about packets changed: every flow may be wrong. */
  changed(): void;
  /** A rule with that match came into a table, or left it. */
  ruleChanged(ofproto: Ofproto, table: number, match: Match): void;
  /** Addresses may be due earlier than thought. */
  ageingChanged(): void;
  addressChanged(ofproto: Ofproto, mac: Mac, vlan: number): void;
  /** Addresses behind a bundle that went away are stale in the other bridges too. */
  addressGone(ofproto: Ofproto, mac: Mac, vlan: number): void;
}

export interface OfprotoDeps {
  /** Unlike that of any other switch of the process. */
  readonly id: number;
  readonly datapath: Datapath;
  readonly clock: Clock;
  readonly events: OfprotoEvents;
  /** Throws Refused for actions that no packet could be put through. */
  readonly checkActions: (actions: readonly Action[]) => void;
}

export class Ofproto {
  readonly name: string;
  readonly id: number;
  readonly macs: MacTable<Bundle>;
  readonly tables: FlowTables;
  readonly #deps: OfprotoDeps;
  readonly #ports = new Map<OfPort, OfprotoPort>();
  readonly #bundles = new Map<string, Bundle>();
  /** Which bundle wants a port number, whether or not such a port is there. */
  readonly #bundleOfNumber = new Map<OfPort, Bundle>();
  readonly #numbers = new PortNumbers();
  #config: OfprotoConfig;
  /** What a switch without a controller does in fail mode "standalone". */
  #standaloneRule: Rule | undefined;

  constructor(name: string, config: OfprotoConfig, deps: OfprotoDeps) {
    this.name = name;
    this.id = deps.id;
    this.#deps = deps;
    this.#config = config;
    this.tables = new FlowTables({
      now: deps.clock.now(),
      onChange: (table, match) => deps.events.ruleChanged(this, table, match),
      check: deps.checkActions,
    });
    this.#followFailMode();
    this.macs = new MacTable(deps.clock, (mac, vlan) => deps.events.addressChanged(this, mac, vlan));
    this.macs.configure({ ...config, agingTime: config.macAgingTime, maxSize: config.macTableSize });
  }

  get config(): OfprotoConfig {
    return this.#config;
  }

  get ports(): ReadonlyMap<OfPort, OfprotoPort> {
    return this.#ports;
  }

  /** Its ports by name. */
  get portText(): PortText {
    return portTextOf(namesOf([...this.#ports].map(([number, { name }]) => [number, name])));
  }

  /** In the order in which they were made, which is the order of flooding. */
  get bundles(): ReadonlyMap<string, Bundle> {
    return this.#bundles;
  }

  configure(config: OfprotoConfig): void {
    const before = this.#config;
    const { events } = this.#deps;
    this.#config = config;
    this.#followFailMode();
    const isFloodChanged = this.macs.configure({
      ...config,
      agingTime: config.macAgingTime,
      maxSize: config.macTableSize,
    });
    if (isFloodChanged || config.forwardBpdu !== before.forwardBpdu) events.changed();
    if (config.macAgingTime !== before.macAgingTime || config.macTableSize !== before.macTableSize) {
      events.ageingChanged();
    }
  }

  /** Standalone forwards like any Ethernet switch, secure does nothing. */
  #followFailMode(): void {
    const isStandalone = this.#config.failMode === 'standalone';
    if (isStandalone === (this.#standaloneRule !== undefined)) return;
    if (this.#standaloneRule !== undefined) this.tables.remove(this.#standaloneRule);
    const made = { table: 0, priority: 0, match: matchOn({}), actions: [toNormal] };
    this.#standaloneRule = isStandalone ? this.tables.add(made, this.#deps.clock.now()) : undefined;
  }

  /**
   * Adds a device; resolves with its number once frames flow. The device of the bridge's own name is the local port.
   * The netdev stays the caller's: close it after `removePort`. Throws SyscallFailed when the datapath cannot open it.
   */
  async addPort(netdev: Netdev, options: AddPortOptions = {}): Promise<OfPort> {
    const { datapath, clock, events } = this.#deps;
    const isLocal = netdev.name === this.name;
    const number = isLocal ? localPort : this.#numbers.take(options.wanted, clock.now());
    try {
      const { portSpec: spec, name, type, state } = netdev;
      const { ifindex } = state;
      const dpPort = spec === undefined ? undefined : await datapath.addPort({ name, type, ifindex, spec });
      if (dpPort !== undefined) datapath.setPortMtu(dpPort, netdev.state.mtu);
      const port = new OfprotoPort(number, netdev, dpPort, options.patchPeer);
      this.#ports.set(number, port);
      events.portAdded(this, port);
      const bundle = this.#bundleOfNumber.get(number);
      if (bundle !== undefined) this.#gatherMembers(bundle);
    } catch (error) {
      this.#numbers.free(number, clock.now());
      throw error;
    }
    events.changed();
    return number;
  }

  /** Resolves when nothing touches the device any more. */
  async removePort(number: OfPort): Promise<void> {
    const { datapath, clock, events } = this.#deps;
    const port = this.#ports.get(number);
    if (port === undefined) return;
    this.#ports.delete(number);
    this.#numbers.free(number, clock.now());
    const { bundle } = port;
    port.bundle = undefined;
    if (bundle !== undefined) {
      bundle.members = bundle.members.filter((member) => member !== port);
      if (bundle.members.length === 0) this.#forgetAddresses(bundle);
    }
    events.portRemoved(this, port);
    events.changed();
    if (port.dpPort !== undefined) await datapath.removePort(port.dpPort);
  }

  /** Its netdev's state changed, or `patchPeer` did. */
  updatePort(number: OfPort, change: { readonly patchPeer?: string } = {}): void {
    const port = this.#ports.get(number);
    if (port === undefined) return;
    const { patchPeer = port.patchPeer } = change;
    if (port.dpPort !== undefined) this.#deps.datapath.setPortMtu(port.dpPort, port.netdev.state.mtu);
    const isOtherActive = port.bundle?.chooseActive() === true;
    if (patchPeer === port.patchPeer && !isOtherActive) return;
    port.patchPeer = patchPeer;
    this.#deps.events.changed();
  }

  /** Makes or changes the bundle that stands for a Port row. */
  setBundle(name: string, config: BundleConfig): void {
    let bundle = this.#bundles.get(name);
    if (bundle === undefined) {
      bundle = new Bundle(name, config);
      this.#bundles.set(name, bundle);
    } else {
      this.#forgetNumbers(bundle);
      if (!isSameVlans(bundle.config, config)) this.macs.flushPort(bundle);
      bundle.configure(config);
    }
    for (const number of config.members) this.#bundleOfNumber.set(number, bundle);
    this.#gatherMembers(bundle);
    this.#deps.events.changed();
  }

  removeBundle(name: string): void {
    const bundle = this.#bundles.get(name);
    if (bundle === undefined) return;
    this.#bundles.delete(name);
    this.#forgetNumbers(bundle);
    for (const member of bundle.members) member.bundle = undefined;
    bundle.members = [];
    this.#forgetAddresses(bundle);
    this.#deps.events.changed();
  }

  #forgetNumbers(bundle: Bundle): void {
    for (const number of bundle.config.members) {
      if (this.#bundleOfNumber.get(number) === bundle) this.#bundleOfNumber.delete(number);
    }
  }

  /** A port belongs to the bundle that named it last. */
  #gatherMembers(bundle: Bundle): void {
    for (const member of bundle.members) if (member.bundle === bundle) member.bundle = undefined;
    bundle.members = bundle.config.members
      .map((number) => this.#ports.get(number))
      .filter((port) => port !== undefined);
    for (const member of bundle.members) {
      const { bundle: other } = member;
      if (other !== undefined && other !== bundle) {
        other.members = other.members.filter((port) => port !== member);
      }
      member.bundle = bundle;
    }
  }

  #forgetAddresses(bundle: Bundle): void {
    for (const { mac, vlan } of this.macs.ofPort(bundle)) this.#deps.events.addressGone(this, mac, vlan);
    this.macs.flushPort(bundle);
  }
}

/** Learned addresses outlive a change of everything but these. */
function isSameVlans(a: BundleConfig, b: BundleConfig): boolean {
  return (
    a.vlanMode === b.vlanMode &&
    a.tag === b.tag &&
    a.qinqEthertype === b.qinqEthertype &&
    a.priorityTags === b.priorityTags &&
    isSameList(a.trunks, b.trunks) &&
    isSameList(a.cvlans, b.cvlans)
  );
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, n) => value === b[n]);
}
