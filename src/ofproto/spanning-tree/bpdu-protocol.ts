/** Which packets are BPDUs. */

import { macNumber } from '../../base/addresses.ts';
import { getSlot } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { bpduInFrame, bridgeGroupAddress } from '../../wire/bpdu.ts';
import { etherType } from '../../wire/ethernet.ts';
import type { LinkProtocol } from '../protocols/link-protocol.ts';
import { tagSizeOf } from '../protocols/payload.ts';

const dstWord = slots.eth_dst.word;
const groupAddress = macNumber(bridgeGroupAddress);
const highWord = Math.floor(groupAddress / 0x10000);
const lowHalf = groupAddress % 0x10000;

export function isBpdu(flow: Uint32Array): boolean {
  return (
    flow[dstWord] === highWord &&
    (flow[dstWord + 1] ?? 0) >>> 16 === lowHalf &&
    getSlot(flow, 'eth_type') === etherType.none
  );
}

/** On a switch with a spanning tree they are for it, even where they come by a port that does not take part. */
export const bpduProtocol: LinkProtocol = {
  reason: 'stp',
  claims({ ofproto, flow, mask }) {
    if (!ofproto.protocols.spanningTree.isRunning) return false;
    mask[dstWord] = 0xffffffff;
    mask[dstWord + 1] = (mask[dstWord + 1] ?? 0) | 0xffff0000;
    return isBpdu(flow);
  },
  receive({ ofproto, port, flow }, frame) {
    ofproto.protocols.spanningTree.receive(port, bpduInFrame(frame, tagSizeOf(flow)));
  },
};
