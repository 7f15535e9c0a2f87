/** What many flows cost the switch: each daemon by the real ovs-ofctl, and how long it does not answer meanwhile. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cpuSeconds, type Daemons, residentMegabytes, startDaemons } from './support/daemons.ts';
import { EchoProbe } from './support/echo-probe.ts';
import { flowLine } from './support/flow-lines.ts';
import type { Progress } from './support/progress.ts';
import { reference } from './support/reference.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { missingReference } from './support/requirements.ts';

const changeCount = 10_000;
const version = ['-O', 'OpenFlow14'];
const titles = ['ours', reference.name];

interface Task {
  readonly what: string;
  /** Of ovs-ofctl. */
  readonly args: readonly string[];
  readonly runs: number;
  /** The table is to be empty before. */
  readonly isEmptyBefore?: boolean;
  /** How many flows it adds, whose memory counts. */
  readonly added?: number;
}

interface Cost {
  readonly milliseconds: number;
  /** Of the daemon. */
  readonly cpuMilliseconds: number;
  /** Longest that an echo took. */
  readonly silence: number;
  readonly bytesPerFlow: number | undefined;
}

/** Files of lines for ovs-ofctl. */
function writeFiles(folder: string): (name: string) => string {
  const pathOf = (name: string): string => join(folder, name);
  const write = (name: string, count: number, line: (n: number) => string): void =>
    writeFileSync(pathOf(name), Array.from({ length: count }, (_, n) => line(n)).join(''));
  write('100000', 100_000, flowLine);
  write('1000000', 1_000_000, flowLine);
  write('modify', changeCount, (n) => `modify cookie=${n * 97 + 1}/-1,actions=output:7\n`);
  write('delete', changeCount, (n) => `delete cookie=${n * 97 + 1}/-1\n`);
  return pathOf;
}

function tasksOf(file: (name: string) => string): readonly Task[] {
  const load = (count: number, how: string, args: readonly string[], runs: number): Task => ({
    what: `${count} flows ${how}`,
    args: [...args, 'add-flows', 'br0', file(String(count))],
    runs,
    isEmptyBefore: true,
    added: count,
  });
  const changes = (command: string): Task => ({
    what: `${changeCount} times ${command} by cookie among 1000000`,
    args: ['add-flows', 'br0', file(command)],
    runs: 1,
  });
  return [
    load(100_000, 'one by one', [], 1),
    load(100_000, 'as a bundle', ['--bundle'], 3),
    { what: 'dump of 100000 flows', args: ['dump-flows', 'br0'], runs: 3 },
    load(1_000_000, 'as a bundle', ['--bundle'], 1),
    { what: 'dump of 1000000 flows', args: ['dump-flows', 'br0'], runs: 1 },
    changes('modify'),
    changes('delete'),
    { what: 'delete of 1000000 flows', args: ['del-flows', 'br0'], runs: 1 },
  ];
}

async function measureOnce(daemons: Daemons, task: Task): Promise<Cost> {
  const ofctl = (...args: readonly string[]) => daemons.run('ovs-ofctl', ...version, ...args);
  if (task.isEmptyBefore === true) await ofctl('del-flows', 'br0');
  const probe = new EchoProbe(join(dirname(daemons.socket), 'br0.mgmt'));
  const memory = residentMegabytes(daemons.pid);
  const cpu = cpuSeconds(daemons.pid);
  const start = performance.now();
  await ofctl(...task.args);
  const milliseconds = performance.now() - start;
  const cpuMilliseconds = (cpuSeconds(daemons.pid) - cpu) * 1000;
  const grown = (residentMegabytes(daemons.pid) - memory) * 2 ** 20;
  const bytesPerFlow = task.added === undefined ? undefined : grown / task.added;
  return { milliseconds, cpuMilliseconds, silence: Math.max(...(await probe.stop())), bytesPerFlow };
}

/** Medians; memory is of the first run, when nothing was there before. */
async function cost(daemons: Daemons, task: Task): Promise<Cost> {
  const costs: Cost[] = [];
  for (let n = 0; n < task.runs; n++) costs.push(await measureOnce(daemons, task));
  return {
    milliseconds: median(costs.map(({ milliseconds }) => milliseconds)),
    cpuMilliseconds: median(costs.map(({ cpuMilliseconds }) => cpuMilliseconds)),
    silence: median(costs.map(({ silence }) => silence)),
    bytesPerFlow: costs[0]?.bytesPerFlow,
  };
}

async function costsOf(
  which: 'ours' | 'reference',
  tasks: readonly Task[],
  progress: Progress,
): Promise<readonly Cost[]> {
  const daemons = await startDaemons(which, { dummy: true, database: 'reference' });
  try {
    const bridge = ['datapath_type=dummy', 'fail_mode=secure', 'protocols=[OpenFlow14]'];
    daemons.call('ovs-vsctl', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', ...bridge);
    const costs: Cost[] = [];
    for (const task of tasks) {
      progress.next(`${task.what}, ${titles[which === 'ours' ? 0 : 1]}`);
      costs.push(await cost(daemons, task));
    }
    return costs;
  } finally {
    await daemons.stop();
  }
}

function rowsOf({ what, added }: Task, ours: Cost | undefined, theirs: Cost | undefined): Row[] {
  const row = (aspect: string, unit: string, key: keyof Cost): Row => ({
    what: `${what}${aspect}`,
    unit,
    ours: ours?.[key] ?? Number.NaN,
    theirs: theirs?.[key] ?? Number.NaN,
    better: 'less',
  });
  return [
    row('', 'ms', 'milliseconds'),
    row(', processor time of the daemon', 'ms', 'cpuMilliseconds'),
    row(', longest wait for an echo meanwhile', 'ms', 'silence'),
    ...(added === 1_000_000 ? [row(', memory for each', 'bytes', 'bytesPerFlow')] : []),
  ];
}

export const bench: Bench = {
  question: 'What do many flows cost the switch?',
  missing: missingReference,
  async run(progress) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-switch-'));
    try {
      const tasks = tasksOf(writeFiles(folder));
      progress.expect(2 * tasks.length);
      const ours = await costsOf('ours', tasks, progress);
      const theirs = await costsOf('reference', tasks, progress);
      return tasks.flatMap((task, n) => rowsOf(task, ours[n], theirs[n]));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
