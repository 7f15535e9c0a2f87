/** The ports of one switch, and the bundles that they are in: what comes, changes and goes. */
import { isDeepStrictEqual } from 'node:util';
import { formatMac } from '../base/addresses.ts';
import { reasonOf } from '../base/errno.ts';
import { SyscallFailed } from '../base/errors.ts';
import { logger } from '../base/log.ts';
import { type DpPort, type Ms, type OfPort, ofPort } from '../base/units.ts';
import type { DpMeter } from '../datapath/meter.ts';
import type { Datapath } from '../datapath/provider.ts';
import type { Mac } from '../flow/mac.ts';
import { type Netdev, tunnelOf } from '../netdev/provider.ts';
import { OpenFlowError } from '../openflow/errors.ts';
import { portConfigBit } from '../openflow/messages/port-description.ts';
import type { PortMod } from '../openflow/messages/ports.ts';
import type { BundleConfig, PortDiscovery } from './config.ts';
import type { Controllers } from './controllers.ts';
import type { DatapathPorts } from './datapath-ports.ts';
import type { MacTable } from './mac-learning.ts';
import { noMonitoring, type PortMonitoring } from './monitoring/monitoring-config.ts';
import { Bundle, localPort, OfprotoPort } from './port.ts';
import { PortNumbers } from './port-numbers.ts';
import type { SwitchProtocols } from './protocols/switch-protocol.ts';
import type { Requester } from './requester.ts';

const log = logger('ofproto');
const netdevLog = logger('netdev');
const portDown = portConfigBit('PORT_DOWN');

export interface AddPortOptions {
  /** Honoured when free. */
  readonly wanted?: OfPort;
  /** Name of the peer, for a patch port. */
  readonly patchPeer?: string;
  /** What may come in. */
  readonly limits?: readonly DpMeter[];
  /** How its link is monitored. */
  readonly monitoring?: PortMonitoring;
  /** What IP packets of a queue are marked with when they leave by it. */
  readonly queueDscps?: ReadonlyMap<number, number>;
  readonly discovery?: PortDiscovery;
}

/** What is told of them. */
interface PortEvents {
  /** Throws SyscallFailed where another one has all packets that it would have. */
  portAdded(port: OfprotoPort): void;
  portRenumbered(port: OfprotoPort): void;
  portRemoved(port: OfprotoPort): void;
  /** Anything that decides about packets changed. */
  changed(): void;
  /** What is live may not be so any more, or be so now. */
  livenessChanged(): void;
  /** The address was behind a bundle that went away. */
  addressGone(mac: Mac, vlan: number): void;
}

export interface SwitchPortsDeps {
  /** The local port's is the same. */
  readonly name: string;
  readonly datapath: Datapath;
  readonly datapathPorts: DatapathPorts;
  readonly now: () => Ms;
  readonly controllers: Controllers;
  readonly macs: MacTable<Bundle>;
  readonly protocols: SwitchProtocols;
  readonly events: PortEvents;
}

export class SwitchPorts {
  readonly #deps: SwitchPortsDeps;
  readonly #byNumber = new Map<OfPort, OfprotoPort>();
  readonly #bundles = new Map<string, Bundle>();
  /** Which bundle wants a port number, whether or not such a port is there. */
  readonly #bundleOfNumber = new Map<OfPort, Bundle>();
  readonly #numbers = new PortNumbers();

  constructor(deps: SwitchPortsDeps) {
    this.#deps = deps;
  }

  get byNumber(): ReadonlyMap<OfPort, OfprotoPort> {
    return this.#byNumber;
  }

  /** In the order in which they were made, which is the order of flooding. */
  get bundles(): ReadonlyMap<string, Bundle> {
    return this.#bundles;
  }

