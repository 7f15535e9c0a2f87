/** Buckets of groups as ovs-ofctl takes them: "weight:5,watch_port:1,actions=output:1" (ovs-ofctl(8), "Group Syntax"). */
import { hasName } from '../../base/literals.ts';
import { keyValues } from '../../flow/key-values.ts';
import { readActionText } from '../action-codec.ts';
import { readPortArgument, readU32, readUnsigned, wrong } from '../actions/arguments.ts';
import type { ActionText } from '../actions/declare.ts';
import type { Action } from '../actions/index.ts';
import { type Bucket, isBucketId } from '../messages/buckets.ts';
import { anyGroup } from '../messages/flow-mod.ts';
import { type GroupType, lastGroup } from '../messages/group-values.ts';
import { firstReservedPort, reservedPorts } from '../ports.ts';

/** A bucket that may have no number yet. */
export type UnnumberedBucket = Omit<Bucket, 'id'> & { readonly id: number | undefined };

/** Throws Malformed, whose `why` is the whole message. */
export function readBucket(text: string, type: GroupType, context: ActionText): UnnumberedBucket {
  const bucket: Draft = {
    id: undefined,
    weight: type === 'select' ? 1 : 0,
    watchPort: undefined,
    watchGroup: anyGroup,
  };
  let actionText = '';
  for (const { name, value } of keyValues(text)) {
    const word = name.toLowerCase();
    if (hasName(parts, word)) parts[word](bucket, value, context);
    else if (word === 'action' || word === 'actions') actionText += `${value},`;
    else actionText += `${name}(${value}),`;
  }
  if (actionText === '') throw wrong('bucket must specify actions');
  if (type === 'fast_failover' && bucket.watchPort === undefined && bucket.watchGroup === anyGroup)
    throw wrong('fast failover bucket requires watch_port or watch_group');
  const actions: readonly Action[] = readActionText(actionText, context);
  return { ...bucket, actions };
}

type Draft = { -readonly [K in keyof Omit<UnnumberedBucket, 'actions'>]: UnnumberedBucket[K] };

/** What is said of a bucket besides its actions; each takes its value. */
const parts = {
  weight(bucket: Draft, text: string): void {
    bucket.weight = readUnsigned(text, 16, 'weight');
  },
  watch_port(bucket: Draft, text: string, context: ActionText): void {
    const port = readPortArgument(text, context);
    if (port === undefined || (port >= firstReservedPort && !watchedPorts.includes(port)))
      throw wrong(`${text}: invalid watch_port`);
    bucket.watchPort = port === reservedPorts.ANY ? undefined : port;
  },
  watch_group(bucket: Draft, text: string): void {
    bucket.watchGroup = readU32(text);
    if (bucket.watchGroup > lastGroup) throw wrong(`invalid watch_group id ${bucket.watchGroup}`);
  },
  bucket_id(bucket: Draft, text: string): void {
    bucket.id = readU32(text);
    if (!isBucketId(bucket.id)) throw wrong(`invalid bucket_id id ${bucket.id}`);
  },
};

const watchedPorts: readonly number[] = [reservedPorts.ANY, reservedPorts.CONTROLLER];

/**
 * Gives buckets without a number the lowest that is free. Like the reference, it looks for those that are not among the
 * buckets behind the first such one, so that a switch may find the same number twice.
 */
export function numberBuckets(buckets: readonly UnnumberedBucket[]): Bucket[] {
  const first = buckets.findIndex(({ id }) => id === undefined);
  const taken = new Set(buckets.slice(first).map(({ id }) => id));
  let next = 0;
  return buckets.map((bucket) => {
    if (bucket.id !== undefined) return { ...bucket, id: bucket.id };
    while (taken.has(next)) next++;
    return { ...bucket, id: next++ };
  });
}
