/** Actions that send packets to a group, and through a meter: OpenFlow 1.5.1 section 5.10 and 5.11. */
import { slots } from '../../flow/slots.ts';
import type { BucketMap } from '../groups/bucket-map.ts';
import type { Group, GroupBucket } from '../groups/group.ts';
import { isLive, watchedBy } from '../groups/liveness.ts';
import { hashPacket, scoreOf } from '../groups/selection.ts';
import type { Handlers } from './handler.ts';
import { groupTag, livenessTag } from './tags.ts';
import type { Translation } from './translation.ts';

export const groupHandlers = {
  meter(t, { meter: number }) {
    const meter = t.ofproto.meters.get(number);
    if (meter !== undefined) t.act({ do: 'meter', id: meter.datapathId });
  },
  group(t, { group: number }) {
    if (!t.mayGoOn()) return;
    const group = t.ofproto.groups.get(number);
    t.tags |= groupTag(t.ofproto.id, number);
    if (group === undefined) t.drop('noSuchGroup', `output to nonexistent group ${number}`);
    else if (group.type === 'all' || group.type === 'indirect') runAll(t, group);
    else if (group.type === 'fast_failover') runOne(t, group, firstLive(t, group));
    else if (group.bucketMap !== undefined) runByDatapathHash(t, group, group.bucketMap);
    else runOne(t, group, bestScore(t, group));
  },
} satisfies Handlers;

function runAll(t: Translation, group: Group): void {
  const last = group.buckets.at(-1);
  for (const bucket of group.buckets) t.step(bucket === last, () => runBucket(t, group, bucket));
  t.effect({ kind: 'group', group, buckets: group.buckets });
}

function runOne(t: Translation, group: Group, bucket: GroupBucket | undefined): void {
  if (bucket === undefined) {
    t.drop('noLiveBucket');
    return;
  }
  t.trace?.note({ event: 'bucketChosen', bucket: group.buckets.indexOf(bucket) });
  runBucket(t, group, bucket);
  t.effect({ kind: 'group', group, buckets: [bucket] });
}

function runBucket(t: Translation, group: Group, bucket: GroupBucket): void {
  t.trace?.enter({ event: 'bucket', bucket: group.buckets.indexOf(bucket) });
  t.branch(bucket.actionSet, 'group');
  t.trace?.leave();
}

function firstLive(t: Translation, group: Group): GroupBucket | undefined {
  return group.buckets.find((_, n) => isLiveBucket(t, group, n));
}

/** Buckets that are not live are told to a trace. */
function isLiveBucket(t: Translation, group: Group, place: number): boolean {
  t.tags |= livenessTag(t.ofproto.id);
  const { trace } = t;
  if (trace === undefined) return isLive(t.ofproto, group, place);
  return isLive(t.ofproto, group, place, (bucket, dead) =>
    trace.note({ event: 'bucketDead', bucket, watched: watchedBy(dead) }),
  );
}

/** The bucket that draws the highest number for the packet's fields. */
function bestScore(t: Translation, group: Group): GroupBucket | undefined {
  const hash = hashPacket(t.flow, t.mask, group.selection);
  let best: GroupBucket | undefined;
  let highest = -1;
  group.buckets.forEach((bucket, n) => {
    if (!isLiveBucket(t, group, n)) return;
    const score = scoreOf(bucket, hash);
    t.trace?.note({ event: 'bucketScore', bucket: n, score });
    if (score <= highest) return;
    best = bucket;
    highest = score;
  });
  return best;
}

const dpHashWord = slots.dp_hash.word;

function runByDatapathHash(t: Translation, group: Group, map: BucketMap): void {
  const hash = t.flow[dpHashWord] ?? 0;
  if (hash === 0) {
    runOne(t, group, bestScore(t, group));
    return;
  }
  t.unwildcard(dpHashWord, map.length - 1);
  t.tags |= livenessTag(t.ofproto.id);
  runOne(t, group, bucketOf(t, group, map, hash));
}

/** A hash whose bucket is not live means that of the next one. */
function bucketOf(t: Translation, group: Group, map: BucketMap, hash: number): GroupBucket | undefined {
  for (let n = 0; n < map.length; n++) {
    const place = map[(hash + n) & (map.length - 1)] ?? 0;
    if (isLive(t.ofproto, group, place)) return group.buckets[place];
  }
  return undefined;
}
