/** `dpif-netdev/*`: what the threads of a userspace datapath did. All workers of ours are the reference's main thread. */
import { Refused } from '../../base/errors.ts';
import { type Command, type CommandOutput, defineCommand, told } from '../../daemon/unixctl.ts';
import { type Datapath, type DpThread, hasPollThreads, threadsOf } from '../../datapath/provider.ts';
import type { Json } from '../../rpc/channel.ts';
import type { Switch } from '../switch.ts';
import { asJson } from './common.ts';
import { allDatapaths } from './dpctl/datapaths.ts';

/** Seconds over which the use of threads that poll is known. */
const longestTime = 60;
/** Seconds of one piece of that time. */
const timeStep = 5;

/** What stands for no port. */
const noMember = 0xffffffff;

type Counted = ReturnType<DpThread['stats']>;

export function datapathThreadCommands(aSwitch: Switch): Command[] {
  /** Where counting began anew, by core. */
  const cleared = new WeakMap<Datapath, Map<number | undefined, Counted>>();
  const command = (name: string, usage: string, run: (request: Request) => CommandOutput): Command =>
    defineCommand({
      name: `dpif-netdev/${name}`,
      usage,
      minArgs: 0,
      maxArgs: usage.includes('-secs') ? 5 : 3,
      run: (args) => run(readRequest(aSwitch, args, usage.includes('-secs'))),
    });
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
    command('pmd-stats-show', '[-pmd core] [dp]', ({ datapath, threads }) => {
      const shown = threads.map((thread) => {
        const { core } = thread.polling ?? {};
        return { thread, stats: since(countedBy(thread), cleared.get(datapath)?.get(core)) };
      });
      return {
        text: shown.map(({ thread, stats }) => `${titleOf(thread)}:\n${formatStats(stats)}`).join(''),
        json: shown.map(({ thread, stats }) => asJson({ ...placeOf(thread), ...stats })),
      };
    }),
    command('pmd-stats-clear', '[-pmd core] [dp]', ({ datapath, threads }) => {
      const before = cleared.get(datapath) ?? [];
      const now = threads.map((thread) => [thread.polling?.core, countedBy(thread)] as const);
      cleared.set(datapath, new Map([...before, ...now]));
      return '';
    }),
    command('pmd-rxq-show', '[-pmd core] [-secs secs] [dp]', ({ seconds, threads }) => {
      const title = threads.length === 0 ? '' : `Displaying last ${seconds} seconds pmd usage %\n`;
      const polling = threads.flatMap((thread) => thread.polling ?? []);
      return {
        text: title + polling.map(formatQueues).join(''),
        json: { seconds, threads: polling.map(asJson) },
      };
    }),
    defineCommand({
      name: 'dpif-netdev/pmd-rxq-rebalance',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      run(args) {
        const { datapath } = readRequest(aSwitch, args, false);
        if (hasPollThreads(datapath)) datapath.rebalance();
        return told('pmd rxq rebalance requested.\n');
      },
    }),
    command(
      'pmd-perf-show',
      '[-nh] [-it iter-history-len] [-ms ms-history-len] [-pmd core] [dp]',
      ({ threads }) => {
        if (threads.some(({ polling }) => polling !== undefined))
          throw new Refused('dpif', 'the threads of a dummy datapath take no time that could be measured');
        return { text: '', json: [] };
      },
    ),
  ];
}

interface Request {
  readonly datapath: Datapath;
  /** All, or the one on some core. */
  readonly threads: readonly DpThread[];
  readonly seconds: number;
}

/** Throws Refused. */
function readRequest(aSwitch: Switch, args: readonly string[], takesTime: boolean): Request {
  const all = allDatapaths(aSwitch).map(({ datapath }) => datapath);
  const queue = [...args];
  let named: Datapath | undefined;
  let core: number | undefined;
  let seconds = 0;
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === '-pmd' && queue.length > 0) core = readCore(queue.shift()) ?? core;
    else if (takesTime && arg === '-secs' && queue.length > 0)
      seconds = Number.parseInt(queue.shift() ?? '', 10) || 0;
    else named = all.find(({ name }) => name === arg);
  }
  const datapath = named ?? onlyOne(all);
  const isKnown = seconds > 0 && seconds <= longestTime;
  return {
    datapath,
    threads: threadsOf(datapath).filter(({ polling }) => core === undefined || polling?.core === core),
    seconds: isKnown ? Math.ceil(seconds / timeStep) * timeStep : longestTime,
  };
}

