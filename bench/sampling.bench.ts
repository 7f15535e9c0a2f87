/** What exporters of flows cost forwarding at full load: each window beside one without them, ours and the reference's. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Daemons } from './support/daemons.ts';
import { flood, withFloodedBridge } from './support/flooded-bridge.ts';
import type { Host } from './support/hosts.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { enterOwnNetwork, missingForDevices } from './support/requirements.ts';
import { arrivalRate, pause } from './support/workloads.ts';

const pairCount = 5;
const windowMs = 1500;
/** Before each window: flows are made anew. */
const leadMs = 500;

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
  return arrivalRate(to, windowMs);
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
function measureDaemons(
  which: 'ours' | 'reference',
  collector: string,
  step: (what: string) => void,
): Promise<number[]> {
  return withFloodedBridge(which, async (bridge) => {
    const { daemons, to } = bridge;
    daemons.call('ovs-ofctl', 'add-flow', 'br0', 'in_port=1,actions=output:2');
    const medians: number[] = [];
    for (const exporter of exporters) {
      step(`${exporter.what}, ${which}`);
      const seconds = 2 + Math.ceil((pairCount * 2 * (leadMs + windowMs + 200)) / 1000);
      const flooding = flood(bridge, seconds);
      await pause(1000);
      medians.push(median(await measureShares(exporter, daemons, collector, to)));
      await flooding;
    }
    return medians;
  });
}

export const bench: Bench = {
  question: 'How much of its rate is left to a switch that exports flows?',
  missing: missingForDevices,
  async run(progress) {
    enterOwnNetwork();
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
