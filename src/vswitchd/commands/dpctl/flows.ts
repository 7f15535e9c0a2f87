/** `dpctl/dump-flows`, and flows added, changed and deleted by hand. */
import { errnos, fromNodeError } from '../../../base/errno.ts';
import { Malformed, Refused, SyscallFailed, VswitchError } from '../../../base/errors.ts';
import { readTextSync } from '../../../base/files.ts';
import { logger } from '../../../base/log.ts';
import { trimSpaces } from '../../../base/text.ts';
import type { DpAction } from '../../../datapath/actions.ts';
import { refuseUnsupported } from '../../../datapath/features.ts';
import { threadsOf } from '../../../datapath/provider.ts';
import { formatDpActions, readDpActions } from '../../../datapath/text/actions.ts';
import { readKey, setBareType } from '../../../datapath/text/key.ts';
import { formatDpFlowStats, type ShownFlowStats } from '../../../datapath/text/stats.ts';
import { type Ufid, ufidAtStart, ufidLength, ufidOf, ufidPrefix } from '../../../datapath/ufid.ts';
import { getSlot, maskSlot } from '../../../flow/key.ts';
import { internMask } from '../../../flow/mask.ts';
import { packKey } from '../../../flow/match.ts';
import { mayMatch, readPacketMatch } from '../../../flow/match-text.ts';
import { datapathWordCount, slots } from '../../../flow/slots.ts';
import {
  type FlowRow,
  type FlowTextOptions,
  formatFlows,
  showFlows,
  statsOf,
} from '../../../ofproto/views/flows.ts';
import type { Json } from '../../../rpc/channel.ts';
import type { Switch } from '../../switch.ts';
import { asJson } from '../common.ts';
import { type AnyDatapath, isDatapath, numberOfPort, optionalDatapath } from './datapaths.ts';
import { flowStore, type GivenFlow } from './flow-store.ts';
import { type DpctlAnswer, type DpctlCommand, type DpctlFlags, failure } from './request.ts';

const log = logger('dpif_netdev');

export function flowCommands(aSwitch: Switch, now: () => number): DpctlCommand[] {
  const context = (answer: DpctlAnswer, flags: DpctlFlags): Context => ({ aSwitch, now, answer, flags });
  return [
    {
      name: 'dump-flows',
      usage: '[-m] [--names] [dp] [filter=..] [type=..] [pmd=..]',
      minArgs: 0,
      maxArgs: 6,
      run: (args, flags, answer) => dumpFlows(args, context(answer, flags)),
    },
    {
      name: 'get-flow',
      usage: '[dp] ufid',
      minArgs: 1,
      maxArgs: 2,
      run: (args, flags, answer) => getFlow(args, context(answer, flags)),
    },
    {
      name: 'add-flow',
      usage: '[dp] flow actions',
      minArgs: 2,
      maxArgs: 3,
      run: (args, flags, answer) => putFlow(args, 'add', context(answer, flags)),
    },
    {
      name: 'mod-flow',
      usage: '[dp] flow actions',
      minArgs: 2,
      maxArgs: 3,
      run: (args, flags, answer) =>
        putFlow(args, flags.mayCreate ? 'addOrModify' : 'modify', context(answer, flags)),
    },
    {
      name: 'del-flow',
      usage: '[dp] flow',
      minArgs: 1,
      maxArgs: 2,
      run(args, flags, answer) {
        deleteFlow(optionalDatapath(aSwitch, args, 2), args.at(-1) ?? '', context(answer, flags));
      },
    },
    {
      name: 'add-flows',
      usage: '[dp] file',
      minArgs: 1,
      maxArgs: 2,
      run: (args, flags, answer) => processFile(args, 'add', context(answer, flags)),
    },
    {
      name: 'mod-flows',
      usage: '[dp] file',
      minArgs: 1,
      maxArgs: 2,
      run: (args, flags, answer) => processFile(args, 'modify', context(answer, flags)),
    },
    {
      name: 'del-flows',
      usage: '[dp] [file]',
      minArgs: 0,
      maxArgs: 2,
      run(args, flags, answer) {
        const isFile = args.length > 1 || (args.length === 1 && !isDatapath(aSwitch, args[0]));
        if (isFile) processFile(args, 'delete', context(answer, flags));
        else flowStore(optionalDatapath(aSwitch, args, 2), now).flush();
      },
    },
    {
      name: 'parse-actions',
      usage: 'actions',
      minArgs: 1,
      maxArgs: Number.POSITIVE_INFINITY,
      run(args, _flags, answer) {
        const lists: string[] = [];
        answer.json = lists;
        for (const text of args) {
          const list = formatDpActions(actionsOf(text, undefined, 'odp_actions_from_string'));
          answer.print(`${list}\n`);
          lists.push(list);
        }
      },
    },
  ];
}

