/** How much of a processor a thousand sessions of BFD take: both ends of 500 patch cables, a packet each 100 ms. */
import { dirname, join } from 'node:path';
import { cpuSeconds, type Daemons, startDaemons } from './support/daemons.ts';
import type { Progress } from './support/progress.ts';
import { reference } from './support/reference.ts';
import { type Bench, median } from './support/report.ts';
import { missingReference } from './support/requirements.ts';

const cableCount = 500;
const roundCount = 3;
/** Seconds of the daemon's own time, which goes as fast as the daemon can. */
const seconds = 10;

function addSessions(daemons: Daemons): void {
  const addBridge = (name: string): string[] => [
    ...['--', 'add-br', name, '--', 'set', 'bridge', name, 'datapath_type=dummy'],
  ];
  const addEnd = (bridge: string, name: string, peer: string): string[] => [
    ...['--', 'add-port', bridge, name, '--', 'set', 'interface', name, 'type=patch', `options:peer=${peer}`],
    ...['bfd:enable=true', 'bfd:min_rx=100', 'bfd:min_tx=100'],
  ];
  const cables = Array.from({ length: cableCount }, (_, n) => [
    ...addEnd('br0', `a${n}`, `b${n}`),
    ...addEnd('br1', `b${n}`, `a${n}`),
  ]);
  daemons.call('ovs-vsctl', ...[...addBridge('br0'), ...addBridge('br1'), ...cables.flat()].slice(1));
}

/** Per cent of one processor that sessions take that are up. */
async function measure(which: 'ours' | 'reference', progress: Progress): Promise<number> {
  progress.next(which === 'ours' ? 'ours' : reference.name);
  const daemons = await startDaemons(which, { dummy: true });
  const control = join(dirname(daemons.socket), `ovs-vswitchd.${daemons.pid}.ctl`);
  try {
    const appctl = (...args: string[]): string =>
      daemons.call('ovs-appctl', '-t', control, '--timeout=300', ...args);
    appctl('time/stop');
    addSessions(daemons);
    appctl('time/warp', '5000', '10');
    const shares = Array.from({ length: roundCount }, () => {
      const before = cpuSeconds(daemons.pid);
      appctl('time/warp', String(1000 * seconds), '10');
      return ((cpuSeconds(daemons.pid) - before) * 100) / seconds;
    });
    const upCount = appctl('bfd/show').match(/Local Session State: up/g)?.length;
    if (upCount !== 2 * cableCount) throw new Error(`${upCount} sessions are up`);
    return median(shares);
  } finally {
    await daemons.stop();
  }
}

export const bench: Bench = {
  question: 'How much of a processor do a thousand sessions of BFD take?',
  missing: missingReference,
  async run(progress) {
    progress.expect(2);
    const theirs = await measure('reference', progress);
    const ours = await measure('ours', progress);
    const what = '1000 sessions, a packet each 100 ms, of one processor';
    return [{ what, unit: '%', ours, theirs, better: 'less' }];
  },
};