  /**
   * Adds a device; resolves with its number once frames flow. The device of the bridge's own name is the local port.
   * The netdev stays the caller's: close it after `remove`. Throws SyscallFailed when the datapath cannot open it, or
   * it is a tunnel like another one.
   */
  async add(netdev: Netdev, options: AddPortOptions = {}): Promise<OfPort> {
    const { events } = this.#deps;
    const isLocal = netdev.name === this.#deps.name;
    const number = isLocal ? localPort : this.#numbers.take(options.wanted, this.#deps.now());
    try {
      const port = await this.#open(netdev, number, options.patchPeer);
      this.#limit(port, options.limits);
      port.monitoring = options.monitoring ?? noMonitoring;
      port.queueDscps = options.queueDscps ?? port.queueDscps;
      port.discovery = options.discovery ?? 'unset';
      this.#byNumber.set(number, port);
      this.#deps.controllers.portAdded(port);
      const bundle = this.#bundleOfNumber.get(number);
      if (bundle !== undefined) this.#gatherMembers(bundle);
      this.#deps.protocols.portConfigured(port);
    } catch (error) {
      this.#numbers.free(number, this.#deps.now());
      throw error;
    }
    events.changed();
    return number;
  }

  /** Resolves when nothing touches the device any more. */
  async remove(number: OfPort): Promise<void> {
    const { datapathPorts, events } = this.#deps;
    const port = this.#byNumber.get(number);
    if (port === undefined) return;
    this.#byNumber.delete(number);
    this.#numbers.free(number, this.#deps.now());
    const { bundle } = port;
    port.bundle = undefined;
    if (bundle !== undefined) {
      bundle.members = bundle.members.filter((member) => member !== port);
      this.#deps.protocols.bundleChanged(bundle);
      if (bundle.members.length === 0) this.#forgetAddresses(bundle);
    }
    this.#deps.protocols.portRemoved(port);
    events.portRemoved(port);
    this.#deps.controllers.portRemoved(port);
    events.changed();
    if (port.dpPort !== undefined) await datapathPorts.close(port.dpPort);
  }

  async #open(netdev: Netdev, number: OfPort, patchPeer: string | undefined): Promise<OfprotoPort> {
    const { events, datapathPorts } = this.#deps;
    const dpPort = await datapathPorts.open(netdev);
    const port = new OfprotoPort({ number, netdev, dpPort, patchPeer, createdAt: this.#deps.now() });
    try {
      events.portAdded(port);
    } catch (error) {
      log.warn(`${this.#deps.name}: could not add port ${port.name} (${reasonOf(error)})`);
      if (dpPort !== undefined) await datapathPorts.close(dpPort);
      throw error;
    }
    return port;
  }

  /**
   * Has the datapath know a port by the number that its device has now, or by another one, which must be free. Nothing
   * goes in or out by it while it is a tunnel like another one.
   */
  async renumber(port: OfprotoPort, wanted?: DpPort): Promise<void> {
    const { datapathPorts, events } = this.#deps;
    if (port.dpPort === undefined) return;
    events.portRemoved(port);
    await datapathPorts.close(port.dpPort);
    port.dpPort = await datapathPorts.open(port.netdev, wanted);
    port.tunnel = tunnelOf(port.netdev);
    this.#setLimits(port);
    events.portRenumbered(port);
    events.changed();
  }

  /** Limits that are as they were keep their buckets as full as they are. */
  #limit(port: OfprotoPort, limits: readonly DpMeter[] = port.limits): void {
    if (isDeepStrictEqual(limits, port.limits)) return;
    port.limits = limits;
    this.#setLimits(port);
  }

