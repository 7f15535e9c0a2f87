/**
 * What follows from all ports of a bridge together: its address, those of its fake bridges, the MTU of its own devices,
 * and who has not the number that it asks for. Kept up with each port that changes, so that the thousandth port costs
 * what the tenth did. Used by `Applier` and `Reconciler`.
 */
import { isEligibleMac, macOfUuid } from './config/mac.ts';
import type { WantedPort } from './config/wanted.ts';
import type { LiveBridge, LiveInterface } from './live.ts';
import { isDiscontent } from './plan.ts';

const usualMtu = 1500;

/** To be called whenever the interface came, went, got its number, was configured, or its device changed. */
export function noteInterface(bridge: LiveBridge, i: LiveInterface): void {
  const { name, ofportRequest } = i.wanted;
  const isThere = bridge.interfaces.get(name) === i;
  if (isThere && i.ofPort !== undefined && isDiscontent(i.ofPort, ofportRequest)) bridge.discontent.add(name);
  else if (isThere || !bridge.interfaces.has(name)) bridge.discontent.delete(name);
  const follows = followsMtu(bridge, i);
  bridge.mtus.put(i, isThere && i.ofPort !== undefined && !follows ? i.netdev?.state.mtu : undefined);
  if (isThere && (follows || i.wanted.type === 'internal' || i.wanted.mtuRequest !== undefined))
    bridge.kept.add(i);
  else bridge.kept.delete(i);
  notePort(bridge, i.port);
}

/** To be called whenever the port came, went or was configured. */
export function notePort(bridge: LiveBridge, name: string): void {
  const port = bridge.ports.get(name);
  const group = port?.mac === undefined ? port?.tag : 'every';
  bridge.addresses.put(name, group, port && addressOf(bridge, port));
}

/** `hwaddr` if given, else the lowest global address of its ports, else one made of the row's uuid. */
export function bridgeMac(bridge: LiveBridge): string {
  return bridge.settings.hwaddr ?? bridge.addresses.lowest ?? macOfUuid(bridge.id);
}

/** The lowest global address of the ports with its tag, else one made of the bridge row's uuid. */
export function fakeBridgeMac(bridge: LiveBridge, { tag }: WantedPort): string {
  const { addresses } = bridge;
  return (tag === undefined ? addresses.lowest : addresses.lowestWithTag(tag)) ?? macOfUuid(bridge.id);
}

/**
 * To be called when the interface got its number, lost it, was configured, or its device changed. Devices of ours that nobody asked for
 * an MTU get the smallest of the others, or the usual one without others, when that changes; until it does they may
 * have a smaller one, but no larger one.
 * Differs: that one becomes known at a start is no change; the reference overwrites a smaller one or not, depending on
 * the order in which it adds the ports.
 */
export function followMtus(bridge: LiveBridge, i: LiveInterface): void {
  if (bridge.interfaces.get(i.wanted.name) === i) {
    const mtu = i.ofPort === undefined ? undefined : i.netdev?.state.mtu;
    if (mtu === undefined) return;
    if (followsMtu(bridge, i)) {
      i.followedMtu = mtu > bridge.followedMtu ? bridge.followedMtu : undefined;
      return;
    }
  }
  const lowest = bridge.mtus.minimum ?? usualMtu;
  if (lowest === bridge.followedMtu) return;
  bridge.followedMtu = lowest;
  for (const each of bridge.kept) {
    const isSmallEnough = (each.netdev?.state.mtu ?? 0) <= lowest;
    if (followsMtu(bridge, each) && !(each.keepsMtu && isSmallEnough)) each.followedMtu = lowest;
  }
}

/**
 * As with the reference's userspace datapath, a port of one stays, with its number, when its device goes, until the
 * device comes back or the row asks for another; elsewhere it is an error at once.
 * Differs: a device of ours that somebody deletes is made again, and one that comes back forwards again; the
 * reference's ports stay without.
 */
export function outlivesDevice({ backer }: LiveBridge, { wanted }: LiveInterface): boolean {
  return backer.datapath.features.keepsLostPorts && wanted.type === 'system';
}

/** A device of ours whose MTU nobody asked for: an internal one, or one of the type that those are made as. */
function followsMtu({ backer }: LiveBridge, { wanted }: LiveInterface): boolean {
  const isOurs = wanted.type === 'internal' || wanted.type === backer.datapath.internalType;
  return isOurs && wanted.mtuRequest === undefined;
}

/** The row's, or that of its first device by name; the local port's is what is looked for. */
function addressOf(bridge: LiveBridge, port: WantedPort): string | undefined {
  const mac = port.mac ?? firstOf(bridge, port)?.netdev?.state.mac;
  return mac !== undefined && isEligibleMac(mac) ? mac : undefined;
}

function firstOf(bridge: LiveBridge, port: WantedPort): LiveInterface | undefined {
  for (const { name } of port.interfaces) {
    const i = bridge.interfaces.get(name);
    if (i?.port === port.name && i.ofPort !== undefined) return name === bridge.name ? undefined : i;
  }
  return undefined;
}
