/** What can be undone of a packet. */
import { innerActions } from '../../openflow/action-rules.ts';
import type { Action } from '../../openflow/actions/index.ts';

/** Actions after which a packet cannot be made what it was before. */
const irreversible: ReadonlySet<Action['do']> = new Set([
  'ct',
  'meter',
  'nat',
  'output_trunc',
  'encap',
  'decap',
  'dec_nsh_ttl',
]);

export function isReversible(actions: readonly Action[]): boolean {
  return actions.every(
    (action) =>
      !irreversible.has(action.do) && (action.do === 'write_actions' || isReversible(innerActions(action))),
  );
}
