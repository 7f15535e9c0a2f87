/** How threads that poll spend their time, as `dpif-netdev/pmd-perf-show` tells it. */
import { strftime } from '../../base/strftime.ts';
import { binCount, type Histogram } from '../../datapath/polling/histogram.ts';
import type { PollSums } from '../../datapath/polling/poll-meter.ts';
import type { RoundHistory } from '../../datapath/polling/round-history.ts';
import { formatMilliseconds, formatRounds, quotient } from '../../datapath/polling/round-text.ts';
import type { Json } from '../../rpc/channel.ts';
import { asJson } from './common.ts';
import type { packetCounts } from './thread-counts.ts';

/** A thread, and what it did since counting began. */
export interface ShownPolling {
  readonly numa: number;
  readonly core: number;
  readonly sums: PollSums;
  readonly history: RoundHistory | undefined;
  readonly packets: ReturnType<typeof packetCounts>;
}

export interface PerformanceOptions {
  readonly hasHistograms: boolean;
  /** How many of the last rounds, and milliseconds. */
  readonly rounds: number;
  readonly milliseconds: number;
}

/** `now`: milliseconds since 1970. */
export function formatPerformance(shown: ShownPolling, options: PerformanceOptions, now: number): string {
  const { sums, history, numa, core } = shown;
  const time = strftime('%H:%M:%S.###', now, 'utc');
  const head = `\nTime: ${time}\nMeasurement duration: ${(sums.duration / 1000).toFixed(3)} s\n`;
  const title = `\npmd thread numa_id ${numa} core_id ${core}:\n\n`;
  return (
    head + title + formatSums(shown) + (history === undefined ? '' : formatHistory(sums, history, options))
  );
}

export function performanceJson(shown: ShownPolling, options: PerformanceOptions): Json {
  const { history, ...others } = shown;
  const last = history && {
    ...(options.hasHistograms && { histograms: history.histograms }),
    ...(options.rounds > 0 && { lastRounds: lastOf(history.rounds, options.rounds) }),
    ...(options.milliseconds > 0 && { lastMilliseconds: lastOf(history.milliseconds, options.milliseconds) }),
  };
  return asJson({ ...others, ...last });
}

function lastOf<T>(all: readonly T[], count: number): readonly T[] {
  return count === 0 ? [] : all.slice(-count);
}

function ratio(value: number, of: number): number {
  return of > 0 ? value / of : 0;
}

function share(value: number, of: number): string {
  return ((100 * value) / Math.max(of, 1)).toFixed(1).padStart(5);
}

function formatSums(shown: ShownPolling): string {
  const { duration, rounds, idleRounds, idleCycles, sleeps, sleepTime, work } = shown.sums;
  const { cycles } = work;
  const busyCycles = cycles - idleCycles;
  return [
    line('Iterations:', rounds, `${ratio(cycles / 1000, rounds).toFixed(2)} us/it`),
    line('- Used TSC cycles:', cycles, `${share(cycles, duration * 1e6)} % of total cycles`),
    line('- idle iterations:', idleRounds, `${share(idleCycles, cycles)} % of used cycles`),
    line('- busy iterations:', rounds - idleRounds, `${share(busyCycles, cycles)} % of used cycles`),
    line('- sleep iterations:', sleeps, `${share(sleeps, rounds)} % of iterations`),
    line(
      'Sleep time (us):',
      Math.round(sleepTime / 1000),
      `${ratio(sleepTime / 1000, sleeps)
        .toFixed(0)
        .padStart(3)} us/iteration avg.`,
    ),
    ...(shown.packets.received > 0
      ? packetLines(shown, busyCycles)
      : [line('Rx packets:', 0), line('Tx packets:', 0), '\n']),
  ].join('');
}

