/** Actions that send packets to a group, and through a meter: OpenFlow 1.5.1 section 5.10 and 5.11. */

import { type HashAlgorithm, hashAlgorithms } from '../../../datapath/actions.ts';
import { slots } from '../../../flow/slots.ts';
import type { BucketMap } from '../../groups/bucket-map.ts';
import type { Group, GroupBucket } from '../../groups/group.ts';
import { isLive, watchedBy } from '../../groups/liveness.ts';
import { hashPacket, scoreOf } from '../../groups/selection.ts';
import { groupTag, livenessTag } from '../tags.ts';
import type { Translation } from '../translation.ts';
import type { Handlers } from './handler.ts';

export const groupHandlers = {
  meter(t, { meter: number }) {
    const meter = t.ofproto.meters.get(number);
    if (meter !== undefined) t.datapath.act({ do: 'meter', id: meter.datapathId });
  },
  group(t, { group: number }) {
    if (!t.pipeline.mayGoOn()) return;
    const group = t.ofproto.groups.get(number);
    t.outcome.tags |= groupTag(t.ofproto.id, number);
    if (group === undefined) t.drop('noSuchGroup', `output to nonexistent group ${number}`);
    else if (group.type === 'all' || group.type === 'indirect') runAll(t, group);
    else if (group.type === 'fast_failover') runOne(t, group, firstLive(t, group));
    else runSelect(t, group);
  },
} satisfies Handlers;

function runAll(t: Translation, group: Group): void {
  const last = group.buckets.at(-1);
  for (const bucket of group.buckets) t.detours.step(bucket === last, () => runBucket(t, bucket));
  t.effect({ kind: 'group', group, buckets: group.buckets });
}

function runOne(t: Translation, group: Group, bucket: GroupBucket | undefined): void {
  if (bucket === undefined) {
    t.drop('noLiveBucket');
    return;
  }
  t.trace?.note({ event: 'bucketChosen', bucket: bucket.id });
  runBucket(t, bucket);
  t.effect({ kind: 'group', group, buckets: [bucket] });
}

function runBucket(t: Translation, bucket: GroupBucket): void {
  t.trace?.enter({ event: 'bucket', bucket: bucket.id });
  t.pipeline.branch(bucket.actionSet, 'group');
  t.trace?.leave();
}

function firstLive(t: Translation, group: Group): GroupBucket | undefined {
  return group.buckets.find((bucket) => isLiveBucket(t, group, bucket));
}

/** Buckets that are not live are told to a trace. */
function isLiveBucket(t: Translation, group: Group, bucket: GroupBucket): boolean {
  t.outcome.tags |= livenessTag(t.ofproto.id);
  const { trace } = t;
  if (trace === undefined) return isLive(t.ofproto, group, bucket);
  return isLive(t.ofproto, group, bucket, (dead) =>
    trace.note({ event: 'bucketDead', bucket: dead.id, watched: watchedBy(dead) }),
  );
}

/** The bucket that draws the highest number for the packet's fields. */
function bestScore(t: Translation, group: Group): GroupBucket | undefined {
  const hash = hashPacket(t.flow, t.mask, group.selection);
  let best: GroupBucket | undefined;
  let highest = -1;
  for (const bucket of group.buckets) {
    if (!isLiveBucket(t, group, bucket)) continue;
    const score = scoreOf(bucket, hash);
    t.trace?.note({ event: 'bucketScore', bucket: bucket.id, score });
    if (score < highest) continue;
    best = bucket;
    highest = score;
  }
  return best;
}

const dpHashWord = slots.dp_hash.word;

/** What is to be looked at may not be known yet: then the packet comes back to the group with it. */
function runSelect(t: Translation, group: Group): void {
  const { choice } = group;
  if (t.packet.isUncovered) t.freezing.startBefore();
  else if (choice?.by === 'dp_hash' && t.flow[dpHashWord] === 0)
    t.freezing.startBefore({
      do: 'hash',
      algorithm: knownAlgorithm(t, choice.algorithm),
      basis: choice.basis,
    });
  else {
    runOne(t, group, choice?.by === 'dp_hash' ? bucketOfHash(t, group, choice.map) : bestScore(t, group));
    return;
  }
  t.trace?.note({ event: 'drop', reason: 'noLiveBucket' });
}

function knownAlgorithm({ request }: Translation, wanted: HashAlgorithm): HashAlgorithm {
  return hashAlgorithms.indexOf(wanted) > request.context.abilities.limit('max_hash_alg') ? 'l4' : wanted;
}

/** A hash whose bucket is not live means that of the next one. */
function bucketOfHash(t: Translation, group: Group, map: BucketMap): GroupBucket | undefined {
  const hash = t.flow[dpHashWord] ?? 0;
  t.unwildcard(dpHashWord, map.length - 1);
  t.outcome.tags |= livenessTag(t.ofproto.id);
  for (let n = 0; n < map.length; n++) {
    const bucket = group.buckets[map[(hash + n) & (map.length - 1)] ?? 0];
    if (bucket !== undefined && isLive(t.ofproto, group, bucket)) return bucket;
  }
  return undefined;
}
