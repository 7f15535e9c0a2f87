/**
 * What a flow does as bytes: instructions since OpenFlow 1.1 (1.5.1 section 7.2.5), actions alone in 1.0. Both are one
 * list, of actions and of what else can be said of a packet: `write_actions`, `clear_actions`, `write_metadata`, `meter`
 * and `goto_table`.
 */
import type { Match } from '../flow/match.ts';
import { type ActionReading, readList, readUnverified, ShapeSoFar, writeList } from './action-codec.ts';
import { isApplied, verifyActions } from './action-rules.ts';
import { isInActionSet } from './action-set.ts';
import { type AnyAction, type InstructionName, instructionNames } from './actions/declare.ts';
import type { Action } from './actions/index.ts';
import type { Reader, Writer } from './bytes.ts';
import { OpenFlowError } from './errors.ts';
import type { WireVersion } from './versions.ts';

const experimenterType = 0xffff;

const numbers: Readonly<Record<InstructionName, number>> = {
  goto_table: 1,
  write_metadata: 2,
  write_actions: 3,
  apply_actions: 4,
  clear_actions: 5,
  meter: 6,
};

/** Bytes, and those beyond that it may have. */
const sizes: Readonly<Record<InstructionName, readonly [least: number, step: number]>> = {
  goto_table: [8, 0],
  write_metadata: [24, 0],
  write_actions: [8, 8],
  apply_actions: [8, 8],
  clear_actions: [8, 0],
  meter: [8, 0],
};

const namesByNumber = new Map(instructionNames.map((name) => [numbers[name], name]));

/** Since 1.5 it is an action. */
function hasMeterInstruction(version: WireVersion): boolean {
  return version === 4 || version === 5;
}

/** Reads up to the end of `from` what a flow does. Throws OpenFlowError. */
export function readInstructions(from: Reader, version: WireVersion, reading: ActionReading = {}): Action[] {
  if (version === 1) return readList(from, version, { allows: 'instructions' }, reading, 0) as Action[]; // all declared
  if (from.left % 8 !== 0) throw new OpenFlowError('OFPBIC_BAD_LEN', `${from.left} bytes of instructions`);
  const bodies = new Map<InstructionName, Reader>();
  while (from.left > 0) readInstruction(from, version, bodies);
  const list = instructionNames.flatMap((name) => {
    const body = bodies.get(name);
    return body === undefined ? [] : decoders[name](body, version, reading);
  });
  verifyActions(list, version, { allows: 'instructions' });
  return list as Action[]; // all were declared
}

/** Adds the next one's body to those that were found. */
function readInstruction(from: Reader, version: WireVersion, bodies: Map<InstructionName, Reader>): void {
  const { left } = from;
  const type = from.u16();
  const size = from.u16();
  if (size % 8 !== 0 || size < 8 || size > left)
    throw new OpenFlowError('OFPBIC_BAD_LEN', `an instruction of ${size} bytes with ${left} left`);
  if (type === experimenterType)
    throw new OpenFlowError('OFPBIC_BAD_EXPERIMENTER', 'an instruction of an experimenter');
  const name = namesByNumber.get(type);
  if (name === undefined) throw new OpenFlowError('OFPBIC_UNKNOWN_INST', `instruction ${type}`);
  const [least, step] = sizes[name];
  if (size < least || (step === 0 && size !== least))
    throw new OpenFlowError('OFPBIC_BAD_LEN', `${name} of ${size} bytes`);
  if (name === 'meter' && version === 6)
    throw new OpenFlowError('OFPBIC_UNKNOWN_INST', `instruction ${type}`);
  if (bodies.has(name)) throw new OpenFlowError('OFPBIC_DUP_INST', `${name} comes twice`);
  bodies.set(name, from.part(size - 4, 'OFPBIC_BAD_LEN'));
}

type Decoder = (body: Reader, version: WireVersion, reading: ActionReading) => AnyAction[];

const decoders: Readonly<Record<InstructionName, Decoder>> = {
  meter: (body) => [{ do: 'meter', meter: body.u32() } satisfies Action],
  apply_actions: readApplied,
  clear_actions: () => [{ do: 'clear_actions' } satisfies Action],
  write_actions(body, version, reading) {
    const list = readApplied(body, version, reading);
    const other = list.find((action) => !isInActionSet(action));
    if (other !== undefined) throw new OpenFlowError('OFPBAC_BAD_TYPE', `${other.do} in an action set`);
    return [{ do: 'write_actions', actions: list as Action[] } satisfies Action]; // all were declared
  },
  write_metadata(body) {
    body.skip(4);
    return [{ do: 'write_metadata', metadata: body.u64(), mask: body.u64() } satisfies Action];
  },
  goto_table: (body) => [{ do: 'goto_table', table: body.u8() } satisfies Action],
};

function readApplied(body: Reader, version: WireVersion, reading: ActionReading): AnyAction[] {
  body.skip(4);
  return readUnverified(body, version, reading, 0);
}

/** Adds to what was written what a flow of the match does. Throws OpenFlowError where the version cannot say it. */
export function writeInstructions(
  to: Writer,
  list: readonly Action[],
  version: WireVersion,
  match?: Match,
): void {
  const shape = new ShapeSoFar(match);
  if (version === 1) {
    writeList(to, list, version, shape);
    return;
  }
  for (let n = 0; n < list.length; ) {
    let end = n;
    for (let next = list[end]; next !== undefined && isApplied(next, version); next = list[end]) end++;
    if (end > n) {
      writeNested(to, 'apply_actions', list.slice(n, end), version, shape);
      n = end;
    } else {
      const instruction = list[n];
      if (instruction !== undefined) writeOther(to, instruction, version, shape);
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
  shape: ShapeSoFar,
): void {
  const start = writeHead(to, name);
  to.room(4);
  writeList(to, list, version, shape);
  if (to.size === start + 8) to.size = start;
  else to.setU16(start + 2, to.size - start);
}

/** Writes the head of an instruction, of its least size; returns where it starts. */
function writeHead(to: Writer, name: InstructionName): number {
  const start = to.size;
  to.u16(numbers[name]);
  to.u16(sizes[name][0]);
  return start;
}

function writeOther(to: Writer, action: Action, version: WireVersion, shape: ShapeSoFar): void {
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
      writeNested(to, 'write_actions', action.actions, version, shape.copy());
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
