/**
 * What a flow does as bytes: instructions since OpenFlow 1.1 (1.5.1 section 7.2.5), actions alone in 1.0. Both are one
 * list, of actions and of what else can be said of a packet: `write_actions`, `clear_actions`, `write_metadata`, `meter`
 * and `goto_table`.
 */
import type { Match } from '../flow/match.ts';
import { checkSizeOf, readList, readUnverified, verifyReceived, writeList } from './action-codec.ts';
import { isApplied } from './action-rules.ts';
import { isInActionSet } from './action-set.ts';
import { type AnyAction, type InstructionName, instead, instructionNames } from './actions/declare.ts';
import type { Action } from './actions/index.ts';
import { clearActions, gotoTable, meter, writeActionSet, writeMetadata } from './actions/instructions.ts';
import { PacketShape } from './actions/packet-shape.ts';
import { ListsByBytes, sharedList } from './actions/shared-lists.ts';
import type { Reader, Writer } from './bytes.ts';
import { OpenFlowError, refusalsOf } from './errors.ts';
import { allVersions, type WireVersion } from './versions.ts';

const experimenterType = 0xffff;
const refused = refusalsOf('ofp_actions');

/** Bytes, and those beyond that it may have. */
const sizes: Readonly<Record<InstructionName, readonly [least: number, step: number]>> = {
  goto_table: [8, 0],
  write_metadata: [24, 0],
  write_actions: [8, 8],
  apply_actions: [8, 8],
  clear_actions: [8, 0],
  meter: [8, 0],
};

/** By their numbers. */
const namesByNumber: readonly (InstructionName | undefined)[] = [
  undefined,
  'goto_table',
  'write_metadata',
  'write_actions',
  'apply_actions',
  'clear_actions',
  'meter',
];

/** Since 1.5 it is an action. */
function hasMeterInstruction(version: WireVersion): boolean {
  return version === 4 || version === 5;
}

/** By version. */
const knownLists = allVersions.map(() => new ListsByBytes<readonly Action[]>());

/** Reads up to the end of `from` what a flow does. Throws OpenFlowError. */
export function readInstructions(from: Reader, version: WireVersion): readonly Action[] {
  const known = knownLists[version - 1];
  const { bytes, at, end } = from;
  const shared = known?.find(bytes, at, end);
  if (shared !== undefined) {
    from.at = end;
    return shared;
  }
  const list = readNewInstructions(from, version);
  known?.add(bytes, at, end, list);
  return list;
}

function readNewInstructions(from: Reader, version: WireVersion): readonly Action[] {
  if (version === 1) return readList(from, version, { allows: 'instructions' }, 0) as Action[]; // all declared
  checkSizeOf('instructions', from.left, from.left, 'OFPBIC_BAD_LEN');
  const bodies: (Reader | undefined)[] = [];
  const start = from.at;
  while (from.left > 0) readInstruction(from, version, start, bodies);
  const list: AnyAction[] = [];
  for (let rank = 0; rank < bodies.length; rank++) {
    const body = bodies[rank];
    const name = instructionNames[rank];
    if (body !== undefined && name !== undefined) decoders[name](list, body, version);
  }
  verifyReceived(list, version, { allows: 'instructions' });
  return list as Action[]; // all were declared
}

/** Keeps the next one's body by its place in the order in which instructions are done. */
function readInstruction(
  from: Reader,
  version: WireVersion,
  start: number,
  bodies: (Reader | undefined)[],
): void {
  const { at, left } = from;
  const type = from.u16();
  const size = from.u16();
  if (size % 8 !== 0 || size < 8 || size > left)
    throw refused('OFPBIC_BAD_LEN', `bad instruction format at offset ${at - start}`);
  if (type === experimenterType)
    throw new OpenFlowError('OFPBIC_BAD_EXPERIMENTER', 'an instruction of an experimenter');
  const name = namesByNumber[type];
  if (name === undefined) throw new OpenFlowError('OFPBIC_UNKNOWN_INST', `instruction ${type}`);
  const [least, step] = sizes[name];
  if (size < least || (step === 0 && size !== least))
    throw new OpenFlowError('OFPBIC_BAD_LEN', `${name} of ${size} bytes`);
  if (name === 'meter' && version === 6)
    throw new OpenFlowError('OFPBIC_UNKNOWN_INST', `instruction ${type}`);
  const rank = instructionNames.indexOf(name);
  if (bodies[rank] !== undefined) throw new OpenFlowError('OFPBIC_DUP_INST', `${name} comes twice`);
  bodies[rank] = from.part(size - 4, 'OFPBIC_BAD_LEN');
}

