/**
 * Groups: OpenFlow 1.5.1 section 5.10. A group that is changed is another object, so whoever has one sees it unchanged.
 */
import type { Ms } from '../../base/units.ts';
import { actionSetOrder } from '../../openflow/action-set.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { Bucket } from '../../openflow/messages/buckets.ts';
import type { GroupDesc } from '../../openflow/messages/group-desc.ts';
import type { SelectionMethod } from '../../openflow/messages/group-selection.ts';
import type { GroupType } from '../../openflow/messages/group-values.ts';
import { type BucketChoice, chooseMethod } from './selection-method.ts';

/** Stays itself when other buckets come or go beside it, so that its counts go on. */
export class GroupBucket implements Bucket {
  readonly id: number;
  readonly weight: number;
  readonly watchPort: number | undefined;
  readonly watchGroup: number;
  readonly actions: readonly Action[];
  /** The same as they are done: those of a bucket are an action set. */
  readonly actionSet: readonly Action[];
  packetCount = 0;
  byteCount = 0;

  constructor({ id, weight, watchPort, watchGroup, actions }: Bucket) {
    this.id = id;
    this.weight = weight;
    this.watchPort = watchPort;
    this.watchGroup = watchGroup;
    this.actions = actions;
    this.actionSet = actionSetOrder(actions);
  }
}

export class Group implements GroupDesc {
  readonly group: number;
  readonly type: GroupType;
  readonly selection: SelectionMethod | undefined;
  readonly buckets: readonly GroupBucket[];
  readonly createdAt: Ms;
  packetCount = 0;
  byteCount = 0;
  /** How a bucket is chosen; of select groups only. */
  readonly choice: BucketChoice | undefined;

  constructor(
    { group, type, selection }: Omit<GroupDesc, 'buckets'>,
    buckets: readonly GroupBucket[],
    createdAt: Ms,
  ) {
    this.group = group;
    this.type = type;
    this.selection = selection;
    this.buckets = buckets;
    this.createdAt = createdAt;
    if (type === 'select') this.choice = chooseMethod({ group, selection }, buckets);
  }

  /** Packets went to these of its buckets. */
  credit(buckets: readonly GroupBucket[], packets: number, bytes: number): void {
    this.packetCount += packets;
    this.byteCount += bytes;
    for (const bucket of buckets) {
      bucket.packetCount += packets;
      bucket.byteCount += bytes;
    }
  }
}
