/** Shaping of devices of the kernel, beside the reference: what tc shows of them, and what the switch says itself. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { isLike } from './support/json-examples.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const noTc = spawnSync('tc', ['-Version']).error === undefined ? undefined : 'tc is not installed';
const reason = whyNoNamespaces() ?? whyNoReference() ?? noTc;
if (reason !== undefined) process.stderr.write(`qos.test.ts: not run: ${reason}\n`);

/** Of `vsctl`, with these in place: the rows that `start` makes. */
type Step = (rows: { qos: string; queue1: string; queue2: string }) => string[];

/** One after the other. */
const steps: readonly (readonly [name: string, step: Step])[] = [
  ['of nothing', () => ['show']],
  ['with two queues', ({ qos }) => ['set', 'port', 'v1', `qos=${qos}`]],
  ['with a limit for all', ({ qos }) => ['set', 'qos', qos, 'other_config:max-rate=20000000']],
  ['with a limit that is no number', ({ qos }) => ['set', 'qos', qos, 'other_config:max-rate=many']],
  [
    'with limits, bursts and priorities of queues',
    ({ qos, queue1, queue2 }) => [
      ...['set', 'qos', qos, 'other_config:max-rate=30000001', '--', 'set', 'queue', queue1],
      ...['other_config={min-rate=2000000,max-rate=9000000,burst=200000,priority=7}'],
      ...['--', 'set', 'queue', queue2, 'other_config={min-rate=40000000,max-rate=1,burst=1}'],
    ],
  ],
  ['with a queue less', ({ qos }) => ['remove', 'qos', qos, 'queues', '1']],
  ['with a queue of a high number', ({ qos, queue1 }) => ['set', 'qos', qos, `queues:61439=${queue1}`]],
  ['with a default queue', ({ qos, queue1 }) => ['set', 'qos', qos, `queues:0=${queue1}`]],
  ['of two ports', ({ qos }) => ['set', 'port', 'v2', `qos=${qos}`]],
  ['of a type that does nothing', ({ qos }) => ['set', 'qos', qos, 'type=linux-noop']],
  ['of no type', ({ qos }) => ['set', 'qos', qos, 'type=""']],
  ['of a type of DPDK', ({ qos }) => ['set', 'qos', qos, 'type=egress-policer']],
  ['of the first type again', ({ qos }) => ['set', 'qos', qos, 'type=linux-htb', 'other_config={}']],
  ['of one port less', () => ['clear', 'port', 'v2', 'qos']],
  ['of a port that goes', () => ['del-port', 'v1']],
  [
    'of a port that comes back',
    ({ qos }) => [
      ...['add-port', 'br0', 'v1', '--', 'set', 'interface', 'v1', 'ofport_request=1'],
      ...['--', 'set', 'port', 'v1', `qos=${qos}`],
    ],
  ],
];

const ports = ['v1', 'v2'];

/** Without what traffic counts. */
function seen(host: SwitchHost): unknown {
  const ofctl = (...args: string[]): string[] =>
    host
      .run('ovs-ofctl', ...args, `unix:${host.folder}/br0.mgmt`)
      .stdout.replace(/xid=\w+|(bytes|pkts|duration)=\S+/g, '')
      .split('\n');
  const appctl = (...args: string[]): string[] =>
    host
      .appctl(...args)
      .stdout.replace(/tx_(bytes|packets): \d+/g, '')
      .split('\n');
  return {
    ports: ports.map((port) => ({
      types: appctl('qos/show-types', port),
      shown: appctl('qos/show', port),
      qdisc: host.host.run('tc', 'qdisc', 'show', 'dev', port).replace(/refcnt \d+/, ''),
      classes: host.host.run('tc', 'class', 'show', 'dev', port).split('\n').sort(),
    })),
    config: ofctl('-O', 'OpenFlow14', 'queue-get-config'),
    statistics: ofctl('-O', 'OpenFlow13', 'queue-stats'),
  };
}