/** Adds to the list what the body of an instruction says. */
type Decoder = (list: AnyAction[], body: Reader, version: WireVersion) => void;

const decoders: Readonly<Record<InstructionName, Decoder>> = {
  meter: (list, body) => void list.push(instead(meter, { meter: body.u32() })),
  apply_actions(list, body, version) {
    body.skip(4);
    readUnverified(list, body, version, 0);
  },
  clear_actions: (list) => void list.push(instead(clearActions, {})),
  write_actions(list, body, version) {
    const set: AnyAction[] = [];
    decoders.apply_actions(set, body, version);
    const other = set.find((action) => !isInActionSet(action));
    if (other !== undefined) throw refused('OFPBAC_BAD_TYPE', 'disallowed action in action set');
    list.push(instead(writeActionSet, { actions: set }));
  },
  write_metadata(list, body) {
    body.skip(4);
    list.push(instead(writeMetadata, { metadata: body.u64(), mask: body.u64() }));
  },
  goto_table: (list, body) => void list.push(instead(gotoTable, { table: body.u8() })),
};

/** Adds to what was written what a flow of the match does. Throws OpenFlowError where the version cannot say it. */
export function writeInstructions(
  to: Writer,
  list: readonly Action[],
  version: WireVersion,
  match?: Match,
): void {
  const shared = sharedList(list);
  const known = shared?.bytes[version];
  if (known !== undefined) {
    to.octets(known);
    return;
  }
  const packet = new PacketShape(match);
  const start = to.size;
  writeNewInstructions(to, list, version, packet);
  if (shared !== undefined && !packet.isAsked) shared.bytes[version] = to.written.slice(start);
  packet.release();
}

function writeNewInstructions(
  to: Writer,
  list: readonly Action[],
  version: WireVersion,
  packet: PacketShape,
): void {
  if (version === 1) {
    writeList(to, list, version, packet);
    return;
  }
  for (let n = 0; n < list.length; ) {
    let end = n;
    for (let next = list[end]; next !== undefined && isApplied(next, version); next = list[end]) end++;
    if (end > n) {
      writeNested(to, 'apply_actions', list.slice(n, end), version, packet);
      n = end;
    } else {
      const instruction = list[n];
      if (instruction !== undefined) writeOther(to, instruction, version, packet);
      n++;
    }
  }
}

/** An instruction without any action in it is left out. */
function writeNested(
  to: Writer,
  name: 'apply_actions' | 'write_actions',
  list: readonly AnyAction[],
  version: WireVersion,
  packet: PacketShape,
): void {
  const start = writeHead(to, name);
  to.room(4);
  writeList(to, list, version, packet);
  if (to.size === start + 8) to.size = start;
  else to.setU16(start + 2, to.size - start);
}

/** Writes the head of an instruction, of its least size; returns where it starts. */
function writeHead(to: Writer, name: InstructionName): number {
  const start = to.size;
  to.u16(namesByNumber.indexOf(name));
  to.u16(sizes[name][0]);
  return start;
}

function writeOther(to: Writer, action: Action, version: WireVersion, packet: PacketShape): void {
  switch (action.do) {
    case 'meter':
      if (!hasMeterInstruction(version)) return;
      writeHead(to, 'meter');
      to.u32(action.meter);
      return;
    case 'clear_actions':
      writeHead(to, 'clear_actions');
      to.room(4);
      return;
    case 'write_actions':
      writeNested(to, 'write_actions', action.actions, version, packet.copy());
      return;
    case 'write_metadata':
      writeHead(to, 'write_metadata');
      to.room(4);
      to.u64(action.metadata);
      to.u64(action.mask);
      return;
    case 'goto_table':
      writeHead(to, 'goto_table');
      to.u8(action.table);
      to.room(3);
      return;
    default:
      throw new Error(`${action.do} is no instruction`);
  }
}
