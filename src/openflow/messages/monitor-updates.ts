/** Being told of changes of flows: OpenFlow 1.4.1 section 7.3.5.17, and Nicira's and the ONF's extensions before. */
import { hexOrZero } from '../../base/numbers.ts';
import type { Match } from '../../flow/match.ts';
import { decodeActions, formatActions, writeActions } from '../action-codec.ts';
import type { Action } from '../actions/index.ts';
import { type Reader, recordSize, type Writer } from '../bytes.ts';
import { bareMessage, defineMessage, listForm, type MessageText } from '../declare.ts';
import { OpenFlowError, refusalsOf } from '../errors.ts';
import { readInstructions, writeInstructions } from '../instruction-codec.ts';
import {
  decodeMatch,
  formatPackedMatch,
  readNxMatch,
  writeMatch,
  writeNxMatch,
  writeOxm,
} from '../match/match-codec.ts';
import type { WireVersion } from '../versions.ts';
import { type FlowRemovedReason, flowRemovedReasonNumber, readFlowRemovedReason } from './flow-removed.ts';
import type { Whose } from './monitor-request.ts';

const refused = refusalsOf('ofp_monitor');

/** A flow that was there, came, went or changed. */
export interface FlowChange {
  readonly event: 'initial' | 'added' | 'deleted' | 'modified';
  /** Of a flow that went. */
  readonly reason: FlowRemovedReason;
  readonly table: number;
  readonly priority: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly cookie: bigint;
  readonly match: Match;
  readonly actions: readonly Action[];
}

export type FlowUpdate =
  | FlowChange
  /** The controller's own change, by its transaction. */
  | { readonly event: 'abbreviated'; readonly xid: number }
  | { readonly event: 'paused' }
  | { readonly event: 'resumed' };

const events = ['initial', 'added', 'deleted', 'modified', 'abbreviated', 'paused', 'resumed'] as const;
const eventTexts = { initial: 'INITIAL', added: 'ADDED', deleted: 'DELETED', modified: 'MODIFIED' } as const;
/** Before OpenFlow 1.4 flows that were there are added ones, and there are no pauses. */
const oldEvents = ['added', 'deleted', 'modified', 'abbreviated'] as const;

function badEvent(number: number): OpenFlowError {
  return refused('NXBRC_FM_BAD_EVENT', `NXST_FLOW_MONITOR reply has bad event ${number}`);
}

/** Size and event of an update of which `from` is at the start. */
function readHead(from: Reader, version: WireVersion): { size: number; number: number } {
  needSize(from, version, from.left >= 4);
  const size = recordSize(from, 0, 0, () => leftOver(from, version));
  return { size, number: from.peekU16(2) };
}

function leftOver({ left }: Reader, version: WireVersion): OpenFlowError {
  const whose: Whose = version < 4 ? 'NXST' : version === 4 ? 'ONFST' : 'OFPST';
  return refused('OFPBRC_BAD_LEN', `${whose}_FLOW_MONITOR reply has ${left} leftover bytes at end`);
}

function needSize(from: Reader, version: WireVersion, isRight: boolean): void {
  if (!isRight) throw leftOver(from, version);
}

/** What is left of an update. */
function readActionsOf(from: Reader, start: number, size: number, version: WireVersion): readonly Action[] {
  const left = start + size - from.at;
  if (left < 0 || left > from.left || left % 8 !== 0)
    throw new OpenFlowError(version < 4 ? 'OFPBRC_BAD_LEN' : 'OFPBIC_BAD_LEN', `${left} bytes of actions`);
  return version < 4 ? decodeActions(from.part(left), version) : readInstructions(from.part(left), version);
}

const fullSize = 24;

function readUpdate(from: Reader, version: WireVersion): FlowUpdate {
  const start = from.at;
  const { size, number } = readHead(from, version);
  const event = version < 5 ? oldEvents[number] : events[number];
  if (event === undefined) throw badEvent(number);
  needSize(from, version, size % 8 === 0);
  if (event === 'abbreviated') {
    needSize(from, version, size === 8);
    from.skip(4);
    return { event, xid: from.u32() };
  }
  if (event === 'paused' || event === 'resumed') {
    needSize(from, version, size === 8);
    from.skip(8);
    return { event };
  }
  needSize(from, version, size >= fullSize);
  from.skip(4);
  return version < 5
    ? readOldChange(from, start, size, event, version)
    : readChange(from, start, size, event, version);
}

