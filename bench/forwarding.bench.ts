/** How fast frames pass from one veth host to another through a userspace switch, a kernel bridge and ours. */
import { type Host, knowEachOther, makeHost, removeHost } from './support/hosts.ts';
import type { Progress } from './support/progress.ts';
import { reference } from './support/reference.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { enterOwnNetwork, missingForDevices, missingProgram } from './support/requirements.ts';
import { hasKernelBridge, type Kind, openSwitch, type Switch } from './support/switches.ts';
import { oneBridge, otherTopologies, type Topology } from './support/topologies.ts';
import {
  congestionControls,
  overloadRate,
  overloadRateToSink,
  pause,
  pingTime,
  setOffloads,
  tcpRates,
} from './support/workloads.ts';

/** Single runs differ by a tenth and more. */
const roundCount = 3;

interface Figures {
  readonly packets: number;
  readonly packetsToSink: number;
  /** With each of the `congestionControls`. */
  readonly tcp: readonly number[];
  readonly ping: number;
}

/** Makes two hosts with a switch between them, and takes all away again. */
async function between<T>(
  kind: Kind,
  topology: Topology,
  measure: (a: Host, b: Host, made: Switch) => Promise<T>,
): Promise<T> {
  const a = makeHost(1);
  const b = makeHost(2);
  try {
    knowEachOther(a, b);
    for (const host of [a, b]) setOffloads(host, kind !== 'reference' || reference.isOurs);
    const made = await openSwitch(kind, topology, [a, b]);
    try {
      await pause(500);
      await pingTime(a, made.far); // learns the addresses
      return await measure(a, b, made);
    } finally {
      await made.remove();
    }
  } finally {
    removeHost(a);
    removeHost(b);
  }
}

function measureAll(kind: Kind): Promise<Figures> {
  return between(kind, oneBridge, async (a, b) => {
    const ping = await pingTime(a, b);
    const tcp = await tcpRates(a, b);
    const packets = await overloadRate(a, b);
    const packetsToSink = await overloadRateToSink(a, b);
    return { packets, packetsToSink, tcp, ping };
  });
}

function measureTcp(kind: Kind, topology: Topology): Promise<readonly number[]> {
  return between(kind, topology, (a, _, { far }) => tcpRates(a, far));
}

/** Each kind once a round, so that what else the machine does meets all of them alike. */
async function inRounds<T>(
  kinds: readonly Kind[],
  next: (what: string) => void,
  measure: (kind: Kind) => Promise<T>,
): Promise<ReadonlyMap<Kind, readonly T[]>> {
  const all = new Map<Kind, T[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < roundCount; round++)
    for (const [kind, values] of all) {
      next(`round ${round + 1} of ${roundCount}, ${names[kind]}`);
      values.push(await measure(kind));
    }
  return all;
}

/** TCP in one topology, beside all switches that can do it. */
async function measureTopology(
  topology: Topology,
  others: readonly Kind[],
  progress: Progress,
): Promise<Row[]> {
  const next = (what: string) => progress.next(`TCP, ${topology.name}: ${what}`);
  const rates = await inRounds(['ours', ...others], next, (kind) => measureTcp(kind, topology));
  const of = (kind: Kind): number[] => tcpMedians(rates.get(kind));
  return others.flatMap((kind) => tcpRows(`, ${topology.name}`, of('ours'), of(kind), names[kind]));
}

function tcpMedians(all: readonly (readonly number[])[] = []): number[] {
  return congestionControls.map((_, n) => median(all.map((rates) => rates[n] ?? Number.NaN)));
}

/** What was measured between the hosts of one bridge, as medians. */
function medians(all: readonly Figures[] = []): Figures {
  const of = (name: 'packets' | 'packetsToSink' | 'ping'): number =>
    median(all.map((figures) => figures[name]));
  const tcp = tcpMedians(all.map((figures) => figures.tcp));
  return { packets: of('packets'), packetsToSink: of('packetsToSink'), tcp, ping: of('ping') };
}

function tcpRows(where: string, ours: readonly number[], theirs: readonly number[], against: string): Row[] {
  return congestionControls.map((control, n) => ({
    what: `TCP, one connection${where} (${control})`,
    unit: 'Gb/s',
    ours: ours[n] ?? Number.NaN,
    theirs: theirs[n] ?? Number.NaN,
    against,
    better: 'more',
  }));
}

const names: Readonly<Record<Kind, string>> = {
  ours: 'ours',
  reference: reference.isOurs ? reference.name : `${reference.name} userspace, host offloads off`,
  linux: 'Linux bridge',
};

function rows(ours: Figures, theirs: Figures, against: string): Row[] {
  return [
    {
      what: '60-byte UDP, overload, answered by ICMP errors',
      unit: 'packets/s',
      ours: ours.packets,
      theirs: theirs.packets,
      against,
      better: 'more',
    },
    {
      what: '60-byte UDP, overload, to an open port',
      unit: 'packets/s',
      ours: ours.packetsToSink,
      theirs: theirs.packetsToSink,
      against,
      better: 'more',
    },
    ...tcpRows('', ours.tcp, theirs.tcp, against),
    { what: 'ping, idle', unit: 'us', ours: ours.ping, theirs: theirs.ping, against, better: 'less' },
  ];
}

export const bench: Bench = {
  question: 'How fast does the userspace datapath forward between two veth hosts?',
  missing: () => missingForDevices() ?? missingProgram('iperf3'),
  async run(progress) {
    enterOwnNetwork();
    const topologies = otherTopologies.map((topology) => {
      const kinds: readonly Kind[] = hasKernelBridge(topology) ? ['reference', 'linux'] : ['reference'];
      return { topology, kinds };
    });
    progress.expect(roundCount * (3 + topologies.reduce((sum, { kinds }) => sum + 1 + kinds.length, 0)));
    const next = (what: string) => progress.next(`ping, TCP and overload by UDP: ${what}`);
    const figures = await inRounds(['ours', 'linux', 'reference'], next, measureAll);
    const of = (kind: Kind): Figures => medians(figures.get(kind));
    const others: readonly Kind[] = ['reference', 'linux'];
    const made = others.flatMap((kind) => rows(of('ours'), of(kind), names[kind]));
    for (const { topology, kinds } of topologies)
      made.push(...(await measureTopology(topology, kinds, progress)));
    return made;
  },
};
