/** The way in: translates one packet, and says what a datapath flow does with its packets. */
import { coverageCounter } from '../../base/coverage.ts';
import type { DpAction } from '../../datapath/actions.ts';
import { type ActionSupport, isSupported } from '../../datapath/features.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { slowPathMeter } from '../../openflow/messages/meters.ts';
import { throughMeter } from '../meters/switch-meters.ts';
import type { Ofproto } from '../ofproto.ts';
import { countedAs } from './drop-reasons.ts';
import { handlers } from './handlers.ts';
import { mirror } from './mirroring.ts';
import type { PacketDrop, TranslationRequest, TranslationResult } from './request.ts';
import { Translation } from './translation.ts';

const translated = coverageCounter('xlate_actions');

export function translate(request: TranslationRequest): TranslationResult {
  translated.total++;
  return new Translation(request, { act: runHandler, mirror }).run();
}

/** The same for a datapath that can do no more than that: what it cannot do drops. */
export function translateFor(features: ActionSupport, request: TranslationRequest): TranslationResult {
  const result = translate(request);
  if (isSupported(result.actions, features)) return result;
  return { ...result, actions: [], slowPath: [], drop: { reason: 'unsupported', end: result.end } };
}

/**
 * What a datapath flow does with its packets: what the translation says, or sending them up so that somebody does it. It
 * says why it drops them, but where that is what the switch was told.
 */
export function actionsOfFlow(
  { actions, slowPath, drop }: Pick<TranslationResult, 'actions' | 'slowPath' | 'drop'>,
  { meters }: Ofproto,
): readonly DpAction[] {
  const reason = drop === undefined ? 'explicit' : countedAs(drop.reason);
  const isToldWhy = reason !== 'explicit' && actions.length === 0; // samples of it may be taken
  if (slowPath.length === 0) return isToldWhy ? [{ do: 'drop', reason }] : actions;
  const up: DpAction = { do: 'userspace', pid: 0, cookie: { type: 'slow_path', reasons: slowPath } };
  return [throughMeter(meters.get(slowPathMeter), up)];
}

/** Why the packets of such a flow are dropped; those that it sends up are not yet. */
export function dropOfFlow({
  slowPath,
  drop,
}: Pick<TranslationResult, 'slowPath' | 'drop'>): PacketDrop | undefined {
  return slowPath.length === 0 ? drop : undefined;
}

function runHandler(t: Translation, action: Action): void {
  // The line of that name takes that action; the compiler cannot relate the two by itself.
  const handler = handlers[action.do] as (t: Translation, action: Action) => void;
  handler(t, action);
}
