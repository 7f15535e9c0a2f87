/** Flows that went: OpenFlow 1.0.2 section 5.4.2, 1.5.1 section 7.4.2; NXT_FLOW_REMOVED. */
import type { Match } from '../../flow/match.ts';
import { defineMessage, type MessageForm } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { readOxsStats, writeOxsStats } from '../flow-stats.ts';
import { counter, type Duration, duration, pad, struct, u8, u16, u64 } from '../layout.ts';
import { match10Size, readMatch10, writeMatch10 } from '../match/match-10.ts';
import {
  decodeMatch,
  formatPackedMatch,
  readNxMatch,
  writeMatch,
  writeNxMatch,
} from '../match/match-codec.ts';
import type { WireVersion } from '../versions.ts';
import { formatDuration } from './text.ts';
import { unknownDuration, wholeCount } from './unknown-values.ts';

const reasons = ['idle', 'hard', 'delete', 'group_delete', 'meter_delete', 'eviction'] as const;
/** Why a flow went; a number for reasons that nobody knows. */
export type FlowRemovedReason = (typeof reasons)[number] | number;

export interface FlowRemoved {
  readonly match: Match;
  readonly priority: number;
  readonly reason: FlowRemovedReason;
  /** undefined where it is not told. */
  readonly table: number | undefined;
  readonly cookie: bigint;
  readonly duration: Duration | undefined;
  /** Seconds; 0 for none. The hard one is told since OpenFlow 1.1. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly packets: bigint | undefined;
  readonly bytes: bigint | undefined;
}

export function readFlowRemovedReason(number: number): FlowRemovedReason {
  return reasons[number] ?? number;
}

/** Before OpenFlow 1.4 a flow that goes with its meter is deleted like others. */
export function flowRemovedReasonNumber(reason: FlowRemovedReason, version: WireVersion): number {
  if (typeof reason === 'number') return reason;
  return reasons.indexOf(reason === 'meter_delete' && version < 5 ? 'delete' : reason);
}

const untoldTable = 0xff;
const times = { duration, idleTimeout: u16 };
const counts = { packets: counter, bytes: counter };

const layout10 = struct({
  cookie: u64,
  priority: u16,
  reason: u8,
  pad1: pad(1),
  ...times,
  pad2: pad(2),
  ...counts,
});

const form10: MessageForm<FlowRemoved> = {
  wire: 'OFPT 1.0 11',
  size: [match10Size + layout10.size, 0],
  decode(body) {
    const { match } = readMatch10(body);
    const { reason, ...rest } = layout10.read(body);
    return { match, table: undefined, hardTimeout: 0, reason: readFlowRemovedReason(reason), ...rest };
  },
  encode(value, to, version) {
    writeMatch10(value.match, to);
    const { packets = 0n, bytes = 0n } = value;
    const reason = flowRemovedReasonNumber(value.reason, version);
    layout10.write(to, { ...value, packets, bytes, reason });
  },
};

const layout11 = struct({
  cookie: u64,
  priority: u16,
  reason: u8,
  table: u8,
  ...times,
  hardTimeout: u16,
  ...counts,
});

function readTable(table: number): number | undefined {
  return table === untoldTable ? undefined : table;
}

const form11: MessageForm<FlowRemoved> = {
  wire: 'OFPT 1.1-1.4 11',
  size: [layout11.size, 8],
  decode(body) {
    const { reason, table, ...rest } = layout11.read(body);
    return {
      match: decodeMatch(body),
      reason: readFlowRemovedReason(reason),
      table: readTable(table),
      ...rest,
    };
  },
  encode(value, to, version) {
    const { table = untoldTable } = value;
    layout11.write(to, { ...value, table, reason: flowRemovedReasonNumber(value.reason, version) });
    writeMatch(to, value.match, version);
  },
};

const layout15 = struct({
  table: u8,
  reason: u8,
  priority: u16,
  idleTimeout: u16,
  hardTimeout: u16,
  cookie: u64,
});

const form15: MessageForm<FlowRemoved> = {
  wire: 'OFPT 1.5+ 11',
  size: [layout15.size, 8],
  decode(body) {
    const { reason, table, ...rest } = layout15.read(body);
    const match = decodeMatch(body);
    const stats = readOxsStats(body);
    return {
      match,
      reason: readFlowRemovedReason(reason),
      table: readTable(table),
      ...rest,
      duration: stats.duration,
      packets: stats.packets,
      bytes: stats.bytes,
    };
  },
  encode(value, to, version) {
    const { table = untoldTable, packets, bytes } = value;
    layout15.write(to, { ...value, table, reason: flowRemovedReasonNumber(value.reason, version) });
    writeMatch(to, value.match, version);
    writeOxsStats(to, { duration: value.duration, packets, bytes });
  },
};

const layoutNx = struct({
  cookie: u64,
  priority: u16,
  reason: u8,
  table: u8,
  ...times,
  matchSize: u16,
  ...counts,
});
const matchSizeAt = 22;

const formNx: MessageForm<FlowRemoved> = {
  wire: 'NXT 1.0+ 14',
  size: [layoutNx.size, 8],
  decode(body) {
    const { reason, table, matchSize, ...rest } = layoutNx.read(body);
    const { match } = readNxMatch(body, matchSize, { isStrict: true });
    if (body.left > 0) throw new OpenFlowError('OFPBRC_BAD_LEN', `${body.left} bytes behind a match`);
    // Numbers are one higher on the wire.
    const known = table === 0 ? undefined : readTable(table - 1);
    return { match, reason: readFlowRemovedReason(reason), table: known, hardTimeout: 0, ...rest };
  },
  encode(value, to, version) {
    const { table = untoldTable } = value;
    const start = to.size;
    const reason = flowRemovedReasonNumber(value.reason, version);
    layoutNx.write(to, { ...value, table: (table + 1) & 0xff, reason, matchSize: 0 });
    to.setU16(start + matchSizeAt, writeNxMatch(to, value.match));
  },
};

export const flowRemoved = defineMessage(
  'FLOW_REMOVED',
  [form10, form11, form15, formNx],
  (value, { ports, tables, paint }) => {
    const { table, cookie, idleTimeout, hardTimeout } = value;
    return [
      ` ${formatPackedMatch(value.match, { ports, paint }, value.priority)} reason=${value.reason}`,
      table === undefined ? '' : ` table_id=${tables.format(table)}`,
      cookie === 0n ? '' : ` cookie:0x${cookie.toString(16)}`,
      ` duration${formatDuration(value.duration ?? unknownDuration)} idle${idleTimeout}`,
      hardTimeout === 0 ? '' : ` hard${hardTimeout}`,
      ` pkts${wholeCount(value.packets)} bytes${wholeCount(value.bytes)}\n`,
    ].join('');
  },
);
