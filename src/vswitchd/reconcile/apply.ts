/**
 * Performs the steps of `plan`, one after the other; one that fails leaves its reason in the interface's `error` and
 * never stops the others. The only writer of `LiveState`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Defer } from '../../base/defer.ts';
import { errnoOf, errnos, strerror, syscallFailed } from '../../base/errno.ts';
import { Refused, SyscallFailed, unreachable } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { OfPort } from '../../base/units.ts';
import { type Netdev, type NetdevConfig, tunnelOf } from '../../netdev/provider.ts';
import type { Backer } from '../../ofproto/backer.ts';
import type { MemberLacp } from '../../ofproto/config.ts';
import { localPort } from '../../ofproto/port.ts';
import type { StatusEvents } from '../../ofproto/protocols/protocol-deps.ts';
import { isDescriptorLimit } from '../../sys/calls/descriptors.ts';
import type { WantedInterface } from '../config/interface-rows.ts';
import { macOfUuid } from '../config/mac.ts';
import type { WantedPort } from '../config/port-rows.ts';
import type { WantedBridge } from '../config/wanted.ts';
import { bridgeRefusals, ofprotoConfig, type SharedControl } from './bridge-config.ts';
import { isAsWanted, netdevConfig } from './device-config.ts';
import { dscpsOf, giveDuties } from './device-duties.ts';
import { exportersOf, followAgents } from './exporters.ts';
import { LiveBridge, LiveInterface, type LiveState, type Obstacle } from './live.ts';
import { giveAddress } from './local-address.ts';
import type { AddInterface, Step } from './plan.ts';

const log = logger('bridge');
const netdevLog = logger('netdev');
const unadded = new LimitedSite({ perMinute: 1, burst: 5 });
/** What opens thousands of devices answers packets, commands and the database in between. */
const openedPerTurn = 32;
/** The first device of every network namespace. */
const loopbackIndex = 1;

export interface ApplyDeps {
  readonly state: LiveState;
  readonly defer: Defer;
  /** Opens a device of an Interface `type` for a bridge of that datapath type. Throws SyscallFailed or Refused. */
  openNetdev(type: string, name: string, config: NetdevConfig, datapathType: string): Promise<Netdev>;
  /** No port may have that name. */
  isReserved(name: string): boolean;
  /** Throws Refused when there is no such datapath type. */
  backerFor(datapathType: string): Promise<Backer>;
  /** The last bridge of a backer is gone. */
  releaseBacker(backer: Backer): Promise<void>;
  /** Something about the device changed without us. */
  netdevChanged(i: LiveInterface): void;
  /** Who shows what the bridge's protocols have come to. */
  statusEventsOf(bridge: LiveBridge): StatusEvents;
  /** What all bridges have in common of how they talk OpenFlow. */
  control(): SharedControl;
}

/** Why an interface could not be added: the `error` column, and when it is tried again. */
interface Failure {
  readonly error: string;
  readonly obstacle: Obstacle;
}

export class Applier {
  readonly #deps: ApplyDeps;
  readonly #state: LiveState;

  constructor(deps: ApplyDeps) {
    this.#deps = deps;
    this.#state = deps.state;
  }