describe.runIf(reason === undefined)('beside the reference', () => {
  const hosts = [new SwitchHost('reference'), new SwitchHost('ours')] as const;
  const ours = hosts[1];

  const rowsOf = (host: SwitchHost) => {
    const idOf = (row: string): string =>
      host.configure(
        '--bare',
        '--columns=_uuid',
        'find',
        row.startsWith('q') ? 'queue' : 'qos',
        `external_ids:name=${row}`,
      );
    return { qos: idOf('shaping'), queue1: idOf('q1'), queue2: idOf('q2') };
  };

  beforeAll(async () => {
    for (const host of hosts) {
      await host.start();
      for (const [n, port] of ports.entries())
        host.host.run('ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', `x${n + 1}`);
      for (const device of ['v1', 'v2', 'x1', 'x2']) host.host.run('ip', 'link', 'set', device, 'up');
      host.configure(
        ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'],
        'protocols=OpenFlow10,OpenFlow13,OpenFlow14',
      );
      for (const [n, port] of ports.entries())
        host.configure('add-port', 'br0', port, '--', 'set', 'interface', port, `ofport_request=${n + 1}`);
      host.configure(
        ...['--', '--id=@q', 'create', 'qos', 'type=linux-htb', 'external_ids:name=shaping'],
        ...['other_config:max-rate=10000000', 'queues:1=@a', 'queues:2=@b'],
        ...['--', '--id=@a', 'create', 'queue', 'external_ids:name=q1', 'other_config:max-rate=5000000'],
        ...['--', '--id=@b', 'create', 'queue', 'external_ids:name=q2', 'dscp=5'],
      );
    }
  });

  afterAll(async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]();
  });

  /** From the other end of v2, to a host that is nowhere. */
  const sendSomething = (): void => {
    ours.run('ip', 'addr', 'replace', '10.1.0.1/24', 'dev', 'x2');
    ours.run('ip', 'neigh', 'replace', '10.1.0.2', 'lladdr', '02:00:00:00:00:99', 'dev', 'x2');
    ours.run('ping', '-c1', '-W0.1', '10.1.0.2');
  };

  test.each(steps)('shaping %s', (_name, step) => {
    const [theirs, ourOwn] = hosts.map((host) => {
      host.configure(...step(rowsOf(host)));
      return seen(host);
    });
    expect(ourOwn).toEqual(theirs);
  });

  test('What the page of JSON shows is what is said', () => {
    const page = readFileSync(new URL('../../docs/appctl-json.md', import.meta.url), 'utf8');
    const [shown, types] = (/^`qos\/show` of .*?\n\n(.*?)\n## /ms.exec(page)?.[1] ?? '')
      .trim()
      .split('\n\n')
      .map((text) => JSON.parse(text));
    const program = new URL('../../bin/ovs-appctl', import.meta.url).pathname;
    const ask = (command: string) =>
      JSON.parse(ours.run(program, '-t', ours.controlSocket, '-f', 'json', command, 'v1').stdout).reply;
    expect(isLike(ask('qos/show'), shown)).toBe(true);
    expect(ask('qos/show-types').sort()).toEqual(types.sort());
  });

  test('What an earlier process set up goes on counting', async () => {
    const classes = (): string => ours.host.run('tc', '-s', 'class', 'show', 'dev', 'v1');
    const before = seen(ours);
    const sent = (): number => Number(/class htb 1:1 .*?Sent (\d+) bytes/s.exec(classes())?.[1]);
    await until(() => {
      sendSomething();
      return sent() > 0;
    }, 'a packet in the default queue');
    const counted = sent();
    await ours.exit();
    await ours.start();
    await until(() => isDeepStrictEqual(seen(ours), before), 'the next process to show the same');
    expect(sent()).toBeGreaterThanOrEqual(counted);
  });

  test.each(['1:', '5:'])(
    'A qdisc %s of somebody else is replaced by that of the next process',
    async (handle) => {
      await ours.exit();
      const tc = (...args: string[]): string => ours.host.run('tc', ...args);
      tc('qdisc', 'del', 'dev', 'v1', 'root');
      tc('qdisc', 'add', 'dev', 'v1', 'root', 'handle', handle, 'htb', 'default', '5');
      tc('class', 'add', 'dev', 'v1', 'parent', handle, 'classid', `${handle}5`, 'htb', 'rate', '1mbit');
      await ours.start();
      const isOurs = (): boolean => /htb 1: root .* default 0x1 /.test(tc('qdisc', 'show', 'dev', 'v1'));
      await until(isOurs, 'a qdisc of the switch');
      await until(
        () => tc('class', 'show', 'dev', 'v1').includes('class htb 1:3 parent 1:fffe'),
        'its classes',
      );
      expect(tc('class', 'show', 'dev', 'v1')).not.toContain(`${handle}5`);
    },
  );

  test('A qdisc that somebody has taken away is there again with the next change', async () => {
    const { qos } = rowsOf(ours);
    ours.host.run('tc', 'qdisc', 'del', 'dev', 'v1', 'root');
    ours.configure('set', 'qos', qos, 'other_config:max-rate=70000000');
    const classes = ours.host.run('tc', 'class', 'show', 'dev', 'v1');
    expect(classes).toContain('class htb 1:fffe root rate 70Mbit');
    expect(classes).toContain('class htb 1:3 parent 1:fffe');
  });

  test('Packets go through the queue that flows give them', async () => {
    const flow = 'in_port=v2,actions=set_queue:2,output:v1,enqueue:v1:61439';
    ours.run('ovs-ofctl', '--names', 'add-flow', `unix:${ours.folder}/br0.mgmt`, flow);
    const packets = (queue: number): number => {
      const said = ours.run('ovs-ofctl', 'queue-stats', `unix:${ours.folder}/br0.mgmt`, '1', String(queue));
      return Number(/pkts=(\d+)/.exec(said.stdout)?.[1]);
    };
    await until(() => {
      sendSomething();
      return packets(2) > 0 && packets(61439) > 0;
    }, 'packets in both queues');
  });

  test('Bursts follow the MTU', async () => {
    const burst = (): number =>
      Number(/Queue 2:\n {2}burst: (\d+)/.exec(ours.appctl('qos/show', 'v1').stdout)?.[1]);
    const before = burst();
    ours.host.run('ip', 'link', 'set', 'v1', 'mtu', '9000');
    await until(() => burst() === 8 * 9064, 'larger bursts');
    expect(ours.host.run('tc', 'class', 'show', 'dev', 'v1')).toMatch(/class htb 1:3 .* burst 90\d\db/);
    ours.host.run('ip', 'link', 'set', 'v1', 'mtu', '1500');
    await until(() => burst() === before, 'the bursts of before');
  });

  test('A device that comes back is shaped as its predecessor was', async () => {
    ours.host.run('ip', 'link', 'del', 'v1');
    await until(() => ours.appctl('qos/show', 'v1').status !== 0, 'the device to be missed');
    ours.host.run('ip', 'link', 'add', 'v1', 'type', 'veth', 'peer', 'name', 'x1');
    await until(() => /Queue 2:/.test(ours.appctl('qos/show', 'v1').stdout), 'the device to be shaped');
    expect(ours.host.run('tc', 'qdisc', 'show', 'dev', 'v1')).toContain('qdisc htb 1: root');
  });

  test('What the kernel or the switch lacks is told, and packets go on', () => {
    const { qos } = rowsOf(ours);
    ours.configure('set', 'qos', qos, 'type=nonsense');
    expect(ours.log).toMatch(/netdev_linux\|WARN\|v1: QoS type "nonsense" is not supported/);
    for (const kind of ['hfsc', 'sfq', 'codel', 'fq_codel', 'netem']) {
      ours.configure('set', 'qos', qos, `type=linux-${kind}`);
      const isThere = ours.host.run('tc', 'qdisc', 'show', 'dev', 'v1').includes(`qdisc ${kind} 1: root`);
      const refusal = `v1: Failed to install new qdisc: No such file or directory: this kernel has no qdisc "${kind}"`;
      expect(ours.log.includes(refusal)).toBe(!isThere);
      expect(ours.appctl('qos/show', 'v1').stdout.includes(`QoS: v1 linux-${kind}`)).toBe(isThere);
    }
  });
});
