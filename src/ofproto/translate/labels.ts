/** The MPLS labels of a key. Beyond the last slot there may be more, of which nothing is known. */
import { getSlot, maskSlot, setSlot } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { etherType, isMplsType } from '../../wire/ethernet.ts';
import { serviceBits } from '../../wire/ip.ts';
import { mplsBottom } from '../../wire/mpls.ts';

/** Outermost first. */
export const labelSlots = ['mpls_lse', 'mpls_lse2', 'mpls_lse3'] as const;
export const maxLabels = labelSlots.length;

/** Down to the bottom of the stack. The bits that say where that is decide. */
export function labelCount(key: Uint32Array, mask?: Uint32Array): number {
  if (!isMplsType(getSlot(key, 'eth_type'))) return 0;
  let count = 0;
  for (const [n, slot] of labelSlots.entries()) {
    if (mask !== undefined) setSlot(mask, slot, getSlot(mask, slot) | mplsBottom);
    const lse = getSlot(key, slot);
    if ((lse & mplsBottom) !== 0) return n + 1;
    if (lse !== 0) count++;
  }
  return count;
}

/** Puts an entry in front of `count` others; of a full stack the last one falls out. */
export function pushLabel(key: Uint32Array, count: number, lse: number, type: number): void {
  for (let n = Math.min(count, maxLabels - 1); n > 0; n--) move(key, n - 1, n);
  setSlot(key, 'mpls_lse', lse);
  setSlot(key, 'eth_type', type);
}

/**
 * Takes the outermost of `count` entries off. False when there is none, or one beyond the last slot would have to move
 * up.
 */
export function popLabel(key: Uint32Array, count: number, type: number, mask?: Uint32Array): boolean {
  const last = labelSlots[count - 1];
  if (last === undefined) return false;
  if (count === maxLabels) {
    if (mask !== undefined) setSlot(mask, last, getSlot(mask, last) | mplsBottom);
    if ((getSlot(key, last) & mplsBottom) === 0) return false;
  }
  for (let n = 1; n < count; n++) {
    const slot = labelSlots[n];
    if (mask !== undefined && slot !== undefined) maskSlot(mask, slot);
    move(key, n, n - 1);
  }
  setSlot(key, last, 0);
  setSlot(key, 'eth_type', type);
  return true;
}

function move(key: Uint32Array, from: number, to: number): void {
  const [source, target] = [labelSlots[from], labelSlots[to]];
  if (source !== undefined && target !== undefined) setSlot(key, target, getSlot(key, source));
}

const firstInnerWord = slots.nw_src.word;
const endOfInner = slots.nsh_c4.word;

/**
 * Puts the first entry in front of a packet. It takes over class and TTL of an IP packet, whose headers the pipeline does
 * not see from here on.
 */
export function coverWithLabel(key: Uint32Array, mask: Uint32Array, type: number): void {
  const inner = getSlot(key, 'eth_type');
  const isIp = inner === etherType.ipv4 || inner === etherType.ipv6;
  let [trafficClass, ttl] = [0, 64];
  if (isIp) {
    setSlot(mask, 'nw_tos', getSlot(mask, 'nw_tos') | serviceBits.dscp);
    maskSlot(mask, 'nw_ttl');
    trafficClass = (getSlot(key, 'nw_tos') & serviceBits.dscp) >>> 2;
    ttl = getSlot(key, 'nw_ttl') || 64;
  }
  const label = inner === etherType.ipv6 ? 2 : 0; // explicit null
  key.fill(0, firstInnerWord, endOfInner + 1);
  setSlot(key, 'dp_hash', 0);
  pushLabel(key, 0, (label << 12) | ((trafficClass & 7) << 9) | mplsBottom | ttl, type);
}
