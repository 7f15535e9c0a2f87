/** Whom the host sends packets for an IPv4 address to, by the tables that the kernel shows: proc(5), /proc/net. */
import { ipv4Number } from '../base/addresses.ts';
import { errnos, syscallFailed } from '../base/errno.ts';
import { readTextOrEmpty } from '../base/files.ts';

/** Bit of a route's flags: it is in use (RTF_UP). */
const isUp = 1;
/** Bit of an entry's flags: its address is known (ATF_COM). */
const isComplete = 2;

/**
 * "xx:xx:xx:xx:xx:xx" of the host itself or of the gateway to it; undefined while the kernel does not know it. Throws
 * SyscallFailed ENXIO where there is no route.
 */
export function findNeighbour(address: string): string | undefined {
  const hop = nextHop(readTextOrEmpty('/proc/net/route'), address);
  if (hop === undefined) throw syscallFailed('route', errnos.ENXIO, address);
  return hardwareAddress(readTextOrEmpty('/proc/net/arp'), hop);
}

/** From the text of /proc/net/route: the gateway, or the address itself where it is on a link; undefined for no route. */
export function nextHop(routes: string, address: string): string | undefined {
  const wanted = ipv4Number(address);
  let longest = -1;
  let hop: string | undefined;
  for (const line of routes.split('\n').slice(1)) {
    const [, destination = '', gateway = '', flags = '', , , , mask = ''] = line.split(/\s+/);
    const bits = swapped(mask);
    if ((Number.parseInt(flags, 16) & isUp) === 0 || !(bits > longest)) continue;
    if ((wanted & bits) >>> 0 !== swapped(destination)) continue;
    longest = bits;
    hop = swapped(gateway) === 0 ? address : dotted(swapped(gateway));
  }
  return hop;
}

/** From the text of /proc/net/arp. */
export function hardwareAddress(entries: string, address: string): string | undefined {
  for (const line of entries.split('\n').slice(1)) {
    const [ip, , flags = '', mac] = line.split(/\s+/);
    if (ip === address && (Number(flags) & isComplete) !== 0) return mac;
  }
  return undefined;
}

/** Eight digits as a little-endian host prints an address in network order. */
function swapped(digits: string): number {
  if (!/^[0-9A-Fa-f]{8}$/.test(digits)) return Number.NaN;
  return Buffer.from(digits, 'hex').readUInt32LE();
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
