/**
 * What follows from all ports of a bridge together: its address and the MTU of its own devices. Kept up with each
 * port that changes, so that the thousandth port costs what the tenth did. Used by `Applier` and `Reconciler`.
 */
import { lowestMac, pickBridgeMac } from './config/mac.ts';
import type { LiveBridge, LiveInterface } from './live.ts';

const usualMtu = 1500;

/** To be called whenever the interface came, went, got its number, was configured, or its device changed. */
export function noteInterface(bridge: LiveBridge, i: LiveInterface): void {
  const isThere = bridge.interfaces.get(i.wanted.name) === i;
  const isOutside = isThere && i.ofPort !== undefined && !isFollower(i);
  bridge.mtus.put(i, isOutside ? i.netdev?.state.mtu : undefined);
  if (isThere && i.wanted.type === 'internal') bridge.internals.add(i);
  else bridge.internals.delete(i);
  notePort(bridge, i.port);
}

/** To be called whenever the port came, went or was configured. */
export function notePort(bridge: LiveBridge, name: string): void {
  bridge.addresses.put(name, lowestMac(candidatesOf(bridge, name)));
}

/** `hwaddr` if given, else the lowest global address of its ports, else one made of the row's uuid. */
export function bridgeMac(bridge: LiveBridge): string {
  const { lowest } = bridge.addresses;
  return bridge.settings.hwaddr ?? pickBridgeMac(lowest === undefined ? [] : [lowest], bridge.id);
}

/** The MTU of a device of ours that nobody asked for: the smallest of the others, or the usual one without others. */
export function followedMtu(bridge: LiveBridge, i: LiveInterface): number | undefined {
  return isFollower(i) ? (bridge.mtus.lowest ?? usualMtu) : undefined;
}

/** A device of ours whose MTU nobody asked for. */
function isFollower({ wanted }: LiveInterface): boolean {
  return wanted.type === 'internal' && wanted.mtuRequest === undefined;
}

function candidatesOf(bridge: LiveBridge, name: string): string[] {
  const port = bridge.ports.get(name);
  if (port === undefined) return [];
  if (port.mac !== undefined) return [port.mac];
  return port.interfaces.flatMap((wanted) => {
    const i = bridge.interfaces.get(wanted.name);
    return (i?.port === name ? macOf(i) : undefined) ?? [];
  });
}

/** Devices of ours have the bridge's address, not it theirs. */
function macOf(i: LiveInterface): string | undefined {
  return i.ofPort === undefined || i.wanted.type !== 'system' ? undefined : i.netdev?.state.mac;
}
