/**
 * What follows from all ports of a bridge together: its address, those of its fake bridges, the MTU of its own devices,
 * and who has not the number that it asks for. Kept up with each port that changes, so that the thousandth port costs
 * what the tenth did. `LiveBridge` and `LiveInterface` tell of every change by themselves.
 */
import type { OfPort, Uuid } from '../../base/units.ts';
import type { Datapath } from '../../datapath/provider.ts';
import type { Netdev } from '../../netdev/provider.ts';
import type { WantedInterface } from '../config/interface-rows.ts';
import { isEligibleMac, macOfUuid } from '../config/mac.ts';
import type { WantedPort } from '../config/port-rows.ts';
import type { BridgeSettings } from '../config/wanted.ts';
import { MinimumTracker } from './minimum-tracker.ts';
import { isDiscontent } from './plan.ts';
import { PortAddresses } from './port-addresses.ts';

const usualMtu = 1500;

/** What facts follow from, of an interface. */
interface FactInterface {
  readonly port: string;
  readonly wanted: WantedInterface;
  readonly netdev: Netdev | undefined;
  readonly ofPort: OfPort | undefined;
  readonly keepsMtu: boolean;
  /** Set here. */
  followedMtu: number | undefined;
}

/** The datapath decides what becomes of some devices. */
interface OnDatapath {
  readonly backer: { readonly datapath: Pick<Datapath, 'features' | 'internalType'> };
}

/** What facts follow from, of a bridge. */
interface FactBridge<I> extends OnDatapath {
  readonly id: Uuid;
  readonly name: string;
  readonly settings: BridgeSettings;
  readonly ports: ReadonlyMap<string, WantedPort>;
  readonly interfaces: ReadonlyMap<string, I>;
}

export class BridgeFacts<I extends FactInterface> {
  /** Names of those that have another number than they ask for. */
  readonly discontent = new Set<string>();
  /** Devices that are to stay as we want them, whatever others do to them: ours, and those with an MTU of the row. */
  readonly kept = new Set<I>();
  readonly #bridge: FactBridge<I>;
  readonly #addresses = new PortAddresses();
  /** Of the devices that are not ours to size. */
  readonly #mtus = new MinimumTracker<I, number>();
  /** The MTU that devices of ours were given last. */
  #followedMtu = Number.POSITIVE_INFINITY;

  constructor(bridge: FactBridge<I>) {
    this.#bridge = bridge;
  }

  /** `hwaddr` if given, else the lowest global address of its ports, else one made of the row's uuid. */
  get mac(): string {
    const { settings, id } = this.#bridge;
    return settings.hwaddr ?? this.#addresses.lowest ?? macOfUuid(id);
  }

  /** The lowest global address of the ports with its tag, else one made of the bridge row's uuid. */
  fakeMac({ tag }: WantedPort): string {
    const lowest = tag === undefined ? this.#addresses.lowest : this.#addresses.lowestWithTag(tag);
    return lowest ?? macOfUuid(this.#bridge.id);
  }

  /** The interface came, went, got its number, lost it, was configured, or its device changed. */
  follow(i: I): void {
    const { interfaces } = this.#bridge;
    const { name, type, ofportRequest, mtuRequest } = i.wanted;
    const isThere = interfaces.get(name) === i;
    if (isThere && i.ofPort !== undefined && isDiscontent(i.ofPort, ofportRequest)) this.discontent.add(name);
    else if (isThere || !interfaces.has(name)) this.discontent.delete(name);
    const follows = followsMtu(this.#bridge, i);
    this.#mtus.put(i, isThere && i.ofPort !== undefined && !follows ? i.netdev?.state.mtu : undefined);
    if (isThere && (follows || type === 'internal' || mtuRequest !== undefined)) this.kept.add(i);
    else this.kept.delete(i);
    this.followPort(i.port);
    this.#followMtus(i, isThere);
  }

  /** The port came, went or was configured. */
  followPort(name: string): void {
    const port = this.#bridge.ports.get(name);
    const group = port?.mac === undefined ? port?.tag : 'every';
    this.#addresses.put(name, group, port && this.#addressOf(port));
  }

  /**
   * Devices of ours that nobody asked for an MTU get the smallest of the others, or the usual one without others, when
   * that changes; until it does they may have a smaller one, but no larger one.
   * Differs: that one becomes known at a start is no change; the reference overwrites a smaller one or not, depending on
   * the order in which it adds the ports.
   */
  #followMtus(i: I, isThere: boolean): void {
    if (isThere) {
      const mtu = i.ofPort === undefined ? undefined : i.netdev?.state.mtu;
      if (mtu === undefined) return;
      if (followsMtu(this.#bridge, i)) {
        i.followedMtu = mtu > this.#followedMtu ? this.#followedMtu : undefined;
        return;
      }
    }
    const lowest = this.#mtus.minimum ?? usualMtu;
    if (lowest === this.#followedMtu) return;
    this.#followedMtu = lowest;
    for (const each of this.kept) {
      const isSmallEnough = (each.netdev?.state.mtu ?? 0) <= lowest;
      if (followsMtu(this.#bridge, each) && !(each.keepsMtu && isSmallEnough)) each.followedMtu = lowest;
    }
  }

  /** The row's, or that of its first device by name; the local port's is what is looked for. */
  #addressOf(port: WantedPort): string | undefined {
    const mac = port.mac ?? this.#firstOf(port)?.netdev?.state.mac;
    return mac !== undefined && isEligibleMac(mac) ? mac : undefined;
  }

  #firstOf(port: WantedPort): I | undefined {
    const { name: local, interfaces } = this.#bridge;
    for (const { name } of port.interfaces) {
      const i = interfaces.get(name);
      if (i?.port === port.name && i.ofPort !== undefined) return name === local ? undefined : i;
    }
    return undefined;
  }
}

/**
 * As with the reference's userspace datapath, a port of one stays, with its number, when its device goes, until the
 * device comes back or the row asks for another; elsewhere it is an error at once.
 * Differs: a device of ours that somebody deletes is made again, and one that comes back forwards again; the
 * reference's ports stay without.
 */
export function outlivesDevice({ backer }: OnDatapath, { wanted }: Pick<FactInterface, 'wanted'>): boolean {
  return backer.datapath.features.keepsLostPorts && wanted.type === 'system';
}

/** A device of ours whose MTU nobody asked for: an internal one, or one of the type that those are made as. */
function followsMtu({ backer }: OnDatapath, { wanted }: Pick<FactInterface, 'wanted'>): boolean {
  const isOurs = wanted.type === 'internal' || wanted.type === backer.datapath.internalType;
  return isOurs && wanted.mtuRequest === undefined;
}
