/** Groups: OpenFlow 1.1 section A.3.4.4, 1.5.1 section 7.3.4.3; Netronome's choice of buckets; Nicira's in OpenFlow 1.0. */
import { hexOrZero } from '../../base/numbers.ts';
import { type Reader, recordSize, type Writer } from '../bytes.ts';
import { bareMessage, defineMessage, listForm, type MessageForm, type WirePlace } from '../declare.ts';
import { OpenFlowError, refusalsOf } from '../errors.ts';
import { counter, type Duration, duration, type Part, pad, struct, u8, u16, u32 } from '../layout.ts';
import type { WireVersion } from '../versions.ts';
import { type ActionAbility, actionBits, formatAbilities, readActionBits } from './ability-bits.ts';
import {
  allBuckets,
  type Bucket,
  firstBucket,
  formatBucketId,
  formatBuckets,
  isBucketId,
  lastBucket,
  readBuckets11,
  readBuckets15,
  writeBucket11,
  writeBucket15,
} from './buckets.ts';
import { anyGroup } from './flow-mod.ts';
import { wholeCount } from './flows.ts';
import { formatSelection, readSelection, type SelectionMethod, writeSelection } from './group-selection.ts';
import {
  allGroups,
  commandNumbers,
  commandOf,
  commandTexts,
  type GroupCommand,
  type GroupType,
  groupCommands,
  typeNumber,
  typeOf,
  types,
  typeText,
} from './group-values.ts';
import { formatDuration } from './text.ts';

export interface GroupDesc {
  readonly group: number;
  readonly type: GroupType;
  /** How a bucket is chosen; undefined leaves it to the switch. */
  readonly selection: SelectionMethod | undefined;
  readonly buckets: readonly Bucket[];
}

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

/** As ovs-ofctl prints it; ids of buckets where the version has them. */
export function formatGroupDesc(
  { group, type, selection, buckets }: GroupDesc,
  hasType: boolean,
  context: Parameters<typeof formatBuckets>[2],
): string {
  const typeOfGroup = hasType ? `,type=${typeText(type)}` : '';
  const chosen = selection === undefined ? '' : formatSelection(selection);
  return `group_id=${group}${typeOfGroup}${chosen}${formatBuckets(buckets, type === 'select', context)}`;
}

export interface GroupRequest {
  /** `allGroups` for all of them. */
  readonly group: number;
}

function formatGroupRequest({ group }: GroupRequest): string {
  return ` group_id=${group === allGroups ? 'ALL' : group === anyGroup ? 'ANY' : group}`;
}

const requestLayout = struct({ group: u32, pad: pad(4) });

function requestForm(wire: WirePlace): MessageForm<GroupRequest> {
  return {
    wire,
    size: [requestLayout.size, 0],
    decode: (body) => requestLayout.read(body),
    encode: (value, to) => requestLayout.write(to, value),
  };
}

export const groupRequest = defineMessage(
  'GROUP_REQUEST',
  [requestForm('NXST 1.0 7 request'), requestForm('OFPST 1.1+ 6 request')],
  formatGroupRequest,
);

export const groupDescRequest = defineMessage(
  'GROUP_DESC_REQUEST',
  [
    requestForm('NXST 1.0 8 request'),
    {
      wire: 'OFPST 1.1-1.4 7 request',
      size: [0, 0],
      decode: (): GroupRequest => ({ group: allGroups }),
      encode: () => {},
    },
    requestForm('OFPST 1.5+ 7 request'),
  ],
  formatGroupRequest,
);

const descHead11 = struct({ padSize: pad(2), type: u8, pad: pad(1), group: u32 });
const descHead15 = struct({
  padSize: pad(2),
  type: u8,
  pad1: pad(1),
  group: u32,
  bucketsSize: u16,
  pad2: pad(6),
});

const badDesc =
  (least: number) =>
  (size: number, left: number): OpenFlowError => {
    const why = left < least ? `has ${left} leftover bytes at end` : `claims invalid length ${size}`;
    return refused('OFPBRC_BAD_LEN', `OFPST11_GROUP_DESC reply ${why}`);
  };

