/** What it costs to add a port to a switch, by the size of the switch, and what a large one costs when nothing happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, type Daemons, residentMegabytes, startDaemons, timed } from './support/daemons.ts';
import { PortAdder } from './support/port-adder.ts';
import type { Progress } from './support/progress.ts';
import { reference } from './support/reference.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { missingReference } from './support/requirements.ts';

const sizes = [10, 1000, 5000];

type Which = 'ours' | 'reference';
const names: Readonly<Record<Which, string>> = { ours: 'ours', reference: reference.name };

function portWords(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `p${first + n}`).flatMap((name) => [
    '--',
    'add-port',
    'br0',
    name,
    '--',
    'set',
    'interface',
    name,
    'type=dummy',
  ]);
}

/** Medians of adding one more port where there are that many, milliseconds, by size; then the idle cost at the largest. */
async function growPorts(
  daemons: Daemons,
  next: (what: string) => void,
): Promise<{ add: number[]; idle: number; memory: number }> {
  daemons.call('ovs-vsctl', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy');
  const add: number[] = [];
  let count = 0;
  for (const size of sizes) {
    next(`one port more at ${size}`);
    for (; count < size; count += 500) {
      daemons.call('ovs-vsctl', ...portWords(count, Math.min(500, size - count)).slice(1));
    }
    count = size;
    const times: number[] = [];
    for (let n = 0; n < (size < 5000 ? 7 : 3); n++)
      times.push(timed(() => daemons.call('ovs-vsctl', ...portWords(count++, 1).slice(1))));
    add.push(median(times));
  }
  next(`${sizes.at(-1)} ports at rest`);
  await sleep(6000); // the first statistics are written
  const before = cpuSeconds(daemons.pid);
  await sleep(30_000);
  return {
    add,
    idle: ((cpuSeconds(daemons.pid) - before) / 30) * 100,
    memory: residentMegabytes(daemons.pid),
  };
}

/** Median milliseconds of starting the tool to have it say its version. */
function startTime(daemons: Daemons): number {
  return median(Array.from({ length: 15 }, () => timed(() => daemons.call('ovs-vsctl', '--version'))));
}

/** What one more port costs the daemon alone, by size: no tool, and the same database server for both. Milliseconds. */
interface OwnShare {
  /** From the commit that adds the port until `cur_cfg` says that it is there; medians. */
  readonly wait: number[];
  /** Processor time of ovs-vswitchd. */
  readonly cpu: number[];
}

async function ownShare(which: Which, progress: Progress): Promise<OwnShare> {
  const daemons = await startDaemons(which, { dummy: true, database: 'reference' });
  daemons.call('ovs-vsctl', 'set', 'open', '.', 'other_config:stats-update-interval=3600000');
  daemons.call('ovs-vsctl', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy');
  const adder = new PortAdder(daemons.socket, 'br0');
  const share: OwnShare = { wait: [], cpu: [] };
  try {
    for (const size of sizes) {
      progress.next(`one port more at ${size}, the daemon alone: ${names[which]}`);
      while (adder.portCount < size) await adder.add(Math.min(500, size - adder.portCount));
      const count = which === 'ours' ? 300 : size < 5000 ? 20 : 3; // the reference takes seconds for one
      const before = cpuSeconds(daemons.pid);
      const times: number[] = [];
      for (let n = 0; n < count; n++) times.push((await adder.add(1)).applied);
      share.wait.push(median(times));
      share.cpu.push(((cpuSeconds(daemons.pid) - before) / count) * 1000);
    }
    return share;
  } finally {
    adder.close();
    await daemons.stop();
  }
}

async function measure(which: Which, tools: Which, progress: Progress) {
  const next = (what: string) => progress.next(`${what}: ${names[which]}, ovs-vsctl of ${names[tools]}`);
  const daemons = await startDaemons(which, { dummy: true, tools });
  try {
    next('starting ovs-vsctl');
    return { start: startTime(daemons), ports: await growPorts(daemons, next) };
  } finally {
    await daemons.stop();
  }
}

export const bench: Bench = {
  question: 'What does one more port cost, and a large switch at rest (dummy devices)?',
  missing: missingReference,
  async run(progress) {
    progress.expect(3 * (sizes.length + 2) + 2 * sizes.length);
    const theirs = await measure('reference', 'reference', progress);
    const ours = await measure('ours', 'reference', progress);
    const all = await measure('ours', 'ours', progress);
    const theirShare = await ownShare('reference', progress);
    const ourShare = await ownShare('ours', progress);
    const largest = sizes.at(-1);
    const row = (what: string, unit: string, a: number, b: number): Row => ({
      what,
      unit,
      ours: a,
      theirs: b,
      better: 'less',
    });
    return [
      row('starting ovs-vsctl', 'ms', all.start, theirs.start),
      ...sizes.map((size, n) =>
        row(
          `one port added at ${size}, the reference's ovs-vsctl`,
          'ms',
          ours.ports.add[n] ?? 0,
          theirs.ports.add[n] ?? 0,
        ),
      ),
      ...sizes.map((size, n) =>
        row(
          `one port added at ${size}, our ovs-vsctl`,
          'ms',
          all.ports.add[n] ?? 0,
          theirs.ports.add[n] ?? 0,
        ),
      ),
      ...sizes.map((size, n) =>
        row(
          `one port added at ${size}, from commit to cur_cfg (real ovsdb-server)`,
          'ms',
          ourShare.wait[n] ?? 0,
          theirShare.wait[n] ?? 0,
        ),
      ),
      ...sizes.map((size, n) =>
        row(
          `one port added at ${size}, CPU time of the daemon alone`,
          'ms',
          ourShare.cpu[n] ?? 0,
          theirShare.cpu[n] ?? 0,
        ),
      ),
      row(`CPU at rest with ${largest} ports`, '% of a core', ours.ports.idle, theirs.ports.idle),
      row(`memory with ${largest} ports`, 'MB', ours.ports.memory, theirs.ports.memory),
    ];
  },
};
