/** The bits of a flow's mask that every answer depends on, and those that none can: of what the packet did not have. */

import { isMetByPacket } from '../../flow/fields/prerequisites.ts';
import { etherTypeOf } from '../../flow/key.ts';
import { isTunnelled } from '../../flow/packet-mask.ts';
import { datapathWordCount, slots } from '../../flow/slots.ts';
import { etherType, isMplsType, vlanPresent } from '../../wire/ethernet.ts';
import { labelSlots } from './labels.ts';
import { vlanWords } from './vlan-tags.ts';

export const anyFragment = 3 << slots.nw_frag.shift;
const laterFragment = 2 << slots.nw_frag.shift;
export const firstTunnelWord = slots.tun_id.word;
/** What OpenFlow alone has begins where the tunnel's fields end. */
export const tunnelEnd = slots.metadata.word;
const inPortWord = slots.in_port.word;
const recircWord = slots.recirc_id.word;
const packetTypeWord = slots.packet_type.word;
/** eth_type is the lower half of the word that ends eth_dst. */
const ethTypeWord = slots.eth_type.word;
const srcWord = slots.eth_src.word;
const dstWord = slots.eth_dst.word;
const fragWord = slots.nw_frag.word;
/** Source and destination share it. */
const portsWord = slots.tp_src.word;
const firstNshWord = slots.nsh_flags.word;
const endOfNsh = slots.nsh_c4.word + 1;
const [outerTag, innerTag] = vlanWords;

/** What every answer depends on. */
export function unwildcardBasics(mask: Uint32Array, key: Uint32Array): void {
  mask[inPortWord] = 0xffffffff;
  mask[recircWord] = 0xffffffff;
  mask[packetTypeWord] = 0xffffffff;
  mask[ethTypeWord] = 0x0000ffff;
  const type = etherTypeOf(key);
  if (type === etherType.ipv4 || type === etherType.ipv6)
    mask[fragWord] = (mask[fragWord] ?? 0) | anyFragment;
}

/** Leaves out what the packet did not have when it came: actions looked at what they had put there themselves. */
export function clearAbsent(mask: Uint32Array, key: Uint32Array): void {
  mask.fill(0, datapathWordCount);
  if ((key[packetTypeWord] ?? 0) !== 0) clearAddresses(mask);
  if ((mask[portsWord] ?? 0) !== 0) clearPorts(mask, key);
  if (!isMplsType((key[ethTypeWord] ?? 0) & 0xffff)) {
    for (const slot of labelSlots) mask[slots[slot].word] = 0;
  }
  if (etherTypeOf(key) !== etherType.nsh) mask.fill(0, firstNshWord, endOfNsh);
  for (const word of vlanWords) {
    if (((key[word] ?? 0) & vlanPresent) === 0) mask[word] = 0;
    else if (((mask[word] ?? 0) & 0xffff) !== 0) mask[word] = (mask[word] ?? 0) | vlanPresent;
  }
  if (!isTunnelled(key)) mask.fill(0, firstTunnelWord, tunnelEnd);
}

function clearAddresses(mask: Uint32Array): void {
  mask[srcWord] = 0;
  mask[srcWord + 1] = 0;
  mask[dstWord] = 0;
  mask[ethTypeWord] = (mask[ethTypeWord] ?? 0) & 0xffff;
}

/** Types and codes of ICMP have 8 bits; later fragments have nothing there. */
function clearPorts(mask: Uint32Array, key: Uint32Array): void {
  const isIcmp = isMetByPacket('icmpv4', key) || isMetByPacket('icmpv6', key);
  if (isIcmp) mask[portsWord] = (mask[portsWord] ?? 0) & 0x00ff00ff;
  if (((key[fragWord] ?? 0) & laterFragment) !== 0) mask[portsWord] = 0;
}

/**
 * A tag that is not there cannot have been looked at, but that it is not there was: EtherType alone does not tell a
 * tagged frame from an untagged one. Of the outer tag the VLAN decides where nothing else of it does, as in the
 * reference.
 */
export function unwildcardTags(mask: Uint32Array, key: Uint32Array): void {
  const isTagged = ((key[outerTag] ?? 0) & vlanPresent) !== 0;
  if (isTagged && ((mask[outerTag] ?? 0) & 0xffff) === 0) mask[outerTag] = (mask[outerTag] ?? 0) | 0xfff;
  for (const word of vlanWords) {
    if ((mask[word] ?? 0) !== 0) mask[word] = (mask[word] ?? 0) | 0xffff0000;
  }
  mask[outerTag] = (mask[outerTag] ?? 0) | vlanPresent;
  if (isTagged) mask[innerTag] = (mask[innerTag] ?? 0) | vlanPresent;
}
