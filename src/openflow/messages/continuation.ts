/** The state of a packet that waits for a controller, as the reference puts it into NXT_PACKET_IN2 and NXT_RESUME. */
import { decodeActions, formatActions, writeActions } from '../action-codec.ts';
import { bytesWith } from '../actions/field-bits.ts';
import type { Action } from '../actions/index.ts';
import { Reader, Writer } from '../bytes.ts';
import type { MessageText } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import {
  type Property,
  readProperties,
  readWord,
  unknownPropertyOf,
  writeProperty,
  writeWord,
} from '../properties.ts';
import type { WireVersion } from '../versions.ts';

/** What an action put on the stack. */
export interface StackValue {
  readonly value: bigint;
  /** Bytes, as many as the bits that were taken need. */
  readonly size: number;
}

export interface Continuation {
  /** Of the bridge that has the packet; 16 bytes, undefined for none. */
  readonly bridge: Uint8Array | undefined;
  /** The top comes last. */
  readonly stack: readonly StackValue[];
  /** A bit for each mirror that has had the packet. */
  readonly mirrors: number;
  /** What is known of its connection counts. */
  readonly isTracked: boolean;
  /** That are left to do. */
  readonly actions: readonly Action[];
  readonly actionSet: readonly Action[];
  /** By which it came in. */
  readonly datapathPort: number;
}

const property = {
  bridge: 0x8000,
  stack: 0x8001,
  mirrors: 0x8002,
  tracked: 0x8003,
  table: 0x8004,
  cookie: 0x8005,
  actions: 0x8006,
  actionSet: 0x8007,
  datapathPort: 0x8008,
} as const;

const refuseUnknown = unknownPropertyOf('ofp_packet', 'continuation');
const uuidSize = 16;
const subvalueSize = 128;

type Draft = { -readonly [K in keyof Continuation]: Continuation[K] };

/** Throws OpenFlowError. Whoever only shows it passes over what is unknown. */
export function decodeContinuation(
  bytes: Uint8Array,
  version: WireVersion,
  unknown: 'passed over' | 'refused',
): Continuation {
  const stack: StackValue[] = [];
  const actions: Action[] = [];
  const read: Draft = {
    ...{ bridge: undefined, stack, mirrors: 0, isTracked: false },
    ...{ actions, actionSet: [], datapathPort: 0 },
  };
  let table = 0;
  let cookie = 0n;
  const take = (value: Property): boolean => {
    const { experimenter, type, body } = value;
    if (experimenter !== 0) return false;
    switch (type) {
      case property.bridge:
        read.bridge = sized(body, uuidSize);
        return true;
      case property.stack:
        stack.unshift(readStackValue(body));
        return true;
      case property.mirrors:
        read.mirrors = readWord(value);
        return true;
      case property.tracked:
        read.isTracked = true;
        return true;
      case property.table:
        table = body.u8();
        return true;
      case property.cookie:
        cookie = readLong(body);
        return true;
      case property.actions:
        actions.push({ do: 'unroll_xlate', table, cookie }, ...readNested(body, version));
        return true;
      case property.actionSet:
        read.actionSet = readNested(body, version);
        return true;
      case property.datapathPort:
        read.datapathPort = readWord(value);
        return true;
      default:
        return false;
    }
  };
  readProperties(new Reader(bytes, 'OFPBPC_BAD_LEN'), take, unknown === 'refused' ? refuseUnknown : unknown);
  return read;
}

function readNested(body: Reader, version: WireVersion): Action[] {
  body.skip(4);
  return decodeActions(body, version);
}

function sized(body: Reader, size: number): Uint8Array {
  if (body.left !== size) throw new OpenFlowError('OFPBPC_BAD_LEN', `a property of ${body.left} bytes`);
  return body.octets(size);
}

function readLong(body: Reader): bigint {
  if (body.left !== 12) throw new OpenFlowError('OFPBPC_BAD_LEN', `a number in ${body.left} bytes`);
  body.skip(4);
  return body.u64();
}

