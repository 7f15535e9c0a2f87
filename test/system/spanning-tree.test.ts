/**
 * Spanning trees with others: the real daemon as partner of STP and RSTP over two veth cables, and two bridges of Linux
 * in a ring with one of ours. What both say of the tree must be one tree, and traffic must go on when a cable is
 * pulled.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CabledPair, useBridge } from './support/cabled-pair.ts';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`spanning-tree.test.ts: not run: ${reason}\n`);

const cables = [0, 1] as const;
const address = { ours: '10.9.1.1', reference: '10.9.1.2' } as const;
const mac = { ours: '02:00:00:00:00:0a', reference: '02:00:00:00:00:0b' } as const;

type Protocol = 'stp' | 'rstp';

/** The shortest times that there may be. */
const times = {
  stp: ['stp-hello-time=1000', 'stp-max-age=6', 'stp-forward-delay=4'],
  rstp: ['rstp-max-age=6', 'rstp-forward-delay=4'],
} as const;

/** Role and state of each port, in small letters: "root forwarding". */
function portsOf(host: SwitchHost, protocol: Protocol): Map<string, string> {
  const { stdout } = host.appctl(`${protocol}/show`, 'br0');
  const [, table = ''] = stdout.split(/^ {2}-+ .*$/m);
  return new Map(
    [...table.matchAll(/^ {2}(\S+) +(\S+) +(\S+)/gm)].map(([, name = '', role = '', state = '']) => [
      name,
      `${role} ${state}`.toLowerCase(),
    ]),
  );
}

/** The address of the root, as a bridge says it. */
function rootOf(host: SwitchHost, protocol: Protocol): string {
  return /system-id +(\S+)/.exec(host.appctl(`${protocol}/show`, 'br0').stdout)?.[1] ?? '';
}

describe.runIf(reason === undefined).each(['stp', 'rstp'] as const)('%s with the reference', (protocol) => {
  let ours: SwitchHost;
  let reference: SwitchHost;
  let both: readonly SwitchHost[];
  let pair: CabledPair;

  beforeAll(async () => {
    pair = new CabledPair();
    ({ ours, reference, both } = pair);
    await pair.start(cables.length);
    for (const host of both) {
      const { which } = host;
      const names = cables.map((n) => `${which === 'ours' ? 'e' : 'f'}${n}`);
      host.configure(
        ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'],
        ...[`other_config:hwaddr=${mac[which]}`, `${protocol}_enable=true`],
        ...times[protocol].map((key) => `other_config:${key}`),
        ...[`other_config:${protocol}-priority=${which === 'ours' ? 32768 : 4096}`],
        ...names.flatMap((name) => ['--', 'add-port', 'br0', name]),
        ...['--', 'set', 'port', 'br0', `other_config:${protocol}-enable=false`],
      );
      useBridge(host, address[which]);
    }
  });

  afterAll(async () => {
    await pair[Symbol.asyncDispose]();
  });

  const reaches = (): boolean => ours.run('ping', '-c1', '-W1', address.reference).status === 0;

  const resting = { stp: 'alternate blocking', rstp: 'alternate discarding' } as const;

  /** Both name one root, to which ours has one way, and the other cable rests. */
  const isTree = (): boolean =>
    both.every((host) => rootOf(host, protocol) === mac.reference) &&
    [...portsOf(ours, protocol).values()].sort().join() === `${resting[protocol]},root forwarding` &&
    [...portsOf(reference, protocol).values()].every((text) => text === 'designated forwarding');

  test('both make one tree, in which one cable rests', async () => {
    await until(isTree, 'one tree');
    await until(reaches, 'traffic');
  });

  test('when the cable in use is pulled, the other takes over, and both go back', async () => {
    ours.host.run('ip', 'link', 'set', 'e0', 'down');
    const takesOver = (): boolean => portsOf(ours, protocol).get('e1') === 'root forwarding';
    await until(takesOver, 'the other cable to be used');
    await until(reaches, 'traffic by the other cable');
    ours.host.run('ip', 'link', 'set', 'e0', 'up');
    await until(isTree, 'the tree as it was');
    await until(reaches, 'traffic');
  });

  test('a partner that falls silent is missed, and found again', async () => {
    await reference.kill();
    await until(() => rootOf(ours, protocol) === mac.ours, 'its silence to be noticed');
    await reference.start();
    await until(isTree, 'the tree as it was');
    await until(reaches, 'traffic');
  });
});

