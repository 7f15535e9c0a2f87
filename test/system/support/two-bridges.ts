/** Where scripts about bridges run: two of them, which a pair of patch ports joins. */
import { type Ground, versions } from './bridge-scripts.ts';

const addPort = (bridge: string, name: string, number: number, ...more: string[]): string[] => [
  ...['ovs-vsctl', 'add-port', bridge, name],
  ...['--', 'set', 'interface', name, `ofport_request=${number}`, ...more],
];

/**
 * Bridges br0 and br1 with dummy ports p1, p2, p3 of these numbers, and patch ports between them. One by one: what comes
 * together has numbers in the datapath by chance. The clock stands still: nothing runs out on a busy machine, nor does
 * the reference find that it is too slow for its flows and forget them.
 */
const setup: readonly (readonly string[])[] = [
  ...['br0', 'br1'].flatMap((bridge, b) => [
    [
      ...['ovs-vsctl', 'add-br', bridge, '--', 'set', 'bridge', bridge, 'fail_mode=secure'],
      `other_config:hwaddr=aa:55:aa:55:00:0${b}`,
      `protocols=${versions.join()}`,
    ],
    ...[1, 2, 3].map((n) => addPort(bridge, b === 0 ? `p${n}` : `q${n}`, n, 'type=dummy')),
    addPort(bridge, `patch${b}`, 9, 'type=patch', `options:peer=patch${1 - b}`),
  ]),
  ['ovs-appctl', 'time/stop'],
];

function cleaning(script: string): string[] {
  const kinds = ['flows', 'groups', 'meters'].filter(
    (kind) => kind === 'flows' || script.includes(kind.slice(0, -1)),
  );
  const bridges = ['br0', 'br1'].filter((bridge) => bridge === 'br0' || script.includes(bridge));
  const deletions = bridges.flatMap((bridge) =>
    kinds.map((kind) => `ofctl -O OpenFlow13 del-${kind} ${bridge}`),
  );
  return script.includes('netdev-dummy/receive') ? [...deletions, ...forgetting] : deletions;
}

/** Flows of the datapath that packets made. */
const forgetting: readonly string[] = ['appctl revalidator/wait', 'appctl revalidator/purge'];

/** The scripts of a folder beside the tests. */
export function twoBridges(name: string): Ground {
  const folder = new URL(`../${name}/`, import.meta.url).pathname;
  return { folder, setup, cleaning, isTimed: false };
}
