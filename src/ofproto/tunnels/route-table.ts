/**
 * Where packets of tunnels go: the host's own routes, and those that users add for the switch alone. The longest prefix
 * wins; a user's route comes before one of the host, and one to the host itself before both. The host's are read when
 * they are first asked for, and again after they changed.
 */

import { Classifier } from '../../flow/classifier.ts';
import { ClassifierRule } from '../../flow/classifier-rule.ts';
import { newKey, setSlot, writeSlot } from '../../flow/key.ts';
import { type Match, packMatch } from '../../flow/match.ts';
import type { HostNetwork } from '../../netdev/host-network.ts';
import {
  type HostAddress,
  hostAddress,
  isMapped,
  isSet,
  mappedBits,
  prefixMask,
  sharesPrefix,
} from './host-address.ts';

/** What is said of packets to some destinations. */
interface RouteTo {
  readonly destination: HostAddress;
  /** Bits of the destination that count. */
  readonly prefix: number;
  readonly mark: number;
}

interface NewRoute extends RouteTo {
  readonly device: string;
  readonly gateway: HostAddress | undefined;
}

/** By whom it is there; one of the host may lead to the host itself. */
type RouteOrigin = 'user' | 'host' | 'local';

/** Added to the length of the prefix. */
const rank: Readonly<Record<RouteOrigin, number>> = { host: 0, user: 32, local: 64 };

export class Route extends ClassifierRule implements NewRoute {
  readonly destination: HostAddress;
  readonly prefix: number;
  readonly mark: number;
  readonly device: string;
  readonly gateway: HostAddress | undefined;
  readonly origin: RouteOrigin;
  /** What packets are sent from. */
  readonly source: HostAddress;

  constructor(origin: RouteOrigin, source: HostAddress, route: NewRoute) {
    super(route.prefix + rank[origin]);
    const mask = prefixMask(route.prefix);
    this.destination = route.destination.map((byte, n) => byte & (mask[n] ?? 0));
    this.prefix = route.prefix;
    this.mark = route.mark;
    this.device = route.device;
    this.gateway = route.gateway;
    this.origin = origin;
    this.source = source;
  }
}

/** Where a packet goes and what it is sent from. */
export interface Way {
  readonly device: string;
  readonly gateway: HostAddress | undefined;
  readonly source: HostAddress;
}

export interface RouteTableEvents {
  /** Routes lead by that device: what is known of its addresses may be old. */
  deviceUsed(device: string): void;
  /** None does any more. */
  deviceUnused(device: string): void;
  /** Another answer than before may be given. */
  changed(): void;
}

const version = 0;

export class RouteTable {
  readonly #network: HostNetwork;
  readonly #events: RouteTableEvents;
  readonly #routes = new Classifier<Route>();
  readonly #key = newKey();
  /** What is known of the host's routes is not true any more, or nothing is. */
  #isStale = true;

  constructor(network: HostNetwork, events: RouteTableEvents) {
    this.#network = network;
    this.#events = events;
    this.#routes.setPrefixes([]);
  }

  /** The host's routes are to be read again. */
  hostChanged(): void {
    this.#isStale = true;
  }

  /** Reads the host's routes where that has to be. */
  refresh(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const before = [...this.#routes].filter(({ origin }) => origin !== 'user');
    for (const route of before) this.#routes.remove(route);
    for (const { destination, prefix, device, gateway, isLocal, mark } of this.#network.routes()) {
      const route = {
        destination: hostAddress(destination),
        prefix: destination.length === 4 ? prefix + mappedBits : prefix,
        ...{ device, mark, gateway: gateway && hostAddress(gateway) },
      };
      this.#insert(isLocal ? 'local' : 'host', route);
    }
    for (const device of new Set(before.map((route) => route.device))) this.#letGo(device);
    this.#events.changed();
  }

  /** In the place of one of the same destinations. False where the device has no address to send from. */
  add(route: NewRoute): boolean {
    this.refresh();
    const isAdded = this.#insert('user', route);
    if (isAdded) this.#events.changed();
    return isAdded;
  }

  /** One that a user added; false where there is none. */
  remove(to: RouteTo): boolean {
    const found = this.#routes.find(matchOf(to), to.prefix + rank.user, version);
    if (found === undefined) return false;
    this.#routes.remove(found);
    this.#letGo(found.device);
    this.#events.changed();
    return true;
  }

  /** From `source` where that is given; then it must be the host's own. */
  find(destination: HostAddress, mark: number, source?: HostAddress): Way | undefined {
    this.refresh();
    if (source !== undefined && this.#lookUp(source, mark)?.origin !== 'local') return undefined;
    const route = this.#lookUp(destination, mark);
    if (route === undefined || source === undefined) return route;
    return { device: route.device, gateway: route.gateway, source };
  }

  /** Of the device, what is sent from to that destination: its address in the smallest network that both are in. */
  sourceFor(destination: HostAddress, device: string): HostAddress | undefined {
    let source: HostAddress | undefined;
    let longest = -1;
    for (const { address: bytes, prefix: bits } of this.#network.device(device)?.addresses ?? []) {
      const address = hostAddress(bytes);
      const prefix = bytes.length === 4 ? bits + mappedBits : bits;
      if (isMapped(destination) && !isMapped(address)) continue;
      if (prefix <= longest || !sharesPrefix(destination, address, prefix)) continue;
      longest = prefix;
      source = address;
    }
    return source;
  }

  /** Those that are asked first come first. */
  [Symbol.iterator](): Iterator<Route> {
    this.refresh();
    this.#lookUp(noAddress, 0); // after which they are in order
    return this.#routes[Symbol.iterator]();
  }

  #lookUp(destination: HostAddress, mark: number): Route | undefined {
    writeSlot(this.#key, 'ipv6_dst', destination);
    setSlot(this.#key, 'pkt_mark', mark);
    return this.#routes.lookup(this.#key, version);
  }

  #insert(origin: RouteOrigin, route: NewRoute): boolean {
    const { destination, gateway, device } = route;
    const source =
      this.sourceFor(destination, device) ??
      (gateway && isSet(gateway) ? this.sourceFor(gateway, device) : undefined);
    if (source === undefined) return false;
    const made = new Route(origin, source, route);
    const before = this.#routes.insert(made, matchOf(made));
    if (before !== undefined) this.#routes.remove(before);
    this.#events.deviceUsed(device);
    return true;
  }

  /**
   * Differs: tunnels end at the addresses of a device as long as a route leads by it; in the reference, they do no longer
   * once one of several was deleted.
   */
  #letGo(device: string): void {
    for (const route of this.#routes) if (route.device === device) return;
    this.#events.deviceUnused(device);
  }
}

const noAddress = new Uint8Array(16);

function matchOf({ destination, prefix, mark }: RouteTo): Match {
  const key = newKey();
  const mask = newKey();
  writeSlot(key, 'ipv6_dst', destination);
  writeSlot(mask, 'ipv6_dst', prefixMask(prefix));
  setSlot(key, 'pkt_mark', mark);
  setSlot(mask, 'pkt_mark', 0xffffffff);
  return packMatch(key, mask);
}

/** As users see it. */
export function shownPrefix({ destination, prefix }: RouteTo): number {
  return isMapped(destination) && prefix >= mappedBits ? prefix - mappedBits : prefix;
}
