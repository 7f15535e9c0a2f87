/** Which buckets of a group packets may go to: OpenFlow 1.5.1 section 6.6. */
import { type OfPort, ofPort } from '../../base/units.ts';
import type { Bucket } from '../../openflow/messages/buckets.ts';
import { anyGroup } from '../../openflow/messages/flow-mod.ts';
import { portText, reservedPorts } from '../../openflow/ports.ts';
import type { Controllers } from '../controllers.ts';
import type { OfprotoPort } from '../port.ts';
import type { Group } from './group.ts';
import type { GroupTable } from './group-table.ts';

/** Groups that watch each other; deeper, nothing is live. */
const maxDepth = 64;

interface WatchedSwitch {
  readonly ports: ReadonlyMap<OfPort, OfprotoPort>;
  readonly groups: GroupTable;
  readonly controllers: Pick<Controllers, 'isInCharge'>;
}

/** Is told of buckets that are not live, also those of groups that are watched. */
type DeadBucket = (bucket: Bucket) => void;

/** Does the bucket get packets? One that watches nothing does, unless it is to get no share of them. */
export function isLive(
  of: WatchedSwitch,
  group: Group,
  bucket: Bucket,
  onDead?: DeadBucket,
  depth = 0,
): boolean {
  if (isBucketLive(of, group, bucket, onDead, depth)) return true;
  onDead?.(bucket);
  return false;
}

function isBucketLive(
  of: WatchedSwitch,
  group: Group,
  bucket: Bucket,
  onDead: DeadBucket | undefined,
  depth: number,
): boolean {
  if (group.type === 'select' && bucket.weight === 0) return false;
  const { watchPort, watchGroup } = bucket;
  if (watchPort === undefined && watchGroup === anyGroup) return true;
  if (watchPort === reservedPorts.CONTROLLER && of.controllers.isInCharge) return true;
  if (watchPort !== undefined && of.ports.get(ofPort(watchPort))?.isLive === true) return true;
  const watched = watchGroup === anyGroup ? undefined : of.groups.get(watchGroup);
  return (
    watched !== undefined &&
    depth < maxDepth &&
    watched.buckets.some((each) => isLive(of, watched, each, onDead, depth + 1))
  );
}

/** The ports and groups that a bucket watches. */
export function watchedBy({ watchPort, watchGroup }: Bucket): string[] {
  return [
    ...(watchPort === undefined ? [] : [portText.format(watchPort)]),
    ...(watchGroup === anyGroup ? [] : [String(watchGroup)]),
  ];
}
