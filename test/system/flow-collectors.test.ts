/**
 * What collectors of others make of what our daemon exports: nfcapd with nfdump, and sfacctd, must count all that was
 * sent, and no more.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTextOrEmpty } from '../../src/base/files.ts';
import { until, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';

const missing = Object.entries({ nfdump: '/usr/bin/nfcapd', pmacct: '/usr/sbin/sfacctd' }).find(
  ([, program]) => !existsSync(program),
);
const reason = whyNoReference() ?? (missing && `${missing[0]} is not installed`);
if (reason !== undefined) process.stderr.write(`flow-collectors.test.ts: not run: ${reason}\n`);

interface Counts {
  readonly packets: number;
  readonly bytes: number;
}

/** How a program is a collector that writes what it gets to a folder. */
interface Program {
  readonly name: string;
  readonly args: (port: string, folder: string) => readonly string[];
  /** It says so when it listens. */
  readonly isListening: string;
  /** Has it end, with all written. */
  readonly signal: NodeJS.Signals;
  /** Packets and bytes of each flow, as text. */
  readonly read: (folder: string) => string;
}

const nfcapd: Program = {
  name: 'nfcapd',
  args: (port, folder) => ['-b', '127.0.0.1', '-p', port, '-w', folder, '-t', '3600', '-E'],
  isListening: 'Startup',
  signal: 'SIGTERM',
  read(folder) {
    const args = ['-R', folder, '-o', 'fmt:%ipkt,%ibyt', '-q', '-N'];
    return spawnSync('nfdump', args, { encoding: 'utf8' }).stdout;
  },
};

const sfacctd: Program = {
  name: 'sfacctd',
  args(port, folder) {
    const lines = [
      ...['daemonize: false', 'sfacctd_ip: 127.0.0.1', `sfacctd_port: ${port}`, 'plugins: print[flows]'],
      ...['aggregate[flows]: src_host,dst_host,src_port,dst_port,proto', 'print_output[flows]: csv'],
      ...[`print_output_file[flows]: ${folder}/flows`, 'print_refresh_time[flows]: 3600'],
    ];
    writeFileSync(join(folder, 'config'), `${lines.join('\n')}\n`);
    return ['-f', join(folder, 'config')];
  },
  isListening: 'waiting for sFlow data',
  signal: 'SIGINT',
  read: (folder) => readTextOrEmpty(join(folder, 'flows')),
};

class Collector {
  readonly #program: Program;
  readonly #folder = mkdtempSync(join(tmpdir(), 'ovs-ts-collector-'));
  readonly #child: ChildProcess;
  readonly #port: string;
  #said = '';
  #hasEnded = false;

  constructor(program: Program, port: string) {
    this.#program = program;
    this.#port = port;
    this.#child = spawn(program.name, program.args(port, this.#folder));
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk) => (this.#said += chunk));
    this.#child.on('close', () => (this.#hasEnded = true));
  }

