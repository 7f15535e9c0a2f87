/** What configuration costs: ports and bridges added and removed, and what a large switch costs when nothing happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, type Daemons, residentMegabytes, startDaemons } from './support/daemons.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { isInstalled } from './support/switches.ts';

const sizes = [10, 1000, 5000];

function timed(action: () => void): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

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
async function growPorts(daemons: Daemons): Promise<{ add: number[]; idle: number; memory: number }> {
  daemons.call('ovs-vsctl', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy');
  const add: number[] = [];
  let count = 0;
  for (const size of sizes) {
    for (; count < size; count += 500) {
      daemons.call('ovs-vsctl', ...portWords(count, Math.min(500, size - count)).slice(1));
    }
    count = size;
    const times: number[] = [];
    for (let n = 0; n < (size < 5000 ? 7 : 3); n++)
      times.push(timed(() => daemons.call('ovs-vsctl', ...portWords(count++, 1).slice(1))));
    add.push(median(times));
  }
  await sleep(6000); // the first statistics are written
  const before = cpuSeconds(daemons.pid);
  await sleep(10_000);
  return {
    add,
    idle: ((cpuSeconds(daemons.pid) - before) / 10) * 100,
    memory: residentMegabytes(daemons.pid),
  };
}

function bridges(daemons: Daemons): { add: number; remove: number } {
  const names = Array.from({ length: 200 }, (_, n) => `b${n}`);
  const words = names.flatMap((b) => ['--', 'add-br', b, '--', 'set', 'bridge', b, 'datapath_type=dummy']);
  const add = timed(() => daemons.call('ovs-vsctl', ...words.slice(1)));
  const remove = timed(() =>
    daemons.call('ovs-vsctl', ...names.flatMap((b) => ['--', 'del-br', b]).slice(1)),
  );
  return { add, remove };
}

async function measure(which: 'ours' | 'reference', tools: 'ours' | 'reference') {
  const daemons = await startDaemons(which, { dummy: true, tools });
  try {
    return { bridges: bridges(daemons), ports: await growPorts(daemons) };
  } finally {
    await daemons.stop();
  }
}

export const bench: Bench = {
  question: 'What does a change of configuration cost, and a large switch at rest (dummy devices)?',
  missing: () => (isInstalled('ovs-vswitchd') ? undefined : 'needs openvswitch-switch'),
  async run() {
    const theirs = await measure('reference', 'reference');
    const ours = await measure('ours', 'reference');
    const all = await measure('ours', 'ours');
    const largest = sizes.at(-1);
    const row = (what: string, unit: string, a: number, b: number): Row => ({
      what,
      unit,
      ours: a,
      theirs: b,
      better: 'less',
    });
    return [
      row('200 bridges added in one transaction', 'ms', ours.bridges.add, theirs.bridges.add),
      row('200 bridges removed in one transaction', 'ms', ours.bridges.remove, theirs.bridges.remove),
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
      row(`CPU at rest with ${largest} ports`, '% of a core', ours.ports.idle, theirs.ports.idle),
      row(`memory with ${largest} ports`, 'MB', ours.ports.memory, theirs.ports.memory),
    ];
  },
};
