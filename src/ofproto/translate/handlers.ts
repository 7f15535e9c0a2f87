/** One handler for each action of a rule; an action without one does not compile. */
import type { RuleAction } from '../rule.ts';
import { normal } from './normal.ts';
import type { Translation } from './translation.ts';

type Handlers = {
  readonly [N in RuleAction['do']]: (t: Translation, action: Extract<RuleAction, { do: N }>) => void;
};

export const handlers: Handlers = {
  normal,
  output(t, { port }) {
    const out = t.ofproto.ports.get(port);
    if (out === undefined) t.drop('noSuchOutput');
    else if (out === t.inPort) t.drop('outputIsInput');
    else t.output(out);
  },
  /** Nobody controls the switch. */
  controller: (t) => t.drop('noMatch'),
};
