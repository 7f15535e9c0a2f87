/** The way in: translates one packet, and says which actions cannot be. */
import type { DpAction } from '../../datapath/actions.ts';
import { type ActionSupport, isSupported } from '../../datapath/features.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { slowPathMeter } from '../../openflow/messages/meters.ts';
import { throughMeter } from '../meters/switch-meters.ts';
import type { Ofproto } from '../ofproto.ts';
import { countedAs } from './drop-reasons.ts';
import { handlers } from './handlers.ts';
import type { TranslationRequest, TranslationResult } from './request.ts';
import { Translation } from './translation.ts';

export function translate(request: TranslationRequest): TranslationResult {
  return new Translation(request, runHandler).run();
}

/** The same for a datapath that can do no more than that: what it cannot do drops. */
export function translateFor(features: ActionSupport, request: TranslationRequest): TranslationResult {
  const result = translate(request);
  if (isSupported(result.actions, features)) return result;
  return { ...result, actions: [], slowPath: [], drop: 'unsupported' };
}

/** What of an action cannot be translated, in words; undefined when all of it can. */
function untranslatable(action: Action): string | undefined {
  if (handlers[action.do] === undefined) return action.do;
  if (action.do === 'clone' || action.do === 'write_actions')
    return action.actions.map(untranslatable).find((what) => what !== undefined);
  return undefined;
}

/**
 * What a datapath flow does with its packets: what the translation says, or sending them up so that somebody does it. It
 * says why it drops them, but where that is what the switch was told.
 */
export function actionsOfFlow(
  { actions, slowPath, drop }: Pick<TranslationResult, 'actions' | 'slowPath' | 'drop'>,
  { meters }: Ofproto,
): readonly DpAction[] {
  const reason = drop === undefined ? 'explicit' : countedAs(drop);
  if (slowPath.length === 0) return reason === 'explicit' ? actions : [{ do: 'drop', reason }];
  const up: DpAction = { do: 'userspace', pid: 0, cookie: { type: 'slow_path', reasons: slowPath } };
  return [throughMeter(meters.get(slowPathMeter), up)];
}

/** Throws OpenFlowError, naming the first action that has no handler. */
export function refuseUntranslatable(actions: readonly Action[]): void {
  const unknown = actions.map(untranslatable).find((what) => what !== undefined);
  if (unknown !== undefined)
    throw new OpenFlowError('OFPBAC_BAD_TYPE', `the action ${unknown} is not supported by this switch yet`);
}

function runHandler(t: Translation, action: Action): void {
  // The line of that name takes that action; the compiler cannot relate the two by itself.
  const handler = handlers[action.do] as ((t: Translation, action: Action) => void) | undefined;
  handler?.(t, action); // FlowTables refuses actions that have none
}
