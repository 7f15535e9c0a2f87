/** What Queue.dscp does to packets that leave: ovs-vswitchd.conf.db(5). */
import { getSlot, maskSlot, setSlot } from '../../flow/key.ts';
import { serviceBits } from '../../wire/ip.ts';
import type { OfprotoPort } from '../port.ts';

/**
 * Gives a packet the DSCP of the queue by which it leaves the port, and marks in `mask` what that depends on. The byte
 * of before, which counts again for what comes after; undefined where nothing is to be marked.
 */
export function markForQueue(
  { queueDscps }: OfprotoPort,
  { flow, mask }: { readonly flow: Uint32Array; readonly mask: Uint32Array },
): number | undefined {
  if (queueDscps.size === 0) return undefined;
  maskSlot(mask, 'skb_priority');
  const dscp = queueDscps.get(getSlot(flow, 'skb_priority'));
  if (dscp === undefined) return undefined;
  const service = getSlot(flow, 'nw_tos');
  setSlot(mask, 'nw_tos', getSlot(mask, 'nw_tos') | serviceBits.dscp);
  setSlot(flow, 'nw_tos', (service & ~serviceBits.dscp) | (dscp << 2));
  return service;
}
