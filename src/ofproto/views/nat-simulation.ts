/** What a trace takes address translation to make of a packet: the first address and port of what is asked for. */
import { formatIpv4, formatIpv6 } from '../../base/addresses.ts';
import type { Nat } from '../../datapath/actions.ts';
import { getSlot, readSlot, setSlot, writeSlot } from '../../flow/key.ts';
import { etherType } from '../../wire/ethernet.ts';

/** Changes `key`. Returns what was said of its addresses and ports before and after; empty where nothing is known. */
export function simulateNat({ direction, range }: Nat, key: Uint32Array): { before: string; after: string } {
  if (direction === undefined || range === undefined) return { before: '', after: '' };
  const before = textOf(key);
  if (range.min.length === 4) writeSlot(key, `nw_${direction}`, range.min);
  else if (range.min.length === 16) writeSlot(key, `ipv6_${direction}`, range.min);
  if (range.minPort !== undefined) setSlot(key, `tp_${direction}`, range.minPort);
  return { before, after: textOf(key) };
}

function textOf(key: Uint32Array): string {
  const isIpv6 = getSlot(key, 'eth_type') === etherType.ipv6;
  return (['src', 'dst'] as const)
    .map((side) => {
      const address = isIpv6
        ? `ipv6_${side}=[${formatIpv6(readSlot(key, `ipv6_${side}`))}]`
        : `nw_${side}=${formatIpv4(readSlot(key, `nw_${side}`))}`;
      return `${address},tp_${side}=${getSlot(key, `tp_${side}`)}`;
    })
    .join();
}
