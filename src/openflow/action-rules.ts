/**
 * What may stand in a list of actions: the order of instructions, what may be inside of what, and whether packets have
 * what the actions need (OpenFlow 1.5.1 section 5.5, 7.2.5 and 7.2.6; ovs-actions(7)).
 */
import type { Match } from '../flow/match.ts';
import {
  type ActionDeclaration,
  type AnyAction,
  type CheckLimits,
  type InstructionName,
  instructionNames,
  type Outer,
  type Verdict,
} from './actions/declare.ts';
import { type Action, actions } from './actions/index.ts';
import { PacketShape } from './actions/packet-shape.ts';
import { OpenFlowError } from './errors.ts';
import { firstReservedPort } from './ports.ts';
import type { WireVersion } from './versions.ts';

/** An action's declaration, whose functions get that action's value only: whoever looks it up by name sees to that. */
export type AnyDeclaration = ActionDeclaration<Action['do'], object>;

const byName = new Map<string, AnyDeclaration>(
  actions.map((declared) => [declared.name, declared as unknown as AnyDeclaration]),
);

export function declarationOf(action: AnyAction): AnyDeclaration {
  const declared = byName.get(action.do);
  if (declared === undefined) throw new Error(`no action ${action.do}`);
  return declared;
}

/** Where a list stands, which says what may be in it. */
export interface ListPlace {
  /** The action that it is inside of. */
  readonly outer?: Outer | undefined;
  /** Instructions that may be in it: those of a flow, of a list of actions, or of one inside of an action. */
  readonly allows: 'instructions' | 'actions and meter' | 'actions';
}

const allowed: Readonly<Record<ListPlace['allows'], readonly InstructionName[]>> = {
  instructions: instructionNames,
  'actions and meter': ['meter', 'apply_actions'],
  actions: ['apply_actions'],
};

function instructionOf(
  { instruction = 'apply_actions' }: AnyDeclaration,
  version: WireVersion,
): InstructionName {
  return instruction === 'meter' && version >= 6 ? 'apply_actions' : instruction;
}

/** Those that an action has among its arguments: its declaration knows only that they are some. */
export function innerActions(action: Action): readonly Action[] {
  return (declarationOf(action).inner?.(action) ?? []) as readonly Action[]; // all were declared
}

/** Does an action stand in the instruction that applies actions? */
export function isApplied(action: AnyAction, version: WireVersion): boolean {
  return instructionOf(declarationOf(action), version) === 'apply_actions';
}

/** Refuses a list that must not stand there. Throws OpenFlowError, whose `why` is the reference's message. */
export function verifyActions(
  list: readonly AnyAction[],
  version: WireVersion,
  { outer, allows }: ListPlace,
): void {
  let before: InstructionName | undefined;
  for (const action of list) {
    const declared = declarationOf(action);
    if (declared.name === 'conjunction') {
      verifyConjunctions(list);
      return;
    }
    verifyNested(action, declared, outer);
    const instruction = instructionOf(declared, version);
    if (before !== undefined) verifyOrder(before, instruction);
    if (!allowed[allows].includes(instruction))
      throw new OpenFlowError('OFPBIC_UNSUP_INST', `${instruction} instruction not allowed here`);
    before = instruction;
  }
}

function verifyConjunctions(list: readonly AnyAction[]): void {
  const other = list.find((action) => action.do !== 'conjunction' && action.do !== 'note');
  if (other === undefined) return;
  throw new OpenFlowError(
    'NXBAC_BAD_CONJUNCTION',
    `"conjunction" actions may be used along with "note" but not any other kind of action (such as the "${wordOf(other)}" action used here)`,
  );
}

/** What messages call an action. */
function wordOf(action: AnyAction): string {
  const declared = declarationOf(action);
  return declared.words[0] ?? declared.name;
}

function verifyOrder(before: InstructionName, next: InstructionName): void {
  const ranks = [before, next].map((name) => instructionNames.indexOf(name)) as [number, number];
  if (ranks[0] < ranks[1] || (before === next && before === 'apply_actions')) return;
  const why =
    before === next
      ? `duplicate ${before} instruction not allowed`
      : `invalid instruction ordering: ${next} must appear before ${before}`;
  throw new OpenFlowError('OFPBAC_UNSUPPORTED_ORDER', `${why}, for OpenFlow 1.1+ compatibility`);
}

/** The field that an action writes, where it says so itself. */
function writtenField(action: AnyAction): string | undefined {
  const known = action as Action; // of a name that was looked up
  if (known.do === 'set_field') return known.field;
  return known.do === 'move' ? known.destination.field : undefined;
}

/** Fields of a connection, which only actions on connections write. */
const connectionFields: readonly (string | undefined)[] = ['ct_mark', 'ct_label'];

function verifyNested(action: AnyAction, declared: AnyDeclaration, outer: Outer | undefined): void {
  const field = writtenField(action);
  if (outer !== 'ct' && connectionFields.includes(field))
    throw new OpenFlowError('OFPBAC_BAD_SET_ARGUMENT', 'cannot set CT fields outside of ct action');
  if (declared.name === 'nat') {
    if (outer === 'ct') return;
    throw new OpenFlowError('OFPBAC_BAD_SET_ARGUMENT', 'Cannot have NAT action outside of "ct" action');
  }
  if (outer === undefined) return;
  if (declared.name === 'meter' || (outer === 'ct' && field === undefined))
    throw new OpenFlowError(
      'OFPBAC_BAD_ARGUMENT',
      `${outer} action doesn't support nested action ${wordOf(action)}`,
    );
  if (outer === 'ct' && !connectionFields.includes(field))
    throw new OpenFlowError(
      'OFPBAC_BAD_ARGUMENT',
      `ct action doesn't support nested modification of ${field}`,
    );
}

/** What a check may be told of the switch; without it, what OpenFlow itself allows. */
export type CheckOptions = Partial<CheckLimits> & {
  /** Inconsistencies are no error in 1, and are told as such where there is no version. */
  readonly version?: WireVersion;
};

/**
 * Do packets of the match have what each action needs, as the actions before left them, and does the switch have the
 * ports and tables? Answers with the error that is due.
 */
export function checkActions(
  list: readonly Action[],
  match: Match | undefined,
  { version, portLimit = firstReservedPort, table = 0xff, tableCount = 0xff }: CheckOptions = {},
): Verdict {
  const packet = new PacketShape(match);
  const verdict = checkList(list, packet, { portLimit, table, tableCount });
  packet.release();
  if (verdict !== 'inconsistent' || version === undefined) return verdict;
  return version === 1 ? undefined : 'OFPBAC_MATCH_INCONSISTENT';
}

/** The first error, or whether any action is inconsistent. */
function checkList(list: readonly AnyAction[], packet: PacketShape, limits: CheckLimits): Verdict {
  let isConsistent = true;
  for (const action of list) {
    const { check, changes } = declarationOf(action);
    const verdict = check?.(action, packet, limits, (inner) => checkList(inner, packet.copy(), limits));
    if (verdict !== undefined && verdict !== 'inconsistent') return verdict;
    if (verdict === 'inconsistent') isConsistent = false;
    changes?.(action, packet);
  }
  return isConsistent ? undefined : 'inconsistent';
}
