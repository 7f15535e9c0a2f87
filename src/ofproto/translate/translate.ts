/** The way in: translates one packet, and says which actions cannot be. */
import { Refused } from '../../base/errors.ts';
import type { DpAction } from '../../datapath/actions.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { handlers } from './handlers.ts';
import { Translation, type TranslationRequest, type TranslationResult } from './translation.ts';

export function translate(request: TranslationRequest): TranslationResult {
  return new Translation(request, runHandler).run();
}

/** What a datapath flow does with its packets: what the translation says, or sending them up so that somebody does it. */
export function actionsOfFlow({
  actions,
  slowPath,
}: Pick<TranslationResult, 'actions' | 'slowPath'>): readonly DpAction[] {
  if (slowPath.length === 0) return actions;
  return [{ do: 'userspace', pid: 0, cookie: { type: 'slow_path', reasons: slowPath } }];
}

/** Throws Refused, naming the first action that has no handler. */
export function refuseUntranslatable(actions: readonly Action[]): void {
  const unknown = actions.find((action) => handlers[action.do] === undefined);
  if (unknown !== undefined)
    throw new Refused('OFPBAC_BAD_TYPE', `the action ${unknown.do} is not supported by this switch yet`);
}

function runHandler(t: Translation, action: Action): void {
  // The line of that name takes that action; the compiler cannot relate the two by itself.
  const handler = handlers[action.do] as ((t: Translation, action: Action) => void) | undefined;
  handler?.(t, action); // FlowTables refuses actions that have none
}
