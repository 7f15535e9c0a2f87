/**
 * Which thread polls which queue of dummy-pmd ports, and what is told of that: the real daemon and ours, with the same
 * cores.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
import { until, untilAlike, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`poll-threads.test.ts: not run: ${reason}\n`);

const ours = new DummyHost('ours');
const reference = new DummyHost('reference');

/** How busy a thread is only the real one knows, whose threads poll all the time. */
function comparable({ status, stdout, stderr }: Said): Said {
  const text = stdout
    .replace(/(usage|overhead): .*/g, '$1')
    .replace(/.*(idle cycles|processing cycles|cycles per packet).*\n/g, '');
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

  /** Times, rounds and cycles are each daemon's own; what became of packets, and which columns there are, is not. */
  const performance = (host: DummyHost, ...args: string[]): string => {
    const text = host.appctl('dpif-netdev/pmd-perf-show', ...args).stdout;
    const ofTime =
      /^(Time|Measurement| +Iterations| +- (Used|idle|busy|sleep)| +Sleep| +Rx packets| +- Upcalls)/;
    return text
      .split('\n')
      .map((line) => (ofTime.test(line) ? line.replace(/ *-?[\d.:]+(e\+\d+)?/g, ' N') : line))
      .map((line) => (isBin(line) ? wallsOf(line) : line))
      .join('\n');
  };
  const isBin = (line: string): boolean => /^ {3}[\d>]/.test(line);
  const wallsOf = (line: string): string => {
    const words = line.trim().split(/ +/);
    return words.length === 14 ? words.filter((_, n) => n % 2 === 0).join(' ') : 'averages or history';
  };

  test('tell how they spend their time', async () => {
    const run = (...line: string[]): void => {
      const [program = '', ...args] = line;
      expect([line, comparable(ours.run(program, ...args))]).toEqual([
        line,
        comparable(reference.run(program, ...args)),
      ]);
    };
    run(...settings('other_config={pmd-cpu-mask=1}'));
    run(...port('p3'), 'ofport_request=3');
    run('ovs-ofctl', 'add-flow', 'br0', 'in_port=3,actions=in_port');
    run('ovs-appctl', 'dpif-netdev/pmd-stats-clear');
    const compare = (...args: string[]): void =>
      expect([args, performance(ours, ...args)]).toEqual([args, performance(reference, ...args)]);
    compare();
    const receive = async (): Promise<void> => {
      run('ovs-appctl', 'netdev-dummy/receive', 'p3', 'in_port(3),eth(),eth_type(0x1234)');
      for (const host of [ours, reference]) await host.untilItAnswers();
    };
    await receive();
    await until(
      () => [ours, reference].every((host) => performance(host).includes('Tx batches')),
      'a packet',
    );
    compare();
    run(...settings('other_config:pmd-perf-metrics=true'));
    compare('-nh');
    compare();
    compare('-nh', '-it', '1');
    for (const args of [['-pmd', '7'], ['-pmd', '0', 'ovs-dummy'], ['nothing']]) compare('-nh', ...args);
    for (const args of [
      [],
      ['off', '-b', '3', '-a', '2', '-e', '-us', '100', '-q', '9'],
      ['-ne', '-b', '1000'],
      ['-b', '10', '-a', '1000'],
      ['-a', '+3', '-b', ' 4'],
      ['-b'],
      ['-b', 'x'],
      ['-a', '-1'],
      ['-us', '1.5'],
      ['-q', '4294967296'],
      ['of'],
      ['off', 'x'],
      ['off', 'off', 'off', 'off', 'off', 'off', 'off', 'off', 'off', 'off', 'off'],
    ])
      run('ovs-appctl', 'dpif-netdev/pmd-perf-log-set', ...args);
    for (const sleep of ['100', '10001', '0']) run(...settings(`other_config:pmd-maxsleep=${sleep}`));
    run(...settings('other_config:pmd-perf-metrics=false'));
    const told = ({ log }: DummyHost): string[] =>
      log.split('\n').filter((line) => /pmd-perf-log-set|PMD max sleep|load based|metrics/.test(line));
    await untilAlike(told, ours, reference);
  });

  test('are told of in the log', async () => {
    await untilAlike(assignments, ours, reference);
  });
});
