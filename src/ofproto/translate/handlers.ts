/** One handler for each action that translation knows. A rule with any other is refused; see translate.ts. */
import { ofPort } from '../../base/units.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import { normal } from './normal.ts';
import type { Translation } from './translation.ts';

type Handler<N extends Action['do']> = (t: Translation, action: Extract<Action, { do: N }>) => void;
type Handlers = { readonly [N in Action['do']]?: Handler<N> };

export const handlers: Handlers = {
  output(t, { port }) {
    if (port === reservedPorts.NORMAL) normal(t);
    else if (port === reservedPorts.CONTROLLER) t.drop('noController');
    else {
      const out = t.ofproto.ports.get(ofPort(port));
      if (out === undefined) t.drop('noSuchOutput');
      else if (out === t.inPort) t.drop('outputIsInput');
      else t.output(out);
    }
  },
};
