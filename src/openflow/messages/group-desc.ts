/** What groups there are: since OpenFlow 1.1; Nicira's in OpenFlow 1.0. */
import { recordSize } from '../bytes.ts';
import { defineMessage, listForm, type MessageForm, type WirePlace } from '../declare.ts';
import { type OpenFlowError, refusalsOf } from '../errors.ts';
import { pad, struct, u8, u16, u32 } from '../layout.ts';
import {
  type Bucket,
  formatBuckets,
  readBuckets11,
  readBuckets15,
  writeBucket11,
  writeBucket15,
} from './buckets.ts';
import { formatSelection, readSelection, type SelectionMethod, writeSelection } from './group-selection.ts';
import { type GroupType, typeNumber, typeOf, typeText } from './group-values.ts';

const refused = refusalsOf('ofp_group');

export interface GroupDesc {
  readonly group: number;
  readonly type: GroupType;
  /** How a bucket is chosen; undefined leaves it to the switch. */
  readonly selection: SelectionMethod | undefined;
  readonly buckets: readonly Bucket[];
}

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
