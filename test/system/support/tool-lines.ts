/** Lines of scripts that begin with "ofctl", "vsctl" or "appctl", as commands; "soon" before one repeats it until it succeeds. */
import type { Which } from './daemon-pair.ts';

/** After these the reference shows their effect everywhere only when its main loop has gone round again. */
const slowToShow: ReadonlySet<string> = new Set([
  ...[
    'time/warp',
    'mod-port',
    'netdev-dummy/receive',
    'netdev-dummy/set-admin-state',
    'netdev-dummy/ip4addr',
    'netdev-dummy/ip6addr',
  ],
  ...['ovs/route/add', 'ovs/route/del'],
  ...['dpctl/add-if', 'dpctl/del-if', 'dpctl/set-if', 'dpif-dummy/change-port-number'],
]);

const ask = 'ovs-appctl --timeout=60';

/** Between two commands the main loop goes round at least once; each time, it takes one packet from a dummy device. */
const goRound = (count: number): string => `for n in $(seq ${count}); do ${ask} version >/dev/null; done`;

/** What runs so that what was done to ports shows everywhere: first the port follows, then the bridge, then its flows. */
export const portsToFollow: readonly string[] = ['sh', '-c', goRound(3)];

/** Threads that look at flows stop only between two looks: from one stop to the next they have looked at all. */
const look = `for n in 1 2; do ${ask} revalidator/pause; ${ask} revalidator/resume; done`;

/** What the reference does for these so that it is done when the line ends: its threads may be about something else. */
const surely: Readonly<Record<string, string>> = {
  // What they find may change what they are to find.
  'revalidator/wait': `for pass in 1 2; do ${goRound(2)}; ${look}; done`,
  // It leaves out a flow that they are looking at.
  'revalidator/purge': `${ask} revalidator/pause; "$@"; status=$?; ${ask} revalidator/resume; exit $status`,
};

const reading: ReadonlySet<string> = new Set(['get', 'list', 'find']);

/**
 * The first reading waits for status that is under way to the database; what changed meanwhile a daemon sends only once
 * it knows that the database has that.
 */
const read = `"$@" >/dev/null 2>&1; ${goRound(3)}; exec "$@"`;

/** What flows used is free there only when its threads have all gone round, which may be later. */
const soon = 'for n in $(seq 600); do "$@" >/dev/null 2>&1 && exit; sleep 0.1; done; exec "$@"';

/** What runs for such a line, with its effect seen when it ends; undefined for another. */
export function toolCommand(
  which: Which,
  name: string,
  args: readonly string[],
): readonly string[] | undefined {
  if (name === 'soon') {
    const [tool = '', ...rest] = args;
    const command = toolCommand(which, tool, rest);
    return command && ['sh', '-c', soon, 'soon', ...command];
  }
  if (name !== 'ofctl' && name !== 'vsctl' && name !== 'appctl') return undefined;
  const line = [`ovs-${name}`, '--timeout=60', ...args];
  const [command = '', ...more] = args;
  const thorough = which === 'reference' && more.length === 0 ? surely[command] : undefined;
  if (thorough !== undefined) return ['sh', '-c', thorough, 'surely', ...line];
  if (name === 'vsctl' && args.some((word) => reading.has(word)) && !args.includes('--'))
    return ['sh', '-c', read, 'read', ...line];
  // Its answer to ovs-vsctl comes from the middle of a round: devices have their turn at the end.
  if (name !== 'vsctl' && !args.some((word) => slowToShow.has(word))) return line;
  return [
    'sh',
    '-c',
    `"$@"; status=$?; ${goRound(Math.max(3, more.length))}; exit $status`,
    'settled',
    ...line,
  ];
}
