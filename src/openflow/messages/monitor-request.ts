/**
 * Asking to be told of changes of flows: OpenFlow 1.4.1 section 7.3.5.17, and Nicira's and the ONF's extensions before.
 */
import { hexOrZero } from '../../base/numbers.ts';
import type { Match } from '../../flow/match.ts';
import type { Reader, Writer } from '../bytes.ts';
import { defineMessage, listForm, type MessageText } from '../declare.ts';
import { OpenFlowError, refusalsOf } from '../errors.ts';
import { longPort } from '../layout.ts';
import {
  decodeMatch,
  formatPackedMatch,
  readNxMatch,
  writeMatch,
  writeNxMatch,
  writeOxm,
} from '../match/match-codec.ts';
import { reservedPorts } from '../ports.ts';
import { anyGroup } from './flow-mod.ts';
import { type BitNames, formatBits } from './text.ts';

const commands = ['add', 'modify', 'delete'] as const;

export interface FlowMonitorRequest {
  readonly id: number;
  readonly command: (typeof commands)[number];
  /** Bits of `monitorFlags`. */
  readonly flags: number;
  /** Flows that output there; ANY for all. */
  readonly outPort: number;
  readonly outGroup: number;
  /** 255 for all. */
  readonly table: number;
  readonly match: Match;
}

/** Bits: what is told, and of it what. */
export const monitorFlags = {
  initial: 1,
  add: 2,
  delete: 4,
  modify: 8,
  actions: 16,
  own: 64,
} as const;

const flagNames: BitNames = ['initial', 'add', 'delete', 'modify', 'actions', 'no-abbrev', 'own'];
const eventBits = monitorFlags.add | monitorFlags.delete | monitorFlags.modify;
const allBits = Object.values(monitorFlags).reduce((bits, bit) => bits | bit, 0);
/** Before OpenFlow 1.4 the last one is another bit. */
const ownBefore = 32;
const refused = refusalsOf('ofp_monitor');

/** Whose messages they are, as the log has it. */
export type Whose = 'NXST' | 'ONFST' | 'OFPST';

function readFlags(bits: number, known: number, whose: Whose): number {
  if ((bits & eventBits) === 0 || (bits & ~known) !== 0)
    throw refused('OFPMOFC_BAD_FLAGS', `${whose}_FLOW_MONITOR has bad flags ${hexOrZero(bits)}`);
  return bits;
}

function readOldFlags(bits: number, whose: Whose): number {
  readFlags(bits, (allBits & ~monitorFlags.own) | ownBefore, whose);
  return (bits & ~ownBefore) | ((bits & ownBefore) === 0 ? 0 : monitorFlags.own);
}

function oldFlags(flags: number): number {
  return (flags & 0x1f) | ((flags & monitorFlags.own) === 0 ? 0 : ownBefore);
}

function checkZeros(from: Reader, size: number): void {
  const at = from.take(size);
  if (from.bytes.subarray(at, at + size).some((byte) => byte !== 0))
    throw new OpenFlowError('NXBRC_MUST_BE_ZERO', 'bytes of a flow monitor that must be zero');
}

const requestSize = 16;

function need({ left }: Reader, size: number, whose: Whose): void {
  if (left < size)
    throw refused('OFPBRC_BAD_LEN', `${whose}_FLOW_MONITOR request has ${left} leftover bytes at end`);
}

const requestNx = listForm<FlowMonitorRequest>(
  'NXST 1.0-1.2 2 request',
  [0, 8],
  (from) => {
    need(from, requestSize, 'NXST');
    const id = from.u32();
    const flags = readOldFlags(from.u16(), 'NXST');
    const outPort = from.u16();
    const matchSize = from.u16();
    const table = from.u8();
    checkZeros(from, 5);
    const { match } = readNxMatch(from, matchSize, { isStrict: true });
    return { id, command: 'add', flags, outPort, outGroup: anyGroup, table, match };
  },
  ({ id, flags, outPort, table, match }, to) => {
    to.u32(id);
    to.u16(oldFlags(flags));
    to.u16(outPort);
    const sizeAt = to.size;
    to.u16(0);
    to.u8(table);
    to.room(5);
    to.setU16(sizeAt, writeNxMatch(to, match));
  },
);

