/** Looks for actions in lists of them. */
import { declarationOf } from '../../openflow/action-rules.ts';
import type { AnyAction } from '../../openflow/actions/declare.ts';
import type { Action } from '../../openflow/actions/index.ts';

/** Also of actions inside of others. */
export function someAction(actions: readonly AnyAction[], is: (action: Action) => boolean): boolean {
  return actions.some(
    (action) => is(action as Action) || someAction(declarationOf(action).inner?.(action) ?? [], is),
  );
}
