/**
 * What is: the bridges and interfaces that the daemon has made, as `plan` compares, `apply` changes and `report` and
 * the appctl commands read them.
 */
import type { OfPort, Uuid } from '../base/units.ts';
import type { Netdev, NetdevConfig } from '../netdev/provider.ts';
import type { Backer } from '../ofproto/backer.ts';
import type { Ofproto } from '../ofproto/ofproto.ts';
import type { BridgeSettings, WantedInterface, WantedPort } from './config/wanted.ts';
import { MinimumTracker } from './minimum-tracker.ts';
import type { ActualBridge, ActualInterface } from './plan.ts';
import { PortAddresses } from './port-addresses.ts';

export class LiveInterface implements ActualInterface {
  readonly bridge: string;
  port: string;
  wanted: WantedInterface;
  netdev: Netdev | undefined;
  /** The options that the device was last told; what else it was told shows in its state. */
  toldOptions: NetdevConfig['options'] | undefined;
  /** The MTU that it is to have because of others; undefined: the one it has. */
  followedMtu: number | undefined;
  /** An earlier process left its device, with an MTU that counts until this bridge's ports are all there. */
  keepsMtu = false;
  ofPort: OfPort | undefined;
  mustReopen = false;
  /** Why it could not be added, for the `error` column. */
  error: string | undefined;
  /** It could not be added because its device could not even be opened. */
  isUnopened = false;

  constructor(bridge: string, port: string, wanted: WantedInterface) {
    this.bridge = bridge;
    this.port = port;
    this.wanted = wanted;
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
  readonly ports = new Map<string, WantedPort>();
  readonly interfaces = new Map<string, LiveInterface>();
  readonly discontent = new Set<string>();
  /** Devices that are to stay as we want them, whatever others do to them: ours, and those with an MTU of the row. */
  readonly kept = new Set<LiveInterface>();
  readonly addresses = new PortAddresses();
  /** Of the devices that are not ours to size. */
  readonly mtus = new MinimumTracker<LiveInterface, number>();
  /** The MTU that devices of ours were given last. */
  followedMtu = Number.POSITIVE_INFINITY;
  /** Numbers of devices that vanished, by name: they have them again when they come back. */
  readonly lostNumbers = new Map<string, OfPort>();

  constructor(id: Uuid, name: string, settings: BridgeSettings, backer: Backer, ofproto: Ofproto) {
    this.id = id;
    this.name = name;
    this.settings = settings;
    this.backer = backer;
    this.ofproto = ofproto;
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
