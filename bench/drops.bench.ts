/** What it costs to watch dropped packets while as many come as can: each window beside one in which nobody watches. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { type Daemons, threadSeconds } from './support/daemons.ts';
import { type FloodedBridge, flood, withFloodedBridge } from './support/flooded-bridge.ts';
import { type Host, sentCount } from './support/hosts.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { enterOwnNetwork, missingForDevices } from './support/requirements.ts';
import { pause } from './support/workloads.ts';

/** Single windows differ by a tenth and more. */
const pairCount = 7;
const windowMs = 2000;
/** Before each window. */
const leadMs = 300;
/** Whoever watches has started after this long at most, unless something is dropped. */
const startMs = 1000;

interface Load {
  readonly what: string;
  readonly flows: readonly string[];
  /** Packets so far, of those that the rate is about. */
  readonly count: (daemons: Daemons, to: Host) => number;
}

function forwarded(_daemons: Daemons, to: Host): number {
  return sentCount(to.outer);
}

function targetOf({ socket, pid }: Daemons): string {
  return join(dirname(socket), `ovs-vswitchd.${pid}.ctl`);
}

function dropped(daemons: Daemons): number {
  const text = daemons.call('ovs-appctl', '-t', targetOf(daemons), 'dpif/show-drops', 'br0');
  const [, count] = /(\d+) +ruleDrops/.exec(text) ?? [];
  return Number(count ?? 0);
}

const loads: readonly Load[] = [
  { what: 'forwarded, none dropped', flows: ['in_port=1,actions=output:2'], count: forwarded },
  {
    what: 'forwarded, and a copy of each dropped',
    flows: [
      'in_port=1,actions=output:2,check_pkt_larger(1000)->NXM_NX_REG0[0],resubmit(,1)',
      'table=1,reg0=1,actions=output:2',
      'table=1,reg0=0,actions=drop',
    ],
    count: forwarded,
  },
  { what: 'dropped', flows: ['in_port=1,actions=drop'], count: dropped },
];

interface Figures {
  /** Packets a second. */
  readonly rate: number;
  /** Nanoseconds of the processor for a packet: of the thread that forwards, and of the daemon's others. */
  readonly own: number;
  readonly others: number;
}

interface Pair {
  readonly watched: Figures;
  readonly unwatched: Figures;
}

async function measureWindow({ count }: Load, daemons: Daemons, to: Host): Promise<Figures> {
  await pause(leadMs);
  const packetsBefore = count(daemons, to);
  const before = threadSeconds(daemons.pid);
  const start = performance.now();
  await pause(windowMs);
  const packets = count(daemons, to) - packetsBefore;
  const seconds = (performance.now() - start) / 1000;
  const used = [...threadSeconds(daemons.pid)].map(([thread, now]) => now - (before.get(thread) ?? 0));
  const own = Math.max(...used);
  const others = used.reduce((sum, one) => sum + one, -own);
  return { rate: packets / seconds, own: (1e9 * own) / packets, others: (1e9 * others) / packets };
}

/** Somebody watches from when this resolves, until what it resolves with is called. */
async function watch(daemons: Daemons): Promise<() => Promise<void>> {
  const appctl = join(process.cwd(), 'bin/ovs-appctl');
  const child = spawn(appctl, ['-t', targetOf(daemons), 'drops/monitor']);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const shown = new Promise((resolve) => child.stdout.once('data', resolve));
  await Promise.race([shown, pause(startMs)]); // where none are dropped, none is shown
  child.stdout.resume();
  return () => {
    child.kill();
    return ended;
  };
}

/** Which is first takes turns. */
async function measurePair(load: Load, daemons: Daemons, to: Host, turn: number): Promise<Pair> {
  const measureWatched = async (): Promise<Figures> => {
    const stop = await watch(daemons);
    const figures = await measureWindow(load, daemons, to);
    await stop();
    return figures;
  };
  if (turn % 2 === 1) {
    const watched = await measureWatched();
    return { watched, unwatched: await measureWindow(load, daemons, to) };
  }
  const unwatched = await measureWindow(load, daemons, to);
  return { watched: await measureWatched(), unwatched };
}

async function measureLoad(load: Load, bridge: FloodedBridge): Promise<Pair[]> {
  const { daemons, to } = bridge;
  daemons.call('ovs-ofctl', 'del-flows', 'br0');
  for (const flow of load.flows) daemons.call('ovs-ofctl', 'add-flow', 'br0', flow);
  const seconds = 1 + Math.ceil((pairCount * (2 * leadMs + 2 * windowMs + 2 * startMs)) / 1000);
  const flooding = flood(bridge, seconds);
  await pause(1000);
  const pairs: Pair[] = [];
  for (let n = 0; n < pairCount; n++) pairs.push(await measurePair(load, daemons, to, n));
  await flooding;
  return pairs;
}

function rowsOf({ what }: Load, pairs: readonly Pair[]): Row[] {
  const row = (said: string, unit: string, name: keyof Figures, better: 'more' | 'less'): Row => ({
    what: `60-byte UDP, overload, ${what}, 100 a second watched${said}`,
    unit,
    ours: median(pairs.map(({ watched }) => watched[name])),
    theirs: median(pairs.map(({ unwatched }) => unwatched[name])),
    against: 'nobody watches',
    better,
  });
  return [
    row('', 'packets/s', 'rate', 'more'),
    row(': processor time of the datapath for each', 'ns', 'own', 'less'),
    row(': processor time of the rest of the daemon for each', 'ns', 'others', 'less'),
  ];
}

export const bench: Bench = {
  question: 'What does it cost to watch dropped packets at full load?',
  missing: missingForDevices,
  async run(progress) {
    enterOwnNetwork();
    progress.expect(loads.length);
    return withFloodedBridge('ours', async (bridge) => {
      const rows: Row[] = [];
      for (const load of loads) {
        progress.next(load.what);
        rows.push(...rowsOf(load, await measureLoad(load, bridge)));
      }
      return rows;
    });
  },
};
