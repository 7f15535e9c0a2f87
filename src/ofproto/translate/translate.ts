/** The way in: translates one packet. */
import type { RuleAction } from '../rule.ts';
import { handlers } from './handlers.ts';
import { Translation, type TranslationRequest, type TranslationResult } from './translation.ts';

export function translate(request: TranslationRequest): TranslationResult {
  return new Translation(request, runHandler).run();
}

function runHandler<N extends RuleAction['do']>(
  t: Translation,
  action: Extract<RuleAction, { do: N }>,
): void {
  const name: N = action.do;
  handlers[name](t, action);
}
