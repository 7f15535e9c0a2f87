/** What several workers counted, as one. */

import { emptyCounters } from '../netdev/counters.ts';
import type { PortCounters } from '../netdev/provider.ts';
import { type DpDropReason, dropNames } from './drops.ts';
import type { DpStats, DropCounts } from './provider.ts';
import type { SharedPortCounters, Totals } from './userspace/counters.ts';

/** A worker, or its engine. */
interface Counting {
  readonly totals: Totals;
}

/** All that a worker dropped, or what it dropped of one port. */
interface CountsDrops {
  dropCount(reason: DpDropReason): number;
}

export function sumStats(workers: readonly Counting[], flowCount: number): DpStats {
  const sum = (name: Parameters<Totals['get']>[0]): number =>
    workers.reduce((n, { totals }) => n + totals.get(name), 0);
  return {
    hitCount: sum('hit'),
    missCount: sum('miss'),
    lostCount: sum('lost'),
    maskHitCount: sum('maskHit'),
    searchedCount: sum('searched'),
    markedCount: sum('marked'),
    recirculatedCount: sum('recirculated'),
    sentCount: sum('sent'),
    sentBatchCount: sum('sentBatches'),
    maskCount: workers.reduce((n, { totals }) => Math.max(n, totals.get('masks')), 0),
    flowCount,
  };
}

/** Reasons that never happened are left out. */
export function sumDrops(workers: readonly CountsDrops[]): DropCounts {
  const counts = new Map<DpDropReason, number>();
  for (const name of dropNames) {
    const count = workers.reduce((n, worker) => n + worker.dropCount(name), 0);
    if (count > 0) counts.set(name, count);
  }
  return counts;
}

/** Of one port. */
export function sumPortCounters(workers: readonly SharedPortCounters[]): PortCounters {
  const sum = emptyCounters();
  for (const worker of workers) worker.addTo(sum);
  return sum;
}
