/** Gives the local port the IPv4 address, and the host the route, that a row of Controller wants. */
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { type Netdev, takesAddresses } from '../../netdev/provider.ts';
import type { LocalAddress } from '../config/local-address.ts';

const log = logger('bridge');

/** Brings the device up, too. What the kernel refuses is left as it was. */
export async function giveAddress(bridge: string, netdev: Netdev, wanted: LocalAddress): Promise<void> {
  const { address, netmask, gateway } = wanted;
  await netdev.setUp(true);
  if (!takesAddresses(netdev)) return;
  if (isDone(() => netdev.setIpv4(address, netmask)))
    log.info(`bridge ${bridge}: configured IP address ${address}, netmask ${netmask}`);
  if (gateway !== undefined && isDone(() => netdev.addGateway(gateway)))
    log.info(`bridge ${bridge}: configured gateway ${gateway}`);
}

function isDone(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (why) {
    if (!(why instanceof SyscallFailed)) throw why;
    return false;
  }
}
