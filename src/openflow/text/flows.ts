/**
 * Flows as people write them: ovs-ofctl(8) "Flow Syntax". What is wrong is said in the reference's words. The text of
 * matches is in `src/flow/match-text.ts`, that of actions in `action-codec.ts`, of all else in `flow-keys.ts`.
 */
import { readIntegerAhead } from '../../flow/fields/integer.ts';
import { etherTypeOf, slotReader } from '../../flow/key.ts';
import { keyValues } from '../../flow/key-values.ts';
import { type FieldSaid, MatchBuilder } from '../../flow/match-text.ts';
import { etherType } from '../../wire/ethernet.ts';
import { readInstructionText } from '../action-codec.ts';
import { checkActions } from '../action-rules.ts';
import { wrong } from '../actions/arguments.ts';
import type { ActionText } from '../actions/declare.ts';
import { bytesWith, onesOf } from '../actions/field-bits.ts';
import { formatFieldValue } from '../actions/field-value.ts';
import type { Action } from '../actions/index.ts';
import { shareList } from '../actions/shared-lists.ts';
import { fieldOf, readSubfield } from '../actions/subfield.ts';
import { reportNormal } from '../match/normal-match.ts';
import { type FlowCommand, type FlowMod, plainFlowMod } from '../messages/flow-mod.ts';
import type { FlowRequest } from '../messages/flow-request.ts';
import { allTables } from '../messages/tables.ts';
import { protocolsOfActions } from '../protocols/action-protocols.ts';
import { type ProtocolSet, protocolSets, protocolsOfField } from '../protocols/protocols.ts';
import { type FlowDraft, type FlowTextKind, maySay, takeKey, takeWord } from './flow-keys.ts';

/** A change of flows, and the protocols that can say it. */
export interface FlowSaid {
  readonly mod: FlowMod;
  readonly usable: ProtocolSet;
}

/**
 * Reads a change of flows. 'any': the text may begin with a command, and else adds one. Throws Malformed, whose `why` is
 * the whole message.
 */
export function readFlow(text: string, command: FlowCommand | 'any', context: ActionText): FlowSaid {
  const said = readCommand(text, command, context);
  reportNormal(builder.key, builder.mask, builder.match.options);
  return said;
}

/** Reads a flow that is to be compared with others. Throws Malformed. */
export function readFlowEntry(text: string, context: ActionText): FlowSaid {
  return readAs(text, 'add', context);
}

function readCommand(text: string, command: FlowCommand | 'any', context: ActionText): FlowSaid {
  if (command !== 'any') return readAs(text, command, context);
  let start = 0;
  while (isSpace(text, start)) start++;
  let end = start;
  while (end < text.length && !isSpace(text, end) && text[end] !== ',') end++;
  const word = text.slice(start, end);
  const found = commandsOfText.find((name) => name.startsWith(word));
  return found === undefined ? readAs(text, 'add', context) : readAs(text.slice(end), found, context);
}

function isSpace(text: string, at: number): boolean {
  const c = text[at];
  return c === ' ' || c === '\t' || c === '\r' || c === '\n';
}

/** In the order in which a shortened one is looked for. */
const commandsOfText: readonly FlowCommand[] = ['add', 'delete', 'delete_strict', 'modify', 'modify_strict'];

/** Reads which flows are asked for. Throws Malformed. */
export function readFlowFilter(
  text: string,
  context: ActionText,
): { readonly request: FlowRequest; readonly usable: ProtocolSet } {
  const { mod, usable } = readAs(text, 'filter', context);
  const { table, outPort, outGroup, cookie, cookieMask, match } = mod;
  const request = { table, outPort, outGroup, cookie, cookieMask, match };
  // A question tells its table in every protocol.
  const withoutTableId = (usable & protocolSets.tableId & protocolSets.openflow10) >>> 1;
  return { request, usable: usable | withoutTableId };
}

/** For one flow at a time: nothing here waits. */
const builder = new MatchBuilder();
const matchOfAll = new MatchBuilder().match;

function readAs(text: string, kind: FlowTextKind, context: ActionText): FlowSaid {
  const draft: FlowDraft = { kind, mod: emptyMod(kind), usable: protocolSets.any };
  const [rest, actions] = splitActions(text);
  if (maySay(kind, 'actions') && actions === undefined) throw wrong('must specify an action');
  builder.clear();
  for (const { name, value } of keyValues(maySay(kind, 'actions') ? rest : text))
    takeOne(draft, name, value, context);
  narrowToIpv6(draft);
  const { mod } = draft;
  mod.match = builder.match;
  // What changes flows adds them where there are none.
  const changes = kind === 'modify' || kind === 'modify_strict';
  if (changes && mod.cookieMask === 0n && (mod.newCookie ?? unchangedCookie) === unchangedCookie)
    mod.newCookie = 0n;
  if (actions !== undefined && maySay(kind, 'actions')) takeActions(draft, actions, context);
  return draft;
}

