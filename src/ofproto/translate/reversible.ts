/** What can be undone of a packet. */
import { declarationOf } from '../../openflow/action-rules.ts';
import type { AnyAction } from '../../openflow/actions/declare.ts';
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

export function isReversible(actions: readonly AnyAction[]): boolean {
  return actions.every(
    (action) =>
      !irreversible.has((action as Action).do) &&
      ((action as Action).do === 'write_actions' ||
        isReversible(declarationOf(action).inner?.(action) ?? [])),
  );
}
