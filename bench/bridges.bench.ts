/** What 200 bridges in one transaction cost, with devices of the kernel and with dummies, and 300 veth ports of one. */
import { spawnSync } from 'node:child_process';
import { unshareNetwork } from '../src/sys/calls/namespace.ts';
import { type Daemons, startDaemons, timed } from './support/daemons.ts';
import type { Progress } from './support/progress.ts';
import { reference } from './support/reference.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { missingForDevices } from './support/requirements.ts';

const laterRounds = 5;

/** Many things of a kind, and the words of ovs-vsctl that add and remove one. */
interface Crowd {
  readonly what: string;
  readonly names: readonly string[];
  readonly isDummy?: boolean;
  readonly prepare?: (daemons: Daemons) => void;
  readonly add: (name: string) => readonly string[];
  readonly remove: (name: string) => readonly string[];
}

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

function bridges(devices: string, datapathType: string): Crowd {
  return {
    what: `200 bridges %, ${devices}`,
    names: numbered('b', 200),
    isDummy: datapathType === 'dummy',
    add: (name) => ['add-br', name, '--', 'set', 'bridge', name, `datapath_type=${datapathType}`],
    remove: (name) => ['del-br', name],
  };
}

const ports: Crowd = {
  what: '300 veth ports %',
  names: numbered('v', 300),
  prepare: (daemons) =>
    void daemons.call('ovs-vsctl', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'),
  add: (name) => ['add-port', 'br0', name],
  remove: (name) => ['del-port', 'br0', name],
};

/** Milliseconds: at once after the start of the daemons, and medians of later rounds. */
interface Times {
  readonly firstAdd: number;
  readonly firstRemove: number;
  readonly add: number;
  readonly remove: number;
}

function measureRounds(daemons: Daemons, crowd: Crowd): Times {
  const each = (words: (name: string) => readonly string[]) =>
    timed(() => daemons.call('ovs-vsctl', ...crowd.names.flatMap((name) => ['--', ...words(name)]).slice(1)));
  const add = () => each(crowd.add);
  const remove = () => each(crowd.remove);
  const firstAdd = add();
  const firstRemove = remove();
  const rounds = Array.from({ length: laterRounds }, () => ({ add: add(), remove: remove() }));
  return {
    firstAdd,
    firstRemove,
    add: median(rounds.map((round) => round.add)),
    remove: median(rounds.map((round) => round.remove)),
  };
}

async function measure(which: 'ours' | 'reference', crowd: Crowd): Promise<Times> {
  const daemons = await startDaemons(which, { dummy: crowd.isDummy === true });
  try {
    crowd.prepare?.(daemons);
    return measureRounds(daemons, crowd);
  } finally {
    await daemons.stop();
  }
}

async function compare(crowd: Crowd, progress: Progress): Promise<Row[]> {
  const what = crowd.what.replace('%', 'added and removed');
  progress.next(`${what}: ${reference.name}`);
  const theirs = await measure('reference', crowd);
  progress.next(`${what}: ours`);
  const ours = await measure('ours', crowd);
  const row = (what: string, read: (times: Times) => number): Row => ({
    what: crowd.what.replace('%', what),
    unit: 'ms',
    ours: read(ours),
    theirs: read(theirs),
    better: 'less',
  });
  return [
    row('added just after the start', ({ firstAdd }) => firstAdd),
    row('removed just after the start', ({ firstRemove }) => firstRemove),
    row('added later', ({ add }) => add),
    row('removed later', ({ remove }) => remove),
  ];
}

/** In the network namespace of this process; they go with it. */
function makeDevices(names: readonly string[]): void {
  const lines = names.map((name) => `link add ${name} up type veth peer name ${name}p`);
  spawnSync('ip', ['-batch', '-'], { input: lines.join('\n') });
}

export const bench: Bench = {
  question: 'What do 200 bridges, or 300 ports, in one transaction cost?',
  missing: missingForDevices,
  async run(progress) {
    unshareNetwork();
    makeDevices(ports.names);
    const crowds = [bridges('devices of the kernel', 'netdev'), bridges('dummy devices', 'dummy'), ports];
    const rows: Row[] = [];
    progress.expect(2 * crowds.length);
    for (const crowd of crowds) rows.push(...(await compare(crowd, progress)));
    return rows;
  },
};