  async apply(step: Step): Promise<void> {
    switch (step.do) {
      case 'addBridge':
        return this.#addBridge(step.wanted);
      case 'configureBridge':
        return this.#withBridge(step.bridge, async (bridge) => {
          bridge.id = step.wanted.id;
          bridge.settings = step.wanted.settings;
        });
      case 'removeBridge':
        return this.#withBridge(step.bridge, (bridge) => this.#removeBridge(bridge));
      case 'addInterface':
        return this.addInterfaces([step]);
      case 'configureInterface':
        return this.#withBridge(step.bridge, (bridge) => this.#configureInterface(bridge, step.wanted));
      case 'removeInterface':
        return this.#withBridge(step.bridge, async (bridge) => {
          const i = bridge.interfaces.get(step.name);
          if (i === undefined) return;
          if (step.why === 'device gone' && i.ofPort !== undefined)
            bridge.lostNumbers.set(step.name, i.ofPort);
          else bridge.lostNumbers.delete(step.name);
          await this.#removeInterface(bridge, i);
        });
      case 'setPort':
        return this.#withBridge(step.bridge, async (bridge) => {
          tellIncompatible(bridge, step.wanted);
          setPort(bridge, step.wanted);
        });
      case 'removePort':
        return this.#withBridge(step.bridge, async (bridge) => {
          bridge.removePort(step.port);
          bridge.ofproto.switchPorts.removeBundle(step.port);
        });
      case 'settleBridge':
        return this.#withBridge(step.bridge, (bridge) => this.#settle(bridge));
      default:
        return unreachable(step);
    }
  }

  /**
   * Takes each device in as soon as it is open, with what its port says of it, so that its frames flow while the next
   * ones are opened; resolves when all are in. They get their numbers in the order given.
   */
  async addInterfaces(steps: readonly AddInterface[]): Promise<void> {
    const takenIn: Promise<void>[] = [];
    for (const [n, { bridge: name, port, wanted }] of steps.entries()) {
      if (n % openedPerTurn === openedPerTurn - 1) await new Promise<void>((done) => this.#deps.defer(done));
      await this.#withBridge(name, async (bridge) => {
        const i = await this.#openInterface(bridge, port.name, wanted);
        if (i === undefined) return;
        const isIn = this.#takeIn(bridge, port, i);
        isIn.catch(() => {}); // told below, once the others are open
        takenIn.push(isIn);
      });
    }
    await Promise.all(takenIn);
  }

  /** A bridge that could not be made has no steps of its own left to do. */
  async #withBridge(name: string, act: (bridge: LiveBridge) => Promise<void>): Promise<void> {
    const bridge = this.#state.bridges.get(name);
    if (bridge !== undefined) await act(bridge);
  }

  async #addBridge(wanted: WantedBridge): Promise<void> {
    const { id, name, settings } = wanted;
    try {
      const backer = await this.#deps.backerFor(settings.datapathType);
      const hwaddr = macOfUuid(id);
      const ofproto = backer.addBridge(name, ofprotoConfig(name, settings, hwaddr, this.#deps.control()));
      const bridge = new LiveBridge(id, name, settings, backer, ofproto);
      ofproto.status = this.#deps.statusEventsOf(bridge);
      this.#state.bridges.set(name, bridge);
      this.#state.unmadeBridges.delete(name);
    } catch (why) {
      if (!(why instanceof Refused || why instanceof SyscallFailed)) throw why;
      if (!(why instanceof SyscallFailed && why.errno === errnos.EAFNOSUPPORT))
        this.#state.unmadeBridges.add(name);
      this.#noteShortage(why);
      log.err(`failed to create bridge ${name}: ${reasonOf(why)}`);
    }
  }

  #noteShortage(why: unknown): void {
    if (isDescriptorLimit(why)) this.#state.lacksDescriptors = true;
  }

  /** Lets every bridge go and leaves its devices to the process that takes them over. */
  async leaveAll(): Promise<void> {
    for (const bridge of [...this.#state.bridges.values()])
      await this.#removeBridge(bridge, (netdev) => netdev.leave());
  }

  async #removeBridge(bridge: LiveBridge, close = dispose): Promise<void> {
    await Promise.all([...bridge.interfaces.values()].map((i) => this.#removeInterface(bridge, i, close)));
    await bridge.backer.removeBridge(bridge.name);
    this.#state.bridges.delete(bridge.name);
    if (bridge.backer.bridges.size === 0) await this.#deps.releaseBacker(bridge.backer);
  }

  /** undefined when it can't be opened. */
  async #openInterface(
    bridge: LiveBridge,
    port: string,
    wanted: WantedInterface,
  ): Promise<LiveInterface | undefined> {
    const { name } = wanted;
    const holder = this.#state.holderOf(name);
    if (holder?.bridge === bridge.name) return undefined; // two ports name it: the first has it
    const before = bridge.interfaces.get(name);
    if (before !== undefined) this.#state.release(before);
    const i = new LiveInterface(bridge, port, wanted);
    i.onDeviceChange = () => this.#deps.netdevChanged(i);
    bridge.addInterface(i);
    if (this.#deps.isReserved(name)) {
      log.warn(`could not create interface ${name}, name is reserved`);
      this.#state.fail(i, undefined, 'row');
      return undefined;
    }
    if (holder !== undefined) {
      log.warn(`bridge ${bridge.name}: interface ${name} is already attached to bridge ${holder.bridge}`);
      this.#state.fail(i, `could not add network device ${name} to ofproto (Device or resource busy)`, 'row');
      return undefined;
    }
    this.#state.hold(i); // at once: another bridge may be asking for the same device
    const failure = await this.#open(bridge, i);
    if (failure === undefined) return i;
    i.isUnopened = true;
    this.#state.fail(i, failure.error, failure.obstacle);
    return undefined;
  }

  async #takeIn(bridge: LiveBridge, port: WantedPort, i: LiveInterface): Promise<void> {
    const error = await this.#attach(bridge, i);
    if (error !== undefined) {
      log.limited('warn', unadded, error);
      return this.#state.fail(i, error, 'moment');
    }
    giveDuties(i);
    setPort(bridge, port);
    log.info(`bridge ${bridge.name}: added interface ${i.wanted.name} on port ${i.ofPort}`);
  }

  /** Returns why not. */
  async #open(bridge: LiveBridge, i: LiveInterface): Promise<Failure | undefined> {
    const { name, type } = i.wanted;
    const config = netdevConfig(bridge, i);
    try {
      const netdev = await this.#deps.openNetdev(type, name, config, bridge.settings.datapathType);
      i.netdev = netdev;
      i.told = config;
      i.keepsMtu = netdev.isAdopted;
      return undefined;
    } catch (why) {
      if (why instanceof Refused) return { error: refusalOf(name, why), obstacle: 'row' };
      if (!(why instanceof SyscallFailed)) throw why;
      this.#noteShortage(why);
      const error = `could not open network device ${name} (${why.reason})`;
      log.warn(error);
      return {
        error,
        obstacle: why.errno === errnos.ENODEV || why.errno === errnos.EAFNOSUPPORT ? 'row' : 'moment',
      };
    }
  }

  async #attach(bridge: LiveBridge, i: LiveInterface): Promise<string | undefined> {
    const { netdev, wanted } = i;
    if (netdev === undefined) return undefined;
    const number = wanted.ofportRequest ?? wanted.ofport ?? bridge.lostNumbers.get(wanted.name);
    try {
      requireForwardable(netdev);
      i.ofPort = await bridge.ofproto.switchPorts.add(netdev, {
        ...(number !== undefined && { wanted: number }),
        ...(wanted.patchPeer !== undefined && { patchPeer: wanted.patchPeer }),
        limits: wanted.limits,
        monitoring: wanted.monitoring,
        queueDscps: dscpsOf(wanted.qos),
        discovery: wanted.discovery,
      });
      return undefined;
    } catch (why) {
      if (!(why instanceof SyscallFailed || why instanceof Refused)) throw why;
      this.#noteShortage(why);
      await this.#closeNetdev(i);
      return `could not add network device ${wanted.name} to ofproto (${reasonOf(why)})`;
    }
  }

  async #removeInterface(bridge: LiveBridge, i: LiveInterface, close = dispose): Promise<void> {
    bridge.removeInterface(i);
    if (i.ofPort !== undefined) {
      await bridge.ofproto.switchPorts.remove(i.ofPort);
      log.info(`bridge ${bridge.name}: deleted interface ${i.wanted.name} on port ${i.ofPort}`);
    }
    this.#state.release(i);
    await this.#closeNetdev(i, close);
  }

  async #closeNetdev(i: LiveInterface, close = dispose): Promise<void> {
    const { netdev } = i;
    if (netdev === undefined) return;
    i.netdev = undefined;
    await close(netdev);
  }

  async #configureInterface(bridge: LiveBridge, wanted: WantedInterface): Promise<void> {
    const i = bridge.interfaces.get(wanted.name);
    if (i === undefined) return;
    i.wanted = wanted;
    const refusal = await this.#tellNetdev(bridge, i);
    if (refusal !== undefined) {
      await this.#removeInterface(bridge, i);
      bridge.addInterface(i);
      return this.#state.fail(i, refusal, 'row');
    }
    giveDuties(i);
    await this.#followTunnel(bridge, i);
    if (i.ofPort !== undefined)
      bridge.ofproto.switchPorts.update(i.ofPort, {
        ...(wanted.patchPeer !== undefined && { patchPeer: wanted.patchPeer }),
        limits: wanted.limits,
        monitoring: wanted.monitoring,
        queueDscps: dscpsOf(wanted.qos),
        discovery: wanted.discovery,
      });
  }

  /** Its options may say that it is another tunnel now, and that it shares another port of the datapath. */
  async #followTunnel(bridge: LiveBridge, { netdev, ofPort }: LiveInterface): Promise<void> {
    const port = ofPort === undefined ? undefined : bridge.ofproto.ports.get(ofPort);
    if (port === undefined || netdev === undefined || tunnelOf(netdev) === port.tunnel) return;
    await bridge.ofproto.switchPorts.renumber(port);
  }

  /** Returns the text of a refusal; what the kernel refuses is only logged, and the device stays as it was. */
  async #tellNetdev(bridge: LiveBridge, i: LiveInterface): Promise<string | undefined> {
    const config = netdevConfig(bridge, i);
    const { netdev } = i;
    if (netdev === undefined || netdev.isGone || isAsWanted(netdev, config, i.told)) return undefined;
    i.told = config;
    try {
      await netdev.configure(config);
      return undefined;
    } catch (why) {
      if (why instanceof Refused) return refusalOf(i.wanted.name, why);
      if (!(why instanceof SyscallFailed)) throw why;
      log.warn(why.message);
      return undefined;
    }
  }

  /** Once for each target, as long as it is there. */
  #tellRefusals(bridge: LiveBridge): void {
    const refusals = bridgeRefusals(bridge, this.#deps.control());
    for (const { level, text } of refusals)
      if (!bridge.toldRefusals.includes(text)) log[level](`bridge ${bridge.name}: ${text}`);
    bridge.toldRefusals = refusals.map(({ text }) => text);
  }

  /** Each time that other ones are wanted, or that the local port is another device. */
  async #giveAddresses(bridge: LiveBridge): Promise<void> {
    const netdev = bridge.ofproto.ports.get(localPort)?.netdev;
    const wanted = bridge.settings.controllers.flatMap(({ localAddress }) => localAddress ?? []);
    const given = { wanted, ifindex: netdev?.state.ifindex };
    if (netdev === undefined || isDeepStrictEqual(given, bridge.givenAddresses)) return;
    bridge.givenAddresses = given;
    for (const each of wanted) await giveAddress(bridge.name, netdev, each);
  }

  /** Addresses and sizes that follow from all ports of the bridge together. */
  async #settle(bridge: LiveBridge): Promise<void> {
    const { mac, kept } = bridge.facts;
    const config = {
      ...ofprotoConfig(bridge.name, bridge.settings, mac, this.#deps.control()),
      exporters: exportersOf(bridge, this.#state),
    };
    const isNew = bridge.announcedId === undefined;
    const isSame = isDeepStrictEqual(bridge.ofproto.config, config);
    if (!isSame) bridge.ofproto.configure(config);
    bridge.ofproto.protocols.settled();
    followAgents(this.#state);
    if (bridge.announcedId !== config.datapathId)
      log.info(`bridge ${bridge.name}: using datapath ID ${config.datapathId}`);
    bridge.announcedId = config.datapathId;
    this.#tellRefusals(bridge);
    await this.#giveAddresses(bridge);
    const { controllers } = bridge.ofproto;
    if (isNew || !isSame || controllers.isIncomplete) await controllers.configure();
    for (const i of kept) {
      await this.#tellNetdev(bridge, i);
      i.keepsMtu = false;
    }
  }
}

async function dispose(netdev: Netdev): Promise<void> {
  await netdev[Symbol.asyncDispose]();
}

/** Its own frames would come back to the host for ever. */
function requireForwardable({ name, portSpec }: Netdev): void {
  if (portSpec?.kind === 'packet' && portSpec.ifindex === loopbackIndex)
    throw syscallFailed('add', errnos.EINVAL, `${name}: cannot add a loopback device`);
}

/** Such a bond relies on what was learned. */
function tellIncompatible({ settings }: LiveBridge, { name, bundle, interfaces }: WantedPort): void {
  if (bundle.bond.mode !== 'balance-slb' || interfaces.length < 2 || settings.floodVlans.length === 0) return;
  const remedy = 'please use another bond type or disable flood_vlans';
  log.warn(`port ${name}: SLB bonds are incompatible with flood_vlans, ${remedy}`);
}

function setPort(bridge: LiveBridge, wanted: WantedPort): void {
  bridge.setPort(wanted);
  const members: OfPort[] = [];
  const memberLacp = new Map<OfPort, MemberLacp>();
  for (const { name, lacp, isMember } of wanted.interfaces) {
    const i = bridge.interfaces.get(name);
    if (!isMember || i?.port !== wanted.name || i.ofPort === undefined) continue;
    members.push(i.ofPort);
    memberLacp.set(i.ofPort, lacp);
  }
  if (members.length === 0) bridge.ofproto.switchPorts.removeBundle(wanted.name);
  // The spread last: what is extended after one has a hidden class of its own, for each port.
  else bridge.ofproto.switchPorts.setBundle(wanted.name, { members, memberLacp, ...wanted.bundle });
}

/** The device has said itself what is wrong with its options. */
function refusalOf(name: string, { message, tag }: Refused): string {
  netdevLog.warn(`${name}: could not set configuration (${strerror(errnoOf(tag) ?? errnos.EINVAL)})`);
  return message;
}

function reasonOf(why: Refused | SyscallFailed): string {
  return why instanceof SyscallFailed ? why.reason : why.message;
}
