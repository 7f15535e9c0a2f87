/** What exporters of flows cost forwarding at full load: each window beside one without them, ours and the reference's. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { unshareNetwork } from '../src/sys/calls/namespace.ts';
import { type Daemons, startDaemons } from './support/daemons.ts';
import {
  type Host,
  knowEachOther,
  makeHost,
  removeHost,
  run,
  sentCount,
  startInside,
} from './support/hosts.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { isInstalled, isRoot } from './support/switches.ts';
import { pause } from './support/workloads.ts';

const pairCount = 5;
const windowMs = 1500;
/** Before each window: flows are made anew. */
const leadMs = 500;

const script = (name: string): string => join(process.cwd(), 'bench/support', name);

interface Exporter {
  readonly what: string;
  /** Of table Bridge. */
  readonly column: 'netflow' | 'sflow' | 'ipfix';
  /** Table, and what its row says besides where to send to. */
  readonly row: readonly string[];
}

const exporters: readonly Exporter[] = [
  { what: 'NetFlow', column: 'netflow', row: ['NetFlow'] },
  {
    what: 'sFlow of one packet in 1000',
    column: 'sflow',
    row: ['sFlow', 'sampling=1000', 'agent=127.0.0.1'],
  },
  {
    what: 'IPFIX of one packet in 1000',
    column: 'ipfix',
    row: [
      ...['IPFIX', 'sampling=1000', 'cache_active_timeout=10', 'cache_max_flows=1000'],
      'other_config:enable-output-sampling=true',
    ],
  },
];

async function measureRate(to: Host): Promise<number> {
  await pause(leadMs);
  const before = sentCount(to.outer);
  const start = performance.now();
  await pause(windowMs);
  return ((sentCount(to.outer) - before) * 1000) / (performance.now() - start);
}

/** Rates with the exporter in percent of those without. */
async function measureShares(
  { column, row }: Exporter,
  daemons: Daemons,
  collector: string,
  to: Host,
): Promise<number[]> {
  const shares: number[] = [];
  for (let n = 0; n < pairCount; n++) {
    const without = await measureRate(to);
    const made = ['--', '--id=@x', 'create', row[0] ?? '', `targets="${collector}"`, ...row.slice(1)];
    daemons.call('ovs-vsctl', 'set', 'bridge', 'br0', `${column}=@x`, ...made);
    shares.push((100 * (await measureRate(to))) / without);
    daemons.call('ovs-vsctl', 'clear', 'bridge', 'br0', column);
  }
  return shares;
}

/** Medians, in the order of `exporters`. */
async function measureDaemons(
  which: 'ours' | 'reference',
  collector: string,
  step: (what: string) => void,
): Promise<number[]> {
  const a = makeHost(1);
  const b = makeHost(2);
  try {
    knowEachOther(a, b);
    run(`ethtool -K ${a.outer} gro on`); // without it a veth takes no frames from an XDP program
    const sink = spawn('ip', ['netns', 'exec', b.namespace, 'node', script('sink.mjs')]);
    await once(sink.stdout, 'data');
    const daemons = await startDaemons(which);
    try {
      const bridge = ['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'];
      const ports = [a, b].flatMap(({ outer }, n) => [
        ...['--', 'add-port', 'br0', outer, '--', 'set', 'interface', outer, `ofport_request=${n + 1}`],
      ]);
      daemons.call('ovs-vsctl', ...bridge, ...ports);
      daemons.call('ovs-ofctl', 'add-flow', 'br0', 'in_port=1,actions=output:2');
      const medians: number[] = [];
      for (const exporter of exporters) {
        step(`${exporter.what}, ${which}`);
        const seconds = 2 + Math.ceil((pairCount * 2 * (leadMs + windowMs + 200)) / 1000);
        const generator = startInside(
          a,
          `node ${script('generate.mjs')} ${a.inner} ${seconds} ${a.mac} ${b.mac}`,
        );
        await pause(1000);
        medians.push(median(await measureShares(exporter, daemons, collector, b)));
        await generator;
      }
      return medians;
    } finally {
      sink.stdin.end();
      await daemons.stop();
    }
  } finally {
    removeHost(a);
    removeHost(b);
  }
}

export const bench: Bench = {
  question: 'How much of its rate is left to a switch that exports flows?',
  missing() {
    if (!isRoot()) return 'needs root, for namespaces';
    return isInstalled('ovs-vsctl') ? undefined : 'needs ovs-vsctl (openvswitch-switch)';
  },
  async run(progress) {
    unshareNetwork();
    run('ip link set lo up');
    const collector = createSocket('udp4').bind(0, '127.0.0.1');
    await once(collector, 'listening');
    const target = `127.0.0.1:${collector.address().port}`;
    progress.expect(2 * exporters.length);
    const ours = await measureDaemons('ours', target, (what) => progress.next(what));
    const theirs = await measureDaemons('reference', target, (what) => progress.next(what));
    collector.close();
    return exporters.map(
      ({ what }, n): Row => ({
        what: `60-byte UDP, overload, with ${what}`,
        unit: '% of the rate without',
        ours: ours[n] ?? Number.NaN,
        theirs: theirs[n] ?? Number.NaN,
        better: 'more',
      }),
    );
  },
};
