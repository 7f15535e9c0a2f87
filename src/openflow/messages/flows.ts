/** Flows and their counters: OpenFlow 1.0.2 section 5.3.5.2, 1.5.1 section 7.3.5.2; NXST. */
import type { Match } from '../../flow/match.ts';
import { checkSizeOf, formatActions } from '../action-codec.ts';
import type { Action } from '../actions/index.ts';
import type { Reader, Writer } from '../bytes.ts';
import { defineMessage, listForm, type MessageForm, type MessageText, type WirePlace } from '../declare.ts';
import { OpenFlowError, refusalsOf, warningsOf } from '../errors.ts';
import { readOxsStats, writeOxsStats } from '../flow-stats.ts';
import { readInstructions, writeInstructions } from '../instruction-codec.ts';
import { counter, type Duration, duration as durationPart } from '../layout.ts';
import { match10Size, readMatch10, writeMatch10 } from '../match/match-10.ts';
import { decodeMatch, formatPackedMatch, readNxMatch, writeNxMatch, writeOxm } from '../match/match-codec.ts';
import type { WireVersion } from '../versions.ts';
import { flowFlagBits, formatFlowFlags, readFlowFlags } from './flow-flags.ts';
import { formatBig, formatCounter, formatDuration } from './text.ts';
import { unknownDuration } from './unknown-values.ts';

export interface FlowStats {
  readonly table: number;
  readonly match: Match;
  readonly priority: number;
  readonly cookie: bigint;
  readonly duration: Duration | undefined;
  /** Seconds; 0 for none. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly importance: number;
  /** Bits of `flowFlags`; OpenFlow 1.3 and later. */
  readonly flags: number;
  /** Seconds since a packet matched, and since the flow was changed; undefined where it is not told. */
  readonly idleAge: number | undefined;
  readonly hardAge: number | undefined;
  readonly packets: bigint | undefined;
  readonly bytes: bigint | undefined;
  readonly actions: readonly Action[];
}

const warn = warningsOf('ofp_flow');
const refused = refusalsOf('ofp_flow');

/** Checks the size that a record at `start` gives itself; `least` bytes of it are there. */
function readSize(from: Reader, least: number): number {
  needLeft(from, least, 'OFPST');
  const size = from.u16();
  if (size < least) throw refused('OFPBRC_BAD_LEN', `OFPST_FLOW reply claims invalid length ${size}`);
  return size;
}

function needLeft(from: Reader, least: number, form: 'OFPST' | 'NXST'): void {
  if (from.left < least)
    throw refused('OFPBRC_BAD_LEN', `${form}_FLOW reply has ${from.left} leftover bytes at end`);
}

/** What is left of a record of `size` bytes from `start`. */
function readActionsOf(from: Reader, start: number, size: number, version: WireVersion): readonly Action[] {
  const left = start + size - from.at;
  try {
    if (version === 1) checkSizeOf('actions', left, from.left, 'OFPBRC_BAD_LEN');
    else checkSizeOf('instructions', left, from.left, 'OFPBIC_BAD_LEN');
    return readInstructions(from.part(left), version);
  } catch (why) {
    if (why instanceof OpenFlowError) warn('OFPST_FLOW reply bad instructions');
    throw why;
  }
}

/** Writes the head of most forms, without its size yet; returns where that is. */
function startRecord(to: Writer, table: number): number {
  const start = to.size;
  to.u16(0);
  to.u8(table);
  to.u8(0);
  return start;
}

function writeTerms(to: Writer, { priority, idleTimeout, hardTimeout }: FlowStats): void {
  to.u16(priority);
  to.u16(idleTimeout);
  to.u16(hardTimeout);
}

function endRecord(to: Writer, start: number, { actions, match }: FlowStats, version: WireVersion): void {
  writeInstructions(to, actions, version, match);
  to.setU16(start, to.size - start);
}

const stats10Size = match10Size + 48;

