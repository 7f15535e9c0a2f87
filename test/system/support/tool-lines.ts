/** Lines of scripts that begin with "ofctl", "vsctl" or "appctl", as commands. */

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
]);

const turn = 'ovs-appctl version >/dev/null';

/** What runs for such a line, with its effect seen when it ends; undefined for another. */
export function toolCommand(name: string, args: readonly string[]): readonly string[] | undefined {
  if (name !== 'ofctl' && name !== 'vsctl' && name !== 'appctl') return undefined;
  const line = [`ovs-${name}`, '--timeout=60', ...args];
  // The real daemon answers when a look at all flows ends, though it may have begun before what is waited for.
  if (args[0] === 'revalidator/wait') return ['sh', '-c', '"$@" && "$@"', 'twice', ...line];
  if (!args.some((word) => slowToShow.has(word))) return line;
  return ['sh', '-c', `"$@"; status=$?; ${turn}; ${turn}; exit $status`, 'settled', ...line];
}