interface Context {
  readonly aSwitch: Switch;
  readonly now: () => number;
  readonly answer: DpctlAnswer;
  readonly flags: DpctlFlags;
}

type PutKind = 'add' | 'modify' | 'addOrModify';

function dumpFlows(args: readonly string[], { aSwitch, now, answer, flags }: Context): void {
  const { rest, filter, types, pmd } = splitFilters(args);
  const any = optionalDatapath(aSwitch, rest, 1);
  const isOurs = types === undefined || areOurs(types);
  const options = textOptions(flags);
  const json: Json[] = [];
  answer.json = json;
  for (const thread of threadsOf(any.datapath)) {
    const core = thread.polling?.core ?? mainThread;
    if ((pmd ?? core) !== core) continue;
    const rows = filtered(flowStore(any, now).rows(thread), filter, any);
    const flows = showFlows(any.datapath, isOurs ? rows : [], options);
    if (flows.length > 0 && pmd === undefined) {
      const name = core === mainThread ? 'the main thread:' : `pmd on cpu core: ${core}`;
      answer.print(`flow-dump from ${name}\n`);
    }
    answer.print(formatFlows(flows, options));
    json.push(...flows.map((flow) => asJson(core === mainThread ? flow : { ...flow, core })));
  }
}

/** What `pmd=` calls the thread that is no polling one. */
const mainThread = -1;

/** From the last argument backwards, for as long as they are filters; the first of a kind counts. */
function splitFilters(args: readonly string[]): {
  rest: readonly string[];
  filter: string | undefined;
  types: readonly string[] | undefined;
  pmd: number | undefined;
} {
  const rest = [...args];
  let filter: string | undefined;
  let types: string | undefined;
  let pmd: number | undefined;
  for (let last = rest.at(-1); last !== undefined; last = rest.at(-1)) {
    if (last.startsWith('filter=') && filter === undefined) filter = last.slice(7);
    else if (last.startsWith('type=') && types === undefined) types = last.slice(5);
    else if (last.startsWith('pmd=')) pmd = Number.parseInt(last.slice(4), 10);
    else break;
    rest.pop();
  }
  return { rest, filter, types: types?.split(',').filter((type) => type !== ''), pmd };
}

/** Where a flow can be. All of ours are in the datapath itself, none in hardware. */
const ourTypes: ReadonlySet<string> = new Set(['ovs', 'non-offloaded', 'all']);
const otherTypes: ReadonlySet<string> = new Set(['tc', 'dpdk', 'offloaded', 'partially-offloaded']);

/** Is any of them a type that ours are of? */
function areOurs(types: readonly string[]): boolean {
  const unknown = types.find((type) => !ourTypes.has(type) && !otherTypes.has(type));
  if (unknown !== undefined) throw failure(`Failed to parse type (${unknown})`, errnos.EINVAL);
  return types.some((type) => ourTypes.has(type));
}

