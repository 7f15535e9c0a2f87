/** `dpctl/dump-conntrack`, `dpctl/flush-conntrack` and `dpctl/ct-*` that count: tracked connections, ovs-dpctl(8). */
import { errnos } from '../../../base/errno.ts';
import { Malformed } from '../../../base/errors.ts';
import type { ConnectionReport } from '../../../datapath/conntrack/queries.ts';
import { formatConnection, showConnection } from '../../../datapath/text/connection.ts';
import { forgetConnections } from '../../../ofproto/forget-connections.ts';
import type { CtFlush } from '../../../openflow/messages/ct-flush.ts';
import { readConnectionTuples } from '../../../openflow/text/connections.ts';
import type { Switch } from '../../switch.ts';
import { asJson } from '../common.ts';
import { countConnections, formatCounts } from './connection-counts.ts';
import { type AnyDatapath, isDatapath, optionalDatapath } from './datapaths.ts';
import { type DpctlCommand, failure } from './request.ts';
import { scanNumber } from './scan-number.ts';

export function conntrackCommands(aSwitch: Switch): DpctlCommand[] {
  const dump = ({ datapath }: AnyDatapath, zone?: number): Promise<readonly ConnectionReport[]> =>
    datapath.conntrack({ ask: 'dump', zone });
  return [
    {
      name: 'dump-conntrack',
      usage: '[-m] [-s] [dp] [zone=N]',
      minArgs: 0,
      maxArgs: 4,
      async run(args, flags, answer) {
        const { rest, zone } = splitZone(args);
        const connections = (await dump(optionalDatapath(aSwitch, rest, 1), zone)).map(showConnection);
        answer.print(connections.map((each) => `${formatConnection(each, flags)}\n`).join(''));
        answer.json = connections.map(asJson);
      },
    },
    {
      name: 'flush-conntrack',
      usage: '[dp] [zone=N] [ct-orig-tuple] [ct-reply-tuple]',
      minArgs: 0,
      maxArgs: 4,
      run: (args) => flush(aSwitch, args),
    },
    {
      name: 'ct-stats-show',
      usage: '[dp] [zone=N]',
      minArgs: 0,
      maxArgs: 3,
      async run(args, { isVerbose }, answer) {
        const { rest, zone, saysVerbose } = splitStatsArguments(args);
        const counts = countConnections(await dump(optionalDatapath(aSwitch, rest, 1), zone));
        answer.print(formatCounts(counts, isVerbose || saysVerbose));
        answer.json = asJson(counts);
      },
    },
    {
      name: 'ct-bkts',
      usage: '[dp] [gt=N]',
      minArgs: 0,
      maxArgs: 2,
      async run(args, _flags, answer) {
        const threshold = scanNumber(args.at(-1), 'gt=', 16);
        const rest = threshold === undefined ? args : args.slice(0, -1);
        const count = await optionalDatapath(aSwitch, rest, 1).datapath.conntrack({ ask: 'count' });
        answer.print(formatBuckets(count, threshold ?? 0));
        answer.json = { connections: count, buckets: [count] };
      },
    },
    {
      name: 'ct-get-nconns',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      async run(args, _flags, answer) {
        const count = await optionalDatapath(aSwitch, args, 1).datapath.conntrack({ ask: 'count' });
        answer.print(`${count}\n`);
        answer.json = count;
      },
    },
  ];
}

function splitZone(args: readonly string[]): { rest: readonly string[]; zone: number | undefined } {
  const zone = scanNumber(args.at(-1), 'zone=', 16);
  return { rest: zone === undefined ? args : args.slice(0, -1), zone };
}

/** "zone=N" and "verbose", an older way of saying -m, from the last argument backwards. */
function splitStatsArguments(args: readonly string[]): {
  rest: readonly string[];
  zone: number | undefined;
  saysVerbose: boolean;
} {
  const rest = [...args];
  let zone: number | undefined;
  let saysVerbose = false;
  for (let last = rest.at(-1); last !== undefined; last = rest.at(-1)) {
    const own = scanNumber(last, 'zone=', 16);
    if (own !== undefined) zone = own;
    else if (last.startsWith('verbose')) saysVerbose = true;
    else break;
    rest.pop();
  }
  return { rest, zone, saysVerbose };
}

/**
 * Differs: the datapath may be named, as ovs-dpctl(8) has it; the reference takes its name for a tuple. What is wrong
 * with the others is said before the datapath is looked for.
 */
async function flush(aSwitch: Switch, args: readonly string[]): Promise<void> {
  const named = isDatapath(aSwitch, args[0]) ? args.slice(0, 1) : [];
  const value = readFlush(args.slice(named.length));
  const { datapath } = openToFlush(aSwitch, named, args);
  if (!(await forgetConnections(datapath, value))) throw failure('failed to flush conntrack', errnos.ENOENT);
}

function readFlush(args: readonly string[]): CtFlush {
  const [first] = args;
  const zone = scanNumber(first, 'zone=', 16);
  if (first?.startsWith('zone=') === true && zone === undefined)
    throw failure('failed to parse zone', errnos.EINVAL);
  const [original = '', reply = '', ...others] = zone === undefined ? args : args.slice(1);
  try {
    const value = readConnectionTuples(original, reply, zone);
    if (others.length > 1) throw failure('invalid arguments', errnos.EINVAL);
    return value;
  } catch (why) {
    throw why instanceof Malformed ? failure(why.why, errnos.EINVAL) : why;
  }
}

function openToFlush(aSwitch: Switch, named: readonly string[], args: readonly string[]): AnyDatapath {
  try {
    return optionalDatapath(aSwitch, named.length > 0 ? named : args, 4);
  } catch (why) {
    if (!(why instanceof Error)) throw why;
    throw failure(`${why.message}\novs-vswitchd: ${failure('Cannot open dpif', errnos.EINVAL).message}`);
  }
}

/** All connections are in one table, which counts as one bucket; so it is in the reference's userspace datapath. */
function formatBuckets(count: number, threshold: number): string {
  const head = `Total Buckets: 1\nCurrent Connections: ${count}\n\n`;
  if (count === 0) return head;
  const line = `+-----------+-----------------------------------------+\n`;
  const title = `|  Buckets  |         Connections per Buckets         |\n`;
  const shown = count > threshold ? String(count) : '.';
  return `${head}${line}${title}${line}   0..  7   | ${shown.padStart(5)}\n\n`;
}
