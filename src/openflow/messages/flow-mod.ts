/** Changes of flow tables: OpenFlow 1.0.2 section 5.3.3, 1.5.1 section 7.3.4.2; NXT_FLOW_MOD. */
import { LimitedSite, logger } from '../../base/log.ts';
import type { Match } from '../../flow/match.ts';
import { formatActions } from '../action-codec.ts';
import { checkActions } from '../action-rules.ts';
import type { Action } from '../actions/index.ts';
import { Reader, type Writer } from '../bytes.ts';
import { defineMessage, type MessageForm, type MessageText, type Recipient } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { readInstructions, writeInstructions } from '../instruction-codec.ts';
import { readLongPort } from '../layout.ts';
import { formatFixedMatch } from '../match/fixed-match-text.ts';
import { match10Size, readMatch10, writeMatch10 } from '../match/match-10.ts';
import {
  decodeMatch,
  formatPackedMatch,
  readNxMatch,
  writeMatch,
  writeNxMatch,
} from '../match/match-codec.ts';
import { port32, reservedPorts } from '../ports.ts';
import { formatOxmText } from '../text/oxm.ts';
import type { WireVersion } from '../versions.ts';
import { emergencyFlag10, flowFlagBits, flowFlags, formatFlowFlags, readFlowFlags } from './flow-flags.ts';
import { allTables } from './tables.ts';

const commands = ['add', 'modify', 'modify_strict', 'delete', 'delete_strict'] as const;
export type FlowCommand = (typeof commands)[number];
const commandTexts: Readonly<Record<FlowCommand, string>> = {
  add: 'ADD',
  modify: 'MOD',
  modify_strict: 'MOD_STRICT',
  delete: 'DEL',
  delete_strict: 'DEL_STRICT',
};

export interface FlowMod {
  readonly command: FlowCommand;
  /**
   * 255 for all of them. In OpenFlow 1.0 it is told only while NXT_FLOW_MOD_TABLE_ID is on for the connection: else a
   * switch reads 255, and who writes it has 0.
   */
  readonly table: number;
  readonly match: Match;
  readonly priority: number;
  /** The cookie that flows get; undefined leaves theirs. */
  readonly newCookie: bigint | undefined;
  /** Flows that are changed keep their cookies: the new one is for one that is added. So it is in OpenFlow 1.1. */
  readonly keepsCookies?: boolean;
  /** Flows whose cookie has the bits of `cookie` under `cookieMask`. */
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  /** Seconds; 0 for none. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  /** OpenFlow 1.4 and later. */
  readonly importance: number;
  /** A packet of the switch to apply it to. */
  readonly bufferId: number | undefined;
  /** To be deleted: flows that output there; ANY for all. */
  readonly outPort: number;
  readonly outGroup: number;
  /** Bits of `flowFlags`. */
  readonly flags: number;
  readonly actions: readonly Action[];
}

/** No group in particular. */
export const anyGroup = 0xffffffff;
const noBuffer = 0xffffffff;
/** What a change of flows says that says nothing in particular, as ovs-ofctl has it. */
export const plainFlowMod = {
  priority: 0x8000,
  cookie: 0n,
  cookieMask: 0n,
  idleTimeout: 0,
  hardTimeout: 0,
  importance: 0,
  bufferId: undefined,
  outPort: reservedPorts.ANY,
  outGroup: anyGroup,
  flags: 0,
  actions: [],
} as const satisfies Partial<FlowMod>;

const unchangedCookie = 0xffffffffffffffffn;
const log = logger('ofp_flow');
const explicitTable = new LimitedSite({ perMinute: 1, burst: 5 });

function readCommand(number: number): FlowCommand {
  const command = commands[number];
  if (command === undefined) throw new OpenFlowError('OFPFMFC_BAD_COMMAND', `command ${number} for flows`);
  return command;
}

function bufferOf(number: number): number | undefined {
  return number === noBuffer ? undefined : number;
}

function isDelete(command: number): boolean {
  return command === 3 || command === 4;
}

/** In OpenFlow 1.1 a change of flows adds one where there is none, unless it asks for a cookie. */
function mayAdd(command: number, version: WireVersion, cookieMask: bigint): boolean {
  return command === 0 || (version === 2 && (command === 1 || command === 2) && cookieMask === 0n);
}

