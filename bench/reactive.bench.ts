/**
 * How fast connections are set up by a controller that answers each packet-in with a flow and the packet: between two
 * hosts, through each switch with the same controller, which is this program.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import {
  type Connection,
  flowMod,
  type Listener,
  listen,
  matchedField,
  packetOut,
  readActions,
  readMatch,
} from '../src/openflow/index.ts';
import { unshareNetwork } from '../src/sys/calls/namespace.ts';
import { type Daemons, startDaemons } from './support/daemons.ts';
import { type Host, knowEachOther, makeHost, removeHost, startInside } from './support/hosts.ts';
import { reference } from './support/reference.ts';
import { type Bench, median, type Row } from './support/report.ts';
import { missingForDevices } from './support/requirements.ts';
import { pause, setOffloads } from './support/workloads.ts';

const rounds = 3;
const version = ['-O', 'OpenFlow13'];
const loads = [
  { outstanding: 1, count: 1000 },
  { outstanding: 64, count: 10_000 },
] as const;
type Load = (typeof loads)[number];

interface Figures {
  readonly perSecond: number;
  /** Milliseconds; of a question and its answer, which are a packet-in each. */
  readonly median: number;
}

const script = (name: string): string => join(process.cwd(), 'bench/support', name);

/** A flow for exactly this connection, and the packet out of the other port. */
async function serve(connection: Connection): Promise<void> {
  for await (const message of connection.messages()) {
    if (message.name !== 'PACKET_IN') continue;
    const { packet, metadata } = message.value;
    const from = Number(matchedField(metadata, 'in_port')?.value);
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    const [source, destination] = [view.getUint16(34), view.getUint16(36)];
    const actions = readActions(`output:${3 - from}`);
    const match = readMatch(`in_port=${from},udp,tp_src=${source},tp_dst=${destination}`);
    connection.send(flowMod({ match, actions }));
    connection.send(packetOut({ packet, metadata: readMatch(`in_port=${from}`), actions }));
  }
}

async function serveAll(listener: Listener): Promise<void> {
  for await (const connection of listener) void serve(connection).catch(() => {}); // it ends with its switch
}

function configure(daemons: Daemons, a: Host, b: Host, controller: string): void {
  const port = (name: string, number: number): string[] => [
    ...['--', 'add-port', 'br0', name, '--', 'set', 'interface', name, `ofport_request=${number}`],
  ];
  daemons.call(
    'ovs-vsctl',
    ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev', 'fail_mode=secure'],
    ...['protocols=OpenFlow13', 'other_config:disable-in-band=true'],
    ...[...port(a.outer, 1), ...port(b.outer, 2), '--', 'set-controller', 'br0', controller],
  );
}

async function ask(from: Host, to: Host, { count, outstanding }: Load): Promise<Figures> {
  const text = await startInside(
    from,
    `node ${script('ask-from-new-ports.mjs')} ${to.address} ${count} ${outstanding}`,
  );
  return JSON.parse(text) as Figures; // of our own program
}

/** Medians of the rounds, by load. */
async function figuresOf(which: 'ours' | 'reference', next: (what: string) => void): Promise<Figures[]> {
  const [a, b] = [makeHost(1), makeHost(2)];
  const daemons = await startDaemons(which);
  const listener = await listen(`punix:${dirname(daemons.socket)}/br0.controller`);
  const server = spawn('ip', ['netns', 'exec', b.namespace, 'node', script('echo-server.mjs')]);
  try {
    knowEachOther(a, b);
    for (const host of [a, b]) setOffloads(host, which !== 'reference' || reference.isOurs);
    void serveAll(listener);
    configure(daemons, a, b, listener.remote);
    await new Promise((resolve) => server.stdout.once('data', resolve));
    while (!daemons.call('ovs-vsctl', 'get', 'controller', 'br0', 'is_connected').startsWith('true'))
      await pause(50);
    const figures: Figures[] = [];
    for (const load of loads) {
      next(`${load.outstanding} outstanding, ${which}`);
      const runs: Figures[] = [];
      for (let n = 0; n < rounds; n++) {
        daemons.call('ovs-ofctl', ...version, 'del-flows', 'br0');
        daemons.call('ovs-ofctl', ...version, 'add-flow', 'br0', 'priority=0,actions=CONTROLLER:65535');
        runs.push(await ask(a, b, load));
      }
      figures.push({
        perSecond: median(runs.map(({ perSecond }) => perSecond)),
        median: median(runs.map((run) => run.median)),
      });
    }
    return figures;
  } finally {
    server.stdin.end();
    listener.close();
    daemons.call('ovs-vsctl', '--no-wait', '--if-exists', 'del-br', 'br0');
    await daemons.stop();
    for (const host of [a, b]) removeHost(host);
  }
}

export const bench: Bench = {
  question: 'How fast are connections set up by a controller?',
  missing: missingForDevices,
  async run(progress) {
    unshareNetwork();
    progress.expect(2 * loads.length);
    const ours = await figuresOf('ours', (what) => progress.next(what));
    const theirs = await figuresOf('reference', (what) => progress.next(what));
    return loads.flatMap(({ outstanding }, n): Row[] => [
      {
        what: `${outstanding} outstanding: questions answered, of two packet-ins each`,
        unit: 'a second',
        ours: ours[n]?.perSecond ?? Number.NaN,
        theirs: theirs[n]?.perSecond ?? Number.NaN,
        better: 'more',
      },
      {
        what: `${outstanding} outstanding: median delay`,
        unit: 'ms',
        ours: ours[n]?.median ?? Number.NaN,
        theirs: theirs[n]?.median ?? Number.NaN,
        better: 'less',
      },
    ]);
  },
};
