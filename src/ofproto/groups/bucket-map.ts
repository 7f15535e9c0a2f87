/**
 * Which bucket of a select group a hash means, so that each gets hashes in proportion to its weight: seats given to
 * parties, by the method of Webster and Sainte-Laguë.
 */
import { logger } from '../../base/log.ts';
import type { Bucket } from '../../openflow/messages/buckets.ts';

const log = logger('ofproto_dpif');

/** Places of buckets in their group, by the low bits of a hash. A power of two of them. */
export type BucketMap = readonly number[];

const fewest = 16;
const most = 256;

/** undefined where that many hashes do not tell weights apart, and where no bucket has any. */
export function mapBuckets(buckets: readonly Pick<Bucket, 'id' | 'weight'>[]): BucketMap | undefined {
  if (buckets.length === 0) {
    log.dbg("  Don't apply dp_hash method without buckets.");
    return undefined;
  }
  const weights = buckets.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) {
    log.dbg('  Total weight is zero. No active buckets.');
    return undefined;
  }
  const least = Math.min(...weights.filter((weight) => weight > 0));
  log.dbg(`  Minimum weight: ${least}, total weight: ${total}`);
  const count = Math.max(fewest, 2 ** Math.ceil(Math.log2(Math.ceil(total / least))));
  if (count > most) {
    log.dbg(`  Too many hash values required: ${count}`);
    return undefined;
  }
  log.dbg(`  Using ${count} hash values:`);
  const map = share(weights, count);
  for (const [place, { id, weight }] of buckets.entries()) {
    log.dbg(() => {
      const hits = map.filter((winner) => winner === place).length;
      const target = ((count * weight) / total).toFixed(2);
      return `  Bucket ${id}: weight=${weight}, target=${target} hits=${hits}`;
    });
  }
  return map;
}

/** The places of `count` hashes' winners, whose shares are as their weights. */
function share(weights: readonly number[], count: number): number[] {
  const shares = weights.map((weight) => ({ weight, divisor: 1 }));
  return Array.from({ length: count }, () => {
    const quotients = shares.map(({ weight, divisor }) => weight / divisor);
    const winner = quotients.indexOf(Math.max(...quotients));
    const won = shares[winner];
    if (won !== undefined) won.divisor += 2;
    return winner;
  });
}