const form11: MessageForm<FlowMod> = {
  wire: 'OFPT 1.1+ 14',
  size: [40, 8],
  decode(body, version, _inner, recipient) {
    body.options = recipient;
    const cookie = body.u64();
    const cookieMask = body.u64();
    const table = body.u8();
    const number = body.u8();
    const idleTimeout = body.u16();
    const hardTimeout = body.u16();
    const priority = body.u16();
    const bufferId = bufferOf(body.u32());
    const portAt = body.at;
    body.skip(4);
    const group = body.u32();
    const flagBits = body.u16();
    const importance = body.u16();
    const match = decodeMatch(body);
    if (table === allTables && (version === 2 || !isDelete(number)))
      throw new OpenFlowError('OFPFMFC_BAD_TABLE_ID', 'table 255 in a change of flows');
    const outPort = readPortAt(body, portAt);
    const command = readCommand(number);
    const actions = readInstructions(body, version);
    const isAdd = mayAdd(number, version, cookieMask);
    return {
      command,
      table,
      match,
      priority,
      newCookie: isAdd ? cookie : undefined,
      ...(isAdd && number !== 0 ? { keepsCookies: true } : {}),
      cookie: isAdd ? 0n : cookie,
      cookieMask: isAdd ? 0n : cookieMask,
      idleTimeout,
      hardTimeout,
      importance: version > 4 && number === 0 ? importance : 0,
      bufferId,
      outPort,
      outGroup: isDelete(number) ? group : anyGroup,
      flags: readFlowFlags(flagBits, version, number === 0),
      actions,
    };
  },
  encode(mod, to, version) {
    const { command, newCookie, cookie, cookieMask, table } = mod;
    const number = commands.indexOf(command);
    const isAdd = mayAdd(number, version, cookieMask);
    const mayBeAll = version !== 2 && isDelete(number);
    to.u64(isAdd ? (newCookie ?? unchangedCookie) : cookie & cookieMask);
    to.u64(cookieMask);
    to.u8(table === allTables && !mayBeAll ? 0 : table);
    to.u8(number);
    to.u16(mod.idleTimeout);
    to.u16(mod.hardTimeout);
    to.u16(mod.priority);
    to.u32(mod.bufferId ?? noBuffer);
    to.u32(port32(mod.outPort));
    to.u32(isDelete(number) ? mod.outGroup : anyGroup);
    to.u16(flowFlagBits(mod.flags, version));
    to.u16(version > 4 && number === 0 ? mod.importance : 0);
    writeMatch(to, mod.match, version);
    writeInstructions(to, mod.actions, version, mod.match);
  },
};

/** What comes later is wrong first: the port is read when its turn has come. */
function readPortAt(body: Reader, at: number): number {
  const here = body.at;
  body.at = at;
  const port = readLongPort(body);
  body.at = here;
  return port;
}

/** The part of OpenFlow 1.0 and Nicira that is the same: from the command to the flags. */
interface Middle {
  readonly command: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly priority: number;
  readonly bufferId: number | undefined;
  readonly outPort: number;
  readonly flags: number;
}

function readMiddle(body: Reader): Middle {
  return {
    command: body.u16(),
    idleTimeout: body.u16(),
    hardTimeout: body.u16(),
    priority: body.u16(),
    bufferId: bufferOf(body.u32()),
    outPort: body.u16(),
    flags: body.u16(),
  };
}

function writeMiddle(mod: FlowMod, to: Writer, version: WireVersion): void {
  to.u16(commands.indexOf(mod.command) | (mod.table << 8));
  to.u16(mod.idleTimeout);
  to.u16(mod.hardTimeout);
  to.u16(mod.priority);
  to.u32(mod.bufferId ?? noBuffer);
  to.u16(mod.outPort);
  to.u16(flowFlagBits(mod.flags, version));
}

/** Flags are checked last. */
function finish(
  body: Reader,
  version: WireVersion,
  middle: Middle & { readonly recipient: Recipient | undefined },
  rest: Pick<FlowMod, 'match' | 'cookie' | 'cookieMask' | 'newCookie' | 'priority'>,
): FlowMod {
  const number = middle.command & 0xff;
  const isToldTable = version > 1 || middle.recipient?.tellsTable !== false;
  if (!isToldTable && number !== middle.command) throw tableNotAgreed();
  const command = readCommand(number);
  const actions = readInstructions(body, version);
  const flags = readFlowFlags(middle.flags, version, number === 0);
  if (version === 1 && (middle.flags & emergencyFlag10) !== 0)
    throw middle.idleTimeout === 0 && middle.hardTimeout === 0
      ? new OpenFlowError('OFPFMFC_TABLE_FULL', 'there is no emergency flow table')
      : new OpenFlowError('OFPFMFC_BAD_EMERG_TIMEOUT', 'a timeout in an emergency flow');
  return {
    command,
    table: isToldTable ? middle.command >>> 8 : allTables,
    match: rest.match,
    priority: rest.priority,
    newCookie: command !== 'add' && rest.newCookie === unchangedCookie ? undefined : rest.newCookie,
    cookie: rest.cookie,
    cookieMask: rest.cookieMask,
    idleTimeout: middle.idleTimeout,
    hardTimeout: middle.hardTimeout,
    importance: 0,
    bufferId: middle.bufferId,
    outPort: middle.outPort,
    outGroup: anyGroup,
    flags,
    actions,
  };
}

/** What would be the table is part of the command then. */
function tableNotAgreed(): OpenFlowError {
  const why = 'flow_mod has explicit table_id but flow_mod_table_id extension is not enabled';
  log.limited('warn', explicitTable, why);
  return new OpenFlowError('OFPFMFC_BAD_COMMAND', why);
}

