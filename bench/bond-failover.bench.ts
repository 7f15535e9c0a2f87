/** How long TCP of 500 Mb/s is silent when the cable of a bond that carries it is pulled. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { unshareNetwork } from '../src/sys/calls/namespace.ts';
import { startDaemons } from './support/daemons.ts';
import { type Host, inside, makeHost, removeHost, run } from './support/hosts.ts';
import type { Progress } from './support/progress.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { missingForDevices } from './support/requirements.ts';

const rate = 500;
const port = 5001;
const roundCount = 5;

/** How the bond finds out that a cable is dead: columns of its Port row. */
const ways = [
  { name: 'by its carrier', settings: [] },
  { name: 'by miimon, 100 ms', settings: miimon(100) },
  { name: 'by miimon, 20 ms', settings: miimon(20) },
] as const;

function miimon(interval: number): readonly string[] {
  return ['other_config:bond-detect-mode=miimon', `other_config:bond-miimon-interval=${interval}`];
}

/** `name` and what it does, in a host's namespace; ends when its input does. */
function startScript(host: Host, ...args: readonly (string | number)[]): ChildProcess {
  const script = [process.execPath, `${process.cwd()}/bench/support/gap.mjs`, ...args.map(String)];
  return spawn('ip', ['netns', 'exec', host.namespace, ...script], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function lineOf({ stdout }: ChildProcess): Promise<string> {
  const [data] = stdout === null ? [''] : await once(stdout, 'data');
  return String(data).trim();
}

/** The second host gets a second cable, and a bridge of the kernel over both: it follows what it learns. */
function addCable(host: Host): string {
  const outer = `${host.outer}b`;
  run(`ip link add ${outer} up type veth peer name eth1 netns ${host.namespace}`);
  run(`sysctl -qw net.ipv6.conf.${outer}.disable_ipv6=1`);
  inside(host, 'ip link add lan up type bridge');
  inside(host, `ip addr flush dev ${host.inner}`);
  for (const cable of [host.inner, 'eth1']) inside(host, `ip link set ${cable} up master lan`);
  inside(host, `ip addr add ${host.address}/24 dev lan`);
  return outer;
}

/** The median of the longest silences, in milliseconds. */
async function measure(
  which: 'ours' | 'reference',
  settings: readonly string[],
  [near, far]: readonly [Host, Host],
): Promise<number> {
  const second = `${far.outer}b`;
  const daemons = await startDaemons(which);
  const scripts: ChildProcess[] = [];
  const bridge = `${near.outer}l`;
  const vsctl = (...args: string[]): string => daemons.call('ovs-vsctl', ...args);
  try {
    vsctl('add-br', bridge, '--', 'set', 'bridge', bridge, 'datapath_type=netdev');
    vsctl('add-port', bridge, near.outer);
    vsctl(
      ...['add-bond', bridge, 'bond0', far.outer, second, 'bond_mode=active-backup'],
      `other_config:bond-primary=${far.outer}`,
      ...settings,
    );
    const receiver = startScript(far, 'receive', port);
    scripts.push(receiver);
    await lineOf(receiver);
    scripts.push(startScript(near, 'send', far.address, port, rate));
    const silence = async (): Promise<number> => {
      receiver.stdin?.write('\n');
      return Number(await lineOf(receiver));
    };
    const rounds: number[] = [];
    for (let round = 0; round < roundCount; round++) {
      await sleep(2000);
      await silence();
      inside(far, `ip link set ${far.inner} down`);
      await sleep(1500);
      rounds.push(await silence());
      inside(far, `ip link set ${far.inner} up`);
    }
    return median(rounds);
  } finally {
    for (const script of scripts) script.kill();
    vsctl('--if-exists', 'del-br', bridge);
    await daemons.stop();
  }
}

async function measureAll(hosts: readonly [Host, Host], progress: Progress): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, settings } of ways) {
    const gaps = { ours: 0, reference: 0 };
    for (const which of ['reference', 'ours'] as const) {
      progress.next(`${name}, ${which}`);
      gaps[which] = await measure(which, settings, hosts);
    }
    const what = `longest silence of TCP at ${rate} Mb/s, found out ${name}`;
    rows.push({ what, unit: 'ms', ours: gaps.ours, theirs: gaps.reference, better: 'less' });
  }
  return rows;
}

export const bench: Bench = {
  question: 'How long is TCP silent when a cable of a bond is pulled?',
  missing: missingForDevices,
  async run(progress) {
    progress.expect(2 * ways.length);
    unshareNetwork();
    const hosts = [makeHost(1), makeHost(2)] as const;
    try {
      addCable(hosts[1]);
      // The reference sends on what its hosts leave unfinished as it is.
      inside(hosts[0], `ethtool -K ${hosts[0].inner} tx off`);
      inside(hosts[1], 'ethtool -K lan tx off');
      return await measureAll(hosts, progress);
    } finally {
      for (const host of hosts) removeHost(host);
    }
  },
};
