/** What the threads of a datapath counted, as `dpif-netdev/pmd-stats-show` tells it. */
import { namesIn, recordFrom } from '../../base/literals.ts';
import type { PollMeter } from '../../datapath/polling/poll-meter.ts';
import type { DpThread } from '../../datapath/provider.ts';

export type Counted = ReturnType<DpThread['stats']>;

export function countedBy(thread: DpThread): Counted {
  const { hitCount, missCount, lostCount, maskHitCount, searchedCount, ...others } = thread.stats();
  const { markedCount, recirculatedCount, sentCount, sentBatchCount } = others;
  const found = { hitCount, missCount, lostCount, maskHitCount, searchedCount, markedCount };
  return { ...found, recirculatedCount, sentCount, sentBatchCount };
}

export function since(now: Counted, before: Counted | undefined): Counted {
  if (before === undefined) return now;
  return recordFrom(namesIn(now), (name) => now[name] - before[name]);
}

/** Packets, and how their flows were found each time that they were looked up. */
export function packetCounts(counted: Counted) {
  const { hitCount, missCount, lostCount, searchedCount, markedCount, recirculatedCount } = counted;
  const passes = hitCount + missCount;
  return {
    received: passes - recirculatedCount,
    recirculated: recirculatedCount,
    passes,
    marked: markedCount,
    cached: hitCount - searchedCount - markedCount,
    searched: searchedCount,
    maskHits: counted.maskHitCount,
    upcalls: missCount - lostCount,
    lost: lostCount,
    sent: counted.sentCount,
    sentBatches: counted.sentBatchCount,
  };
}

/** `meter` of a thread that polls. */
export function formatStats(counted: Counted, meter: PollMeter | undefined): string {
  const counts = packetCounts(counted);
  const lines = [
    `packets received: ${counts.received}`,
    `packet recirculations: ${counts.recirculated}`,
    `avg. datapath passes per packet: ${ratio(counts.passes, counts.received)}`,
    `phwol hits: ${counts.marked}`,
    'mfex opt hits: 0',
    'simple match hits: 0',
    `emc hits: ${counts.cached}`,
    'smc hits: 0',
    `megaflow hits: ${counts.searched}`,
    `avg. subtable lookups per megaflow hit: ${ratio(counts.maskHits, counts.searched)}`,
    `miss with success upcall: ${counts.upcalls}`,
    `miss with failed upcall: ${counts.lost}`,
    `avg. packets per output batch: ${ratio(counts.sent, counts.sentBatches)}`,
    ...(meter === undefined ? [] : cycleLines(meter, counts.received)),
  ];
  return lines.map((line) => `  ${line}\n`).join('');
}

/** None where no time has passed. */
function cycleLines(meter: PollMeter, packets: number): string[] {
  const { work, idleCycles } = meter.sums();
  const { cycles } = work;
  const busy = cycles - idleCycles;
  const share = (part: number): string => `${part} (${ratio(100 * part, cycles)}%)`;
  const perPacket = (name: string, part: number): string =>
    `avg ${name} per packet: ${ratio(part, packets)} (${part}/${packets})`;
  if (cycles === 0) return [];
  return [
    `idle cycles: ${share(idleCycles)}`,
    `processing cycles: ${share(busy)}`,
    ...(packets > 0 ? [perPacket('cycles', cycles), perPacket('processing cycles', busy)] : []),
  ];
}

function ratio(value: number, of: number): string {
  return (of > 0 ? value / of : 0).toFixed(2);
}
