/**
 * Multicast snooping among real hosts: the kernel's own bridge asks who wants to hear what, programs on other hosts
 * join and leave groups, and another one sends. Groups go to where somebody wants them, and to nobody else.
 */
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`multicast.test.ts: not run: ${reason}\n`);

const program = new URL('../fixtures/group-member.mjs', import.meta.url).pathname;
/** The router's port comes first. */
const hosts = ['router', 'sender', 'alice', 'bob', 'carol'] as const;
type Host = (typeof hosts)[number];
const udpPort = '5353';
const sent = { count: 50, size: 1000 };

/** A program that wants to hear a group. */
class Member {
  readonly #child: ChildProcess;
  #said = '';

  constructor(host: Namespace, group: string) {
    this.#child = host.start(process.execPath, program, 'e0', group, udpPort);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text: Buffer) => {
        this.#said += text.toString();
      });
  }

  get lines(): string[] {
    return this.#said.trim().split('\n');
  }

  /** Datagrams. */
  get heardCount(): number {
    return this.lines.filter((line) => /^\d+$/.test(line)).length;
  }

  end(): void {
    this.#child.kill();
  }
}

describe.runIf(reason === undefined).each([
  { ipVersion: 4, group: '239.1.2.3', other: '239.1.2.4' },
  { ipVersion: 6, group: 'ff15::1234', other: 'ff15::1235' },
])('groups over IPv$ipVersion', ({ group, other }) => {
  const spaces = new Map<Host, Namespace>();
  let ours: SwitchHost;
  const members: Member[] = [];

  beforeAll(async () => {
    ours = new SwitchHost('ours');
    await ours.start();
    ours.configure(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'],
      ...['mcast_snooping_enable=true', 'other_config:mcast-snooping-disable-flood-unregistered=true'],
    );
    for (const [n, name] of hosts.entries()) {
      const space = new Namespace(name);
      spaces.set(name, space);
      // What hosts say of themselves while IPv6 comes up is not to disturb what is counted.
      space.run('sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0');
      ours.host.link(`p${n + 1}`, 'e0', undefined, space);
      if (name === 'router') {
        const asks = ['mcast_snooping', '1', 'mcast_querier', '1', 'mcast_query_use_ifaddr', '1'];
        const often = ['mcast_query_interval', '100', 'mcast_startup_query_interval', '100'];
        space.run('ip', 'link', 'add', 'name', 'lan', 'type', 'bridge', ...asks, ...often);
        space.run('ip', 'addr', 'add', '10.0.0.1/24', 'dev', 'lan');
        space.run('ip', 'link', 'set', 'lan', 'up');
        space.run('ip', 'link', 'set', 'e0', 'master', 'lan');
      } else space.run('ip', 'addr', 'add', `10.0.0.${n + 1}/24`, 'dev', 'e0');
      ours.configure(
        'add-port',
        'br0',
        `p${n + 1}`,
        '--',
        'set',
        'interface',
        `p${n + 1}`,
        `ofport_request=${n + 1}`,
      );
    }
    // This one says what it wants as hosts of old did.
    spaceOf('bob').run('sysctl', '-qw', 'net.ipv4.conf.e0.force_igmp_version=2');
    spaceOf('bob').run('sysctl', '-qw', 'net.ipv6.conf.e0.force_mld_version=1');
    await until(() => mdb().some((line) => /^1 0 querier/.test(line)), 'the router to be known');
  }, 120_000);

  afterAll(async () => {
    for (const member of members) member.end();
    for (const space of spaces.values()) space[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  });

  const spaceOf = (name: Host): Namespace => spaces.get(name) ?? expect.unreachable();
  const mdb = (): string[] =>
    ours
      .appctl('mdb/show', 'br0')
      .stdout.split('\n')
      .map((line) => line.trim().replace(/ +/g, ' '));
  const isWantedAt = (port: number): boolean => mdb().some((line) => line.startsWith(`${port} 0 ${group} `));
  const send = (to: string): void => {
    const { count, size } = sent;
    spaceOf('sender').run(process.execPath, program, 'e0', to, udpPort, String(count), String(size));
  };
  const receivedBytes = (name: Host): number =>
    Number(spaceOf(name).run('cat', '/sys/class/net/e0/statistics/rx_bytes'));
  const join = (name: Host): Member => {
    const member = new Member(spaceOf(name), group);
    members.push(member);
    return member;
  };

  test('go to those who have joined, to the router, and to nobody else', async () => {
    const alice = join('alice');
    const bob = join('bob');
    await until(() => isWantedAt(3) && isWantedAt(4), 'both to be known');
    expect(isWantedAt(5)).toBe(false);
    const before = new Map(hosts.map((name) => [name, receivedBytes(name)]));
    send(group);
    await until(() => alice.heardCount === sent.count && bob.heardCount === sent.count, 'both to hear all');
    const gained = (name: Host): number => receivedBytes(name) - (before.get(name) ?? 0);
    await until(() => gained('router') > sent.count * sent.size, 'the router to get all');
    expect(gained('carol')).toBeLessThan((sent.count * sent.size) / 4);
  });

  test('that nobody has joined go to the router only', async () => {
    const before = new Map(hosts.map((name) => [name, receivedBytes(name)]));
    send(other);
    const gained = (name: Host): number => receivedBytes(name) - (before.get(name) ?? 0);
    await until(() => gained('router') > sent.count * sent.size, 'the router to get all');
    for (const name of ['alice', 'bob', 'carol'] as const)
      expect(gained(name)).toBeLessThan((sent.count * sent.size) / 4);
  });

  test('are known to the router, to which all reports go', async () => {
    const known = (): string => spaceOf('router').run('bridge', 'mdb', 'show', 'dev', 'lan');
    await until(() => known().includes(group), 'the router to know the group');
  });

  test('go no longer to those who have left', async () => {
    const [alice, bob] = members;
    bob?.end();
    await until(() => !isWantedAt(4), 'the one who left to be forgotten');
    expect(isWantedAt(3)).toBe(true);
    const before = receivedBytes('bob');
    const heardBefore = alice?.heardCount ?? 0;
    send(group);
    await until(() => alice?.heardCount === heardBefore + sent.count, 'the other one to hear all');
    expect(receivedBytes('bob') - before).toBeLessThan((sent.count * sent.size) / 4);
  });
});
