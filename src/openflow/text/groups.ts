/** Groups as ovs-ofctl takes them: "group_id=1,type=select,bucket=actions=output:1" (ovs-ofctl(8), "Group Syntax"). */
import { hasName } from '../../base/literals.ts';
import { encodeText } from '../../base/text.ts';
import { type Field, type FieldName, fieldNamed } from '../../flow/fields/index.ts';
import { type PortText, readFieldText } from '../../flow/fields/text.ts';
import { keyValues } from '../../flow/key-values.ts';
import { readU32, readU64, wrong } from '../actions/arguments.ts';
import type { ActionText } from '../actions/declare.ts';
import { allBuckets, firstBucket, isBucketId, lastBucket } from '../messages/buckets.ts';
import { fieldSet } from '../messages/field-sets.ts';
import { anyGroup } from '../messages/flow-mod.ts';
import { type GroupMod, withoutGroups } from '../messages/group-mod.ts';
import { allGroups, type GroupCommand, type GroupType, lastGroup } from '../messages/group-values.ts';
import { protocolsOfActions } from '../protocols/action-protocols.ts';
import { type ProtocolSet, protocolSets, protocolsOfField } from '../protocols/protocols.ts';
import { numberBuckets, readBucket } from './buckets.ts';

export interface ReadGroup {
  readonly mod: GroupMod;
  /** The protocols that can say it, as the reference counts them. */
  readonly usable: ProtocolSet;
}

/** A command as text may begin with it. */
const commandWords: readonly (readonly [word: string, command: GroupCommand])[] = [
  ['add', 'add'],
  ['delete', 'delete'],
  ['modify', 'modify'],
  ['add_or_mod', 'add_or_modify'],
  ['insert_bucket', 'insert_bucket'],
  ['remove_bucket', 'remove_bucket'],
];

/**
 * A group as a line of a file, which may begin with the command or a part of its name; "add" where it does not.
 * Throws Malformed, whose `why` is the whole message.
 */
export function readGroupLine(line: string, context: ActionText): ReadGroup {
  const text = line.replace(/^[ \t\r\n]+/, '');
  const [word = ''] = /^[^, \t\r\n]*/.exec(text) ?? [];
  const [known, command] = commandWords.find(([name]) => name.startsWith(word)) ?? ['', 'add'];
  return readGroup(known === '' ? text : text.slice(word.length), command, context);
}

/** Throws Malformed, whose `why` is the whole message. */
export function readGroup(text: string, command: GroupCommand, context: ActionText): ReadGroup {
  if (command === 'delete' && text === '') return { mod: withoutGroups, usable: protocolSets.any };
  const [head, ...bucketTexts] = text.split('bucket=');
  if (bucketTexts.length > 0 && !takesBuckets(command)) throw wrong('bucket is not needed');
  const draft = readHead(head ?? '', command, context);
  checkHead(draft, command);
  const { type } = draft;
  let { usable } = draft;
  const buckets = bucketTexts.map((bucketText) => {
    const bucket = readBucket(bucketText, type, context);
    usable = protocolsOfActions(bucket.actions, 'actions and meter'); // what was said before counts no more
    if (command !== 'insert_bucket' && type !== 'select' && bucket.weight !== 0)
      throw wrong('Only select groups can have bucket weights.');
    return bucket;
  });
  if (type === 'indirect' && buckets.length > 1) throw wrong('Indirect groups can have at most one bucket.');
  return { mod: modOf(draft, command, numberBuckets(buckets)), usable };
}

/**
 * The group alone, "group_id=1"; `allGroups` where the text is empty. Throws Malformed, whose `why` is the whole
 * message.
 */
export function readGroupNumber(text: string, context: ActionText): number {
  return readGroup(text, 'delete', context).mod.group;
}

function takesBuckets(command: GroupCommand): boolean {
  return command !== 'delete' && command !== 'remove_bucket';
}

function takesType(command: GroupCommand): boolean {
  return takesBuckets(command) && command !== 'insert_bucket';
}

function takesBucketId(command: GroupCommand): boolean {
  return command === 'insert_bucket' || command === 'remove_bucket';
}

/** What stands before the buckets. */
interface Head {
  group: number;
  type: GroupType;
  hasType: boolean;
  /** The bucket to insert behind or to remove. */
  commandBucket: number | undefined;
  method: string;
  parameter: bigint;
  fields: Map<FieldName, Uint8Array>;
  usable: ProtocolSet;
}

function modOf(
  { group, type, commandBucket = allBuckets, method, parameter, fields: masks }: Head,
  command: GroupCommand,
  buckets: GroupMod['buckets'],
): GroupMod {
  const fields = fieldSet(masks.keys()).map((field) => ({
    field,
    mask: masks.get(field) ?? new Uint8Array(0),
  }));
  const selection = method === '' ? undefined : { method, parameter, fields };
  return { command, group, type, selection, buckets, commandBucket };
}

