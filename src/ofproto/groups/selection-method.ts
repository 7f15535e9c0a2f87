/** How a select group chooses a bucket for a packet, from what it was asked for: ovs-ofctl(8), "selection_method". */
import { logger } from '../../base/log.ts';
import { type HashAlgorithm, hashAlgorithms } from '../../datapath/actions.ts';
import type { Bucket } from '../../openflow/messages/buckets.ts';
import type { GroupDesc } from '../../openflow/messages/group-desc.ts';
import { formatHashedFields } from '../../openflow/messages/group-selection.ts';
import { type BucketMap, mapBuckets } from './bucket-map.ts';

const log = logger('ofproto_dpif');

export type BucketChoice =
  /** By a hash of the datapath, whose low bits `map` turns into a bucket. */
  | {
      readonly by: 'dp_hash';
      readonly map: BucketMap;
      readonly algorithm: HashAlgorithm;
      readonly basis: number;
    }
  /** By the fields that the group names. */
  | { readonly by: 'fields' }
  /** By the usual fields. */
  | { readonly by: 'connection' };

const usualAlgorithm = hashAlgorithms.indexOf('sym_l4');

/**
 * Differs: buckets that are inserted into a group, or removed, leave the others their share of the hashes; the reference
 * then shares them among the inserted ones alone.
 */
export function chooseMethod(
  { group, selection }: Pick<GroupDesc, 'group' | 'selection'>,
  buckets: readonly Pick<Bucket, 'id' | 'weight'>[],
): BucketChoice {
  log.dbg(`Constructing select group ${group}`);
  if (selection === undefined) {
    log.dbg('No selection method specified. Trying dp_hash.');
    return byDatapathHash(buckets, BigInt(usualAlgorithm) << 32n);
  }
  log.dbg(`Selection method specified: ${selection.method}.`);
  if (selection.method !== 'hash') return byDatapathHash(buckets, selection.parameter);
  if (selection.fields.length > 0) {
    log.dbg(() => `Hash fields: ${formatHashedFields(selection.fields)}`);
    return { by: 'fields' };
  }
  log.dbg('No hash fields. Falling back to default hash method.');
  return { by: 'connection' };
}

/** The upper half of `parameter` is the algorithm, the lower its basis. */
function byDatapathHash(buckets: readonly Pick<Bucket, 'id' | 'weight'>[], parameter: bigint): BucketChoice {
  const map = mapBuckets(buckets);
  if (map === undefined) {
    log.dbg('Falling back to default hash method.');
    return { by: 'connection' };
  }
  let number = Number(parameter >> 32n);
  if (number >= hashAlgorithms.length) {
    log.dbg(`Invalid dp_hash algorithm ${number}. Defaulting to OVS_HASH_ALG_L4`);
    number = 0;
  }
  log.dbg(`Use dp_hash with ${map.length} hash values using algorithm ${number}.`);
  const algorithm = hashAlgorithms[number] ?? 'l4';
  return { by: 'dp_hash', map, algorithm, basis: Number(parameter & 0xffffffffn) };
}
