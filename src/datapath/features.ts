/**
 * What a datapath can do, and the refusal of what it cannot. Whoever makes flows asks for the features first; an action
 * outside them is refused when the flow is put, never left out.
 */
import { Refused } from '../base/errors.ts';
import { isMplsType } from '../wire/ethernet.ts';
import type { DpAction, DpActionName, HashAlgorithm, SetHeader } from './actions.ts';

/** What it can do to a packet. */
export interface ActionSupport {
  readonly actions: ReadonlySet<DpActionName>;
  /** What `set` can write to. */
  readonly setHeaders: ReadonlySet<SetHeader>;
  readonly hashAlgorithms: ReadonlySet<HashAlgorithm>;
  /** Lists of actions inside each other; 0 = none but the outermost. */
  readonly maxNesting: number;
  /** Label stack entries that a key shows. */
  readonly maxMplsDepth: number;
  /** VLAN tags that a key can show. */
  readonly maxVlanTags: number;
}

export interface DpFeatures extends ActionSupport {
  /** It forwards on without its owner: see `Datapath.detach`. */
  readonly keepsForwarding: boolean;
  /** A port whose device vanished stays, with its number, until the device comes back. */
  readonly keepsLostPorts: boolean;
}

interface Able {
  readonly name: string;
  readonly features: ActionSupport;
}

/** Throws Refused, naming the action and the datapath, when the datapath cannot run one of the actions. */
export function refuseUnsupported({ name, features }: Able, actions: readonly DpAction[]): void {
  const what = unsupported(actions, features, 0);
  if (what !== undefined)
    throw new Refused(
      'EINVAL',
      `datapath ${name} cannot run ${what}; dpif/show-dp-features says what it can`,
    );
}

/** Can all of them be run? */
export function isSupported(actions: readonly DpAction[], features: ActionSupport): boolean {
  return unsupported(actions, features, 0) === undefined;
}

/** The first thing that cannot be done, in words. */
function unsupported(
  actions: readonly DpAction[],
  features: ActionSupport,
  depth: number,
): string | undefined {
  if (depth > features.maxNesting) return `actions more than ${features.maxNesting} deep in each other`;
  for (const action of actions) {
    if (!features.actions.has(action.do)) return `the action ${action.do}`;
    if (action.do === 'set' && !features.setHeaders.has(action.header))
      return `the action set(${action.header})`;
    if (action.do === 'hash' && !features.hashAlgorithms.has(action.algorithm))
      return `hash(${action.algorithm})`;
    if ((action.do === 'push_mpls' || action.do === 'add_mpls') && !isMplsType(action.etherType))
      return `${action.do} of the EtherType 0x${action.etherType.toString(16)}`;
    for (const list of nestedLists(action)) {
      const what = unsupported(list, features, depth + 1);
      if (what !== undefined) return what;
    }
  }
  return undefined;
}

/** The lists of actions that an action may run. */
function nestedLists(action: DpAction): readonly (readonly DpAction[])[] {
  switch (action.do) {
    case 'sample':
    case 'clone':
      return [action.actions];
    case 'check_pkt_len':
      return [action.ifGreater, action.ifLessEqual];
    default:
      return none;
  }
}

const none: readonly (readonly DpAction[])[] = [];
