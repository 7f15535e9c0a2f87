/** The way in: translates one packet, and says which actions cannot be. */
import { Refused } from '../../base/errors.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { handlers } from './handlers.ts';
import { Translation, type TranslationRequest, type TranslationResult } from './translation.ts';

export function translate(request: TranslationRequest): TranslationResult {
  return new Translation(request, runHandler).run();
}

/** Throws Refused, naming the first action that has no handler. */
export function refuseUntranslatable(actions: readonly Action[]): void {
  const unknown = actions.find((action) => handlers[action.do] === undefined);
  if (unknown !== undefined)
    throw new Refused('OFPBAC_BAD_TYPE', `the action ${unknown.do} is not supported by this switch yet`);
}

function runHandler<N extends Action['do']>(t: Translation, action: Extract<Action, { do: N }>): void {
  const name: N = action.do;
  // Every action of a rule has one: FlowTables refuses the others.
  const handler: ((t: Translation, action: Extract<Action, { do: N }>) => void) | undefined = handlers[name];
  handler?.(t, action);
}
