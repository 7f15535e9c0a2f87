/**
 * Datapath actions as the steps that run for each packet. A list is lowered once, when its flow is put; the table below
 * has one line an action, and what has no line is none of the engine's features.
 */
import type { DpAction, DpActionOf, SetHeader } from '../actions.ts';
import type { DpFeatures } from '../features.ts';
import type { SentUp } from '../provider.ts';
import { editOf } from './edit.ts';
import type { Step } from './execute.ts';

type Run = 'output' | 'userspace' | 'push_vlan' | 'pop_vlan' | 'set' | 'trunc' | 'drop';

/** `whole` is the list that an action is in, at whatever depth. */
type Lowerings = {
  readonly [N in Run]: (action: DpActionOf<N>, whole: readonly DpAction[]) => Step;
};

const lowerings: Lowerings = {
  output({ port }) {
    return (x) => x.output(port);
  },
  userspace(action, whole) {
    const reason = sentUpBy(action, whole);
    return (x) => x.sendUp(reason);
  },
  push_vlan({ tpid, tci }) {
    const tag = ((tpid << 16) | (tci & ~0x1000)) >>> 0; // bit 12 of a key says "tagged"
    return (x) => x.pushTag(tag);
  },
  pop_vlan() {
    return (x) => x.popTag();
  },
  set({ fields }) {
    const edits = fields.map(editOf).filter((edit) => edit !== undefined);
    return (x) => {
      if (edits.length === 0 || !x.makeWritable() || !x.headers.locate(x.frame)) return;
      for (const edit of edits) edit(x.frame, x.headers);
    };
  },
  trunc({ maxSize }) {
    return (x) => {
      x.maxSize = maxSize;
    };
  },
  drop({ reason }) {
    return (x) => x.drop(reason);
  },
};

const writable: readonly SetHeader[] = [
  'eth',
  'mpls',
  'ipv4',
  'ipv6',
  'arp',
  'tcp',
  'udp',
  'sctp',
  'icmp',
  'icmpv6',
  'nd',
];

export const engineFeatures: DpFeatures = {
  actions: new Set(Object.keys(lowerings) as Run[]), // keys of a literal
  setHeaders: new Set(writable),
  hashAlgorithms: new Set(),
  maxNesting: 0,
  maxMplsDepth: 3,
  maxVlanTags: 2,
};

/** The actions must be among `engineFeatures`. */
export function lowerActions(actions: readonly DpAction[]): readonly Step[] {
  return lowerList(actions, actions);
}

function lowerList(actions: readonly DpAction[], whole: readonly DpAction[]): readonly Step[] {
  return actions.map((action) => {
    if (!isRun(action)) throw new Error(`${action.do} was not refused`);
    return lowerAction(action, whole);
  });
}

function isRun(action: DpAction): action is DpActionOf<Run> {
  return Object.hasOwn(lowerings, action.do);
}

function lowerAction(action: DpActionOf<Run>, whole: readonly DpAction[]): Step {
  // The table's line for `action.do` takes exactly this variant; the compiler cannot relate the two by itself.
  const lower = lowerings[action.do] as (action: DpActionOf<Run>, whole: readonly DpAction[]) => Step;
  return lower(action, whole);
}

function sentUpBy(action: DpActionOf<'userspace'>, whole: readonly DpAction[]): SentUp {
  const { cookie, tunnelOutPort, includesActions } = action;
  return {
    cookie,
    ...(tunnelOutPort === undefined ? {} : { tunnelOutPort }),
    ...(includesActions === true ? { actions: whole } : {}),
  };
}