const descForm11 = listForm<GroupDesc>(
  'OFPST 1.1-1.4 7 reply',
  [0, 8],
  (from, version) => {
    const size = recordSize(from, 0, descHead11.size, badDesc(descHead11.size));
    const { type, group } = descHead11.read(from);
    const buckets = readBuckets11(from.part(size - descHead11.size), version);
    return { group, type: typeOf(type), selection: undefined, buckets };
  },
  ({ group, type, buckets }, to, version) => {
    const start = to.size;
    descHead11.write(to, { group, type: typeNumber(type) });
    for (const bucket of buckets) writeBucket11(bucket, to, version);
    to.setU16(start, to.size - start);
  },
);

function descForm15(wire: WirePlace): MessageForm<readonly GroupDesc[]> {
  return listForm<GroupDesc>(
    wire,
    [0, 8],
    (from, version) => {
      const size = recordSize(from, 0, descHead15.size, badDesc(descHead15.size));
      const { type, group, bucketsSize } = descHead15.read(from);
      const rest = from.part(size - descHead15.size);
      if (bucketsSize > rest.left)
        throw refused(
          'OFPBRC_BAD_LEN',
          `OFPST11_GROUP_DESC reply claims invalid bucket list length ${bucketsSize}`,
        );
      const buckets = readBuckets15(rest.part(bucketsSize), version, typeOf(type) === 'select');
      return { group, type: typeOf(type), selection: readSelection(rest, typeOf(type), 'add'), buckets };
    },
    ({ group, type, selection, buckets }, to, version) => {
      const start = to.size;
      descHead15.write(to, { group, type: typeNumber(type), bucketsSize: 0 });
      const bucketsAt = to.size;
      for (const bucket of buckets) writeBucket15(bucket, to, version, type === 'select');
      to.setU16(start + 8, to.size - bucketsAt);
      if (selection !== undefined) writeSelection(selection, to, version);
      to.setU16(start, to.size - start);
    },
  );
}

export const groupDescReply = defineMessage(
  'GROUP_DESC_REPLY',
  [descForm15('NXST 1.0 8 reply'), descForm11, descForm15('OFPST 1.5+ 7 reply')],
  (all, context) => all.map((group) => `\n ${formatGroupDesc(group, true, context)}`).join(''),
);

export interface BucketStats {
  readonly packets: bigint | undefined;
  readonly bytes: bigint | undefined;
}

export interface GroupStats extends BucketStats {
  readonly group: number;
  /** Flows and groups that send packets to it. */
  readonly referenceCount: number;
  readonly duration: Duration | undefined;
  readonly buckets: readonly BucketStats[];
}

const bucketStats = struct({ packets: counter, bytes: counter });
const statsHead = {
  size: u16,
  pad1: pad(2),
  group: u32,
  referenceCount: u32,
  pad2: pad(4),
  packets: counter,
  bytes: counter,
};
const stats11 = struct(statsHead);
const stats13 = struct({ ...statsHead, duration });

type StatsHead = Omit<GroupStats, 'buckets' | 'duration'> & {
  readonly size: number;
  readonly duration?: Duration | undefined;
};

/** The reference says "reply" twice. */
function badStats(wire: WirePlace, why: string): OpenFlowError {
  const [whose = ''] = wire.split(' ');
  return refused('OFPBRC_BAD_LEN', `${whose}_GROUP reply reply ${why}`);
}

function leftOver(wire: WirePlace, { left }: Reader): OpenFlowError {
  return badStats(wire, `has ${left} leftover bytes at end`);
}