const unchangedCookie = 0xffffffffffffffffn;

function emptyMod(kind: FlowTextKind): FlowDraft['mod'] {
  // All properties at once, since adding some to a copy of others makes a slow object.
  return {
    command: kind === 'filter' ? 'add' : kind,
    table: allTables,
    match: matchOfAll,
    priority: plainFlowMod.priority,
    newCookie: kind === 'modify' || kind === 'modify_strict' ? undefined : 0n,
    cookie: plainFlowMod.cookie,
    cookieMask: plainFlowMod.cookieMask,
    idleTimeout: plainFlowMod.idleTimeout,
    hardTimeout: plainFlowMod.hardTimeout,
    importance: plainFlowMod.importance,
    bufferId: plainFlowMod.bufferId,
    outPort: plainFlowMod.outPort,
    outGroup: plainFlowMod.outGroup,
    flags: plainFlowMod.flags,
    actions: plainFlowMod.actions,
  };
}

/** What stands before "action", and behind the "=" after it. */
export function splitActions(text: string): [rest: string, actions: string | undefined] {
  const at = text.indexOf('action');
  if (at < 0) return [text, undefined];
  const equals = text.indexOf('=', at);
  return [text.slice(0, at), equals < 0 ? undefined : text.slice(equals + 1)];
}

function takeOne(draft: FlowDraft, name: string, value: string, context: ActionText): void {
  if (takeWord(draft, name)) return;
  const said = builder.take(name, value, context.ports);
  if (said === 'protocol') return;
  if (said !== undefined) draft.usable &= protocolsOfField(said.field, said.mask);
  else if (name.includes('[')) {
    const { field, mask } = takeSubfield(name, value, context);
    draft.usable &= protocolsOfField(field, mask);
  } else takeKey(draft, name, value, context);
}

/** "reg0[4..7]=5": bits of a field, besides those that were said before. */
function takeSubfield(name: string, text: string, { ports }: ActionText): FieldSaid {
  const { field: fieldName, low, width } = readSubfield(name);
  const field = fieldOf(fieldName);
  const { bytes } = field;
  const read = readIntegerAhead(text, bytes);
  if (read?.value === undefined || read.rest !== '')
    throw wrong(`${name}: cannot parse integer value: ${text}`);
  if (read.value >> BigInt(width) !== 0n) {
    const shown = formatFieldValue(field, bytesWith(read.value, 0, bytes), undefined, ports);
    throw wrong(`${name}: value ${shown} does not fit into ${width} bits`);
  }
  const added = bytesWith(onesOf(width), low, bytes);
  const bits = bytesWith(read.value, low, bytes);
  const before = builder.get(field);
  const value = before.value.map((byte, n) => (byte & ~(added[n] ?? 0)) | (bits[n] ?? 0));
  const mask = before.mask.map((byte, n) => byte | (added[n] ?? 0));
  if (field.mask !== 'exact' || mask.every((byte) => byte === 0xff)) builder.set(field, value, mask);
  return { field, mask };
}

/** What these match on in IPv4 only. */
const fixedParts = (['nw_proto', 'nw_tos', 'tp_src', 'tp_dst'] as const).map(slotReader);

/** The fixed matches of OpenFlow 1.0 and 1.1 know nothing of IPv6. */
function narrowToIpv6(draft: FlowDraft): void {
  const { key, mask } = builder;
  if (etherTypeOf(key) !== etherType.ipv6) return;
  if (fixedParts.some((bitsIn) => bitsIn(mask) !== 0)) draft.usable &= protocolSets.extensible;
}

function takeActions(draft: FlowDraft, text: string, context: ActionText): void {
  const { mod } = draft;
  const said = readActions(text, context);
  mod.actions = said.actions;
  draft.usable &= said.usable;
  const verdict = checkActions(mod.actions, mod.match, { table: mod.table });
  if (verdict === 'inconsistent') draft.usable &= protocolSets.openflow10;
  const error = verdict !== undefined && verdict !== 'inconsistent' ? verdict : undefined;
  if (error === undefined && draft.usable !== 0) return;
  throw wrong(`actions are invalid with specified match (${error ?? 'OFPBAC_MATCH_INCONSISTENT'})`);
}

/** What a text of actions says. */
interface ActionsSaid {
  readonly actions: readonly Action[];
  readonly usable: ProtocolSet;
}

/** Many flows do the same: the first texts of each context are read once. */
const knownActions = new WeakMap<ActionText, Map<string, ActionsSaid>>();
const mostKnown = 512;

function readActions(text: string, context: ActionText): ActionsSaid {
  let known = knownActions.get(context);
  if (known === undefined) {
    known = new Map();
    knownActions.set(context, known);
  }
  const said = known.get(text);
  if (said !== undefined) return said;
  const actions = readInstructionText(text, context);
  const read = { actions, usable: protocolsOfActions(actions, 'instructions') };
  if (known.size < mostKnown) {
    known.set(text, read);
    shareList(actions);
  }
  return read;
}
