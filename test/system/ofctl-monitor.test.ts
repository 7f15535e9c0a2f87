/** ovs-ofctl monitor and snoop, ours beside the real one: both at once on a bridge of the real ovs-vswitchd. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
import { isRunning, until, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { portsToFollow } from './support/tool-lines.ts';

const host = new DummyHost('reference');
const versions = ['OpenFlow10', 'OpenFlow11', 'OpenFlow12', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'];
const programs = { reference: '/usr/bin/ovs-ofctl', ours: `${process.cwd()}/bin/ovs-ofctl` } as const;
type Which = keyof typeof programs;
const both: readonly Which[] = ['reference', 'ours'];

/** Without what differs by chance. */
function plain(text: string): string {
  return host
    .plain(text)
    .replace('Broken pipe', 'Connection reset by peer') // whichever is noticed first
    .replace('FOLDER/br0.snoop: failed to open socket', 'br0: failed to connect to socket') // as early as that
    .replace(/xid=0x[0-9a-f]+/g, 'xid=N')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z\|\d+\|/g, '')
    .replace(/(?:reference|ours)\.ctl/g, 'CONTROL')
    .replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}: /gm, 'TIME: ');
}

class Running {
  stdout = '';
  stderr = '';
  status: number | null | undefined;
  readonly #child: ChildProcess;
  readonly #control: string;

  constructor(which: Which, args: readonly string[]) {
    this.#control = path.join(host.folder, `${which}.ctl`);
    this.#child = spawn(programs[which], [`--unixctl=${this.#control}`, ...args], { env: host.env });
    this.#child.stdout?.on('data', (chunk) => (this.stdout += chunk));
    this.#child.stderr?.on('data', (chunk) => (this.stderr += chunk));
    this.#child.on('close', (status) => (this.status = status));
  }

  /** What a command of its control socket says. */
  ask(...args: readonly string[]): Said {
    const said = host.appctl('-t', this.#control, ...args);
    return { status: said.status, stdout: plain(said.stdout), stderr: plain(said.stderr) };
  }

  async untilReady(): Promise<void> {
    await until(() => this.status !== undefined || this.ask('version').status === 0, 'it to serve');
  }

  get said(): Said {
    return { status: this.status ?? null, stdout: plain(this.stdout), stderr: plain(this.stderr) };
  }

  kill(): void {
    this.#child.kill();
  }

  async ended(): Promise<Said> {
    await until(() => this.status !== undefined, 'it to end');
    return this.said;
  }
}

const running: Running[] = [];

/** Both, with the same arguments. */
async function start(...args: readonly string[]): Promise<readonly Running[]> {
  const pair = both.map((which) => new Running(which, args));
  running.push(...pair);
  for (const one of pair) await one.untilReady();
  return pair;
}

function askBoth(pair: readonly Running[], ...args: readonly string[]): Said {
  const [reference, ours] = pair.map((one) => one.ask(...args));
  expect(ours).toEqual(reference);
  return ours ?? { status: null, stdout: '', stderr: '' };
}

/** What both have said when they are done, which must be the same. */
async function endBoth(pair: readonly Running[]): Promise<Said> {
  askBoth(pair, 'exit');
  const [reference, ours] = [await pair[0]?.ended(), await pair[1]?.ended()];
  expect(ours).toEqual(reference);
  return ours ?? { status: null, stdout: '', stderr: '' };
}

async function runBoth(...args: readonly string[]): Promise<Said> {
  const [reference, ours] = both.map((which) => new Running(which, args));
  running.push(...[reference, ours].flatMap((one) => one ?? []));
  expect(await ours?.ended()).toEqual(await reference?.ended());
  return ours?.said ?? { status: null, stdout: '', stderr: '' };
}

function ofctl(...args: readonly string[]): void {
  expect(host.run(programs.reference, ...args)).toMatchObject({ status: 0 });
}

/** So many messages of that name were printed by both. */
async function untilPrinted(pair: readonly Running[], name: string, count: number): Promise<void> {
  const isPrinted = ({ stderr }: Running) => stderr.split(name).length > count;
  await until(() => pair.every(isPrinted), `${count} ${name}`);
}

const packets = [
  'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0,ttl=64,frag=no),tcp(src=1,dst=9)',
  'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x8100),vlan(vid=5,pcp=3),encap(eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1,sha=02:00:00:00:00:01,tha=00:00:00:00:00:00))',
  'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x86dd),ipv6(src=fe80::1,dst=fe80::2,label=0,proto=58,tclass=0,hlimit=255,frag=no),icmpv6(type=135,code=0),nd(target=fe80::2,sll=02:00:00:00:00:01)',
  'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x1234)',
];

/** Says the same to whoever connects. */
async function speaker(name: string, says: string, ends: boolean): Promise<Server> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      socket.write(Buffer.from(says, 'hex'));
      if (ends) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(path.join(host.folder, name), resolve));
  return server;
}

