/** What switches inside a test cost: `ovs-ts/testing`. */
import { createTestNetwork } from '../src/testing/network.ts';
import { createTestSwitch } from '../src/testing/switch.ts';
import type { Progress } from './support/progress.ts';
import { type Bench, median, type Row } from './support/report.ts';

const roundCount = 101;
const packetCount = 1000;
const question = 'udp,nw_src=10.0.0.1,nw_dst=10.0.0.2,udp_dst=53';

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

interface SwitchTimes {
  readonly make: number;
  readonly addBridge: number;
  readonly addFlow: number;
  readonly packets: number;
  readonly close: number;
}

async function measureSwitch(): Promise<SwitchTimes> {
  let sw = await createTestSwitch();
  await sw.close();
  const make = await timed(async () => {
    sw = await createTestSwitch();
  });
  const addBridge = await timed(() => sw.addBridge('br0', { ports: ['p1', 'p2'] }));
  const br0 = sw.bridge('br0');
  const addFlow = await timed(() => br0.addFlows('in_port=p1,udp,actions=output:p2'));
  const [p1, p2] = [br0.port('p1'), br0.port('p2')];
  p1.send(question);
  const [frame] = p2.take();
  if (frame === undefined) throw new Error('no packet came');
  const packets = await timed(async () => {
    for (let n = 0; n < packetCount; n++) p1.send(frame.bytes);
    if (p2.take().length !== packetCount) throw new Error('packets are missing');
  });
  const close = await timed(() => sw.close());
  return { make, addBridge, addFlow, packets, close };
}

const chainLength = 10;
const pingCount = 100;

/** Milliseconds of real time of pings along a chain of switches, and of making and closing the network. */
async function measureNetwork(): Promise<{ readonly whole: number; readonly pings: number }> {
  let pings = 0;
  const whole = await timed(async () => {
    const net = createTestNetwork();
    const h1 = net.addHost('h1', { ip: '10.0.0.1' });
    const h2 = net.addHost('h2', { ip: '10.0.0.2' });
    let last: Parameters<typeof net.link>[0] = h1;
    for (let n = 0; n < chainLength; n++) {
      const sw = await net.addSwitch(`s${n}`, { bridges: { br0: { ports: ['left', 'right'] } } });
      net.link(last, sw.bridge('br0').port('left'), { delay: 1 });
      last = sw.bridge('br0').port('right');
    }
    net.link(last, h2, { delay: 1 });
    pings = await timed(() => h1.ping('10.0.0.2', { count: pingCount, interval: 100 }));
    await net.close();
  });
  return { whole, pings };
}

async function run(progress: Progress): Promise<Row[]> {
  progress.expect(2);
  progress.next('a switch');
  const rounds: SwitchTimes[] = [];
  for (let n = 0; n < roundCount; n++) rounds.push(await measureSwitch());
  progress.next('a network');
  const networks = [];
  for (let n = 0; n < 5; n++) networks.push(await measureNetwork());
  const of = (part: (times: SwitchTimes) => number): number => median(rounds.map(part));
  const row = (what: string, ours: number, unit = 'ms'): Row => ({ what, unit, ours, better: 'less' });
  return [
    row(
      'a switch is there',
      of(({ make }) => make),
    ),
    row(
      'a bridge with two ports is added',
      of(({ addBridge }) => addBridge),
    ),
    row(
      'a flow is added',
      of(({ addFlow }) => addFlow),
    ),
    row('a packet goes through', (1000 * of(({ packets }) => packets)) / packetCount, 'us'),
    row(
      'the switch is closed',
      of(({ close }) => close),
    ),
    row(
      `${pingCount} pings in 10 s of the clock, through ${chainLength} switches`,
      median(networks.map(({ pings }) => pings)),
    ),
    row('the same, and the network made and closed', median(networks.map(({ whole }) => whole))),
  ];
}

export const bench: Bench = {
  question: 'What does a switch inside a test cost, after the first one of a process?',
  run,
};
