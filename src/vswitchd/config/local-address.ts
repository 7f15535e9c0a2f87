/** The IPv4 address, and the route, that a row of Controller wants for the local port: ovs-vswitchd.conf.db(5). */
import { formatIpv4, ipv4Number } from '../../base/addresses.ts';
import type { OvsRow } from '../schema/index.ts';

export interface LocalAddress {
  readonly address: string;
  readonly netmask: string;
  /** Undefined for none. */
  readonly gateway: string | undefined;
}

/** Undefined where the row wants none. What is no address is as if it were not there. */
export function readLocalAddress(row: OvsRow<'Controller'>): LocalAddress | undefined {
  const address = numberOf(row.local_ip);
  if (address === undefined) return undefined;
  return {
    address: textOf(address),
    netmask: textOf(numberOf(row.local_netmask) || classMask(address)),
    gateway: numberOf(row.local_gateway) ? row.local_gateway : undefined,
  };
}

function numberOf(text: string | undefined): number | undefined {
  const address = text === undefined ? -1 : ipv4Number(text);
  return address < 0 ? undefined : address;
}

function textOf(address: number): string {
  return formatIpv4([24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff));
}

/** RFC 791 section 3.2: classes A, B and C. */
function classMask(address: number): number {
  if (address >>> 31 === 0) return 0xff000000;
  if (address >>> 30 === 2) return 0xffff0000;
  return address >>> 29 === 6 ? 0xffffff00 : 0;
}