function readCore(text = ''): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function titleOf({ polling }: DpThread): string {
  return polling === undefined ? 'main thread' : `pmd thread numa_id ${polling.numa} core_id ${polling.core}`;
}

function placeOf({ polling }: DpThread): { [name: string]: Json } {
  return polling === undefined
    ? { thread: 'main' }
    : { thread: 'pmd', numa: polling.numa, core: polling.core };
}

/** How busy it is is not known: what takes no time has no share of it. */
function formatQueues(polling: NonNullable<DpThread['polling']>): string {
  const { numa, core, isIsolated, queues } = polling;
  const lines = queues.map(({ port, queue }) => {
    const where = `port: ${port.padEnd(16)}  queue-id: ${String(queue).padStart(2)} (enabled) `;
    return `  ${where}  pmd usage: NOT AVAIL\n`;
  });
  const overhead = queues.length === 0 ? '' : '  overhead: NOT AVAIL\n';
  return `pmd thread numa_id ${numa} core_id ${core}:\n  isolated : ${isIsolated}\n${lines.join('')}${overhead}`;
}

function formatBonds(bonds: ReturnType<Datapath['bonds']>): string {
  const blocks = [...bonds].map(([id, ports]) => {
    const lines = ports.map((port, hash) => `    bucket ${hash} - member ${port ?? noMember}\n`);
    return `  bond-id ${id}:\n${lines.join('')}`;
  });
  return bonds.size === 0 ? '' : `Bonds:\n${blocks.join('')}`;
}

/** Throws Refused. */
function onlyOne([only, ...others]: readonly Datapath[]): Datapath {
  if (only === undefined || others.length > 0)
    throw new Refused('dpif', 'please specify an existing datapath');
  return only;
}

function countedBy(thread: DpThread): Counted {
  const { hitCount, missCount, lostCount, maskHitCount, searchedCount, ...others } = thread.stats();
  const { markedCount, recirculatedCount, sentCount, sentBatchCount } = others;
  const found = { hitCount, missCount, lostCount, maskHitCount, searchedCount, markedCount };
  return { ...found, recirculatedCount, sentCount, sentBatchCount };
}

function since(now: Counted, before: Counted | undefined): Counted {
  if (before === undefined) return now;
  const entries = Object.entries(now).map(([name, value]) => [name, value - before[name as keyof Counted]]);
  return Object.fromEntries(entries) as Counted; // of the same names
}

function formatStats(stats: Counted): string {
  const { hitCount, missCount, lostCount, searchedCount, markedCount, recirculatedCount, sentBatchCount } =
    stats;
  const received = hitCount + missCount - recirculatedCount;
  const ratio = (value: number, of: number): string => (of > 0 ? value / of : 0).toFixed(2);
  const lines = [
    `packets received: ${received}`,
    `packet recirculations: ${recirculatedCount}`,
    `avg. datapath passes per packet: ${ratio(hitCount + missCount, received)}`,
    `phwol hits: ${markedCount}`,
    'mfex opt hits: 0',
    'simple match hits: 0',
    `emc hits: ${hitCount - searchedCount - markedCount}`,
    'smc hits: 0',
    `megaflow hits: ${searchedCount}`,
    `avg. subtable lookups per megaflow hit: ${ratio(stats.maskHitCount, searchedCount)}`,
    `miss with success upcall: ${missCount - lostCount}`,
    `miss with failed upcall: ${lostCount}`,
    `avg. packets per output batch: ${ratio(stats.sentCount, sentBatchCount)}`,
  ];
  return lines.map((line) => `  ${line}\n`).join('');
}