describe.skipIf(whyNoReference() !== undefined)('ovs-ofctl monitor beside the real one', () => {
  const servers: Server[] = [];
  beforeAll(async () => {
    await host.prepare();
    const said = host.vsctl(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy'],
      ...[`protocols=[${versions.join()}]`, 'fail-mode=secure'],
      ...['--', 'add-port', 'br0', 'p1', '--', 'set', 'interface', 'p1', 'type=dummy', 'ofport_request=1'],
    );
    expect(said).toMatchObject({ status: 0 });
    servers.push(
      await speaker('hello-snoop.snoop', '0100000800000001' + '0402000800000007' + '0400000800000009', true),
    );
  }, 120_000);
  afterAll(async () => {
    for (const one of running) one.kill();
    for (const server of servers) server.close();
    await host[Symbol.asyncDispose]();
  });

  describe.each(versions)('with -O %s', (version) => {
    test('prints packets, changes of flows and of ports, and answers', async () => {
      ofctl('-O', version, 'del-flows', 'br0');
      ofctl('-O', version, 'add-flow', 'br0', 'priority=1,actions=controller(max_len=100)');
      const pair = await start('-O', version, 'monitor', 'br0', '65534', 'watch:!initial');
      for (const packet of packets) host.appctl('netdev-dummy/receive', 'p1', packet);
      await untilPrinted(pair, 'PACKET_IN', packets.length);
      ofctl(
        '-O',
        version,
        'add-flow',
        'br0',
        'tcp,tp_dst=80,cookie=0x1234,idle_timeout=600,actions=output:1',
      );
      ofctl('-O', version, 'mod-flows', 'br0', 'tcp,actions=drop');
      ofctl('-O', version, 'del-flows', 'br0', 'tcp');
      ofctl('-O', version, 'mod-port', 'br0', 'p1', 'down');
      ofctl('-O', version, 'mod-port', 'br0', 'p1', 'up');
      await host.runAll([portsToFollow]);
      askBoth(pair, 'ofctl/barrier');
      const number = (versions.indexOf(version) + 1).toString().padStart(2, '0');
      // An echo request, and bytes that are no message of any version.
      askBoth(pair, 'ofctl/send', `${number}02000c000000aa01020304`, `${number}ff000800000001`);
      askBoth(pair, 'ofctl/barrier');
      const { stderr } = await endBoth(pair);
      for (const name of [
        'PACKET_IN',
        'PORT_STATUS',
        'event=ADDED',
        'event=MODIFIED',
        'event=DELETED',
        'ECHO_REPLY',
        'ERROR',
      ])
        expect(stderr).toContain(name);
    });
  });

  const specs = [
    '',
    '!initial',
    '!modify !actions !abbrev !own,!add',
    'table=0,out_port=1',
    'out_group=7',
    'table=x',
    'tcp,tp_dst=80/0xfff0',
    'in_port=p1,dl_vlan=3',
    'in_port=nobody',
    'actset_output=1',
    'metadata=7,ipv6,ipv6_src=fe80::1',
    'table',
    'nonsense',
    'priority=3',
  ];
  test.each(['OpenFlow10', 'OpenFlow14'])('watches in %s what is asked for', async (version) => {
    // What is no argument ends the program, after what is before it.
    // One by one: the switch gives a client a second to say hello.
    for (const spec of specs) await runBoth('-O', version, '-m', 'monitor', 'br0', `watch:${spec}`, 'end');
  });

  test.each(['nxt_packet_in', 'nxt_packet_in2', 'standard', 'openflow10', 'nxm'])(
    'packets as -P %s, with times and bytes',
    async (format) => {
      ofctl('del-flows', 'br0');
      ofctl('add-flow', 'br0', 'actions=controller(userdata=01.02,pause),in_port');
      const flags = ['-P', format, '-mmm', '--timestamp'];
      const pair = await start(...flags, 'monitor', 'br0', '65534', 'resume');
      host.appctl('netdev-dummy/receive', 'p1', packets[0] ?? '');
      await untilPrinted(pair, 'PACKET_IN', 1);
      askBoth(pair, 'ofctl/barrier');
      const { stderr } = await endBoth(pair);
      expect(stderr).toContain('TIME: ');
    },
  );

  test('reads nothing while it is blocked', async () => {
    const pair = await start('monitor', 'br0', '65534');
    askBoth(pair, 'ofctl/block');
    askBoth(pair, 'ofctl/block');
    for (const one of pair) expect(one.ask('ofctl/send', '0102000800000007').stdout).toBe('sent\n');
    host.appctl('version');
    expect(pair.map(({ stderr }) => stderr.includes('ECHO_REPLY'))).toEqual([false, false]);
    askBoth(pair, 'ofctl/unblock');
    askBoth(pair, 'ofctl/unblock');
    await untilPrinted(pair, 'ECHO_REPLY', 1);
    askBoth(pair, 'ofctl/send', '01', 'xyz', '0102000900000007');
    askBoth(pair, 'ofctl/barrier');
    askBoth(pair, 'ofctl/send');
    askBoth(pair, 'nonsense');
    askBoth(pair, 'list-commands');
    askBoth(pair, 'ofctl/packet-out', 'in_port=p1 packet=020000000001020000000002123400 actions=drop');
    askBoth(pair, 'ofctl/packet-out', 'in_port=1 packet=02 actions=set_field:5->reg0');
    askBoth(pair, 'ofctl/barrier');
    askBoth(pair, 'ofctl/packet-out', 'nonsense');
    await endBoth(pair);
  });

  test('writes to another file, and goes on in the background', async () => {
    const told = async (which: Which): Promise<readonly unknown[]> => {
      const file = path.join(host.folder, `${which}.txt`);
      const control = path.join(host.folder, `${which}.ctl`);
      const args = [`--unixctl=${control}`, '--detach', `--pidfile=${which}.pid`, 'monitor', 'br0', '65534'];
      // It keeps standard error open.
      expect(spawnSync(programs[which], args, { env: host.env, stdio: 'ignore' })).toMatchObject({
        status: 0,
      });
      const pid = host.pidOf(which);
      expect(pid).toBeGreaterThan(0);
      const ask = (...words: readonly string[]): Said => host.appctl('-t', control, ...words);
      const answers = [
        ask('ofctl/set-output-file', '/nowhere/at-all'),
        ask('ofctl/set-output-file', file),
        ask('ofctl/send', '0102000800000007'),
        ask('ofctl/barrier'),
        ask('exit'),
      ];
      await until(() => !isRunning(pid), 'it to end');
      return [
        ...answers.map(({ status, stdout, stderr }) => plain(`${status}${stdout}${stderr}`)),
        plain(host.run('cat', file).stdout),
      ];
    };
    expect(await told('ours')).toEqual(await told('reference'));
  });

  test.each([
    ['-O', 'OpenFlow13', 'monitor', 'br0', 'invalid_ttl'],
    ['-O', 'OpenFlow11,OpenFlow14', 'monitor', 'br0', 'invalid_ttl', 'end'],
    ['-P', 'nothing', 'monitor', 'br0'],
    ['monitor', 'br0', 'watch:', 'watch:', 'end'],
    ['monitor', 'br0', 'end'],
    ['monitor', 'br9'],
    ['snoop', 'br9'],
    ['snoop', 'br0', 'br1'],
    ['--unixctl=/nowhere/at-all', '-vconsole:off', 'monitor', 'br0'],
    // The bridge has no controller.
    ['-t', '5', 'snoop', 'br0'],
    ['-t', '5', 'snoop', 'hello-snoop'],
  ])('%s %s %s %s', async (...args) => {
    await runBoth(...args);
  });

  test('ends with the switch', async () => {
    const pair = await start('monitor', 'br0', '65534');
    host.vsctl('del-br', 'br0');
    const [reference, ours] = [await pair[0]?.ended(), await pair[1]?.ended()];
    expect(ours).toEqual(reference);
  });
});