const requestOnf = listForm<FlowMonitorRequest>(
  'ONFST 1.3 1870 request',
  [0, 8],
  (from) => {
    need(from, requestSize, 'ONFST');
    const id = from.u32();
    const bits = from.u16();
    from.skip(2);
    const portAt = from.at;
    from.skip(4);
    const table = from.u8();
    const flags = readOldFlags(bits, 'ONFST');
    checkZeros(from, 3);
    const behind = from.at;
    from.at = portAt;
    const outPort = longPort.read(from);
    from.at = behind;
    return { id, command: 'add', flags, outPort, outGroup: anyGroup, table, match: decodeMatch(from) };
  },
  ({ id, flags, outPort, table, match }, to, version) => {
    to.u32(id);
    to.u16(oldFlags(flags));
    const sizeAt = to.size;
    to.u16(0);
    longPort.write(to, outPort);
    to.u8(table);
    to.room(3);
    to.setU16(sizeAt, writeOxm(to, match, version));
  },
);

const request14 = listForm<FlowMonitorRequest>(
  'OFPST 1.4+ 16 request',
  [0, 8],
  (from) => {
    need(from, requestSize, 'OFPST');
    const id = from.u32();
    const portAt = from.at;
    from.skip(4);
    const outGroup = from.u32();
    const bits = from.u16();
    const table = from.u8();
    const number = from.u8();
    const command = commands[number];
    if (command === undefined)
      throw new OpenFlowError('OFPMOFC_BAD_COMMAND', `command ${number} for flow monitors`);
    if (command === 'delete') {
      const match = decodeMatch(from);
      return { id, command, flags: 0, outPort: reservedPorts.ANY, outGroup: anyGroup, table: 0, match };
    }
    const flags = readFlags(bits, allBits, 'OFPST');
    const behind = from.at;
    from.at = portAt;
    const outPort = longPort.read(from);
    from.at = behind;
    return { id, command, flags, outPort, outGroup, table, match: decodeMatch(from) };
  },
  ({ id, command, flags, outPort, outGroup, table, match }, to, version) => {
    const isDelete = command === 'delete';
    to.u32(id);
    // A monitor that is deleted is told by its number alone.
    longPort.write(to, isDelete ? 0 : outPort);
    to.u32(isDelete ? 0 : outGroup);
    to.u16(isDelete ? 0 : flags);
    to.u8(isDelete ? 0 : table);
    to.u8(commands.indexOf(command));
    writeMatch(to, match, version);
  },
);

export const flowMonitorRequest = defineMessage(
  'FLOW_MONITOR_REQUEST',
  [requestNx, requestOnf, request14],
  (all, context) => all.map((request) => formatRequest(request, context)).join(''),
);

function formatRequest(request: FlowMonitorRequest, { ports, tables, paint }: MessageText): string {
  const { id, command, flags, outPort, outGroup, table } = request;
  if (command === 'delete') return `\n id=${id} command=delete`;
  const match = formatPackedMatch(request.match, { ports, paint });
  return [
    `\n id=${id} flags=${formatBits(flags, flagNames, ',')}`,
    outPort === reservedPorts.ANY ? '' : ` out_port=${ports.format(outPort)}`,
    outGroup === 0 || outGroup === anyGroup ? '' : ` out_group=${outGroup | 0}`,
    table === 0xff ? '' : ` table=${tables.format(table)}`,
    match === '' ? '' : ` ${match}`,
  ].join('');
}

export interface FlowMonitorCancel {
  readonly id: number;
}

export const flowMonitorCancel = defineMessage(
  'FLOW_MONITOR_CANCEL',
  (['NXT 1.0-1.2 21', 'ONFT 1.3 1870'] as const).map((wire) => ({
    wire,
    size: [4, 0] as const,
    decode: (body: Reader): FlowMonitorCancel => ({ id: body.u32() }),
    encode: ({ id }: FlowMonitorCancel, to: Writer) => to.u32(id),
  })),
  ({ id }) => ` id=${id}`,
);