const reply10 = listForm<FlowStats>(
  'OFPST 1.0 1 reply',
  [0, 1],
  (from, version) => {
    const start = from.at;
    const size = readSize(from, stats10Size);
    const table = from.u8();
    from.skip(1);
    const { match } = readMatch10(from);
    const duration = durationPart.read(from);
    const [priority, idleTimeout, hardTimeout] = [from.u16(), from.u16(), from.u16()];
    from.skip(6);
    const cookie = from.u64();
    const [packets, bytes] = [counter.read(from), counter.read(from)];
    const actions = readActionsOf(from, start, size, version);
    return {
      table,
      match,
      priority,
      cookie,
      duration,
      idleTimeout,
      hardTimeout,
      importance: 0,
      flags: 0,
      idleAge: undefined,
      hardAge: undefined,
      packets,
      bytes,
      actions,
    };
  },
  (stats, to, version) => {
    const start = startRecord(to, stats.table);
    writeMatch10(stats.match, to);
    durationPart.write(to, stats.duration);
    writeTerms(to, stats);
    to.room(6);
    to.u64(stats.cookie);
    // OpenFlow 1.0 has no way to say that a count is not known.
    to.u64(stats.packets ?? 0n);
    to.u64(stats.bytes ?? 0n);
    endRecord(to, start, stats, version);
  },
);

const stats11Size = 48;

function reply11(wire: WirePlace, hasFlags: boolean): MessageForm<readonly FlowStats[]> {
  return listForm<FlowStats>(
    wire,
    [0, 1],
    (from, version) => {
      const start = from.at;
      const size = readSize(from, stats11Size);
      const table = from.u8();
      from.skip(1);
      const duration = durationPart.read(from);
      const [priority, idleTimeout, hardTimeout] = [from.u16(), from.u16(), from.u16()];
      const [bits, importance] = [from.u16(), from.u16()];
      from.skip(2);
      const cookie = from.u64();
      const [packets, bytes] = [counter.read(from), counter.read(from)];
      const match = decodeMatch(from);
      const flags = hasFlags ? readFlowFlags(bits, version) : 0;
      const actions = readActionsOf(from, start, size, version);
      return {
        table,
        match,
        priority,
        cookie,
        duration,
        idleTimeout,
        hardTimeout,
        importance: version > 4 ? importance : 0,
        flags,
        idleAge: undefined,
        hardAge: undefined,
        packets,
        bytes,
        actions,
      };
    },
    (stats, to, version) => {
      const start = startRecord(to, stats.table);
      durationPart.write(to, stats.duration);
      writeTerms(to, stats);
      to.u16(hasFlags ? flowFlagBits(stats.flags, version) : 0);
      to.u16(version > 4 ? stats.importance : 0);
      to.u16(0);
      to.u64(stats.cookie);
      to.u64(stats.packets ?? 0n);
      to.u64(stats.bytes ?? 0n);
      // The reference answers so in OpenFlow 1.1 too.
      writeOxm(to, stats.match, version);
      endRecord(to, start, stats, version);
    },
  );
}

const desc15Size = 24;

const reply15 = listForm<FlowStats>(
  'OFPST 1.5+ 1 reply',
  [0, 1],
  (from, version) => {
    const start = from.at;
    const size = readSize(from, desc15Size);
    from.skip(2);
    const table = from.u8();
    from.skip(1);
    const [priority, idleTimeout, hardTimeout] = [from.u16(), from.u16(), from.u16()];
    const [bits, importance] = [from.u16(), from.u16()];
    const cookie = from.u64();
    const match = decodeMatch(from);
    const flags = readFlowFlags(bits, version);
    const { duration, idleAge, packets, bytes } = readOxsStats(from);
    const actions = readActionsOf(from, start, size, version);
    return {
      table,
      match,
      priority,
      cookie,
      duration,
      idleTimeout,
      hardTimeout,
      importance,
      flags,
      idleAge,
      hardAge: undefined,
      packets,
      bytes,
      actions,
    };
  },
  (stats, to, version) => {
    const start = to.size;
    to.u32(0);
    to.u8(stats.table);
    to.u8(0);
    writeTerms(to, stats);
    to.u16(flowFlagBits(stats.flags, version));
    to.u16(stats.importance);
    to.u64(stats.cookie);
    writeOxm(to, stats.match, version);
    const { duration, idleAge, packets, bytes } = stats;
    writeOxsStats(to, { duration, idleAge, packets, bytes });
    endRecord(to, start, stats, version);
  },
);

const statsNxSize = 48;

/** Ages are one higher on the wire, where 0 is "not told". */
function readAge(number: number): number | undefined {
  return number === 0 ? undefined : number - 1;
}

