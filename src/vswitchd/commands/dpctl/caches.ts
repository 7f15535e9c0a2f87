/**
 * `dpctl/cache-*` and `dpctl/offload-stats-show`: our datapaths have no cache whose size can be set.
 * Differs: flows that dummy devices keep are counted; the reference shows 0 of them.
 */
import { errnos } from '../../../base/errno.ts';
import { hasDeviceFlows } from '../../../datapath/provider.ts';
import { datapathName } from '../../../ofproto/views/datapath.ts';
import type { Switch } from '../../switch.ts';
import { allDatapaths, openDatapath, optionalDatapath } from './datapaths.ts';
import { type DpctlCommand, failure } from './request.ts';

export function cacheCommands(aSwitch: Switch): DpctlCommand[] {
  const open = (name: string) => openDatapath(aSwitch, name, `Opening datapath ${name} failed`);
  return [
    {
      name: 'cache-get-size',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      run([name], _flags, answer) {
        const names = (name === undefined ? allDatapaths(aSwitch) : [open(name)]).map(datapathName);
        answer.print(names.map((each) => `${each}:\n`).join(''));
        answer.json = names.map((each) => ({ name: each, caches: [] }));
      },
    },
    {
      name: 'cache-set-size',
      usage: 'dp cache <size>',
      minArgs: 3,
      maxArgs: 3,
      run([name = '', _cache, size = '']) {
        if (!/^\s*\d/.test(size)) throw failure('size is malformed', errnos.EINVAL);
        open(name);
        throw failure('Setting caches not supported', errnos.EOPNOTSUPP);
      },
    },
    {
      name: 'offload-stats-show',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      run(args, _flags, answer) {
        const { datapath } = optionalDatapath(aSwitch, args, 1);
        const inserted = hasDeviceFlows(datapath) ? datapath.deviceFlowCount : undefined;
        if (inserted === undefined) throw failure('retrieving offload statistics', errnos.EINVAL);
        const stats = { enqueued: 0, inserted, ...noLatency };
        answer.print(formatOffloadStats(stats));
        answer.json = { total: stats, threads: [stats] };
      },
    },
  ];
}

/** Microseconds that a flow waits for its device: it is given at once. */
const noLatency = {
  averageLatency: 0,
  latencyDeviation: 0,
  exponentialLatency: 0,
  exponentialDeviation: 0,
};

interface OffloadStats extends Readonly<typeof noLatency> {
  /** Flows that wait for a device. */
  readonly enqueued: number;
  /** Flows that devices have. */
  readonly inserted: number;
}

/** The total, and again the one thread that gives flows to devices. */
function formatOffloadStats(stats: OffloadStats): string {
  const rows: readonly (readonly [string, number])[] = [
    ['Enqueued offloads', stats.enqueued],
    ['Inserted offloads', stats.inserted],
    ['Cumulative Average latency (us)', stats.averageLatency],
    ['Cumulative Latency stddev (us)', stats.latencyDeviation],
    ['Exponential Average latency (us)', stats.exponentialLatency],
    ['Exponential Latency stddev (us)', stats.exponentialDeviation],
  ];
  const lines = ['Total', '[  0]'].flatMap((whose) =>
    rows.map(([name, value]) => `     ${whose} ${`${name}:`.padStart(34)} ${String(value).padStart(6)}`),
  );
  return `HW Offload stats:\n${lines.join('\n')}\n`;
}
