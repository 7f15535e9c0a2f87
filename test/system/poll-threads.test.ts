/** Which thread polls which queue of dummy-pmd ports, and what is told of that: the real daemon and ours, with the same cores. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`poll-threads.test.ts: not run: ${reason}\n`);

const ours = new DummyHost('ours');
const reference = new DummyHost('reference');

/** How busy a thread is only the real one knows, whose threads poll all the time. */
function comparable({ status, stdout, stderr }: Said): Said {
  const text = stdout.replace(/(usage|overhead): .*/g, '$1').replace(/.*(idle|processing) cycles:.*\n/g, '');
  return { status, stdout: text.replace(/(_tx_queues)=\d+/g, '$1'), stderr };
}

/** Where each queue went, as the log told since the start. */
function assignments({ folder }: DummyHost): string[] {
  const log = readFileSync(join(folder, 'ovs-vswitchd.log'), 'utf8');
  const told = /\|dpif_netdev\|\w+\|((?:Core|There|PMD thread|No non-isolated).*)/;
  const lines = log.split('\n').flatMap((line) => told.exec(line)?.[1] ?? []);
  // The real one assigns again where nothing has changed, and starts and ends threads in any order.
  return [...new Set(lines.map((line) => line.replace(/cycles \d+/, 'cycles')))].sort();
}

describe.runIf(reason === undefined)('threads that poll', () => {
  beforeAll(async () => {
    for (const host of [ours, reference]) await host.prepare('--dummy-numa=0,0,1,1,8');
  });

  afterAll(async () => {
    for (const host of [ours, reference]) await host[Symbol.asyncDispose]();
  });

  const settings = (...columns: string[]): string[] => ['ovs-vsctl', 'set', 'Open_vSwitch', '.', ...columns];
  const port = (name: string, ...columns: string[]): string[] => [
    ...['ovs-vsctl', 'add-port', 'br0', name, '--', 'set', 'Interface', name, 'type=dummy-pmd', ...columns],
  ];
  const set = (name: string, ...columns: string[]): string[] => [
    'ovs-vsctl',
    'set',
    'Interface',
    name,
    ...columns,
  ];
  const show = ['ovs-appctl', 'dpif-netdev/pmd-rxq-show'];
  const lines = [
    ['ovs-vsctl', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy', 'fail_mode=secure'],
    show,
    ['ovs-appctl', 'dpif-netdev/pmd-stats-show'],
    port('p1', 'options:n_rxq=5'),
    show,
    ['ovs-appctl', 'dpif/show'],
    settings('other_config:pmd-cpu-mask=0x3'),
    show,
    ['ovs-appctl', 'dpif-netdev/pmd-rxq-show', '-pmd', '1', '-secs', '7'],
    ['ovs-appctl', 'dpif-netdev/pmd-rxq-show', '-pmd', '9'],
    settings('other_config:pmd-rxq-assign=roundrobin'),
    show,
    port('p2', 'options:n_rxq=3', 'options:numa_id=1'),
    show,
    settings('other_config:pmd-cpu-mask=1f'),
    show,
    set('p2', 'other_config:pmd-rxq-affinity=0:2,2:4'),
    show,
    settings('other_config:pmd-rxq-assign=group', 'other_config:pmd-rxq-isolate=false'),
    show,
    settings('other_config:pmd-rxq-assign=cycles'),
    show,
    set('p2', 'other_config:pmd-rxq-affinity=0:9'),
    show,
    set('p1', 'options:n_rxq=1'),
    ['ovs-appctl', 'dpif-netdev/pmd-rxq-rebalance'],
    show,
    ['ovs-appctl', 'dpif-netdev/pmd-stats-show'],
    ['ovs-appctl', 'dpif-netdev/dpif-impl-get'],
    ['ovs-appctl', 'dpif-netdev/dpif-impl-set', 'dpif_scalar'],
    ['ovs-appctl', 'dpif-netdev/dpif-impl-set', 'nonsense'],
    ...[
      ['scalar'],
      ['nonsense'],
      ['-pmd'],
      ['-pmd', 'x'],
      ['-pmd', '0'],
      ['-pmd', '9', 'scalar'],
      ['scalar', '5'],
    ].map((args) => ['ovs-appctl', 'dpif-netdev/miniflow-parser-set', ...args]),
    ['ovs-appctl', 'odp-execute/action-impl-set', 'nonsense'],
    ['ovs-vsctl', 'del-port', 'p1'],
    show,
    ['ovs-vsctl', 'del-port', 'p2'],
    show,
  ];
  test.each(lines.map((line) => [line.join(' '), line] as const))('%s: the same of both', (_name, line) => {
    const [program = '', ...args] = line;
    expect(comparable(ours.run(program, ...args))).toEqual(comparable(reference.run(program, ...args)));
  });

  test('are told of in the log', () => {
    expect(assignments(ours)).toEqual(assignments(reference));
  });
});
