/**
 * Tunnels whose packets a port of the datapath wraps: the lists of commands in tunnel-scripts/
 * (support/bridge-scripts.ts), to the real daemon and to ours. Only some devices are dummy ones, for tunnels are none
 * of them.
 */
import { describe } from 'vitest';
import { describeScripts } from './support/bridge-scripts.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`tunnel-scripts.test.ts: not run: ${reason}\n`);

const addDummy = (name: string, number: number): string[] => [
  ...['ovs-vsctl', 'add-port', 'br0', name],
  ...['--', 'set', 'interface', name, 'type=dummy', `ofport_request=${number}`],
];

const setup: readonly (readonly string[])[] = [
  [
    ...splitWords('ovs-vsctl add-br br0 -- set bridge br0 datapath_type=dummy fail_mode=secure'),
    'other_config:hwaddr=aa:55:aa:55:00:00',
  ],
  addDummy('p1', 91),
  addDummy('p2', 92),
  ['ovs-appctl', 'dpif/set-dp-features', 'br0', 'tnl_push_pop', 'false'],
];

const tunnels = Array.from({ length: 10 }, (_, n) => `t${n + 1}`);

const cleaning = (text: string): string[] => [
  ...tunnels.filter((name) => text.includes(` ${name} `)).map((name) => `vsctl --if-exists del-port ${name}`),
  'ofctl del-flows br0',
  'soon ofctl del-tlv-map br0',
  'appctl revalidator/purge',
];

describe.runIf(reason === undefined)('beside the reference', () => {
  const folder = new URL('tunnel-scripts/', import.meta.url).pathname;
  describeScripts({
    folder,
    setup,
    cleaning,
    isTimed: false,
    dummies: ['--enable-dummy', '--disable-system'],
  });
});