function filtered(
  rows: readonly FlowRow[],
  filter: string | undefined,
  any: AnyDatapath,
): readonly FlowRow[] {
  if (filter === undefined) return rows;
  try {
    const match = readPacketMatch(filter, {
      read: (name) => (/^\d+$/.test(name) ? Number(name) : numberOfPort(any, name)),
      format: String,
    });
    return rows.filter((row) => mayMatch(match, row.key, row.mask));
  } catch (why) {
    throw why instanceof Malformed ? failure(`Failed to parse filter (${why.why})`) : why;
  }
}

function getFlow(args: readonly string[], { aSwitch, now, answer, flags }: Context): void {
  const any = optionalDatapath(aSwitch, args, 2);
  const text = args.at(-1) ?? '';
  const ufid = text.startsWith(ufidPrefix) ? ufidAtStart(text.slice(ufidPrefix.length)) : undefined;
  if (ufid === undefined) {
    answer.warn(failure(unreadableUfid, text.startsWith(ufidPrefix) ? errnos.EINVAL : undefined));
    return;
  }
  const row = flowStore(any, now).find(ufid)?.row();
  if (row === undefined) throw failure('getting flow', errnos.ENOENT);
  const options = textOptions(flags);
  const flows = showFlows(any.datapath, [row], options);
  answer.print(formatFlows(flows, options));
  answer.json = flows.map(asJson);
}

function putFlow(args: readonly string[], kind: PutKind, context: Context): void {
  const any = optionalDatapath(context.aSwitch, args, 3);
  const [flow = '', actions = ''] = args.slice(-2);
  putOneFlow(any, { flow, actions }, kind, context);
}

function putOneFlow(
  any: AnyDatapath,
  text: { readonly flow: string; readonly actions: string },
  kind: PutKind,
  { now, answer, flags }: Context,
): void {
  const flow = flowOf(any, text.flow, 'parsing flow key');
  const actions = actionsOf(text.actions, any, 'parsing actions');
  const store = flowStore(any, now);
  const known = store.findFor(flow.key);
  const failed = 'updating flow table';
  if (kind === 'add' && known !== undefined) throw failure(failed, errnos.EEXIST);
  if (kind === 'modify' && known === undefined) throw failure(failed, errnos.ENOENT);
  if (flow.mask.bitsOf(slots.in_port.word) !== -1) {
    log.err('flow: in_port is not an exact match');
    throw failure(failed, errnos.EINVAL);
  }
  if (getSlot(flow.mask.unpack(), 'eth_type') === 0) {
    log.warn('mask expected for non-Ethernet II frame');
    throw failure(failed, errnos.EINVAL);
  }
  refuseActions(any, actions, failed);
  const before = known?.row();
  known?.setActions(actions, flags);
  if (known === undefined && !store.add({ ...flow, actions })) throw failure(failed, errnos.EINVAL);
  if (flags.hasStatistics) printStatistics(before ?? neverUsed, answer);
}

/** What the datapath cannot do is said in the log, as the caller gets an error of the kernel only. */
function refuseActions({ datapath }: AnyDatapath, actions: readonly DpAction[], failed: string): void {
  try {
    refuseUnsupported(datapath, actions);
  } catch (why) {
    if (!(why instanceof Refused)) throw why;
    log.err(why.message);
    throw failure(failed, errnos.EINVAL);
  }
}

function deleteFlow(any: AnyDatapath, text: string, { now, answer, flags }: Context): void {
  const flow = flowOf(any, text, undefined);
  const known = flowStore(any, now).find(flow.ufid);
  if (known === undefined)
    throw failure(`${failure('deleting flow', errnos.ENOENT).message}\nPerhaps you need to specify a UFID?`);
  const before = known.row() ?? neverUsed;
  known.remove();
  if (flags.hasStatistics) printStatistics(before, answer);
}

const neverUsed = { packets: 0, bytes: 0, idle: undefined, tcpFlags: 0 };

