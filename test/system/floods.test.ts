/**
 * Our daemon while a port is flooded with messages that it reads itself, valid ones and damaged ones: what it keeps is
 * bounded, it answers, and other ports forward, new stations included.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { unshareNetwork } from '../../src/sys/calls/namespace.ts';
import { Flood, type FloodKind } from '../sim/floods.ts';
import { Cable } from './support/cable.ts';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';
import { saidBy } from './support/run-program.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`floods.test.ts: not run: ${reason}\n`);

/** Frames at least; as fast as the test can. */
const frameCount = 20_000;

interface FloodedProtocol {
  readonly kind: FloodKind;
  /** Arguments of ovs-vsctl that have the port, or its bridge, speak the protocol. */
  readonly config: readonly string[];
  /** What tells of all that was heard: its lines that match are no more than so many. */
  readonly kept?: { readonly command: readonly string[]; readonly lines: RegExp; readonly most: number };
}

const protocols: readonly FloodedProtocol[] = [
  { kind: 'BPDU', config: ['set', 'bridge', 'br0', 'rstp_enable=true'] },
  { kind: 'LACP', config: ['set', 'port', 'loud', 'lacp=active'] },
  {
    kind: 'IGMP',
    config: [
      ...['set', 'bridge', 'br0', 'mcast_snooping_enable=true'],
      'other_config:mcast-snooping-table-size=100',
    ],
    kept: { command: ['mdb/show', 'br0'], lines: /239(\.\d+){3}/g, most: 100 },
  },
  { kind: 'BFD', config: ['set', 'interface', 'loud', 'bfd:enable=true'] },
  {
    kind: 'CFM',
    config: ['set', 'interface', 'loud', 'cfm_mpid=1'],
    kept: { command: ['cfm/show', 'loud'], lines: /Remote MPID/g, most: 256 },
  },
  { kind: 'LLDP', config: ['set', 'interface', 'loud', 'lldp:enable=true'] },
];

describe.runIf(reason === undefined)('a port is flooded', () => {
  let ours: SwitchHost;
  let hosts: readonly [Namespace, Namespace];

  beforeAll(async () => {
    unshareNetwork();
    ours = new SwitchHost('ours', { isEmbedded: true });
    hosts = [new Namespace('a'), new Namespace('b')];
    for (const at of [ours.host, ...hosts]) at.run('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
    hosts.forEach((host, n) => {
      host.link('eth0', `v${n + 1}`, `10.1.0.${n + 1}/24`, ours.host);
    });
    await ours.start();
    ours.configure('add-br', 'br0');
    const noTree = 'other_config:rstp-enable=false';
    for (const port of ['v1', 'v2'])
      ours.configure('add-port', 'br0', port, '--', 'set', 'port', port, noTree);
    await until(canPing, 'the hosts to reach each other');
  });

  afterEach(async () => {
    const isPlain = ['rstp_enable=false', 'mcast_snooping_enable=false'];
    ours.configure('--if-exists', 'del-port', 'br0', 'loud', '--', 'set', 'bridge', 'br0', ...isPlain);
    await until(canPing, 'a ping to come back when all is over');
  });

  afterAll(async () => {
    for (const host of hosts) host[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  });

  const canPing = (): boolean => hosts[0].try('ping', '-c1', '-W1', '10.1.0.2').status === 0;
  const appctl = async (...args: string[]): Promise<string> => {
    const child = spawn('ovs-appctl', ['-t', ours.controlSocket, '--timeout=60', ...args]);
    return (await saidBy(child)).stdout;
  };
  const megabytes = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${ours.pid}/status`, 'utf8'))?.[1]) / 1024;

  /** Stations are new to the switch again and again, and each ping needs an answer from it. */
  async function pingsAnew(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      await appctl('fdb/flush', 'br0');
      for (const host of hosts) host.try('ip', 'neigh', 'flush', 'dev', 'eth0');
      await until(canPing, 'a ping to come back');
    }
  }

  test.each(protocols)('with $kind', async ({ kind, config, kept }) => {
    using cable = new Cable('loud', ours.host);
    ours.configure('add-port', 'br0', 'loud', '--', ...config);
    await until(() => ours.configure('get', 'interface', 'loud', 'link_state') === 'up', 'the link');
    const random = seededRandom(7);
    const flood = new Flood(kind, random);
    const frames = Array.from({ length: 4096 }, () => flood.next());
    const next = (): Uint8Array => frames[random.u32() % frames.length] ?? flood.next();
    await cable.flood(next, frameCount); // what a flood needs once: code, buffers
    const before = megabytes();
    await cable.flood(next, frameCount, pingsAnew(10));
    expect(megabytes() - before).toBeLessThan(100);
    if (kept !== undefined)
      expect((await appctl(...kept.command)).match(kept.lines)?.length).toBeLessThanOrEqual(kept.most);
  });
});
