/**
 * Changing groups: OpenFlow 1.1 section A.3.4.4, 1.5.1 section 7.3.4.3; Netronome's choice of buckets; Nicira's in
 * OpenFlow 1.0.
 */
import { defineMessage, type MessageForm, type WirePlace } from '../declare.ts';
import { OpenFlowError, refusalsOf } from '../errors.ts';
import { pad, struct, u8, u16, u32 } from '../layout.ts';
import {
  allBuckets,
  firstBucket,
  formatBucketId,
  isBucketId,
  lastBucket,
  readBuckets11,
  readBuckets15,
  writeBucket11,
  writeBucket15,
} from './buckets.ts';
import { anyGroup } from './flow-mod.ts';
import { formatGroupDesc, type GroupDesc } from './group-desc.ts';
import { readSelection, writeSelection } from './group-selection.ts';
import {
  allGroups,
  commandNumbers,
  commandOf,
  commandTexts,
  type GroupCommand,
  groupCommands,
  typeNumber,
  typeOf,
} from './group-values.ts';

export interface GroupMod extends GroupDesc {
  readonly command: GroupCommand;
  /** The bucket to insert behind or to remove: an id, or `firstBucket`, `lastBucket` or `allBuckets`. */
  readonly commandBucket: number;
}

const refused = refusalsOf('ofp_group');

/** What takes all groups away. */
export const withoutGroups: GroupMod = {
  command: 'delete',
  group: allGroups,
  type: 'all',
  selection: undefined,
  buckets: [],
  commandBucket: allBuckets,
};

const modHead11 = struct({ command: u16, type: u8, pad: pad(1), group: u32 });

const modHead15 = struct({
  command: u16,
  type: u8,
  pad1: pad(1),
  group: u32,
  bucketsSize: u16,
  pad2: pad(2),
  commandBucket: u32,
});

const modForm11: MessageForm<GroupMod> = {
  wire: 'OFPT 1.1-1.4 15',
  size: [modHead11.size, 8],
  decode(body, version) {
    const { command, type, group } = modHead11.read(body);
    const buckets = readBuckets11(body, version);
    if (version > 3 && command === 2 && buckets.length > 0)
      throw invalid('a group is deleted with its buckets, which are not to be told');
    return checked(command, type, { group, selection: undefined, buckets, commandBucket: allBuckets });
  },
  encode(mod, to, version) {
    const command = commandNumbers.get(mod.command) ?? 0;
    if (mod.command === 'insert_bucket' || mod.command === 'remove_bucket')
      throw new OpenFlowError('OFPGMFC_BAD_COMMAND', `${mod.command} is not a command of that version`);
    modHead11.write(to, { command, type: typeNumber(mod.type), group: mod.group });
    for (const bucket of mod.buckets) writeBucket11(bucket, to, version);
  },
};

function modForm15(wire: WirePlace): MessageForm<GroupMod> {
  return {
    wire,
    size: [modHead15.size, 8],
    decode(body, version) {
      const { command, type, group, bucketsSize, commandBucket } = modHead15.read(body);
      if (!mayHaveBucket(command, commandBucket))
        throw refused('OFPGMFC_BAD_BUCKET', `group command bucket id (${commandBucket}) is out of range`);
      if (bucketsSize > body.left)
        throw new OpenFlowError('OFPBRC_BAD_LEN', `${bucketsSize} bytes of buckets, ${body.left} are left`);
      const buckets = readBuckets15(body.part(bucketsSize), version, typeOf(type) === 'select');
      const selection = readSelection(body, typeOf(type), groupCommands.get(command));
      return checked(command, type, { group, selection, buckets, commandBucket });
    },
    encode(mod, to, version) {
      const start = to.size;
      const command = commandNumbers.get(mod.command) ?? 0;
      modHead15.write(to, { ...mod, command, type: typeNumber(mod.type), bucketsSize: 0 });
      const bucketsAt = to.size;
      for (const bucket of mod.buckets) writeBucket15(bucket, to, version, mod.type === 'select');
      to.setU16(start + 8, to.size - bucketsAt);
      if (mod.selection !== undefined) writeSelection(mod.selection, to, version);
    },
  };
}

function mayHaveBucket(command: number, bucket: number): boolean {
  const isOne = isBucketId(bucket) || bucket === firstBucket || bucket === lastBucket;
  if (command === 3) return isOne;
  return bucket === allBuckets || (command === 5 && isOne);
}

function invalid(why: string): OpenFlowError {
  return new OpenFlowError('OFPGMFC_INVALID_GROUP', why);
}

/** What types and commands allow. */
function checked(
  commandNumber: number,
  typeNumberOf: number,
  rest: Pick<GroupMod, 'group' | 'selection' | 'buckets' | 'commandBucket'>,
): GroupMod {
  const type = typeOf(typeNumberOf);
  const { buckets } = rest;
  if (typeof type === 'number') throw new OpenFlowError('OFPGMFC_BAD_TYPE', `a group of type ${type}`);
  if (type === 'indirect' && commandNumber !== 2 && buckets.length !== 1)
    throw invalid(`an indirect group of ${buckets.length} buckets`);
  const command = commandOf(commandNumber);
  if (command === 'remove_bucket' && buckets.length > 0)
    throw new OpenFlowError('OFPGMFC_BAD_BUCKET', 'buckets that are removed are told by number only');
  for (const { weight, watchPort, watchGroup } of buckets) {
    if (weight !== 0 && type !== 'select' && command !== 'insert_bucket')
      throw invalid(`a bucket of weight ${weight} in a group of type ${type}`);
    const isWatched = watchPort !== undefined || watchGroup !== anyGroup;
    if (isWatched && (type === 'all' || type === 'indirect'))
      throw new OpenFlowError('OFPGMFC_WATCH_UNSUPPORTED', `a bucket of a group of type ${type} watches`);
    if (!isWatched && type === 'fast_failover')
      throw invalid('a bucket of a fast failover group watches nothing');
  }
  return { command, type, ...rest };
}

export const groupMod = defineMessage(
  'GROUP_MOD',
  [modForm15('NXT 1.0 31'), modForm11, modForm15('OFPT 1.5+ 15')],
  (mod, context) => {
    const isOfBuckets = mod.command === 'insert_bucket' || mod.command === 'remove_bucket';
    const bucket = isOfBuckets
      ? formatBucketId('command_bucket_id:', mod.commandBucket, context.version)
      : '';
    return `\n ${commandTexts[mod.command]} ${bucket}${formatGroupDesc(mod, !isOfBuckets, context)}`;
  },
);