const form10: MessageForm<FlowMod> = {
  wire: 'OFPT 1.0 14',
  size: [match10Size + 24, 8],
  decode(body, version, _inner, recipient) {
    body.options = recipient;
    const { match, isExact } = readMatch10(body, 'normal');
    const newCookie = body.u64();
    const middle = readMiddle(body);
    // Section 3.4: what matches on every field comes before all others.
    const priority = isExact ? 0xffff : middle.priority;
    const rest = { match, priority, newCookie, cookie: 0n, cookieMask: 0n };
    return finish(body, version, { ...middle, recipient }, rest);
  },
  encode(mod, to, version) {
    writeMatch10(mod.match, to);
    to.u64(mod.newCookie ?? unchangedCookie);
    writeMiddle(mod, to, version);
    writeInstructions(to, mod.actions, version, mod.match);
  },
};

const formNx: MessageForm<FlowMod> = {
  wire: 'NXT 1.0+ 13',
  size: [32, 8],
  decode(body, version, _inner, recipient) {
    body.options = recipient;
    const newCookie = body.u64();
    const middle = readMiddle(body);
    const matchSize = body.u16();
    body.skip(6);
    const read = readNxMatch(body, matchSize, { isStrict: true, allowsCookie: true });
    if ((middle.command & 0xff) === 0 && read.cookieMask !== 0n)
      throw new OpenFlowError('NXBRC_NXM_INVALID', 'a flow that is added has no cookie to match on');
    const { match, cookie, cookieMask } = read;
    return finish(
      body,
      version,
      { ...middle, recipient },
      {
        match,
        cookie,
        cookieMask,
        newCookie,
        priority: middle.priority,
      },
    );
  },
  encode(mod, to, version) {
    to.u64(mod.newCookie ?? unchangedCookie);
    writeMiddle(mod, to, version);
    const sizeAt = to.size;
    to.room(8);
    to.setU16(sizeAt, writeNxMatch(to, mod.match, mod.cookie, mod.cookieMask));
    writeInstructions(to, mod.actions, version, mod.match);
  },
};

export const flowModMessage = defineMessage('FLOW_MOD', [form10, form11, formNx], formatFlowMod);

/** What is printed is what a switch would take: throws OpenFlowError for actions that do not fit the match. */
function formatFlowMod(mod: FlowMod, context: MessageText): string {
  const { version, ports, tables, paint } = context;
  const error = checkActions(mod.actions, mod.match, { version, table: mod.table });
  if (error !== undefined && error !== 'inconsistent')
    throw new OpenFlowError(error, 'actions that do not fit the match');
  const { table, match, newCookie, cookie, cookieMask, idleTimeout, hardTimeout, importance } = mod;
  // Before OpenFlow 1.2 there is no such flag.
  const flags = version < 3 ? mod.flags & ~flowFlags.resetCounts : mod.flags;
  const given = context.verbosity < verbosityOfGiven ? undefined : matchAsGiven(context);
  const matchText = given ?? formatPackedMatch(match, { ports, paint }, mod.priority);
  const parts = [
    newCookie === undefined || newCookie === 0n || newCookie === unchangedCookie
      ? ''
      : `cookie:0x${newCookie.toString(16)} `,
    cookieMask === 0n ? '' : `cookie:0x${cookie.toString(16)}/0x${cookieMask.toString(16)} `,
    idleTimeout === 0 ? '' : `idle:${idleTimeout} `,
    hardTimeout === 0 ? '' : `hard:${hardTimeout} `,
    given === undefined || mod.priority === usualPriority ? '' : `pri:${mod.priority} `,
    importance === 0 ? '' : `importance:${importance} `,
    mod.bufferId === undefined ? '' : `buf:0x${mod.bufferId.toString(16)} `,
    mod.outPort === reservedPorts.ANY ? '' : `out_port:${ports.format(mod.outPort)} `,
    formatFlowFlags(flags),
  ];
  const where = table === 0 ? '' : ` table:${tables.format(table)}`;
  const what = matchText === '' ? '' : `${matchText} `;
  return ` ${commandTexts[mod.command]}${where} ${what}${parts.join('')}actions=${formatActions(mod.actions, { ports, tables, paint })}`;
}

/** From this verbosity on matches of OpenFlow 1.0 are printed as the message has them. */
const verbosityOfGiven = 3;
const usualPriority = 0x8000;
const headerSize = 8;
/** Where Nicira's message has the size of its match, and the match. */
const nxMatchSizeAt = 40;
const nxMatchAt = 48;

/** undefined for later versions, whose matches are printed alike. */
function matchAsGiven({ bytes, version, form, ports }: MessageText): string | undefined {
  if (form === 'NXT_FLOW_MOD') {
    const size = new Reader(bytes).peekU16(nxMatchSizeAt);
    return formatOxmText(bytes.subarray(nxMatchAt, nxMatchAt + size));
  }
  if (version !== 1) return undefined;
  const from = new Reader(bytes);
  from.skip(headerSize);
  return formatFixedMatch(from, ports);
}
