/** Actions by which packets change the flows of the switch. */

import { maskSlot } from '../../../flow/key.ts';
import { LearnedFlow } from '../../tables/learned-flow.ts';
import { learnedFlow } from '../learn.ts';
import { noteLearnedFlow } from '../trace/trace-steps.ts';
import type { Translation } from '../translation.ts';
import { noteValue, readBits, writeBits } from './field-handlers.ts';
import type { Handlers } from './handler.ts';

export const learnHandlers = {
  learn(t, action) {
    const mod = learnedFlow(action, (from) => readBits(t, from), t.ofproto.tlvTable);
    if (t.trace !== undefined) {
      if (!t.request.hasPacket && !t.packet.isWrapped) {
        t.trace.note({ event: 'suppressed' });
        return;
      }
      noteLearnedFlow(t.trace, t.ofproto, mod);
    }
    const flow = new LearnedFlow(t.ofproto.tables, mod, action.limit);
    const isLearned = !t.learnsAtOnce || flow.apply();
    if (isLearned) t.effect({ kind: 'learnFlow', flow });
    if (action.limit > 0) dependOnRoom(t, flow);
    if (action.result !== undefined) {
      writeBits(t, action.result, isLearned ? 1n : 0n);
      noteValue(t, action.result);
    }
    if (!isLearned) t.trace?.note({ event: 'learnFailed' });
  },
  fin_timeout(t, { idle, hard }) {
    maskSlot(t.mask, 'nw_proto');
    if (t.rule !== undefined) t.effect({ kind: 'finish', rule: t.rule, idle, hard });
  },
} satisfies Handlers;

/** While it is not there, each packet asks whether there is room for it. */
function dependOnRoom(t: Translation, flow: LearnedFlow): void {
  t.dependOn(flow.mod.table);
  if (!t.request.hasPacket && !flow.isMade) t.outcome.isPassing = true;
}