function readOldChange(
  from: Reader,
  start: number,
  size: number,
  event: FlowChange['event'],
  version: WireVersion,
): FlowChange {
  const reason = readFlowRemovedReason(from.u16());
  const [priority, idleTimeout, hardTimeout, matchSize] = [from.u16(), from.u16(), from.u16(), from.u16()];
  const table = from.u8();
  from.skip(1);
  const cookie = from.u64();
  needSize(from, version, fullSize + matchSize <= size);
  const match = version === 4 ? decodeMatch(from) : readNxMatch(from, matchSize, { isStrict: true }).match;
  const actions = readActionsOf(from, start, size, version);
  return { event, reason, table, priority, idleTimeout, hardTimeout, cookie, match, actions };
}

function readChange(
  from: Reader,
  start: number,
  size: number,
  event: FlowChange['event'],
  version: WireVersion,
): FlowChange {
  const table = from.u8();
  const reason = readFlowRemovedReason(from.u8());
  const [idleTimeout, hardTimeout, priority] = [from.u16(), from.u16(), from.u16()];
  from.skip(4);
  const cookie = from.u64();
  const match = decodeMatch(from);
  const actions = readActionsOf(from, start, size, version);
  return { event, reason, table, priority, idleTimeout, hardTimeout, cookie, match, actions };
}

function writeUpdate(update: FlowUpdate, to: Writer, version: WireVersion): void {
  const start = to.size;
  to.u16(0);
  to.u16(eventNumber(update.event, version));
  if (update.event === 'abbreviated') to.u32(update.xid);
  else if (update.event === 'paused' || update.event === 'resumed') to.u32(0);
  else if (version < 5) writeOldChange(update, to, version);
  else writeChange(update, to, version);
  to.setU16(start, to.size - start);
}

function eventNumber(event: FlowUpdate['event'], version: WireVersion): number {
  if (version > 4) return events.indexOf(event);
  const number = (oldEvents as readonly string[]).indexOf(event === 'initial' ? 'added' : event);
  if (number < 0) throw badEvent(number);
  return number;
}

function writeOldChange(change: FlowChange, to: Writer, version: WireVersion): void {
  to.u16(flowRemovedReasonNumber(change.reason, version));
  to.u16(change.priority);
  to.u16(change.idleTimeout);
  to.u16(change.hardTimeout);
  const sizeAt = to.size;
  to.u16(0);
  to.u8(change.table);
  to.u8(0);
  to.u64(change.cookie);
  const size = version === 4 ? writeOxm(to, change.match, version) : writeNxMatch(to, change.match);
  to.setU16(sizeAt, size);
  if (version < 4) writeActions(to, change.actions, version, change.match);
  else writeInstructions(to, change.actions, version, change.match);
}

function writeChange(change: FlowChange, to: Writer, version: WireVersion): void {
  to.u8(change.table);
  to.u8(flowRemovedReasonNumber(change.reason, version));
  to.u16(change.idleTimeout);
  to.u16(change.hardTimeout);
  to.u16(change.priority);
  to.u32(0);
  to.u64(change.cookie);
  writeMatch(to, change.match, version);
  writeInstructions(to, change.actions, version, change.match);
}

export const flowMonitorReply = defineMessage(
  'FLOW_MONITOR_REPLY',
  [
    listForm('NXST 1.0-1.2 2 reply', [0, 8], readUpdate, writeUpdate),
    listForm('ONFST 1.3 1870 reply', [0, 8], readUpdate, writeUpdate),
    listForm('OFPST 1.4+ 16 reply', [0, 8], readUpdate, writeUpdate),
  ],
  (all, context) => all.map((update) => `\n event=${formatUpdate(update, context)}`).join(''),
);

function formatUpdate(update: FlowUpdate, { ports, tables, paint }: MessageText): string {
  if (update.event === 'abbreviated') return `ABBREV xid=0x${update.xid.toString(16)}`;
  if (update.event === 'paused') return 'PAUSED';
  if (update.event === 'resumed') return 'RESUMED';
  const { event, reason, table, idleTimeout, hardTimeout, cookie, actions } = update;
  const match = formatPackedMatch(update.match, { ports, paint });
  return [
    `${eventTexts[event]}${event === 'deleted' ? ` reason=${reason}` : ''} table=${tables.format(table)}`,
    idleTimeout === 0 ? '' : ` idle_timeout=${idleTimeout}`,
    hardTimeout === 0 ? '' : ` hard_timeout=${hardTimeout}`,
    ` cookie=${hexOrZero(cookie)} ${match}`,
    actions.length === 0
      ? ''
      : `${match === '' ? '' : ' '}actions=${formatActions(actions, { ports, tables, paint })}`,
  ].join('');
}

export const flowMonitorPaused = bareMessage('FLOW_MONITOR_PAUSED', 'NXT 1.0-1.2 22', 'ONFT 1.3 1871');
export const flowMonitorResumed = bareMessage('FLOW_MONITOR_RESUMED', 'NXT 1.0-1.2 23', 'ONFT 1.3 1872');
