/**
 * Which bucket of a select group a hash means, so that each gets hashes in proportion to its weight: seats given to
 * parties, by the method of Webster and Sainte-Laguë.
 */
import type { Bucket } from '../../openflow/messages/buckets.ts';

/** Places of buckets in their group, by the low bits of a hash. A power of two of them. */
export type BucketMap = readonly number[];

const fewest = 16;
const most = 256;

/** undefined where that many hashes do not tell weights apart, and where no bucket has any. */
export function mapBuckets(buckets: readonly Pick<Bucket, 'weight'>[]): BucketMap | undefined {
  const weights = buckets.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const least = Math.min(...weights.filter((weight) => weight > 0));
  if (total === 0) return undefined;
  const count = Math.max(fewest, 2 ** Math.ceil(Math.log2(Math.ceil(total / least))));
  if (count > most) return undefined;
  const shares = weights.map((weight) => ({ weight, divisor: 1 }));
  return Array.from({ length: count }, () => {
    const quotients = shares.map(({ weight, divisor }) => weight / divisor);
    const winner = quotients.indexOf(Math.max(...quotients));
    const share = shares[winner];
    if (share !== undefined) share.divisor += 2;
    return winner;
  });
}
