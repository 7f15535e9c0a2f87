/**
 * What floods of messages that a switch itself reads cost it: forwarding at full load beside them, and the daemon's
 * processor time without anything else to do.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../src/base/random.ts';
import { Flood, type FloodKind } from '../test/sim/floods.ts';
import { cpuSeconds } from './support/daemons.ts';
import { type FloodedBridge, flood, withFloodedBridge } from './support/flooded-bridge.ts';
import { type Host, makeHost, removeHost } from './support/hosts.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { enterOwnNetwork, missingForDevices } from './support/requirements.ts';
import { arrivalRate, pause } from './support/workloads.ts';

const messagesPerSecond = 10_000;
/** Messages that differ. */
const messageCount = 8192;
const pairCount = 3;
const windowMs = 1500;
/** Before each window: flows are made anew. */
const leadMs = 500;
const sender = join(process.cwd(), 'bench/support/send-frames.mjs');

interface FloodedProtocol {
  readonly kind: FloodKind;
  /** Arguments of ovs-vsctl that have the port "PORT", or its bridge, speak it, and no longer. */
  readonly on: readonly string[];
  readonly off: readonly string[];
}

const protocols: readonly FloodedProtocol[] = [
  {
    kind: 'BPDU',
    on: ['set', 'bridge', 'br0', 'rstp_enable=true'],
    off: ['set', 'bridge', 'br0', 'rstp_enable=false'],
  },
  { kind: 'LACP', on: ['set', 'port', 'PORT', 'lacp=active'], off: ['clear', 'port', 'PORT', 'lacp'] },
  {
    kind: 'IGMP',
    on: ['set', 'bridge', 'br0', 'mcast_snooping_enable=true'],
    off: ['set', 'bridge', 'br0', 'mcast_snooping_enable=false'],
  },
  {
    kind: 'BFD',
    on: ['set', 'interface', 'PORT', 'bfd:enable=true'],
    off: ['set', 'interface', 'PORT', 'bfd:enable=false'],
  },
  {
    kind: 'CFM',
    on: ['set', 'interface', 'PORT', 'cfm_mpid=1'],
    off: ['clear', 'interface', 'PORT', 'cfm_mpid'],
  },
];

interface Measured {
  /** Per cent of the rate without the flood. */
  readonly share: number;
  /** Per cent of one processor. */
  readonly processor: number;
}

/** Sends messages into the host's port while `work` is done. */
async function whileFlooded<T>(from: Host, file: string, work: () => Promise<T>): Promise<T> {
  const args = [sender, from.inner, file, String(messagesPerSecond)];
  const child = spawn('ip', ['netns', 'exec', from.namespace, 'node', ...args], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  try {
    await pause(leadMs);
    return await work();
  } finally {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdin.end();
    await ended;
  }
}

async function measureRate(to: Host): Promise<number> {
  await pause(leadMs);
  return arrivalRate(to, windowMs);
}

async function measureProcessor(pid: number): Promise<number> {
  await pause(leadMs);
  const before = cpuSeconds(pid);
  await pause(2 * windowMs);
  return ((cpuSeconds(pid) - before) * 100_000) / (2 * windowMs);
}

async function measureProtocol(
  { kind, on, off }: FloodedProtocol,
  bridge: FloodedBridge,
  loud: Host,
  folder: string,
): Promise<Measured> {
  const { daemons, to } = bridge;
  const file = join(folder, kind);
  const source = new Flood(kind, seededRandom(1));
  const frames = Array.from({ length: messageCount }, () => Buffer.from(source.next()).toString('hex'));
  writeFileSync(file, frames.join('\n'));
  const configure = (args: readonly string[]): string =>
    daemons.call('ovs-vsctl', ...args.map((arg) => arg.replace('PORT', loud.outer)));
  configure(on);
  const processor = await whileFlooded(loud, file, () => measureProcessor(daemons.pid));
  const seconds = 2 + Math.ceil((pairCount * (2 * windowMs + 4 * leadMs)) / 1000);
  const flooding = flood(bridge, seconds);
  await pause(1000);
  const shares: number[] = [];
  for (let n = 0; n < pairCount; n++) {
    const without = await measureRate(to);
    shares.push((100 * (await whileFlooded(loud, file, () => measureRate(to)))) / without);
  }
  await flooding;
  configure(off);
  return { share: median(shares), processor };
}

/** In the order of `protocols`. */
function measureDaemon(
  which: 'ours' | 'reference',
  folder: string,
  step: (what: string) => void,
): Promise<Measured[]> {
  return withFloodedBridge(which, async (bridge) => {
    const { daemons, from, to } = bridge;
    const loud = makeHost(3);
    try {
      daemons.call('ovs-vsctl', 'add-port', 'br0', loud.outer);
      for (const { outer } of [from, to])
        daemons.call('ovs-vsctl', 'set', 'port', outer, 'other_config:rstp-enable=false');
      daemons.call('ovs-ofctl', 'add-flow', 'br0', 'in_port=1,actions=output:2');
      const measured: Measured[] = [];
      for (const protocol of protocols) {
        step(`${protocol.kind}, ${which}`);
        measured.push(await measureProtocol(protocol, bridge, loud, folder));
      }
      return measured;
    } finally {
      removeHost(loud);
    }
  });
}

export const bench: Bench = {
  question: 'What do 10 000 messages a second cost a switch that reads them itself?',
  missing: missingForDevices,
  async run(progress) {
    enterOwnNetwork();
    progress.expect(2 * protocols.length);
    const folder = mkdtempSync(join(tmpdir(), 'bench-floods-'));
    const ours = await measureDaemon('ours', folder, (what) => progress.next(what));
    const theirs = await measureDaemon('reference', folder, (what) => progress.next(what));
    rmSync(folder, { recursive: true });
    const rows = (what: string, unit: string, of: keyof Measured, better: Row['better']): Row[] =>
      protocols.map(({ kind }, n) => ({
        what: `${kind}: ${what}`,
        unit,
        ours: ours[n]?.[of] ?? Number.NaN,
        theirs: theirs[n]?.[of] ?? Number.NaN,
        better,
      }));
    return [
      ...rows('forwarding between two other ports, overload', '% of the rate without', 'share', 'more'),
      ...rows('processor time of the daemon, nothing else to do', '% of one processor', 'processor', 'less'),
    ];
  },
};
