/** The totals of several workers as one. */
import { dropNames } from './drops.ts';
import type { DpStats, DropCounts } from './provider.ts';
import type { Totals } from './userspace/counters.ts';

export function sumStats(workers: readonly Totals[], flowCount: number): DpStats {
  const sum = (name: Parameters<Totals['get']>[0]): number => workers.reduce((n, w) => n + w.get(name), 0);
  return {
    hitCount: sum('hit'),
    missCount: sum('miss'),
    lostCount: sum('lost'),
    maskHitCount: sum('maskHit'),
    maskCount: workers.reduce((n, w) => Math.max(n, w.get('masks')), 0),
    flowCount,
  };
}

/** Reasons that never happened are left out. */
export function sumDrops(workers: readonly Totals[]): DropCounts {
  const counts = new Map<string, number>();
  for (const name of dropNames) {
    const count = workers.reduce((n, w) => n + w.dropCount(name), 0);
    if (count > 0) counts.set(name, count);
  }
  return counts;
}
