/** What a handler of an action is. */
import type { Action } from '../../../openflow/actions/index.ts';
import type { Translation } from '../translation.ts';

type Handler<N extends Action['do']> = (t: Translation, action: Extract<Action, { do: N }>) => void;

export type Handlers = { readonly [N in Action['do']]?: Handler<N> };
