/** What the text of a flow says besides its match and its actions: ovs-ofctl(8) "Flow Syntax". */
import { readPortArgument, readTable, readU64, readUnsigned, wrong } from '../actions/arguments.ts';
import type { ActionText } from '../actions/declare.ts';
import { flowFlags } from '../messages/flow-flags.ts';
import { anyGroup, type FlowCommand, type FlowMod } from '../messages/flow-mod.ts';
import { allTables } from '../messages/tables.ts';
import { type ProtocolSet, protocolSets } from '../protocols/protocols.ts';

/** A change of flows, or a filter of them. */
export type FlowTextKind = FlowCommand | 'filter';

/** A flow while it is read. */
export interface FlowDraft {
  readonly kind: FlowTextKind;
  readonly mod: { -readonly [K in keyof FlowMod]: FlowMod[K] };
  /** Narrowed by what is said. */
  usable: ProtocolSet;
}

/** What a kind of text may say. */
type Part = 'actions' | 'timeouts' | 'priority' | 'flags' | 'importance' | 'outputs';

const parts: Readonly<Record<FlowTextKind, readonly Part[]>> = {
  filter: ['outputs'],
  add: ['actions', 'timeouts', 'priority', 'flags', 'importance'],
  modify: ['actions', 'timeouts', 'priority', 'flags'],
  modify_strict: ['actions', 'timeouts', 'priority', 'flags'],
  delete: ['outputs'],
  delete_strict: ['outputs', 'priority'],
};

export function maySay(kind: FlowTextKind, part: Part): boolean {
  return parts[kind].includes(part);
}

const flags: ReadonlyMap<string, readonly [bit: number, usable: ProtocolSet]> = new Map([
  ['send_flow_rem', [flowFlags.sendFlowRemoved, protocolSets.any]],
  ['check_overlap', [flowFlags.checkOverlap, protocolSets.any]],
  ['reset_counts', [flowFlags.resetCounts, protocolSets.since12]],
  ['no_packet_counts', [flowFlags.noPacketCounts, protocolSets.since13]],
  ['no_byte_counts', [flowFlags.noByteCounts, protocolSets.since13]],
]);

/** Words that mean nothing any more. */
const ignoredWords: readonly string[] = ['no_readonly_table', 'allow_hidden_fields'];

/** Takes a word that has no value; false where there is no such word. */
export function takeWord(draft: FlowDraft, word: string): boolean {
  const flag = flags.get(word);
  if (flag === undefined || !maySay(draft.kind, 'flags')) return ignoredWords.includes(word);
  draft.mod.flags |= flag[0];
  draft.usable &= flag[1];
  return true;
}

interface Key {
  /** What may say it; everything where it is absent. */
  readonly part?: Part;
  /** Throws Malformed. */
  readonly take: (draft: FlowDraft, text: string, context: ActionText) => void;
}

function number16(
  name: 'priority' | 'idle_timeout' | 'hard_timeout' | 'importance',
  part: Part,
): [string, Key] {
  const properties = {
    priority: 'priority',
    idle_timeout: 'idleTimeout',
    hard_timeout: 'hardTimeout',
    importance: 'importance',
  } as const;
  const take = ({ mod }: FlowDraft, text: string): void => {
    mod[properties[name]] = readUnsigned(text, 16, name);
  };
  return [name, { part, take }];
}

/** What dump-flows prints of a flow, and no change says. */
const counters = ['duration', 'n_packets', 'n_bytes', 'idle_age', 'hard_age'];

const keys: ReadonlyMap<string, Key> = new Map([
  ['table', { take: takeTable }],
  ['out_port', { part: 'outputs', take: takeOutPort }],
  ['out_group', { part: 'outputs', take: takeOutGroup }],
  number16('priority', 'priority'),
  number16('idle_timeout', 'timeouts'),
  number16('hard_timeout', 'timeouts'),
  number16('importance', 'importance'),
  ['cookie', { take: takeCookie }],
  ...counters.map((name): [string, Key] => [name, { take() {} }]),
]);

/** Takes any other key with its value. Throws Malformed. */
export function takeKey(draft: FlowDraft, name: string, text: string, context: ActionText): void {
  if (text === '') throw wrong(`field ${name} missing value`);
  const key = keys.get(name);
  if (key === undefined || (key.part !== undefined && !maySay(draft.kind, key.part)))
    throw wrong(`unknown keyword ${name}`);
  key.take(draft, text, context);
}

function takeTable(draft: FlowDraft, text: string, context: ActionText): void {
  const table = readTable(text, context);
  if (table === undefined) throw wrong(`unknown table "${text}"`);
  draft.mod.table = table;
  if (table !== allTables) draft.usable &= protocolSets.tableId;
}

function takeOutPort({ mod }: FlowDraft, text: string, context: ActionText): void {
  const port = readPortArgument(text, context);
  if (port === undefined) throw wrong(`${text} is not a valid OpenFlow port`);
  mod.outPort = port;
}

const allGroups = 0xfffffffc;

function takeOutGroup(draft: FlowDraft, text: string): void {
  draft.usable &= protocolSets.since11;
  draft.mod.outGroup = readGroup(text);
}

function readGroup(text: string): number {
  const word = text.toLowerCase();
  if (word === 'any') return anyGroup;
  if (word === 'all') return allGroups;
  if (!/^\d+$/.test(text) || Number(text) > 0xffffffff) throw wrong(`${text} is not a valid OpenFlow group`);
  return Number(text);
}

/** With a mask it says which flows are meant, without one what they get. */
function takeCookie(draft: FlowDraft, text: string): void {
  const { kind, mod } = draft;
  const slash = text.indexOf('/');
  if (slash < 0) {
    if (!maySay(kind, 'actions'))
      throw wrong(`cannot set cookie (to match on a cookie, specify a mask, e.g. cookie=${text}/-1)`);
    mod.newCookie = readU64(text);
    return;
  }
  if (kind === 'add') throw wrong('flow additions cannot use a cookie mask');
  mod.cookie = readU64(text.slice(0, slash));
  mod.cookieMask = readU64(text.slice(slash + 1));
  if (mod.cookieMask !== 0n) draft.usable &= protocolSets.nxmOrLater;
}
