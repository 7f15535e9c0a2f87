/**
 * Networks of three bridges in a row, joined by patch ports, with dummy ports that packets come to and whose captures
 * tell what they sent: the lists of commands in network-scripts/ (support/bridge-scripts.ts), to the real daemon and to
 * ours. The clock stands still but for `time/warp`, so that ages are the same.
 */
import { describe } from 'vitest';
import { describeScripts } from './support/bridge-scripts.ts';
import { whyNoReference } from './support/daemon-pair.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`network-scripts.test.ts: not run: ${reason}\n`);

const bridges = ['br0', 'br1', 'br2'];

const addBridge = (bridge: string, n: number): string[] => [
  ...[
    'ovs-vsctl',
    'add-br',
    bridge,
    '--',
    'set',
    'bridge',
    bridge,
    `other_config:hwaddr=aa:55:aa:55:00:0${n}`,
  ],
];
const addPort = (bridge: string, name: string, number: number, ...more: string[]): string[] => [
  ...['ovs-vsctl', 'add-port', bridge, name],
  ...['--', 'set', 'interface', name, `ofport_request=${number}`, ...more],
];
const addDummy = (bridge: string, name: string, number: number): string[] =>
  addPort(bridge, name, number, 'type=dummy', `options:tx_pcap=FOLDER/${name}.pcap`);

/** One by one: what comes together has numbers in the datapath by chance. */
const setup: readonly (readonly string[])[] = [
  ...bridges.map(addBridge),
  ...['p1', 'p2', 'p3'].map((name, n) => addDummy('br0', name, n + 1)),
  ...['q1', 'q2'].map((name, n) => addDummy('br1', name, n + 1)),
  ...['r1', 'r2'].map((name, n) => addDummy('br2', name, n + 1)),
  addPort('br0', 'up0', 8, 'type=patch', 'options:peer=down1'),
  addPort('br1', 'down1', 9, 'type=patch', 'options:peer=up0'),
  addPort('br1', 'up1', 8, 'type=patch', 'options:peer=down2'),
  addPort('br2', 'down2', 9, 'type=patch', 'options:peer=up1'),
  ['ovs-appctl', 'time/stop'],
];

/** Ports of a script are its own to undo. Flows of the datapath go first: what they have forwarded is learned from. */
const cleaning = (): string[] => [
  'appctl revalidator/purge',
  ...bridges.flatMap((bridge) => [`ofctl del-flows ${bridge}`, `ofctl add-flow ${bridge} actions=NORMAL`]),
  'appctl fdb/flush',
  'appctl dpctl/flush-conntrack',
];

describe.runIf(reason === undefined)('beside the reference', () => {
  const folder = new URL('network-scripts/', import.meta.url).pathname;
  describeScripts({ folder, setup, cleaning, isTimed: true });
});
