/** Looks for actions in lists of them. */
import { innerActions } from '../../openflow/action-rules.ts';
import type { Action } from '../../openflow/actions/index.ts';

/** Also of actions inside of others. */
export function someAction(actions: readonly Action[], is: (action: Action) => boolean): boolean {
  return actions.some((action) => is(action) || someAction(innerActions(action), is));
}
