/**
 * What is: the bridges and interfaces that the daemon has made, as `plan` compares, `apply` changes and `report` and
 * the appctl commands read them.
 */
import type { OfPort, Uuid } from '../../base/units.ts';
import type { Netdev, NetdevConfig, NetdevState } from '../../netdev/provider.ts';
import type { Backer } from '../../ofproto/backer.ts';
import type { Ofproto } from '../../ofproto/ofproto.ts';
import type { OfprotoPort } from '../../ofproto/port.ts';
import type { WantedInterface } from '../config/interface-rows.ts';
import type { WantedPort } from '../config/port-rows.ts';
import type { BridgeSettings } from '../config/wanted.ts';
import { BridgeFacts } from './bridge-facts.ts';
import type { ActualBridge, ActualInterface } from './plan.ts';

/** Tells its bridge when it or its device changes, so that what follows from all of them follows. */
export class LiveInterface implements ActualInterface {
  readonly port: string;
  /** The options that the device was last told; what else it was told shows in its state. */
  told: NetdevConfig | undefined;
  /** The MTU that it is to have because of others; undefined: the one it has. */
  followedMtu: number | undefined;
  /** An earlier process left its device, with an MTU that counts until this bridge's ports are all there. */
  keepsMtu = false;
  mustReopen = false;
  /** Why it could not be added, for the `error` column. */
  error: string | undefined;
  /** It could not be added because its device could not even be opened. */
  isUnopened = false;
  /** What of the device's state its shaping was made for. */
  shapedAs: Pick<NetdevState, 'mtu' | 'linkSpeed'> | undefined;
  /** Something about the device changed without us. */
  onDeviceChange: () => void = () => {};
  readonly #owner: LiveBridge;
  #wanted: WantedInterface;
  #netdev: Netdev | undefined;
  #ofPort: OfPort | undefined;

  constructor(owner: LiveBridge, port: string, wanted: WantedInterface) {
    this.#owner = owner;
    this.port = port;
    this.#wanted = wanted;
  }

  /** By name. */
  get bridge(): string {
    return this.#owner.name;
  }

  get wanted(): WantedInterface {
    return this.#wanted;
  }

  set wanted(wanted: WantedInterface) {
    this.#wanted = wanted;
    this.#owner.facts.follow(this);
  }

  get netdev(): Netdev | undefined {
    return this.#netdev;
  }

  set netdev(netdev: Netdev | undefined) {
    if (this.#netdev !== undefined) this.#netdev.onChange = () => {};
    this.#netdev = netdev;
    if (netdev !== undefined)
      netdev.onChange = () => {
        this.#owner.facts.follow(this);
        this.onDeviceChange();
      };
    this.#owner.facts.follow(this);
  }

  /** What is forwarded by it; undefined where it could not be added. */
  get ofprotoPort(): OfprotoPort | undefined {
    return this.#ofPort === undefined ? undefined : this.#owner.ofproto.ports.get(this.#ofPort);
  }

  get ofPort(): OfPort | undefined {
    return this.#ofPort;
  }

  set ofPort(number: OfPort | undefined) {
    this.#ofPort = number;
    this.#owner.facts.follow(this);
  }
}

export class LiveBridge implements ActualBridge {
  id: Uuid;
  readonly name: string;
  readonly backer: Backer;
  readonly ofproto: Ofproto;
  settings: BridgeSettings;
  /** The datapath id that the log has told. */
  announcedId: string | undefined;
  /** Which device was given which addresses. */
  givenAddresses: unknown;
  /** What the log has told of controllers that are not used. */
  toldRefusals: readonly string[] = [];
  /** Numbers of devices that vanished, by name: they have them again when they come back. */
  readonly lostNumbers = new Map<string, OfPort>();
  readonly #ports = new Map<string, WantedPort>();
  readonly #interfaces = new Map<string, LiveInterface>();
  readonly facts = new BridgeFacts<LiveInterface>(this);

  constructor(id: Uuid, name: string, settings: BridgeSettings, backer: Backer, ofproto: Ofproto) {
    this.id = id;
    this.name = name;
    this.settings = settings;
    this.backer = backer;
    this.ofproto = ofproto;
  }

  get ports(): ReadonlyMap<string, WantedPort> {
    return this.#ports;
  }

  get interfaces(): ReadonlyMap<string, LiveInterface> {
    return this.#interfaces;
  }

  get discontent(): ReadonlySet<string> {
    return this.facts.discontent;
  }

  setPort(wanted: WantedPort): void {
    this.#ports.set(wanted.name, wanted);
    this.facts.followPort(wanted.name);
  }

  removePort(name: string): void {
    this.#ports.delete(name);
    this.facts.followPort(name);
  }

  /** In the place of what had its name. */
  addInterface(i: LiveInterface): void {
    this.#interfaces.set(i.wanted.name, i);
    this.facts.follow(i);
  }

  removeInterface(i: LiveInterface): void {
    this.#interfaces.delete(i.wanted.name);
    this.facts.follow(i);
  }
}

/**
 * What kept an interface from being added. "row": ends with another row, or with an event that we are told of.
 * "moment": may end without a word (numbers, memory, descriptors), so it is tried again with each change.
 */
export type Obstacle = 'row' | 'moment';

export class LiveState {
  readonly bridges = new Map<string, LiveBridge>();
  /** To be tried again with each change: see `Obstacle`. */
  readonly unmadeBridges = new Set<string>();
  readonly unaddedInterfaces = new Set<LiveInterface>();
  /** Some of these failed because too many files were open. */
  lacksDescriptors = false;
  /** Those that need another port to be of use. */
  readonly patches = new Set<LiveInterface>();
  /** By device name: a device is in one bridge only. */
  readonly #holders = new Map<string, LiveInterface>();

  /** The interface that has the device of that name. */
  holderOf(name: string): LiveInterface | undefined {
    return this.#holders.get(name);
  }

  interfaceOf(bridge: string, name: string): LiveInterface | undefined {
    return this.bridges.get(bridge)?.interfaces.get(name);
  }

  hold(i: LiveInterface): void {
    this.#holders.set(i.wanted.name, i);
    if (i.wanted.type === 'patch') this.patches.add(i);
  }

  fail(i: LiveInterface, error: string | undefined, obstacle: Obstacle): void {
    i.error = error;
    i.ofPort = undefined;
    this.release(i);
    if (obstacle === 'moment') this.unaddedInterfaces.add(i);
  }

  release(i: LiveInterface): void {
    const { name } = i.wanted;
    this.patches.delete(i);
    this.unaddedInterfaces.delete(i);
    if (this.#holders.get(name) === i) this.#holders.delete(name);
  }
}
