/** rtnetlink(7) for the addresses of devices: those that the kernel has, of devices without carrier, too. */
import { Malformed } from '../../base/errors.ts';
import type { IpPrefix } from '../../base/ip-prefix.ts';
import { addressIn, anyFamily, familySize } from './family.ts';
import { requests } from './link.ts';
import { flag, type NetlinkMessage, walkAttributes } from './message.ts';

const messageType = { newAddress: 20, getAddress: 22 } as const;
/** Of a link between two points, `address` is the other end's. */
const attribute = { address: 1, local: 2 } as const;
const headerSize = 8;

export interface KernelAddress extends IpPrefix {
  readonly ifindex: number;
}

/** Undefined for any other message. Throws Malformed. */
export function parseAddress({ type, payload }: NetlinkMessage): KernelAddress | undefined {
  if (type !== messageType.newAddress) return undefined;
  if (payload.byteLength < headerSize) throw new Malformed('netlink address', 0, 'cut short');
  const size = familySize.get(payload.getUint8(0));
  const prefix = payload.getUint8(1);
  if (size === undefined) return undefined;
  if (prefix > 8 * size) throw new Malformed('netlink address', 1, `a prefix of ${prefix} bits`);
  let address: Uint8Array | undefined;
  let local: Uint8Array | undefined;
  walkAttributes(payload, headerSize, (which, value) => {
    if (which === attribute.address) address = addressIn(value, size);
    else if (which === attribute.local) local = addressIn(value, size);
  });
  const own = local ?? address;
  return own && { address: own, prefix, ifindex: payload.getUint32(4, true) };
}

/** Of all devices, in the kernel's order. Throws SyscallFailed. */
export function dumpAddresses(): KernelAddress[] {
  const addresses: KernelAddress[] = [];
  requests().request(messageType.getAddress, flag.dump, anyFamily(), 'cannot list addresses', (message) => {
    const address = parseAddress(message);
    if (address !== undefined) addresses.push(address);
  });
  return addresses;
}
