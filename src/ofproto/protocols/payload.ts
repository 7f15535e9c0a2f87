/** Where what a protocol says begins in a frame. */
import { slots } from '../../flow/slots.ts';
import { ethernet, vlanPresent, vlanTag } from '../../wire/ethernet.ts';

/** What follows the Ethernet header and the tags of a frame of that flow. */
export function payloadOf(frame: Uint8Array, flow: Uint32Array): Uint8Array {
  return frame.subarray(ethernet.size + tagSizeOf(flow));
}

/** Bytes of its tags. */
export function tagSizeOf(flow: Uint32Array): number {
  const tags = [slots.vlan_tpid.word, slots.vlan_tpid2.word].filter(
    (word) => ((flow[word] ?? 0) & vlanPresent) !== 0,
  );
  return tags.length * vlanTag.size;
}
