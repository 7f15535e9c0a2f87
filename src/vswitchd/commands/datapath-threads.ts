/** `dpif-netdev/*`: what the threads of a userspace datapath did. Ours are one to the reader, the main thread of the reference. */
import { Refused } from '../../base/errors.ts';
import { type Command, type CommandOutput, defineCommand } from '../../daemon/unixctl.ts';
import type { Datapath, DpStats } from '../../datapath/provider.ts';
import type { Switch } from '../switch.ts';
import { allBackers, asJson } from './common.ts';

/** Seconds over which the use of threads that poll is known. */
const longestTime = 60;
/** Seconds of one piece of that time. */
const timeStep = 5;

/** What stands for no port. */
const noMember = 0xffffffff;

type Counted = Omit<DpStats, 'flowCount' | 'maskCount'>;

export function datapathThreadCommands(aSwitch: Switch): Command[] {
  /** Where counting began anew. */
  const cleared = new WeakMap<Datapath, Counted>();
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
        const all = allBackers(aSwitch).map(({ datapath }) => datapath);
        const named = all.filter((datapath) => name === undefined || datapath.name === name);
        const bonds = onlyOne(named).bonds();
        return { text: formatBonds(bonds), json: asJson(bonds) };
      },
    }),
    command('pmd-stats-show', '[-pmd core] [dp]', ({ datapath, isOfCore }) => {
      if (isOfCore) return '';
      const stats = since(datapath.stats(), cleared.get(datapath));
      return { text: formatStats(stats), json: asJson(stats) };
    }),
    command('pmd-stats-clear', '[-pmd core] [dp]', ({ datapath, isOfCore }) => {
      if (!isOfCore) cleared.set(datapath, datapath.stats());
      return '';
    }),
    // No thread polls, so there is none whose queues could be shown.
    command('pmd-rxq-show', '[-pmd core] [-secs secs] [dp]', ({ seconds, isOfCore }) =>
      isOfCore
        ? ''
        : { text: `Displaying last ${seconds} seconds pmd usage %\n`, json: { seconds, threads: [] } },
    ),
  ];
}

interface Request {
  readonly datapath: Datapath;
  /** Only of the thread on some core; ours are on none. */
  readonly isOfCore: boolean;
  readonly seconds: number;
}

/** Throws Refused. */
function readRequest(aSwitch: Switch, args: readonly string[], takesTime: boolean): Request {
  const all = allBackers(aSwitch).map(({ datapath }) => datapath);
  const queue = [...args];
  let named: Datapath | undefined;
  let isOfCore = false;
  let seconds = 0;
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === '-pmd' && queue.length > 0) isOfCore = /^\d+$/.test(queue.shift() ?? '') || isOfCore;
    else if (takesTime && arg === '-secs' && queue.length > 0)
      seconds = Number.parseInt(queue.shift() ?? '', 10) || 0;
    else named = all.find(({ name }) => name === arg);
  }
  const datapath = named ?? onlyOne(all);
  const isKnown = seconds > 0 && seconds <= longestTime;
  return { datapath, isOfCore, seconds: isKnown ? Math.ceil(seconds / timeStep) * timeStep : longestTime };
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

function since(now: Counted, before: Counted | undefined): Counted {
  if (before === undefined) return now;
  const entries = Object.entries(now).map(([name, value]) => [name, value - before[name as keyof Counted]]);
  return Object.fromEntries(entries) as Counted; // of the same names
}

function formatStats(stats: Counted): string {
  const { hitCount, missCount, lostCount, searchedCount, recirculatedCount, sentBatchCount } = stats;
  const received = hitCount + missCount - recirculatedCount;
  const ratio = (value: number, of: number): string => (of > 0 ? value / of : 0).toFixed(2);
  const lines = [
    `packets received: ${received}`,
    `packet recirculations: ${recirculatedCount}`,
    `avg. datapath passes per packet: ${ratio(hitCount + missCount, received)}`,
    'phwol hits: 0',
    'mfex opt hits: 0',
    'simple match hits: 0',
    `emc hits: ${hitCount - searchedCount}`,
    'smc hits: 0',
    `megaflow hits: ${searchedCount}`,
    `avg. subtable lookups per megaflow hit: ${ratio(stats.maskHitCount, searchedCount)}`,
    `miss with success upcall: ${missCount - lostCount}`,
    `miss with failed upcall: ${lostCount}`,
    `avg. packets per output batch: ${ratio(stats.sentCount, sentBatchCount)}`,
  ];
  return `main thread:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