function packetLines({ packets, sums }: ShownPolling, busyCycles: number): string[] {
  const { received, passes, marked, cached, searched, maskHits, upcalls, lost, sent, sentBatches } = packets;
  const thousands = (count: number) => `${ratio(count, sums.duration).toFixed(0)} Kpps`;
  const hits = (name: string, count: number, more = '') =>
    line(`- ${name}:`, count, `${share(count, passes)} %${more}`);
  return [
    line(
      'Rx packets:',
      received,
      `${thousands(received)}, ${ratio(busyCycles, received).toFixed(0)} cycles/pkt`,
    ),
    line('Datapath passes:', passes, `${ratio(passes, received).toFixed(2)} passes/pkt`),
    hits('PHWOL hits', marked),
    hits('MFEX Opt hits', 0),
    hits('Simple Match hits', 0),
    hits('EMC hits', cached),
    hits('SMC hits', 0),
    hits('Megaflow hits', searched, `, ${ratio(maskHits, searched).toFixed(2)} subtbl lookups/hit`),
    hits('Upcalls', upcalls, `, ${ratio(sums.work.upcallCycles / 1000, upcalls).toFixed(1)} us/upcall`),
    hits('Lost upcalls', lost),
    line('Tx packets:', sent, thousands(sent)),
    line('Tx batches:', sentBatches, `${ratio(sent, sentBatches).toFixed(2)} pkts/batch`),
  ];
}

function line(name: string, value: number, more?: string): string {
  const text = `  ${name.padEnd(20)}${String(value).padStart(12)}`;
  return more === undefined ? `${text}\n` : `${text}  (${more})\n`;
}

function formatHistory(
  sums: PollSums,
  history: RoundHistory,
  { hasHistograms, rounds, milliseconds }: PerformanceOptions,
): string {
  const parts: string[] = [];
  if (hasHistograms) parts.push(formatHistograms(columnsOf(sums, history)));
  if (rounds > 0) parts.push(formatRounds(lastOf(history.rounds, rounds)));
  if (milliseconds > 0) parts.push(formatMilliseconds(lastOf(history.milliseconds, milliseconds)));
  return parts.map((part) => `\n${part}`).join('');
}

/** Of a table of histograms. */
interface Column {
  readonly title: string;
  readonly histogram: Histogram;
  readonly average: string;
}

const queueTitle = 'max vhost qlen';

function columnsOf(sums: PollSums, { histograms }: RoundHistory): Column[] {
  const { rounds, idleCycles } = sums;
  const { cycles, packets, batches, upcalls, upcallCycles } = sums.work;
  const whole = (value: number, of: number): string => String(quotient(value, of));
  const exact = (value: number, of: number): string => ratio(value, of).toFixed(5);
  const column = (title: string, histogram: Histogram, average: string) => ({ title, histogram, average });
  return [
    column('cycles/it', histograms.cycles, whole(cycles, rounds)),
    column('packets/it', histograms.packets, exact(packets, rounds)),
    column('cycles/pkt', histograms.cyclesPerPacket, whole(cycles - idleCycles, packets)),
    column('pkts/batch', histograms.packetsPerBatch, exact(packets, batches)),
    column(queueTitle, histograms.queueLength, exact(0, rounds)),
    column('upcalls/it', histograms.upcalls, exact(upcalls, rounds)),
    column('cycles/upcall', histograms.cyclesPerUpcall, whole(upcallCycles, upcalls)),
  ];
}

const columnWidth = 21;

function formatHistograms(columns: readonly Column[]): string {
  const row = (cell: (column: Column) => string): string =>
    `   ${columns.map((column) => cell(column).padEnd(columnWidth)).join('  ')}\n`;
  const bins = Array.from({ length: binCount }, (_, bin) =>
    row(({ histogram: { walls, counts } }) => `${String(walls[bin] ?? '>').padEnd(9)} ${counts[bin] ?? 0}`),
  );
  return [
    'Histograms\n',
    row(({ title }) => title),
    ...bins,
    `${'-'.repeat(154)}\n`,
    row(({ title }) => (title === queueTitle ? 'vhost qlen' : title)),
    row(({ average }) => average),
  ].join('');
}
