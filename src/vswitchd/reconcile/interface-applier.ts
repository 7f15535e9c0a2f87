/**
 * Opens and closes the devices of interfaces, tells them what they are to be, and gives them to the switches of
 * bridges.
 */
import { errnoOf, errnos, strerror, syscallFailed } from '../../base/errno.ts';
import { Refused, SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import { type Netdev, type NetdevConfig, tunnelOf } from '../../netdev/provider.ts';
import type { AddPortOptions } from '../../ofproto/switch-ports.ts';
import type { WantedInterface } from '../config/interface-rows.ts';
import type { WantedPort } from '../config/port-rows.ts';
import { isAsWanted, netdevConfig } from './device-config.ts';
import { dscpsOf, giveDuties } from './device-duties.ts';
import { failureText, noteShortage } from './failures.ts';
import { type LiveBridge, LiveInterface, type LiveState, type Obstacle } from './live.ts';
import { setPort } from './port-bundle.ts';

const log = logger('bridge');
const netdevLog = logger('netdev');
const unadded = new LimitedSite({ perMinute: 1, burst: 5 });
/** The first device of every network namespace. */
const loopbackIndex = 1;

export interface InterfaceApplierDeps {
  readonly state: LiveState;
  /** Opens a device of an Interface `type` for a bridge of that datapath type. Throws SyscallFailed or Refused. */
  openNetdev(type: string, name: string, config: NetdevConfig, datapathType: string): Promise<Netdev>;
  /** No port may have that name. */
  isReserved(name: string): boolean;
  /** Something about the device changed without us. */
  netdevChanged(i: LiveInterface): void;
}

/** Why an interface could not be added: the `error` column, and when it is tried again. */
interface Failure {
  readonly error: string;
  readonly obstacle: Obstacle;
}

export class InterfaceApplier {
  readonly #deps: InterfaceApplierDeps;
  readonly #state: LiveState;

  constructor(deps: InterfaceApplierDeps) {
    this.#deps = deps;
    this.#state = deps.state;
  }

  /** undefined when it can't be opened. */
  async open(bridge: LiveBridge, port: string, wanted: WantedInterface): Promise<LiveInterface | undefined> {
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
    const failure = await this.#openNetdev(bridge, i);
    if (failure === undefined) return i;
    i.isUnopened = true;
    this.#state.fail(i, failure.error, failure.obstacle);
    return undefined;
  }

  /** Gives it to the switch of its bridge, with what its port says of it. */
  async takeIn(bridge: LiveBridge, port: WantedPort, i: LiveInterface): Promise<void> {
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
  async #openNetdev(bridge: LiveBridge, i: LiveInterface): Promise<Failure | undefined> {
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
      noteShortage(this.#state, why);
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
        ...portSettings(wanted),
      });
      return undefined;
    } catch (why) {
      if (!(why instanceof SyscallFailed || why instanceof Refused)) throw why;
      noteShortage(this.#state, why);
      await this.#closeNetdev(i);
      return `could not add network device ${wanted.name} to ofproto (${failureText(why)})`;
    }
  }

  async remove(bridge: LiveBridge, i: LiveInterface, close = dispose): Promise<void> {
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

  async configure(bridge: LiveBridge, wanted: WantedInterface): Promise<void> {
    const i = bridge.interfaces.get(wanted.name);
    if (i === undefined) return;
    i.wanted = wanted;
    const refusal = await this.tellNetdev(bridge, i);
    if (refusal !== undefined) {
      await this.remove(bridge, i);
      bridge.addInterface(i);
      return this.#state.fail(i, refusal, 'row');
    }
    giveDuties(i);
    await this.#followTunnel(bridge, i);
    if (i.ofPort !== undefined) bridge.ofproto.switchPorts.update(i.ofPort, portSettings(wanted));
  }

  /** Its options may say that it is another tunnel now, and that it shares another port of the datapath. */
  async #followTunnel(bridge: LiveBridge, { netdev, ofPort }: LiveInterface): Promise<void> {
    const port = ofPort === undefined ? undefined : bridge.ofproto.ports.get(ofPort);
    if (port === undefined || netdev === undefined || tunnelOf(netdev) === port.tunnel) return;
    await bridge.ofproto.switchPorts.renumber(port);
  }

  /** Returns the text of a refusal; what the kernel refuses is only logged, and the device stays as it was. */
  async tellNetdev(bridge: LiveBridge, i: LiveInterface): Promise<string | undefined> {
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
}

/** What the switch of its bridge is told of it. */
function portSettings({
  patchPeer,
  limits,
  monitoring,
  qos,
  discovery,
}: WantedInterface): Omit<AddPortOptions, 'wanted'> {
  return {
    ...(patchPeer !== undefined && { patchPeer }),
    limits,
    monitoring,
    queueDscps: dscpsOf(qos),
    discovery,
  };
}

async function dispose(netdev: Netdev): Promise<void> {
  await netdev[Symbol.asyncDispose]();
}

/** Its own frames would come back to the host for ever. */
function requireForwardable({ name, portSpec }: Netdev): void {
  if (portSpec?.kind === 'packet' && portSpec.ifindex === loopbackIndex)
    throw syscallFailed('add', errnos.EINVAL, `${name}: cannot add a loopback device`);
}

/** The device has said itself what is wrong with its options. */
function refusalOf(name: string, { message, tag }: Refused): string {
  netdevLog.warn(`${name}: could not set configuration (${strerror(errnoOf(tag) ?? errnos.EINVAL)})`);
  return message;
}
