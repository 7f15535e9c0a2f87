/** Packets that go from one bridge of a datapath into another without leaving the translation. */
import { slots } from '../../flow/slots.ts';
import type { PortOfSwitch } from '../port-of-switch.ts';
import { firstTunnelWord, tunnelEnd } from './flow-mask.ts';
import type { Translation } from './translation.ts';

const firstConntrackWord = slots.ct_state.word;

/** The packet comes in by that port. What happens to it there does not come back here. */
export function enterBridge(t: Translation, { ofproto, port }: PortOfSwitch): void {
  const { packet, flow, mask, detours, request } = t;
  detours.take(() => {
    const before = request.context.scratch.push(mask);
    flow.fill(0, firstConntrackWord);
    mask.fill(0, firstTunnelWord, tunnelEnd);
    packet.inPort = port.ofPort;
    packet.stack = [];
    packet.actionSet = [];
    const { mirrored } = packet;
    const isOther = ofproto !== t.ofproto;
    if (isOther) packet.mirrored = 0; // that bridge has mirrors of its own
    t.pipeline.enter(ofproto);
    for (let word = firstTunnelWord; word < tunnelEnd; word++) mask[word] = before[word] ?? 0;
    request.context.scratch.pop();
    if (isOther) packet.mirrored = mirrored;
  });
  t.forgetEnd();
}