function ageNumber(age: number | undefined): number {
  return age === undefined ? 0 : Math.min(age + 1, 0xffff);
}

const replyNx = listForm<FlowStats>(
  'NXST 1.0 0 reply',
  [0, 1],
  (from, version) => {
    const start = from.at;
    needLeft(from, statsNxSize, 'NXST');
    const size = from.u16();
    const table = from.u8();
    from.skip(1);
    const duration = durationPart.read(from);
    const [priority, idleTimeout, hardTimeout] = [from.u16(), from.u16(), from.u16()];
    const matchSize = from.u16();
    const [idleAge, hardAge] = [readAge(from.u16()), readAge(from.u16())];
    const cookie = from.u64();
    const [packets, bytes] = [counter.read(from), counter.read(from)];
    if (size < statsNxSize + matchSize + (-matchSize & 7))
      throw refused(
        'OFPBRC_BAD_LEN',
        `NXST_FLOW reply with match_len=${matchSize} claims invalid length ${size}`,
      );
    const { match } = readNxMatch(from, matchSize, { isStrict: true });
    const actions = readActionsOf(from, start, size, version);
    return {
      table,
      match,
      priority,
      cookie,
      duration,
      idleTimeout,
      hardTimeout,
      importance: 0,
      flags: 0,
      idleAge,
      hardAge,
      packets,
      bytes,
      actions,
    };
  },
  (stats, to, version) => {
    const start = startRecord(to, stats.table);
    durationPart.write(to, stats.duration);
    writeTerms(to, stats);
    const sizeAt = to.size;
    to.u16(0);
    to.u16(ageNumber(stats.idleAge));
    to.u16(ageNumber(stats.hardAge));
    to.u64(stats.cookie);
    counter.write(to, stats.packets);
    counter.write(to, stats.bytes);
    to.setU16(sizeAt, writeNxMatch(to, stats.match));
    endRecord(to, start, stats, version);
  },
);

export const flowReply = defineMessage(
  'FLOW_REPLY',
  [
    reply10,
    reply11('OFPST 1.1-1.2 1 reply', false),
    reply11('OFPST 1.3-1.4 1 reply', true),
    reply15,
    replyNx,
  ],
  (all, context) => all.map((stats) => `\n ${formatFlowStats(stats, context)}`).join(''),
);

/** As ovs-ofctl prints a flow; without counters and times where they are not asked for. */
export function formatFlowStats(
  stats: FlowStats,
  { ports, tables, paint }: Pick<MessageText, 'ports' | 'tables' | 'paint'>,
  hasCounters = true,
): string {
  const { table, cookie, idleTimeout, hardTimeout, importance, idleAge, hardAge } = stats;
  const duration = stats.duration ?? unknownDuration;
  const tableName = tables.format(table);
  const param = (label: string): string => (paint === undefined ? label : paint(label, 'param'));
  let text = hasCounters || cookie !== 0n ? `${param('cookie=')}0x${formatBig(cookie, 16)}, ` : '';
  if (hasCounters) text += `${param('duration=')}${formatDuration(duration)}, `;
  if (hasCounters || tableName !== '0') text += `${paint?.('table=', 'special') ?? 'table='}${tableName}, `;
  if (hasCounters) {
    text += `${param('n_packets=')}${formatCounter(stats.packets)}, `;
    text += `${param('n_bytes=')}${formatCounter(stats.bytes)}, `;
  }
  if (idleTimeout !== 0) text += `${param('idle_timeout=')}${idleTimeout}, `;
  if (hardTimeout !== 0) text += `${param('hard_timeout=')}${hardTimeout}, `;
  text += formatFlowFlags(stats.flags);
  if (importance !== 0) text += `${param('importance=')}${importance}, `;
  if (hasCounters && idleAge !== undefined) text += `${param('idle_age=')}${idleAge}, `;
  if (hasCounters && hardAge !== undefined && hardAge !== duration.seconds)
    text += `${param('hard_age=')}${hardAge}, `;
  const match = formatPackedMatch(stats.match, { ports, paint }, stats.priority);
  if (match !== '') text += `${match} `;
  const label = paint?.('actions=', 'actions') ?? 'actions=';
  return `${text}${label}${formatActions(stats.actions, { ports, tables, paint })}`;
}
