/** Packets between hosts that are dropped: counted, shown as they are, and captured, each with why and by which flow. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, run, whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`drops.test.ts: not run: ${reason}\n`);

const ourAppctl = new URL('../../bin/ovs-appctl', import.meta.url).pathname;

interface Shown {
  readonly bridge: string;
  readonly port: string;
  readonly reason: string;
  readonly place: string;
  readonly table: number;
  readonly rule: string;
  readonly action?: string;
  readonly flow: string;
  readonly size: number;
  readonly head: string;
}

describe.runIf(reason === undefined)('packets that are dropped between hosts', () => {
  let ours: SwitchHost;
  let hosts: readonly [Namespace, Namespace];
  let ping: ChildProcess | undefined;

  beforeAll(async () => {
    ours = new SwitchHost('ours', { isEmbedded: true });
    hosts = [new Namespace('a'), new Namespace('b')];
    for (const [n, host] of hosts.entries()) {
      host.run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
      host.link('eth0', `v${n + 1}`, `10.1.0.${n + 1}/24`, ours.host);
    }
    await ours.start();
    ours.configure('add-br', 'br0');
    for (const n of [1, 2])
      ours.configure('add-port', 'br0', `v${n}`, '--', 'set', 'interface', `v${n}`, `ofport_request=${n}`);
    const [a] = hosts;
    await until(() => a.try('ping', '-c1', '-W1', '10.1.0.2').status === 0, 'the way to be open');
  });

  afterEach(() => {
    ping?.kill('SIGKILL');
    ofctl('del-flows', 'br0');
    ofctl('add-flow', 'br0', 'priority=0,actions=normal');
  });

  afterAll(async () => {
    for (const host of hosts) host[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  });

  function ofctl(...args: string[]): void {
    const { status, stderr } = ours.run('ovs-ofctl', '-O', 'OpenFlow13', ...args);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  }

  /** The first host goes on asking the second one whether it is there. */
  function startPing(...args: string[]): void {
    ping = hosts[0].start('ping', '-q', '-i', '0.02', ...args, '10.1.0.2');
  }

  /** What our ovs-appctl prints of a monitor, line by line. */
  async function monitor(...args: string[]): Promise<string[]> {
    const child = spawn(ourAppctl, ['--timeout=60', '-t', ours.controlSocket, ...args]);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        text += data.toString();
      });
    const [status] = await once(child, 'close');
    expect(status, text).toBe(0);
    return text.trimEnd().split('\n');
  }

  async function shown(...args: string[]): Promise<Shown[]> {
    const lines = await monitor('-f', 'json', 'drops/monitor', ...args);
    const values = lines.map((line): unknown => JSON.parse(line));
    expect(values.pop()).toMatchObject({ packets: values.length });
    return values as Shown[]; // what is expected of them says whether they are
  }

  test('by a flow: it is named, and each packet is counted for the port that it came in by', async () => {
    ofctl('add-flow', 'br0', 'cookie=0x7,priority=50,icmp,nw_src=10.1.0.1,actions=drop');
    startPing();
    for (const one of await shown('--count=5', 'br0', 'icmp,nw_dst=10.1.0.2'))
      expect(one).toMatchObject({
        ...{ bridge: 'br0', port: 'v1', reason: 'ruleDrops', place: 'bridge', table: 0, size: 98 },
        rule: 'cookie=0x7, priority=50,icmp,nw_src=10.1.0.1 actions=drop',
        flow: expect.stringMatching(/^icmp,in_port=1,.*nw_src=10.1.0.1,nw_dst=10.1.0.2,/),
        head: expect.stringMatching(/^[0-9a-f]{128}$/),
      });
    const count = (): number => {
      const rows = ours.appctl('dpif/show-drops', 'br0').stdout;
      return Number(/^br0 +v1 +(\d+) +ruleDrops +bridge +the rule has no actions$/m.exec(rows)?.[1]);
    };
    await until(() => count() >= 5, 'all to be counted');
  });

  test('by a meter', async () => {
    ofctl('add-meter', 'br0', 'meter=1,pktps,band=type=drop,rate=1');
    ofctl('add-flow', 'br0', 'priority=50,icmp,in_port=1,actions=meter:1,output:2');
    startPing();
    for (const one of await shown('--count=3', 'br0'))
      expect(one).toMatchObject({
        ...{ bridge: 'br0', port: 'v1', reason: 'meter', place: 'datapath' },
        rule: 'priority=50,icmp,in_port=1 actions=meter:1,output:2',
        action: expect.stringMatching(/^meter\(\d+\),\d+$/),
      });
    const isCounted = (): boolean =>
      /^br0 +v1 +\d+ +meter +datapath /m.test(ours.appctl('dpif/show-drops').stdout);
    await until(isCounted, 'them to be counted');
  });

  test("by the size of a port's frames", async () => {
    ours.host.run('ip', 'link', 'set', 'v2', 'mtu', '1000');
    try {
      await until(() => ours.configure('get', 'interface', 'v2', 'mtu') === '1000', 'it to be noticed');
      startPing('-s', '1200', '-M', 'dont');
      for (const one of await shown('--count=3', '--head=14', 'br0', 'icmp'))
        expect(one).toMatchObject({
          ...{ port: 'v1', reason: 'tooLong', place: 'datapath', rule: 'priority=0 actions=NORMAL' },
          ...{ size: 1242, head: expect.stringMatching(/^[0-9a-f]{28}$/) },
        });
    } finally {
      ours.host.run('ip', 'link', 'set', 'v2', 'mtu', '1500');
    }
  });

  test('since there is no such port; others that are dropped meanwhile are not shown', async () => {
    ofctl('add-flow', 'br0', 'priority=50,icmp,icmp_type=8,actions=resubmit(,5)');
    ofctl('add-flow', 'br0', 'table=5,actions=output:99');
    ofctl('add-flow', 'br0', 'priority=50,arp,actions=drop');
    startPing();
    const other = hosts[0].start('ping', '-q', '10.1.0.77'); // asks for its address
    try {
      for (const one of await shown('--count=4', 'br0', 'table=5'))
        expect(one).toMatchObject({
          ...{ reason: 'noSuchOutput', table: 5, action: 'output:99' },
          rule: 'table=5, actions=output:99',
        });
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('and captured, with why as a comment of each', async () => {
    ofctl('add-flow', 'br0', 'priority=50,icmp,nw_src=10.1.0.1,actions=drop');
    const file = join(ours.folder, 'dropped.pcapng');
    startPing();
    const lines = await monitor('drops/monitor', '--count=3', `--pcap=${file}`, 'br0', 'icmp');
    expect(lines.at(-1)).toBe('3 dropped packets');
    const fields = ['frame.interface_name', 'frame.len', 'ip.dst', 'frame.comment'].flatMap((name) => [
      '-e',
      name,
    ]);
    const comment =
      'br0 v1: ruleDrops, by the bridge: the rule has no actions; table 0: priority=50,icmp,nw_src=10.1.0.1 actions=drop';
    expect(
      run('tshark', '-r', file, '-T', 'fields', ...fields)
        .trimEnd()
        .split('\n'),
    ).toEqual(Array.from({ length: 3 }, () => `br0 v1\t98\t10.1.0.2\t${comment}`));
  });

  test('and shown by any ovs-appctl at the end, which has to be said', async () => {
    ofctl('add-flow', 'br0', 'priority=50,icmp,actions=drop');
    expect(ours.appctl('drops/monitor').stderr).toContain('say --count or --for: ');
    startPing();
    const { stdout } = ours.appctl('drops/monitor', '--count=3');
    expect(stdout).toMatch(/^3 dropped packets$/m);
    expect(stdout.match(/^\S+Z br0 v1: ruleDrops, /gm)).toHaveLength(3);
    expect(ours.appctl('drops/monitor', '--for=0.1').stdout).toMatch(/^\d+ dropped packets/m);
  });

  test('until whoever watches has gone', async () => {
    ofctl('add-flow', 'br0', 'priority=50,icmp,actions=drop');
    startPing();
    const child = spawn(ourAppctl, ['-t', ours.controlSocket, 'drops/monitor']);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect((await shown('--count=2')).length).toBe(2);
  });
});
