/** By which address others know the host, of a device of its kernel. */
import { networkInterfaces } from 'node:os';

const linkLocal = /^fe[89ab]/i;

/** "192.0.2.1" or "2001:db8::1": the first that is not of its link only. */
export function addressOfDevice(name: string): string | undefined {
  return networkInterfaces()[name]?.find(({ address }) => !linkLocal.test(address))?.address;
}
