/** What sFlow tells of the process: of all its datapaths together, and what it has used. */
import type { DpStats } from '../../datapath/provider.ts';
import type { ProcessTotals } from '../../ofproto/exporters/host.ts';

export function processTotals(backers: Iterable<{ readonly datapath: { stats(): DpStats } }>): ProcessTotals {
  const all = [...backers].map(({ datapath }) => datapath.stats());
  const sum = (count: keyof ProcessTotals['datapath']): number =>
    all.reduce((total, stats) => total + stats[count], 0);
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    datapath: {
      ...{ hitCount: sum('hitCount'), missCount: sum('missCount'), lostCount: sum('lostCount') },
      ...{ maskHitCount: sum('maskHitCount'), flowCount: sum('flowCount'), maskCount: sum('maskCount') },
    },
    userTime: Math.floor(userCPUTime / 1000),
    systemTime: Math.floor(systemCPUTime / 1000),
    memory: maxRSS * 1024,
  };
}