/** A value of any size. */
function readStackValue(body: Reader): StackValue {
  const size = body.left;
  if (size > subvalueSize) throw new OpenFlowError('OFPBPC_BAD_LEN', `${size} bytes on the stack`);
  return { value: BigInt(`0x0${Buffer.from(body.octets(size)).toString('hex')}`), size };
}

export function encodeContinuation(value: Continuation, version: WireVersion): Uint8Array {
  const { bridge, stack, mirrors, isTracked, actions, actionSet, datapathPort } = value;
  const to = new Writer();
  const writeNested = (type: number, list: readonly Action[]): void =>
    writeProperty(to, type, () => {
      to.u32(0);
      writeActions(to, list, version);
    });
  if (bridge !== undefined) writeProperty(to, property.bridge, () => to.octets(bridge));
  for (const { value: one, size } of stack.toReversed())
    writeProperty(to, property.stack, () => to.octets(bytesWith(one, 0, size)));
  if (mirrors !== 0) writeWord(to, property.mirrors, mirrors);
  if (isTracked) writeProperty(to, property.tracked, () => {});
  let told = { table: 0, cookie: 0n };
  for (const { table, cookie, list } of groupsOf(actions)) {
    if (table !== told.table) writeProperty(to, property.table, () => to.u8(table));
    if (cookie !== told.cookie) writeLong(to, property.cookie, cookie);
    told = { table, cookie };
    writeNested(property.actions, list);
  }
  if (actionSet.length > 0) writeNested(property.actionSet, actionSet);
  if (datapathPort !== 0) writeWord(to, property.datapathPort, datapathPort);
  return to.written;
}

interface Group {
  readonly table: number;
  readonly cookie: bigint;
  readonly list: Action[];
}

/** By the table and the rule that they are of. */
function groupsOf(actions: readonly Action[]): readonly Group[] {
  const groups: Group[] = [];
  for (const action of actions) {
    if (action.do === 'unroll_xlate') groups.push({ ...action, list: [] });
    else if (groups.length === 0) groups.push({ table: 0, cookie: 0n, list: [action] });
    else groups.at(-1)?.list.push(action);
  }
  return groups.filter(({ list }) => list.length > 0);
}

function writeLong(to: Writer, type: number, value: bigint): void {
  writeProperty(to, type, () => {
    to.u32(0);
    to.u64(value);
  });
}

/** A line for each thing that is in it. Throws OpenFlowError. */
export function formatContinuation(
  bytes: Uint8Array,
  { version, ports, tables, paint }: MessageText,
): string {
  const read = decodeContinuation(bytes, version, 'passed over');
  const { bridge, stack, mirrors, isTracked, actions, actionSet, datapathPort } = read;
  const format = (list: readonly Action[]): string => formatActions(list, { ports, tables, paint });
  const values = stack.toReversed().map(({ value }) => `0x${value.toString(16)}`);
  const line = (name: string, value: string): string =>
    value === '' ? '' : ` continuation.${name}=${value}\n`;
  return [
    line('bridge', bridge === undefined ? '' : uuidText(bridge)),
    line('stack', values.length === 0 ? '' : `(top) ${values.join(' ')} (bottom)`),
    line('mirrors', mirrors === 0 ? '' : `0x${mirrors.toString(16)}`),
    line('conntracked', isTracked ? 'true' : ''),
    line('actions', actions.length === 0 ? '' : format(actions)),
    line('action_set', actionSet.length === 0 ? '' : format(actionSet)),
    line('odp_port', datapathPort === 0 ? '' : String(datapathPort)),
  ].join('');
}

/** Four words in the order of a little-endian host, as the reference has them in its memory. */
function uuidText(bytes: Uint8Array): string {
  const words = [0, 4, 8, 12].map((at) => bytes.slice(at, at + 4).reverse());
  const hex = Buffer.concat(words).toString('hex');
  return /^0*$/.test(hex) ? '' : hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