const noLinuxBridge = whyNoNamespaces() ?? whyNoLinuxBridge();
if (noLinuxBridge !== undefined)
  process.stderr.write(`spanning-tree.test.ts: no bridges of Linux: ${noLinuxBridge}\n`);

function whyNoLinuxBridge(): string | undefined {
  const probe = spawnSync('unshare', [
    '--net',
    'ip',
    'link',
    'add',
    'probe',
    'type',
    'bridge',
    'stp_state',
    '1',
  ]);
  return probe.status === 0 ? undefined : 'the kernel has none';
}

describe.runIf(noLinuxBridge === undefined)('in a ring with bridges of Linux', () => {
  const ours = new SwitchHost('ours');
  const linux = new Namespace('linux');
  const hostOnRing = '10.9.2.2';

  beforeAll(async () => {
    await ours.start();
    // The first is the root, and of two ways there ours has a direct one.
    for (const [name, priority] of [
      ['lx0', '4096'],
      ['lx1', '8192'],
    ] as const)
      linux.run(
        ...(['ip', 'link', 'add', name, 'type', 'bridge', 'stp_state', '1'] as const),
        ...['forward_delay', '400', 'hello_time', '100', 'max_age', '600', 'priority', priority],
      );
    linux.run('ip', 'link', 'add', 'ring0', 'type', 'veth', 'peer', 'name', 'ring1');
    for (const n of cables) {
      ours.host.link(`e${n}`, `l${n}`, undefined, linux);
      for (const device of [`l${n}`, `ring${n}`]) {
        linux.run('ip', 'link', 'set', device, 'master', `lx${n}`);
        linux.run('ip', 'link', 'set', device, 'up');
      }
      linux.run('ip', 'link', 'set', `lx${n}`, 'up');
    }
    linux.run('ip', 'addr', 'add', `${hostOnRing}/24`, 'dev', 'lx1');
    ours.configure(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev', 'stp_enable=true'],
      ...['--', 'set', 'port', 'br0', 'other_config:stp-enable=false'],
      ...cables.flatMap((n) => ['--', 'add-port', 'br0', `e${n}`]),
    );
    ours.host.run('ip', 'addr', 'add', '10.9.2.1/24', 'dev', 'br0');
    ours.host.run('ip', 'link', 'set', 'br0', 'up');
  });

  afterAll(async () => {
    await ours[Symbol.asyncDispose]();
    linux[Symbol.dispose]();
  });

  /** States of all six ends of the ring's cables; those without a link are left out. */
  const states = (): string[] => {
    const theirs = [...linux.run('bridge', 'link').matchAll(/ state (\w+)/g)].map(([, state = '']) => state);
    const mine = [...portsOf(ours, 'stp').values()].map((text) => text.split(' ')[1] ?? '');
    return [...theirs, ...mine].filter((state) => state !== 'disabled').sort();
  };
  const isSettled = (...blocked: string[]): boolean =>
    states().join() === [...blocked, ...Array(6 - 1).fill('forwarding')].slice(0, 6).join();
  const reaches = (): boolean => ours.run('ping', '-c1', '-W1', hostOnRing).status === 0;

  test('one of six ports rests, so nothing goes around, and all are reached', async () => {
    await until(() => isSettled('blocking'), 'the ring to be open');
    await until(reaches, 'traffic');
    expect(ours.run('ping', '-c3', '-i0.2', '-W1', hostOnRing).stdout).not.toContain('DUP!');
  });

  test('when a cable of the ring is pulled, the port that rested forwards, and rests again later', async () => {
    ours.host.run('ip', 'link', 'set', 'e0', 'down');
    await until(() => states().join() === Array(4).fill('forwarding').join(), 'the other way');
    await until(reaches, 'traffic the other way');
    ours.host.run('ip', 'link', 'set', 'e0', 'up');
    await until(() => isSettled('blocking'), 'the ring to be open again');
    await until(reaches, 'traffic');
  });
});
