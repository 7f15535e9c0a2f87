/**
 * Tunnels that the datapath wraps and unwraps itself: br1 has them, and br0 the address that they are sent from. The
 * lists of commands in native-tunnel-scripts/ (support/bridge-scripts.ts), to the real daemon and to ours. The clock
 * stands still but for `time/warp`, so that ages are the same.
 */
import { describe } from 'vitest';
import { describeScripts } from './support/bridge-scripts.ts';
import { whyNoReference } from './support/daemon-pair.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`native-tunnels.test.ts: not run: ${reason}\n`);

const addBridge = (name: string, n: number): string[] => [
  ...['ovs-vsctl', 'add-br', name, '--', 'set', 'bridge', name, 'datapath_type=dummy', 'fail_mode=secure'],
  `other_config:hwaddr=aa:55:aa:55:00:0${n}`,
];

const addPort = (bridge: string, name: string, number: number, ...more: string[]): string[] => [
  ...['ovs-vsctl', 'add-port', bridge, name, '--', 'set', 'interface', name, `ofport_request=${number}`],
  ...more,
];

const dummy = (name: string): string[] => ['type=dummy', `options:tx_pcap=FOLDER/${name}.pcap`];

const addTunnel = (
  name: string,
  number: number,
  type: string,
  remote: string,
  ...options: string[]
): string[] =>
  addPort(
    'br1',
    name,
    number,
    `type=${type}`,
    `options:remote_ip=${remote}`,
    ...options.map((o) => `options:${o}`),
  );

/** One by one: what comes together has numbers in the datapath by chance. */
const setup: readonly (readonly string[])[] = [
  ...['br0', 'br1'].map(addBridge),
  addPort('br0', 'p1', 1, ...dummy('p1')),
  addPort('br0', 'p2', 2, ...dummy('p2')),
  addPort('br1', 'q1', 1, ...dummy('q1')),
  addTunnel('vx', 11, 'vxlan', '192.0.2.92', 'key=123'),
  addTunnel('gr', 12, 'gre', '192.0.2.92', 'key=456'),
  addTunnel('ge', 13, 'geneve', '192.0.2.93', 'key=flow', 'csum=true'),
  addTunnel('ge6', 14, 'geneve', '2001:db8::92', 'key=5'),
  addTunnel('grs', 15, 'gre', '198.51.100.9', 'csum=true', 'seq=true'),
  addTunnel('lost', 16, 'vxlan', '203.0.113.9', 'key=7'),
  addTunnel('any', 17, 'vxlan', 'flow', 'key=flow', 'tos=inherit', 'ttl=inherit', 'df_default=false'),
  ['ovs-appctl', 'time/stop'],
];

/** Flows of the datapath go first: what they have forwarded is learned from. */
const cleaning = (): string[] => [
  'appctl revalidator/purge',
  ...['br0', 'br1'].map((bridge) => `ofctl del-flows ${bridge}`),
  'ofctl add-flow br0 actions=NORMAL',
  'appctl tnl/neigh/flush',
  'appctl fdb/flush',
];

describe.runIf(reason === undefined)('beside the reference', () => {
  const folder = new URL('native-tunnel-scripts/', import.meta.url).pathname;
  const dummies = ['--enable-dummy', '--disable-system', '--disable-system-route'];
  describeScripts({ folder, setup, cleaning, isTimed: true, dummies });
});