function statsForm<H extends StatsHead>(
  wire: WirePlace,
  layout: Part<H>,
  write: (to: Writer, value: GroupStats & { readonly size: number }) => void,
): MessageForm<readonly GroupStats[]> {
  return listForm<GroupStats>(
    wire,
    [0, 8],
    (from: Reader) => {
      if (from.left < layout.size) throw leftOver(wire, from);
      const { size, duration: time, ...rest } = layout.read(from);
      if (size < layout.size) throw badStats(wire, `claims invalid length ${size}`);
      const count = Math.floor((size - layout.size) / bucketStats.size);
      if (count * bucketStats.size > from.left) throw leftOver(wire, from);
      const buckets = Array.from({ length: count }, () => bucketStats.read(from));
      return { ...rest, duration: time, buckets };
    },
    (stats, to) => {
      write(to, { ...stats, size: layout.size + stats.buckets.length * bucketStats.size });
      for (const bucket of stats.buckets) bucketStats.write(to, bucket);
    },
  );
}

export const groupReply = defineMessage(
  'GROUP_REPLY',
  [
    statsForm('NXST 1.0 7 reply', stats13, (to, value) => stats13.write(to, value)),
    statsForm('OFPST 1.1-1.2 6 reply', stats11, (to, value) => stats11.write(to, value)),
    statsForm('OFPST 1.3+ 6 reply', stats13, (to, value) => stats13.write(to, value)),
  ],
  (all, { isCut }) => all.map(formatGroupStats).join('') + (isCut ? ' ***parse error***' : ''),
);

function formatGroupStats(stats: GroupStats): string {
  const { group, referenceCount, packets, bytes, buckets } = stats;
  const time = stats.duration === undefined ? '' : `duration=${formatDuration(stats.duration)},`;
  const counts = (of: BucketStats): string =>
    `packet_count=${wholeCount(of.packets)},byte_count=${wholeCount(of.bytes)}`;
  const ofBuckets = buckets.map((bucket, n) =>
    bucket.packets === undefined ? '' : `,bucket${n}:${counts(bucket)}`,
  );
  return `\n group_id=${group},${time}ref_count=${referenceCount},${counts({ packets, bytes })}${ofBuckets.join('')}`;
}

export const groupFeaturesRequest = bareMessage(
  'GROUP_FEATURES_REQUEST',
  'NXST 1.0-1.1 9 request',
  'OFPST 1.2+ 8 request',
);

export interface GroupFeatures {
  /** Bits of types, `all` the lowest. */
  readonly types: number;
  /** Bits: weights, liveness, chaining, checks for loops. */
  readonly capabilities: number;
  /** For each of the four types. */
  readonly maxGroups: readonly number[];
  readonly actions: readonly (readonly ActionAbility[])[];
}

function four<T>(read: (from: Reader) => T): (from: Reader) => T[] {
  return (from) => Array.from({ length: types.length }, () => read(from));
}

function featuresForm(wire: WirePlace): MessageForm<GroupFeatures> {
  return {
    wire,
    size: [40, 0],
    decode: (body, version) => ({
      types: body.u32(),
      capabilities: body.u32(),
      maxGroups: four((from) => from.u32())(body),
      actions: four((from) => readActionBits(from.u32(), version))(body),
    }),
    encode({ types: bits, capabilities, maxGroups, actions }, to, version: WireVersion) {
      to.u32(bits);
      to.u32(capabilities);
      for (let n = 0; n < types.length; n++) to.u32(maxGroups[n] ?? 0);
      for (let n = 0; n < types.length; n++) to.u32(actionBits(actions[n] ?? [], version));
    },
  };
}

export const groupFeaturesReply = defineMessage(
  'GROUP_FEATURES_REPLY',
  [featuresForm('NXST 1.0-1.1 9 reply'), featuresForm('OFPST 1.2+ 8 reply')],
  ({ types: bits, capabilities, maxGroups, actions }) => {
    const ofTypes = types.map((type, n) => {
      if (((bits >>> n) & 1) === 0) return '';
      const name = type === 'fast_failover' ? 'fast failover' : type;
      const most = hexOrZero(maxGroups[n] ?? 0);
      return `    ${name} group:\n       max_groups=${most}\n       actions: ${formatAbilities(actions[n] ?? [])}\n`;
    });
    const hex = (number: number): string => `0x${number.toString(16)}`;
    return `\n Group table:\n    Types:  ${hex(bits)}\n    Capabilities:  ${hex(capabilities)}\n${ofTypes.join('')}`;
  },
);
