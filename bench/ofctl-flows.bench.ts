/** How long ovs-ofctl takes to add flows and to print them: ours and the real one, on the same switch, a real one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemons, startDaemons, timed } from './support/daemons.ts';
import { flowLine } from './support/flow-lines.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { missingReference } from './support/requirements.ts';

const counts = [100_000, 1_000_000] as const;
type Count = (typeof counts)[number];
/** The million is measured once. */
const runsOf = (count: Count): number => (count === 100_000 ? 3 : 1);
const version = ['-O', 'OpenFlow14'];
const programs = { ours: join(process.cwd(), 'bin/ovs-ofctl'), theirs: 'ovs-ofctl' };

interface Task {
  readonly what: string;
  readonly runs: number;
  /** The switch is to be empty before. */
  readonly isEmptyBefore: boolean;
  /** Of ovs-ofctl. */
  readonly args: readonly string[];
}

/** A command by itself, on a switch that has few flows. */
const single: readonly Task[] = [
  ['add-flow', 'br0', 'tcp,tp_dst=80,actions=drop'],
  ['dump-flows', 'br0'],
].map((args) => ({ what: `${args[0]}, one`, runs: 9, isEmptyBefore: false, args }));

/** On a file of so many flows; the dump is of those that came last. */
function tasksOf(count: Count, file: string): readonly Task[] {
  const runs = runsOf(count);
  return [
    { what: `add-flows of ${count}`, runs, isEmptyBefore: true, args: ['add-flows', 'br0', file] },
    {
      what: `add-flows of ${count} as a bundle`,
      runs,
      isEmptyBefore: true,
      args: ['--bundle', 'add-flows', 'br0', file],
    },
    { what: `dump-flows of ${count}`, runs, isEmptyBefore: false, args: ['dump-flows', 'br0'] },
  ];
}

/** What is printed goes nowhere: reading it would take time too. */
function milliseconds(daemons: Daemons, program: string, { runs, isEmptyBefore, args }: Task): number {
  return median(
    Array.from({ length: runs }, () => {
      if (isEmptyBefore) daemons.call('ovs-ofctl', ...version, 'del-flows', 'br0');
      const shell = ['-c', 'exec "$0" "$@" >/dev/null', program, ...version, ...args];
      return timed(() => daemons.call('sh', ...shell));
    }),
  );
}

export const bench: Bench = {
  question: 'How long does ovs-ofctl take for flows?',
  missing: missingReference,
  async run(progress) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-flows-'));
    const fileOf = (count: Count): string => join(folder, String(count));
    for (const count of counts) {
      const lines = Array.from({ length: count }, (_, n) => flowLine(n));
      writeFileSync(fileOf(count), lines.join(''));
    }
    const tasks = [...single, ...counts.flatMap((count) => tasksOf(count, fileOf(count)))];
    progress.expect(2 * tasks.length);
    const daemons = await startDaemons('reference', { dummy: true });
    try {
      const bridge = ['datapath_type=dummy', 'fail_mode=secure', 'protocols=[OpenFlow14]'];
      daemons.call('ovs-vsctl', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', ...bridge);
      return tasks.map((task): Row => {
        progress.next(`${task.what}, ours`);
        const ours = milliseconds(daemons, programs.ours, task);
        progress.next(`${task.what}, theirs`);
        const theirs = milliseconds(daemons, programs.theirs, task);
        return { what: task.what, unit: 'ms', ours, theirs, better: 'less' };
      });
    } finally {
      await daemons.stop();
      rmSync(folder, { recursive: true });
    }
  },
};