  #setLimits({ dpPort, limits, tunnel }: OfprotoPort): void {
    if (dpPort !== undefined && tunnel === undefined) this.#deps.datapath.setPortLimits(dpPort, limits);
  }

  /** Its netdev's state changed, or what is given did. */
  update(number: OfPort, change: Omit<AddPortOptions, 'wanted'> = {}): void {
    const port = this.#byNumber.get(number);
    if (port === undefined) return;
    this.#limit(port, change.limits);
    const { patchPeer = port.patchPeer, queueDscps = port.queueDscps } = change;
    const { monitoring = port.monitoring, discovery = port.discovery } = change;
    this.#deps.controllers.portChanged(port);
    if (port.updateLiveness()) this.#deps.events.livenessChanged();
    if (port.dpPort !== undefined && port.tunnel === undefined)
      this.#deps.datapath.setPortMtu(port.dpPort, port.netdev.state.mtu);
    if (!isDeepStrictEqual(monitoring, port.monitoring) || discovery !== port.discovery) {
      port.monitoring = monitoring;
      port.discovery = discovery;
      this.#deps.protocols.portConfigured(port);
    }
    this.#deps.protocols.portChanged(port);
    if (patchPeer === port.patchPeer && isDeepStrictEqual(queueDscps, port.queueDscps)) return;
    port.patchPeer = patchPeer;
    port.queueDscps = queueDscps;
    this.#deps.events.changed();
  }

  /**
   * Changes what a port does, as long as it is there. Rejects with OpenFlowError, and what the kernel refuses is
   * logged.
   */
  async modify(mod: PortMod, by?: Requester): Promise<void> {
    const port = this.portToModify(mod);
    const { netdev } = port;
    const config = (port.config & ~mod.mask) | (mod.config & mod.mask);
    if (config === port.config) return;
    this.#deps.controllers.portConfigured(port, config, by);
    port.settings = config & ~portDown;
    const isUp = (config & portDown) === 0;
    if (isUp !== netdev.state.isUp) {
      try {
        await netdev.setUp(isUp);
      } catch (why) {
        if (!(why instanceof SyscallFailed)) throw why;
        netdevLog.warn(`failed to set flags for network device ${port.name}: ${why.reason}`);
        this.#deps.controllers.portChanged(port);
      }
    }
    this.#deps.events.changed();
  }

  /** Throws OpenFlowError where there is none. */
  portToModify({ port: number, mac }: PortMod): OfprotoPort {
    const port = this.#byNumber.get(ofPort(number));
    if (port === undefined) throw new OpenFlowError('OFPPMFC_BAD_PORT', `there is no port ${number}`);
    if (formatMac(mac) !== port.netdev.state.mac)
      throw new OpenFlowError('OFPPMFC_BAD_HW_ADDR', `${formatMac(mac)} is not the address of ${port.name}`);
    return port;
  }

  /** Makes or changes the bundle that stands for a Port row. */
  setBundle(name: string, config: BundleConfig): void {
    let bundle = this.#bundles.get(name);
    const isSame = isDeepStrictEqual(bundle?.config, config);
    if (bundle === undefined) {
      bundle = new Bundle(name, config);
      this.#bundles.set(name, bundle);
    } else {
      this.#forgetNumbers(bundle);
      if (!keepsAddresses(bundle.config, config)) this.#flush(bundle);
      bundle.configure(config);
    }
    for (const number of config.members) this.#bundleOfNumber.set(number, bundle);
    this.#gatherMembers(bundle);
    if (!isSame) this.#deps.events.changed();
  }

  removeBundle(name: string): void {
    const bundle = this.#bundles.get(name);
    if (bundle === undefined) return;
    this.#bundles.delete(name);
    this.#forgetNumbers(bundle);
    for (const member of bundle.members) member.bundle = undefined;
    bundle.members = [];
    this.#deps.protocols.bundleRemoved(bundle);
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
      .map((number) => this.#byNumber.get(number))
      .filter((port) => port !== undefined);
    for (const member of bundle.members) {
      const { bundle: other } = member;
      if (other !== undefined && other !== bundle) {
        other.members = other.members.filter((port) => port !== member);
        this.#deps.protocols.bundleChanged(other);
      }
      member.bundle = bundle;
    }
    this.#deps.protocols.bundleChanged(bundle);
    for (const member of bundle.members) {
      if (!member.updateLiveness()) continue;
      this.#deps.controllers.portChanged(member);
      this.#deps.events.livenessChanged();
    }
  }

  #forgetAddresses(bundle: Bundle): void {
    for (const { mac, vlan } of this.#deps.macs.ofPort(bundle)) this.#deps.events.addressGone(mac, vlan);
    this.#flush(bundle);
  }

  #flush(bundle: Bundle): void {
    this.#deps.macs.flushPort(bundle);
    this.#deps.protocols.bundleFlushed(bundle);
  }
}

/** What was learned outlives a change of everything but these. */
function keepsAddresses(a: BundleConfig, b: BundleConfig): boolean {
  return (
    a.vlanMode === b.vlanMode &&
    a.tag === b.tag &&
    a.qinqEthertype === b.qinqEthertype &&
    a.priorityTags === b.priorityTags &&
    a.isProtected === b.isProtected &&
    isSameList(a.trunks, b.trunks) &&
    isSameList(a.cvlans, b.cvlans)
  );
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, n) => value === b[n]);
}
