/** What the device of an interface is to be. */
import { isDeepStrictEqual } from 'node:util';
import type { Netdev, NetdevConfig } from '../../netdev/provider.ts';
import type { LiveBridge, LiveInterface } from './live.ts';

/**
 * What a device is to be told: a device of ours gets the bridge's address and fits the smallest of the others. What
 * follows from other ports is not told when it is opened, since those may not be there yet.
 */
export function netdevConfig(bridge: LiveBridge, i: LiveInterface): NetdevConfig {
  const { wanted } = i;
  const isLocal = wanted.name === bridge.name;
  const port = bridge.ports.get(i.port);
  const fakeMac = port?.isFakeBridge === true ? bridge.facts.fakeMac(port) : undefined;
  const localMac = i.netdev === undefined ? bridge.settings.hwaddr : bridge.facts.mac;
  const mac = isLocal ? localMac : (wanted.mac ?? fakeMac);
  const { options, mtuRequest = i.followedMtu, queueCores, isSpread } = wanted;
  return { options, mac, mtuRequest, queueCores, isSpread };
}

/** Others may have changed the device since it was told. What it refused it is told again, as the reference does. */
export function isAsWanted(
  { state }: Netdev,
  { options, mac, mtuRequest, queueCores, isSpread }: NetdevConfig,
  told: NetdevConfig | undefined,
): boolean {
  return (
    (mac === undefined || mac === state.mac) &&
    (mtuRequest === undefined || mtuRequest === state.mtu) &&
    isDeepStrictEqual(options, told?.options) &&
    isDeepStrictEqual(queueCores, told?.queueCores) &&
    isSpread === told?.isSpread
  );
}