function readHead(text: string, command: GroupCommand, context: ActionText): Head {
  const head: Head = {
    group: anyGroup,
    type: 'all',
    hasType: false,
    commandBucket: undefined,
    method: '',
    parameter: 0n,
    fields: new Map(),
    usable: takesBucketId(command) ? withBucketIds : protocolSets.any,
  };
  for (const { name, value } of keyValues(text)) {
    if (!hasName(parts, name)) throw wrong(`unknown keyword ${name}`);
    parts[name](head, value, command, context);
  }
  return head;
}

/** Where buckets have numbers and groups have properties. */
const withBucketIds: ProtocolSet = protocolSets.openflow10 | protocolSets.since15;
/** Bytes of the name of a way to choose a bucket, with a zero. */
const methodSize = 16;

/** What is said of a group besides its buckets; each takes its value. */
const parts = {
  command_bucket_id(head: Head, text: string, command: GroupCommand): void {
    if (!takesBucketId(command)) throw wrong('command bucket id is not needed');
    head.commandBucket = readCommandBucket(text);
    if (head.commandBucket === allBuckets && command === 'insert_bucket')
      throw wrong('command_bucket_id=all is not permitted');
  },
  group_id(head: Head, text: string): void {
    head.group = text === 'all' ? allGroups : readU32(text);
    if (head.group > lastGroup && head.group !== allGroups) throw wrong(`invalid group id ${head.group}`);
  },
  type(head: Head, text: string, command: GroupCommand): void {
    if (!takesType(command)) throw wrong('type is not needed');
    const type = typeWords.get(text);
    if (type === undefined) throw wrong(`invalid group type ${text}`);
    head.type = type;
    head.hasType = true;
  },
  selection_method(head: Head, text: string, command: GroupCommand): void {
    if (!takesType(command)) throw wrong('selection method is not needed');
    if (encodeText(text).length >= methodSize)
      throw wrong(`selection method is longer than ${methodSize - 1} bytes long`);
    head.method = text;
    head.usable &= withBucketIds;
  },
  selection_method_param(head: Head, text: string, command: GroupCommand): void {
    if (!takesType(command)) throw wrong('selection method param is not needed');
    head.parameter = readU64(text);
    head.usable &= withBucketIds;
  },
  fields(head: Head, text: string, command: GroupCommand, context: ActionText): void {
    if (!takesType(command)) throw wrong('fields are not needed');
    head.usable &= withBucketIds & readFields(text, head.fields, context);
  },
};

const typeWords: ReadonlyMap<string, GroupType> = new Map([
  ['all', 'all'],
  ['select', 'select'],
  ['indirect', 'indirect'],
  ['ff', 'fast_failover'],
  ['fast_failover', 'fast_failover'],
]);

const bucketWords: ReadonlyMap<string, number> = new Map([
  ['all', allBuckets],
  ['first', firstBucket],
  ['last', lastBucket],
]);

function readCommandBucket(text: string): number {
  const named = bucketWords.get(text);
  if (named !== undefined) return named;
  const bucket = readU32(text);
  if (!isBucketId(bucket) && ![...bucketWords.values()].includes(bucket))
    throw wrong(`invalid command bucket id ${bucket}`);
  return bucket;
}

/** Adds fields with the bits of them that take part, all by default; returns the protocols that can say them. */
function readFields(text: string, into: Map<FieldName, Uint8Array>, { ports }: ActionText): ProtocolSet {
  let usable: ProtocolSet = protocolSets.any;
  for (const { name, value, end } of keyValues(text)) {
    const rest = text.slice(end);
    const field = fieldNamed(name);
    if (field === undefined) throw wrong(`${rest}: unknown field ${name}`);
    if (into.has(field.name)) throw wrong(`${name}: duplicate field`);
    const bits = value === '' ? new Uint8Array(field.bytes).fill(0xff) : readBits(field, value, rest, ports);
    into.set(field.name, bits);
    usable &= protocolsOfField(field, bits);
  }
  return usable;
}

function readBits(field: Field, text: string, rest: string, ports: PortText): Uint8Array {
  const { value, mask } = readFieldText(field, text, ports);
  if (!mask.every(isAllOnes)) throw wrong(`${text}: wildcards not allowed here`);
  if (field.slot !== 'tun_metadata' && value.every((byte) => byte === 0))
    throw wrong(`${rest}: values are wildcards here and must not be all-zeros`);
  const isWhole = value.every(isAllOnes) || value.every((byte) => byte === 0);
  if (field.mask === 'exact' && !isWhole) throw wrong(`${text}: invalid mask for field ${field.name}`);
  return value;
}

function isAllOnes(byte: number): boolean {
  return byte === 0xff;
}

function checkHead(
  { group, hasType, commandBucket, method, parameter, fields }: Head,
  command: GroupCommand,
): void {
  if (group === anyGroup) throw wrong('must specify a group_id');
  if (takesType(command) && !hasType) throw wrong('must specify a type');
  if (method !== 'hash' && fields.size > 0)
    throw wrong('fields may only be specified with "selection_method=hash"');
  if (method === '' && parameter !== 0n)
    throw wrong('selection_method_param is only allowed with "selection_method"');
  if (command === 'insert_bucket' && commandBucket === undefined)
    throw wrong('must specify a command bucket id');
}