function printStatistics(row: ShownFlowStats, answer: DpctlAnswer): void {
  answer.print(`${formatDpFlowStats(row)}\n`);
  const before = Array.isArray(answer.json) ? answer.json : [];
  answer.json = [...before, asJson(statsOf(row))];
}

/** Each line is "[add|modify|delete] FLOW [ACTIONS]"; what is wrong is told, and the other lines done. */
function processFile(args: readonly string[], usual: LineKind, context: Context): void {
  const { aSwitch, answer } = context;
  const any = optionalDatapath(aSwitch, args, 3);
  for (const [at, line] of readLines(args.at(-1) ?? '', answer).entries()) {
    const bare = trimSpaces(line.replace(/#.*/s, ''));
    try {
      if (bare !== '') processLine(any, bare, at + 1, usual, context);
    } catch (why) {
      if (!(why instanceof VswitchError)) throw why;
      answer.warn(why);
    }
  }
}

/** None, after saying so, when the file cannot be read. */
function readLines(file: string, answer: DpctlAnswer): string[] {
  try {
    return readTextSync(file).split('\n');
  } catch (why) {
    const error = fromNodeError(why, file);
    if (!(error instanceof SyscallFailed)) throw error;
    answer.warn(failure(`Opening file "${file}" failed`, error));
    return [];
  }
}

type LineKind = 'add' | 'modify' | 'delete';

function processLine(any: AnyDatapath, line: string, at: number, usual: LineKind, context: Context): void {
  const [, word, rest = ''] = /^(add|modify|delete)[ \t-\r,]+(.*)$/s.exec(line) ?? [undefined, usual, line];
  const [, flow = '', actions = ''] = /^([^ \t-\r]*)[ \t-\r]*(.*)$/s.exec(rest) ?? [];
  const isDelete = word === 'delete';
  if (flow === '' || isDelete !== (actions === ''))
    throw failure(`Failed parsing line number ${at}, skipped!`);
  if (isDelete) deleteFlow(any, flow, context);
  else putOneFlow(any, { flow, actions }, word === 'add' ? 'add' : 'modify', context);
}

/** "ufid:..,KEY"; `what` stands before the reason of a failure. */
function flowOf(any: AnyDatapath, text: string, what: string | undefined): Omit<GivenFlow, 'actions'> {
  const { ufid, rest } = splitUfid(text);
  try {
    const read = readKey(rest, (name) => numberOfPort(any, name));
    setBareType(rest, read);
    maskSlot(read.mask, 'recirc_id');
    const key = packKey(read.key.subarray(0, datapathWordCount));
    const mask = internMask(read.mask.subarray(0, datapathWordCount));
    return { key, mask, ufid: ufid ?? ufidOf(key) };
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    const reason = `syntax error at ${rest.slice(why.at)}`;
    throw failure(what === undefined ? reason : `${what} (${reason})`, errnos.EINVAL);
  }
}

const unreadableUfid = 'parsing flow ufid';

/** Throws Refused on a prefix without a ufid behind it. */
function splitUfid(text: string): { ufid: Ufid | undefined; rest: string } {
  if (!text.startsWith(ufidPrefix)) return { ufid: undefined, rest: text };
  const behind = text.slice(ufidPrefix.length);
  const ufid = ufidAtStart(behind);
  if (ufid === undefined) throw failure(unreadableUfid, errnos.EINVAL);
  return { ufid, rest: behind.slice(ufidLength).replace(/^[, \t\r\n]+/, '') };
}

function actionsOf(text: string, any: AnyDatapath | undefined, what: string): DpAction[] {
  try {
    return readDpActions(text, (name) => (any === undefined ? undefined : numberOfPort(any, name)));
  } catch (why) {
    throw why instanceof Malformed ? failure(what, errnos.EINVAL) : why;
  }
}

function textOptions({ isVerbose, isNamed }: DpctlFlags): FlowTextOptions {
  return { isVerbose, isNamed, style: 'dpctl' };
}
