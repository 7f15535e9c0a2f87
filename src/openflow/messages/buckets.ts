/** Buckets of groups: OpenFlow 1.1 section A.3.4.4, 1.5.1 section 7.3.4.3.1. */
import { checkSizeOf, decodeActions, formatActions, writeActions } from '../action-codec.ts';
import type { Action } from '../actions/index.ts';
import { type Reader, recordSize, type Writer } from '../bytes.ts';
import type { MessageText } from '../declare.ts';
import { OpenFlowError, refusalsOf } from '../errors.ts';
import { port32, receivedPort, reservedPorts } from '../ports.ts';
import {
  type Property,
  readProperties,
  readShort,
  readWord,
  unknownPropertyOf,
  writeShort,
  writeWord,
} from '../properties.ts';
import type { WireVersion } from '../versions.ts';
import { anyGroup } from './flow-mod.ts';

export interface Bucket {
  /** OpenFlow 1.1 to 1.4 number them in their order. */
  readonly id: number;
  /** For select groups: packets in proportion to it. */
  readonly weight: number;
  /** What must be up for the bucket to be; undefined and `anyGroup` for nothing. */
  readonly watchPort: number | undefined;
  readonly watchGroup: number;
  readonly actions: readonly Action[];
}

const lastBucketId = 0xffffff00;
export const firstBucket = 0xfffffffd;
export const lastBucket = 0xfffffffe;
export const allBuckets = 0xffffffff;

export function isBucketId(id: number): boolean {
  return id <= lastBucketId;
}

const refused = refusalsOf('ofp_group');

function badBucket(why: string): OpenFlowError {
  return refused('OFPGMFC_BAD_BUCKET', why);
}

/** The size that a bucket tells itself; at least `least`. */
function bucketSize(from: Reader, least: number): number {
  return recordSize(from, 0, least, (size, left) => {
    if (left < least) return badBucket(`buckets end with ${left} leftover bytes`);
    const length = `OpenFlow message bucket length ${size}`;
    if (size < least) return badBucket(`${length} is not valid`);
    return badBucket(`${length} exceeds remaining buckets data size ${left}`);
  });
}

function readActionsOf(from: Reader, size: number, version: WireVersion): Action[] {
  checkSizeOf('actions', size, from.left, 'OFPBRC_BAD_LEN');
  return decodeActions(from.part(size), version);
}

function watchPortOf(number: number): number | undefined {
  const port = receivedPort(number);
  if (port === undefined) throw new OpenFlowError('OFPGMFC_BAD_WATCH', `a bucket watches port ${number}`);
  return port === reservedPorts.ANY ? undefined : port;
}

const head11Size = 16;

/** Up to the end. Throws OpenFlowError. */
export function readBuckets11(from: Reader, version: WireVersion): Bucket[] {
  const buckets: Bucket[] = [];
  while (from.left > 0) {
    const size = bucketSize(from, head11Size);
    from.skip(2);
    const weight = from.u16();
    const port = from.u32();
    const watchGroup = from.u32();
    from.skip(4);
    const actions = readActionsOf(from, size - head11Size, version);
    buckets.push({ id: buckets.length, weight, watchPort: watchPortOf(port), watchGroup, actions });
  }
  return buckets;
}

export function writeBucket11(bucket: Bucket, to: Writer, version: WireVersion): void {
  const start = to.size;
  to.u16(0);
  to.u16(bucket.weight);
  to.u32(port32(bucket.watchPort ?? reservedPorts.ANY));
  to.u32(bucket.watchGroup);
  to.u32(0);
  writeActions(to, bucket.actions, version);
  to.setU16(start, to.size - start);
}

const unknownProperty = unknownPropertyOf('ofp_group', 'group bucket');
const head15Size = 8;
const weightProperty = 0;
const watchPortProperty = 1;
const watchGroupProperty = 2;

/** Up to the end. Throws OpenFlowError. */
export function readBuckets15(from: Reader, version: WireVersion, isSelect: boolean): Bucket[] {
  const buckets: Bucket[] = [];
  while (from.left > 0) buckets.push(readBucket15(from, version, isSelect));
  if (new Set(buckets.map(({ id }) => id)).size < buckets.length)
    throw new OpenFlowError('OFPGMFC_BAD_BUCKET', 'two buckets have the same number');
  return buckets;
}

function readBucket15(from: Reader, version: WireVersion, isSelect: boolean): Bucket {
  const size = bucketSize(from, head15Size);
  from.skip(2);
  const actionsSize = from.u16();
  const id = from.u32();
  if (actionsSize > size - head15Size)
    throw badBucket(
      `OpenFlow message bucket actions length ${actionsSize} exceeds remaining bucket data size ${size - head15Size}`,
    );
  const actions = readActionsOf(from, actionsSize, version);
  let weight = isSelect ? 1 : 0;
  let port = port32(reservedPorts.ANY);
  let watchGroup = anyGroup;
  const take = (property: Property): boolean => {
    if (property.experimenter !== 0) return false;
    if (property.type === weightProperty) weight = readShort(property);
    else if (property.type === watchPortProperty) port = readWord(property);
    else if (property.type === watchGroupProperty) watchGroup = readWord(property);
    else return false;
    return true;
  };
  readProperties(from.part(size - head15Size - actionsSize), take, unknownProperty);
  const watchPort = watchPortOf(port);
  if (!isBucketId(id)) throw badBucket(`bucket id (${id}) is out of range`);
  return { id, weight, watchPort, watchGroup, actions };
}

export function writeBucket15(bucket: Bucket, to: Writer, version: WireVersion, isSelect: boolean): void {
  const { id, weight, watchPort, watchGroup, actions } = bucket;
  const start = to.size;
  to.u32(0);
  to.u32(id);
  writeActions(to, actions, version);
  to.setU16(start + 2, to.size - start - head15Size);
  if (isSelect || weight !== 0) writeShort(to, weightProperty, weight);
  if (watchPort !== undefined) writeWord(to, watchPortProperty, port32(watchPort));
  if (watchGroup !== anyGroup) writeWord(to, watchGroupProperty, watchGroup);
  to.setU16(start, to.size - start);
}

const bucketNames = new Map([
  [firstBucket, 'first'],
  [lastBucket, 'last'],
  [allBuckets, 'all'],
]);

/** "bucket_id:1,"; nothing in versions that do not tell it. */
export function formatBucketId(label: string, id: number, version: WireVersion): string {
  return version > 1 && version < 6 ? '' : `${label}${bucketNames.get(id) ?? id},`;
}

/** ",bucket=...,bucket=..." */
export function formatBuckets(
  buckets: readonly Bucket[],
  isSelect: boolean,
  { version, ports, tables, paint }: Pick<MessageText, 'version' | 'ports' | 'tables' | 'paint'>,
): string {
  return buckets
    .map(({ id, weight, watchPort, watchGroup, actions }) =>
      [
        `,bucket=${formatBucketId('bucket_id:', id, version)}`,
        weight === (isSelect ? 1 : 0) ? '' : `weight:${weight},`,
        watchPort === undefined ? '' : `watch_port:${ports.format(watchPort)},`,
        watchGroup === anyGroup ? '' : `watch_group:${watchGroup},`,
        `actions=${formatActions(actions, { ports, tables, paint })}`,
      ].join(''),
    )
    .join('');
}
