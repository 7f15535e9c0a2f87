/** What 200 bridges in one transaction cost, with devices of the kernel and with dummies. */
import { unshareNetwork } from '../src/sys/calls/namespace.ts';
import { type Daemons, startDaemons, timed } from './support/daemons.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { isInstalled, isRoot } from './support/switches.ts';

const names = Array.from({ length: 200 }, (_, n) => `b${n}`);
const laterRounds = 5;

/** Milliseconds: at once after the start of the daemons, and medians of later rounds. */
interface Times {
  readonly firstAdd: number;
  readonly firstRemove: number;
  readonly add: number;
  readonly remove: number;
}

function measureRounds(daemons: Daemons, datapathType: string): Times {
  const each = (words: (bridge: string) => string[]) =>
    timed(() => daemons.call('ovs-vsctl', ...names.flatMap((name) => ['--', ...words(name)]).slice(1)));
  const add = () =>
    each((name) => ['add-br', name, '--', 'set', 'bridge', name, `datapath_type=${datapathType}`]);
  const remove = () => each((name) => ['del-br', name]);
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

async function measure(which: 'ours' | 'reference', dummy: boolean): Promise<Times> {
  const daemons = await startDaemons(which, { dummy });
  try {
    return measureRounds(daemons, dummy ? 'dummy' : 'netdev');
  } finally {
    await daemons.stop();
  }
}

async function compare(dummy: boolean): Promise<Row[]> {
  const theirs = await measure('reference', dummy);
  const ours = await measure('ours', dummy);
  const devices = dummy ? 'dummy devices' : 'devices of the kernel';
  const row = (what: string, read: (times: Times) => number): Row => ({
    what: `200 bridges ${what}, ${devices}`,
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

export const bench: Bench = {
  question: 'What do 200 bridges in one transaction cost?',
  missing() {
    if (!isRoot()) return 'needs root, for devices';
    return isInstalled('ovs-vswitchd') ? undefined : 'needs openvswitch-switch';
  },
  async run() {
    unshareNetwork();
    return [...(await compare(false)), ...(await compare(true))];
  },
};
