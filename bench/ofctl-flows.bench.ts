/** How long ovs-ofctl takes to add flows and to print them: ours and the real one, on the same switch, a real one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemons, startDaemons, timed } from './support/daemons.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { isInstalled } from './support/switches.ts';

const count = 100_000;
const runs = 3;
const version = ['-O', 'OpenFlow14'];
const programs = { ours: join(process.cwd(), 'bin/ovs-ofctl'), theirs: 'ovs-ofctl' };

function flowLine(n: number): string {
  const address = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
  return `priority=${(n % 1000) + 1},tcp,nw_src=${address},tp_dst=${(n % 60_000) + 1},actions=mod_dl_dst:00:11:22:33:44:55,output:${(n % 100) + 1}\n`;
}

/** What is measured: arguments of ovs-ofctl, whether the switch is to be empty before, and how it is called. */
type Task = readonly [what: string, isEmptyBefore: boolean, args: (file: string) => readonly string[]];

const tasks: readonly Task[] = [
  ['add-flow, one', true, () => ['add-flow', 'br0', 'tcp,tp_dst=80,actions=drop']],
  [`add-flows of ${count}`, true, (file) => ['add-flows', 'br0', file]],
  [`add-flows of ${count} as a bundle`, true, (file) => ['--bundle', 'add-flows', 'br0', file]],
  [`dump-flows of ${count}`, false, () => ['dump-flows', 'br0']],
];

function milliseconds(
  daemons: Daemons,
  program: string,
  [, isEmptyBefore, args]: Task,
  file: string,
): number {
  return median(
    Array.from({ length: runs }, () => {
      if (isEmptyBefore) daemons.call('ovs-ofctl', ...version, 'del-flows', 'br0');
      return timed(() => daemons.call(program, ...version, ...args(file)));
    }),
  );
}

export const bench: Bench = {
  question: 'How long does ovs-ofctl take for flows?',
  missing: () => (isInstalled('ovs-vswitchd') ? undefined : 'needs openvswitch-switch'),
  async run(progress) {
    progress.expect(2 * tasks.length);
    const folder = mkdtempSync(join(tmpdir(), 'bench-flows-'));
    const file = join(folder, 'flows');
    writeFileSync(file, Array.from({ length: count }, (_, n) => flowLine(n)).join(''));
    const daemons = await startDaemons('reference', { dummy: true });
    try {
      const bridge = ['datapath_type=dummy', 'fail_mode=secure', 'protocols=[OpenFlow14]'];
      daemons.call('ovs-vsctl', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', ...bridge);
      return tasks.map((task): Row => {
        progress.next(`${task[0]}, ours`);
        const ours = milliseconds(daemons, programs.ours, task, file);
        progress.next(`${task[0]}, theirs`);
        const theirs = milliseconds(daemons, programs.theirs, task, file);
        return { what: task[0], unit: 'ms', ours, theirs, better: 'less' };
      });
    } finally {
      await daemons.stop();
      rmSync(folder, { recursive: true });
    }
  },
};
