/** Our daemon where a network is at its worst: storms, loops, devices that come and go under load, frames of nonsense. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { minFrameSize } from '../../src/netdev/buffers.ts';
import { unshareNetwork } from '../../src/sys/calls/namespace.ts';
import { FrameMaker } from '../conformance/frame-maker.ts';
import { frameWith } from '../sim/frames.ts';
import { burstSize, Cable } from './support/cable.ts';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';
import { saidBy } from './support/run-program.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`stress.test.ts: not run: ${reason}\n`);

const broadcast = 'ffffffffffff';
/** From a host that nobody looks for. */
const stray = frameWith({ src: '020000000099', dst: broadcast });
const broadcasts = `${import.meta.dirname}/../fixtures/broadcasts.mjs`;

describe.runIf(reason === undefined)('under stress', () => {
  let ours: SwitchHost;
  let hosts: readonly [Namespace, Namespace, Namespace];
  const addresses = ['10.1.0.1', '10.1.0.2', '10.1.0.3'] as const;
  const cables: Cable[] = [];

  beforeAll(async () => {
    unshareNetwork();
    ours = new SwitchHost('ours', { isEmbedded: true });
    hosts = [new Namespace('a'), new Namespace('b'), new Namespace('loud')];
    // What hosts say by themselves must not get into a loop: their addresses would be learned there.
    for (const at of [ours.host, ...hosts]) at.run('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
    hosts.forEach((host, n) => {
      host.link('eth0', `v${n + 1}`, `${addresses[n]}/24`, ours.host);
    });
    await ours.start();
    ours.configure('add-br', 'br0');
    for (const port of ['v1', 'v2', 'v3']) ours.configure('add-port', 'br0', port);
    await until(() => canPing(), 'the hosts to reach each other');
  });

  afterEach(async () => {
    ours.configure('--if-exists', 'del-br', 'br1');
    const ports = ours.configure('list-ports', 'br0').split('\n');
    const extra = ports.filter((port) => !['v1', 'v2', 'v3'].includes(port));
    ours.configure('init', ...extra.flatMap((port) => ['--', 'del-port', port]));
    for (const cable of cables.splice(0)) cable[Symbol.dispose]();
    await until(canPing, 'the hosts to reach each other again');
  });

  afterAll(async () => {
    for (const host of hosts) host[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  });

  const reaches = (from: Namespace, to: string, ...options: string[]): boolean =>
    from.try('ping', '-c1', '-W1', ...options, to).status === 0;
  const canPing = (): boolean => reaches(hosts[0], addresses[1]);
  const column = (name: string, column: string): string => ours.configure('get', 'interface', name, column);

  /** A cable from the test to a new port of br0, which carries frames: until a link is up, the kernel drops them. */
  async function plug(name: string, mtu?: number): Promise<Cable> {
    const cable = new Cable(name, ours.host, mtu);
    cables.push(cable);
    ours.configure('add-port', 'br0', name);
    await until(() => column(name, 'link_state') === 'up', `the link of ${name}`);
    return cable;
  }

  /** Does something while the third host sends broadcasts as fast as it can. */
  async function underLoad(act: () => Promise<void>): Promise<void> {
    const child = hosts[2].start('node', broadcasts, '10.1.0.255');
    const said = saidBy(child);
    const before = arrivals('v3');
    try {
      await until(() => arrivals('v3') > before + 100, 'the broadcasts to come');
      await act();
    } finally {
      child.kill('SIGTERM');
    }
    expect(Number((await said).stdout)).toBeGreaterThan(100);
  }

  /** Pings the second host from the first, every 50 ms, until that many have come back. */
  async function pings(count: number): Promise<void> {
    const limit = ['-w', '100']; // only ends what hangs
    const { stdout: text } = await saidBy(
      hosts[0].start('ping', '-i', '0.05', '-c', String(count), ...limit, addresses[1]),
    );
    expect(Number(/(\d+) received/.exec(text)?.[1])).toBeGreaterThanOrEqual(count); // some come late
  }

  /** The daemon answers so many commands. */
  async function answers(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const target = ['-t', ours.controlSocket, '--timeout=60'];
      const { stdout: text } = await saidBy(spawn('ovs-appctl', [...target, 'fdb/show', 'br0']));
      expect(text).toContain('VLAN');
    }
  }

  /** Frames that a port has received, or dropped since its ring was full. */
  function arrivals(port: string): number {
    const [, shown = ''] = ours.appctl('dpctl/show', '-s').stdout.split(`: ${port}\n`);
    const [, packets, dropped] = /RX packets:(\d+) errors:\d+ dropped:(\d+)/.exec(shown) ?? [];
    return Number(packets) + Number(dropped);
  }

  const megabytes = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${ours.pid}/status`, 'utf8'))?.[1]) / 1024;

  test('a broadcast storm leaves room for others, and the daemon answers', async () => {
    const cable = await plug('storm');
    const before = megabytes();
    const sent = await cable.flood(() => stray, 10_000, Promise.all([pings(40), answers(20)]));
    expect(megabytes() - before).toBeLessThan(100);
    await until(() => arrivals('storm') >= sent, 'every frame to be counted as received or dropped');
  });

  test('a flood of new addresses from one port does not push those of others out', async () => {
    const cable = await plug('crowd');
    await until(() => canPing() && reaches(hosts[2], addresses[0]), 'frames to flow');
    const known = hosts.map((host) => macOf(host, 'eth0'));
    ours.configure('set', 'open', '.', 'other_config:flow-limit=5000'); // what bounds the memory that flows take
    const random = seededRandom(3);
    const stranger = (): Uint8Array => {
      const bytes = stray.slice();
      bytes.set([2, random.u32() & 0xff, random.u32() & 0xff, random.u32() & 0xff, 0, 1], 6);
      return bytes;
    };
    await cable.flood(stranger, 20_000);
    const before = megabytes();
    const table = (): string => ours.appctl('fdb/show', 'br0').stdout;
    const isCrowded = (): boolean => table().split('\n').length > 2000;
    const crowded = until(isCrowded, 'thousands of addresses to be learned');
    await cable.flood(stranger, 10_000, Promise.all([pings(40), answers(20), crowded]));
    const last = table();
    ours.configure('remove', 'open', '.', 'other_config', 'flow-limit');
    for (const mac of known) expect(last).toContain(mac);
    expect(megabytes() - before).toBeLessThan(200); // another flood needs what is not collected yet, not what it sent
  });

  test('a loop of cables between two bridges ends when it is cut, and the daemon answers meanwhile', async () => {
    const before = megabytes();
    ours.configure('add-br', 'br1');
    for (const n of [1, 2]) {
      ours.host.run('ip', 'link', 'add', `l${n}`, 'up', 'type', 'veth', 'peer', 'name', `r${n}`);
      ours.host.run('ip', 'link', 'set', `r${n}`, 'up');
      ours.configure('add-port', 'br0', `l${n}`, '--', 'add-port', 'br1', `r${n}`);
    }
    const cable = await plug('once');
    cable.send([stray]);
    await answers(20);
    let echoes = 0;
    await until(() => {
      echoes += cable.receive().length;
      return echoes > 100;
    }, 'the frame to come back again and again');
    ours.host.run('ip', 'link', 'del', 'l1');
    await until(canPing, 'the hosts to reach each other once the loop is cut');
    ours.host.run('ip', 'link', 'del', 'l2');
    expect(megabytes() - before).toBeLessThan(100);
  });

  test('a loop of patch ports ends by itself', async () => {
    ours.configure('add-br', 'br1');
    for (const [bridge, name, peer] of [
      ['br0', 'pl1', 'pr1'],
      ['br1', 'pr1', 'pl1'],
      ['br0', 'pl2', 'pr2'],
      ['br1', 'pr2', 'pl2'],
    ] as const) {
      const patch = ['--', 'set', 'interface', name, 'type=patch', `options:peer=${peer}`];
      ours.configure('add-port', bridge, name, ...patch);
    }
    const cable = await plug('once');
    const other = frameWith({ src: '020000000098', dst: broadcast });
    const echoes: string[] = [];
    const untilBack = (frame: Uint8Array): Promise<void> =>
      until(() => {
        echoes.push(...cable.receive().map(hex));
        return echoes.includes(hex(frame));
      }, 'the frame to come back');
    cable.send([stray]);
    await untilBack(stray);
    cable.send([other]); // what comes later is dealt with later
    await untilBack(other);
    const count = echoes.slice(0, echoes.indexOf(hex(other))).filter((frame) => frame === hex(stray)).length;
    expect(count).toBeGreaterThan(1); // it was a loop
    expect(count).toBeLessThan(4096);
    await answers(10);
    echoes.push(...cable.receive().map(hex));
    expect(echoes.slice(echoes.indexOf(hex(other)))).not.toContain(hex(stray));
  });

  test('a device that is deleted and made again under load forwards again', async () => {
    const [peer, mac] = [macOf(hosts[0], 'eth0'), macOf(hosts[1], 'eth0')];
    await underLoad(async () => {
      ours.host.run('ip', 'link', 'del', 'v2');
      await until(() => column('v2', 'ofport') === '-1', 'the loss to be seen');
      hosts[1].link('eth0', 'v2', `${addresses[1]}/24`, ours.host);
      hosts[1].run('ip', 'link', 'set', 'eth0', 'address', mac);
      hosts[1].run('ip', 'neigh', 'replace', addresses[0], 'lladdr', peer, 'dev', 'eth0');
      await until(() => reaches(hosts[1], addresses[0]), 'frames to flow');
    });
  });

  test('a device that is renamed, set down and given another MTU under load is followed', async () => {
    const ip = (...args: string[]): string => ours.host.run('ip', 'link', 'set', ...args);
    const passes = (payload: number): boolean => reaches(hosts[0], addresses[1], '-Mdo', `-s${payload}`);
    await underLoad(async () => {
      ip('v2', 'down');
      await until(() => column('v2', 'admin_state') === 'down', 'the state');
      ip('v2', 'name', 'elsewhere');
      await until(() => column('v2', 'ofport') === '-1', 'the loss to be seen');
      ip('elsewhere', 'name', 'v2', 'mtu', '1400');
      ip('v2', 'up');
      await until(() => column('v2', 'mtu') === '1400', 'the new MTU');
      await until(canPing, 'frames to flow again');
      await until(() => passes(1372), 'frames of that length to pass');
      expect(passes(1373)).toBe(false);
      ip('v2', 'mtu', '1500');
      await until(() => passes(1472), 'long frames to pass');
    });
  });

  test('a port that moves to another bridge in one transaction forwards there', async () => {
    const internal = ['--', 'set', 'interface', 'other', 'type=internal'];
    ours.configure('add-br', 'br1', '--', 'add-port', 'br1', 'other', ...internal);
    ours.host.run('ip', 'addr', 'add', '10.1.0.4/24', 'dev', 'other');
    ours.host.run('ip', 'link', 'set', 'other', 'up');
    const reachesOther = (): boolean => reaches(hosts[1], '10.1.0.4');
    expect(reachesOther()).toBe(false);
    ours.configure('del-port', 'br0', 'v2', '--', 'add-port', 'br1', 'v2');
    await until(reachesOther, 'the new bridge to forward');
    await until(() => !canPing(), 'the old bridge to forward no more');
    ours.configure('del-port', 'br1', 'v2', '--', 'add-port', 'br0', 'v2');
    await until(canPing, 'the old bridge to forward again');
    await until(() => !reachesOther(), 'the new bridge to forward no more');
  });

  test('a broadcast reaches 300 ports of a bridge', async () => {
    using crowd = new Namespace('crowd');
    const names = Array.from({ length: 300 }, (_, n) => `n${n}`);
    const commands = names.map(
      (name) => `link add ${name} up type veth peer name ${name} netns ${crowd.name}`,
    );
    writeFileSync(`${ours.folder}/links`, commands.join('\n'));
    ours.host.run('ip', '-batch', `${ours.folder}/links`);
    writeFileSync(`${ours.folder}/links`, names.map((name) => `link set ${name} up`).join('\n'));
    crowd.run('ip', '-batch', `${ours.folder}/links`);
    ours.configure('init', ...names.flatMap((name) => ['--', 'add-port', 'br0', name]));
    const received = (): number[] => {
      const text = crowd.run('cat', '/proc/net/dev');
      return names.map((name) => Number(new RegExp(`\\b${name}: *\\d+ +(\\d+)`).exec(text)?.[1]));
    };
    const cable = await plug('one');
    const before = received();
    const hasAll = (count: number, n: number): boolean => count - (before[n] ?? 0) >= 50;
    // A busy kernel drops some of so many at once.
    await until(() => {
      cable.send(Array.from({ length: 10 }, () => stray));
      return received().every(hasAll);
    }, 'the frames everywhere');
  });

  test('frames of any protocol, length and nonsense are forwarded or counted', async () => {
    const from = await plug('from', 4000);
    const to = await plug('to');
    const maker = new FrameMaker(seededRandom(11));
    const random = seededRandom(12);
    const frames = Array.from({ length: 10_000 }, () => {
      const bytes = maker.next();
      if (random.u32() % 20 !== 0) return bytes;
      const long = new Uint8Array(minFrameSize + (random.u32() % 3900));
      long.set(bytes.subarray(0, long.length));
      return long;
    });
    const got = new Set<string>();
    let sentCount = 0;
    /** Every frame is a miss, so that a slow machine loses some of a burst. */
    const send = async (some: readonly Uint8Array[]): Promise<void> => {
      for (let at = 0; at < some.length; at += burstSize) {
        from.send(some.slice(at, at + burstSize));
        await sleep(10);
        for (const bytes of to.receive()) got.add(hex(bytes));
      }
      sentCount += some.length;
    };
    const isUntagged = (bytes: Uint8Array): boolean => ![0x81, 0x88].includes(bytes[12] ?? 0);
    const passable = frames.filter((bytes) => bytes.length <= 1514 && isUntagged(bytes));
    const missing = (): Uint8Array[] => passable.filter((bytes) => !got.has(hex(bytes)));
    await send(frames);
    for (let tries = 0; tries < 200 && missing().length > 0; tries++) await send(missing());
    expect(missing().map(hex)).toEqual([]);
    for (const frame of got) expect(frame.length / 2).toBeLessThanOrEqual(1518);
    const counted = (): number => Number(column('from', 'statistics:rx_packets'));
    await until(() => counted() >= sentCount, 'the statistics');
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function macOf(host: Namespace, device: string): string {
  return /link\/ether ([0-9a-f:]+)/.exec(host.run('ip', 'link', 'show', device))?.[1] ?? '';
}