  async started(): Promise<void> {
    const { name, isListening } = this.#program;
    await until(() => this.#said.includes(isListening), `${name} to start`);
  }

  /** Packets and bytes of each flow that it got, once it has ended. */
  async flows(): Promise<Counts[]> {
    const { name, signal, read } = this.#program;
    await until(() => isAllRead(this.#port) && this.#isIdle(), `${name} to read all`);
    this.#child.kill(signal);
    await until(() => this.#hasEnded, `${name} to end`);
    return [...read(this.#folder).matchAll(/(\d+) *, *(\d+)$/gm)].map(([, packets, bytes]) => {
      return { packets: Number(packets), bytes: Number(bytes) };
    });
  }

  /** Waits for more: a signal would make it forget what it has read and not counted yet. */
  #isIdle(): boolean {
    return /^State:\s*S/m.test(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'));
  }

  kill(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Nothing waits for whoever listens on that port of UDP. */
function isAllRead(port: string): boolean {
  const ending = `:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = readFileSync('/proc/net/udp', 'utf8').split('\n');
  return sockets.every((line) => {
    const [, local = '', , , queues = ''] = line.trim().split(/\s+/);
    return !local.endsWith(ending) || queues.endsWith(':00000000');
  });
}

/** Ports that nobody else is given: below those that the kernel hands out. */
let lastPort = 20_000 + 10 * (process.pid % 1000);
const freePort = (): string => String(++lastPort);

const flowCount = 20;
/** Bytes of a packet, and what sFlow adds for its checksum. */
const sizes = { udp: 106, ipOfUdp: 92, checksum: 4 };
const packetOf = (flow: number): string =>
  `in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.${flow + 1},dst=10.1.0.1,proto=17,tos=0,ttl=64,frag=no),udp(src=${1000 + flow},dst=53)`;

describe.runIf(reason === undefined)('collectors count what is exported', () => {
  const host = new DummyHost('ours');
  const collectors: Collector[] = [];

  beforeAll(async () => {
    await host.prepare();
    host.vsctl('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'fail_mode=secure');
    for (const name of ['p1', 'p2'])
      host.vsctl('add-port', 'br0', name, '--', 'set', 'interface', name, 'type=dummy');
    host.run('ovs-ofctl', 'add-flow', 'br0', 'actions=2');
  });

  afterAll(async () => {
    for (const collector of collectors) collector.kill();
    await host[Symbol.asyncDispose]();
  });

  async function collect(program: Program, port: string): Promise<Collector> {
    const collector = new Collector(program, port);
    collectors.push(collector);
    await collector.started();
    return collector;
  }

  /** The nth flow has n packets. */
  async function sendPackets(): Promise<number> {
    const packets = Array.from({ length: flowCount }, (_, n) => Array(n + 1).fill(packetOf(n))).flat();
    await host.runAll(packets.map((packet) => ['ovs-appctl', 'netdev-dummy/receive', 'p1', packet]));
    return packets.length;
  }

  test('by NetFlow', async () => {
    const port = freePort();
    const collector = await collect(nfcapd, port);
    const row = ['--', '--id=@n', 'create', 'NetFlow', `targets="127.0.0.1:${port}"`];
    host.vsctl('set', 'bridge', 'br0', 'netflow=@n', ...row);
    const packets = await sendPackets();
    host.appctl('revalidator/purge');
    host.vsctl('clear', 'bridge', 'br0', 'netflow');
    const flows = await collector.flows();
    const sum = (what: keyof Counts): number => flows.reduce((total, flow) => total + flow[what], 0);
    expect([flows.length, sum('packets'), sum('bytes')]).toEqual([flowCount, packets, packets * sizes.udp]);
  });

  test('by IPFIX, of which it reads what the exporter has counted in all until each record', async () => {
    const port = freePort();
    const collector = await collect(nfcapd, port);
    const said = ['sampling=1', 'cache_active_timeout=4000', 'cache_max_flows=1000'];
    const keys = ['other_config:enable-output-sampling=true'];
    const row = ['--', '--id=@i', 'create', 'IPFIX', `targets="127.0.0.1:${port}"`, ...said, ...keys];
    host.vsctl('set', 'bridge', 'br0', 'ipfix=@i', ...row);
    const packets = await sendPackets();
    host.vsctl('clear', 'bridge', 'br0', 'ipfix');
    const flows = await collector.flows();
    const most = (what: keyof Counts): number => Math.max(...flows.map((flow) => flow[what]));
    const octets = packets * sizes.ipOfUdp;
    expect([flows.length, most('packets'), most('bytes')]).toEqual([flowCount, packets, octets]);
  });

  test('by sFlow, of every packet', async () => {
    const port = freePort();
    const collector = await collect(sfacctd, port);
    const said = ['sampling=1', 'polling=0', 'agent=lo'];
    const row = ['--', '--id=@s', 'create', 'sFlow', `targets="127.0.0.1:${port}"`, ...said];
    host.vsctl('set', 'bridge', 'br0', 'sflow=@s', ...row);
    const packets = await sendPackets();
    host.appctl('time/stop');
    host.appctl('time/warp', '2000', '100'); // samples wait for others for a second
    host.vsctl('clear', 'bridge', 'br0', 'sflow');
    const flows = await collector.flows();
    const sum = (what: keyof Counts): number => flows.reduce((total, flow) => total + flow[what], 0);
    const octets = packets * (sizes.udp + sizes.checksum);
    expect([flows.length, sum('packets'), sum('bytes')]).toEqual([flowCount, packets, octets]);
  });
});
