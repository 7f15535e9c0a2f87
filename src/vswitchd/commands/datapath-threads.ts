/** `dpif-netdev/*`: what the threads of a userspace datapath did. All workers of ours are the reference's main thread. */
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import { longestTime, pieceTime } from '../../datapath/polling/thread-load.ts';
import { type Datapath, type DpThread, hasPollThreads, type PollingThread } from '../../datapath/provider.ts';
import type { Json } from '../../rpc/channel.ts';
import type { Switch } from '../switch.ts';
import { asJson } from './common.ts';
import { allDatapaths } from './dpctl/datapaths.ts';
import { formatPerformance, performanceJson } from './poll-performance.ts';
import { roundLogCommand } from './round-log.ts';
import { type Counted, countedBy, formatStats, packetCounts, since } from './thread-counts.ts';
import { onlyOne, readThreadRequest } from './thread-request.ts';

/** What stands for no port. */
const noMember = 0xffffffff;

/** `wall`: milliseconds since 1970. */
export function datapathThreadCommands(aSwitch: Switch, wall: () => number): Command[] {
  /** Where counting began anew, by core. */
  const cleared = new WeakMap<Datapath, Map<number | undefined, Counted>>();
  const countedSince = (datapath: Datapath, thread: DpThread): Counted =>
    since(countedBy(thread), cleared.get(datapath)?.get(thread.polling?.core));
  return [
    defineCommand({
      name: 'dpif-netdev/bond-show',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      run([name]) {
        const all = allDatapaths(aSwitch).map(({ datapath }) => datapath);
        const named = all.filter((datapath) => name === undefined || datapath.name === name);
        const bonds = onlyOne(named).bonds();
        return { text: formatBonds(bonds), json: asJson(bonds) };
      },
    }),
    defineCommand({
      name: 'dpif-netdev/pmd-stats-show',
      usage: '[-pmd core] [dp]',
      minArgs: 0,
      maxArgs: 3,
      run(args) {
        const { datapath, threads } = readThreadRequest(aSwitch, args);
        const shown = threads.map((thread) => ({ thread, stats: countedSince(datapath, thread) }));
        return {
          text: shown
            .map(({ thread, stats }) => `${titleOf(thread)}:\n${formatStats(stats, thread.polling?.meter)}`)
            .join(''),
          json: shown.map(({ thread, stats }) => asJson({ ...placeOf(thread), ...stats })),
        };
      },
    }),
    defineCommand({
      name: 'dpif-netdev/pmd-stats-clear',
      usage: '[-pmd core] [dp]',
      minArgs: 0,
      maxArgs: 3,
      run(args) {
        const { datapath, threads } = readThreadRequest(aSwitch, args);
        const before = cleared.get(datapath) ?? [];
        const now = threads.map((thread) => [thread.polling?.core, countedBy(thread)] as const);
        cleared.set(datapath, new Map([...before, ...now]));
        for (const { polling } of threads) polling?.meter.clear();
        return '';
      },
    }),
    defineCommand({
      name: 'dpif-netdev/pmd-perf-show',
      usage: '[-nh] [-it iter-history-len] [-ms ms-history-len] [-pmd core] [dp]',
      minArgs: 0,
      maxArgs: 8,
      run(args) {
        const { datapath, threads, numbers } = readThreadRequest(aSwitch, args, ['-it', '-ms']);
        const options = {
          hasHistograms: !args.includes('-nh'),
          rounds: numbers.get('-it') ?? 0,
          milliseconds: numbers.get('-ms') ?? 0,
        };
        const shown = threads.flatMap((thread) => {
          if (thread.polling === undefined) return [];
          const { numa, core, meter } = thread.polling;
          const packets = packetCounts(countedSince(datapath, thread));
          return { numa, core, sums: meter.sums(), history: meter.history, packets };
        });
        return {
          text: shown.map((each) => formatPerformance(each, options, wall())).join(''),
          json: shown.map((each) => performanceJson(each, options)),
        };
      },
    }),
    roundLogCommand(),
    defineCommand({
      name: 'dpif-netdev/pmd-rxq-show',
      usage: '[-pmd core] [-secs secs] [dp]',
      minArgs: 0,
      maxArgs: 5,
      run(args) {
        const { threads, numbers } = readThreadRequest(aSwitch, args, ['-secs']);
        const seconds = shownTime(numbers.get('-secs') ?? 0);
        const title = threads.length === 0 ? '' : `Displaying last ${seconds} seconds pmd usage %\n`;
        const polling = threads.flatMap(({ polling }) =>
          polling === undefined ? [] : usageOf(polling, seconds),
        );
        return {
          text: title + polling.map(formatUsage).join(''),
          json: { seconds, threads: polling.map(asJson) },
        };
      },
    }),
    defineCommand({
      name: 'dpif-netdev/pmd-rxq-rebalance',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      run(args) {
        const { datapath } = readThreadRequest(aSwitch, args);
        if (hasPollThreads(datapath)) datapath.rebalance();
        return told('pmd rxq rebalance requested.\n');
      },
    }),
  ];
}

/** Whole pieces of it; all of it where the wish is none. */
function shownTime(wanted: number): number {
  return wanted > 0 && wanted <= longestTime ? Math.ceil(wanted / pieceTime) * pieceTime : longestTime;
}

function titleOf({ polling }: DpThread): string {
  return polling === undefined ? 'main thread' : `pmd thread numa_id ${polling.numa} core_id ${polling.core}`;
}

function placeOf({ polling }: DpThread): { [name: string]: Json } {
  return polling === undefined
    ? { thread: 'main' }
    : { thread: 'pmd', numa: polling.numa, core: polling.core };
}

interface ShownUsage extends Pick<PollingThread, 'numa' | 'core' | 'isIsolated'> {
  readonly queues: readonly { readonly port: string; readonly queue: number; readonly usage?: number }[];
  /** What it is busy with besides. */
  readonly overhead?: number;
}

/** Without what is not known yet. */
function usageOf({ numa, core, isIsolated, queues, meter }: PollingThread, seconds: number): ShownUsage {
  const shown = queues.map(({ port, queue, usage }) => {
    const known = usage(seconds);
    return { port, queue, ...(known !== undefined && { usage: known }) };
  });
  const all = meter.load.usage(seconds);
  const byQueues = shown.reduce((sum, { usage = 0 }) => sum + usage, 0);
  const overhead = all === undefined ? {} : { overhead: Math.max(0, all - byQueues) };
  return { numa, core, isIsolated, queues: shown, ...overhead };
}

function formatUsage({ numa, core, isIsolated, queues, overhead }: ShownUsage): string {
  const share = (usage: number | undefined): string =>
    usage === undefined ? 'NOT AVAIL' : `${String(usage).padStart(2)} %`;
  const lines = queues.map(({ port, queue, usage }) => {
    const where = `port: ${port.padEnd(16)}  queue-id: ${String(queue).padStart(2)} (enabled) `;
    return `  ${where}  pmd usage: ${share(usage)}\n`;
  });
  const rest = queues.length === 0 ? '' : `  overhead: ${share(overhead)}\n`;
  return `pmd thread numa_id ${numa} core_id ${core}:\n  isolated : ${isIsolated}\n${lines.join('')}${rest}`;
}

function formatBonds(bonds: ReturnType<Datapath['bonds']>): string {
  const blocks = [...bonds].map(([id, ports]) => {
    const lines = ports.map((port, hash) => `    bucket ${hash} - member ${port ?? noMember}\n`);
    return `  bond-id ${id}:\n${lines.join('')}`;
  });
  return bonds.size === 0 ? '' : `Bonds:\n${blocks.join('')}`;
}
