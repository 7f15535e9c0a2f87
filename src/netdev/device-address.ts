/** By which address others know the host, of a device of its kernel. */
import { formatIp } from '../base/addresses.ts';
import { dumpAddresses } from '../sys/netlink/address.ts';
import { linkMonitor } from '../sys/netlink/monitor.ts';

const isLinkLocal = ([first = 0, second = 0]: Uint8Array): boolean =>
  first === 0xfe && (second & 0xc0) === 0x80;

/** "192.0.2.1" or "2001:db8::1": the first that is not of its link only. */
export function addressOfDevice(name: string): string | undefined {
  const ifindex = linkMonitor().byName(name)?.ifindex;
  const found = dumpAddresses().find((one) => one.ifindex === ifindex && !isLinkLocal(one.address));
  return found && formatIp(found.address);
}
