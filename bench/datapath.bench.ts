/** What each step of the userspace datapath costs a packet, in memory: no kernel, one thread. */
import { systemClock } from '../src/base/clock.ts';
import { seededRandom } from '../src/base/random.ts';
import { dpPort } from '../src/base/units.ts';
import type { DpAction } from '../src/datapath/actions.ts';
import { readDpActions } from '../src/datapath/text/actions.ts';
import { readKey } from '../src/datapath/text/key.ts';
import { SharedPortCounters } from '../src/datapath/userspace/counters.ts';
import { DropReader, DropWriter, makeDropMemory } from '../src/datapath/userspace/drop-ring.ts';
import { Engine } from '../src/datapath/userspace/engine.ts';
import { FlowCache, FlowEntry } from '../src/datapath/userspace/flow-cache.ts';
import { lowerActions } from '../src/datapath/userspace/lower.ts';
import { extractKey } from '../src/flow/extract.ts';
import { maskSlot, newKey } from '../src/flow/key.ts';
import { internMask, type Mask } from '../src/flow/mask.ts';
import type { SlotName } from '../src/flow/slots.ts';
import { openPortIo } from '../src/netdev/registry.ts';
import { Frame } from '../src/wire/frame.ts';
import { hex, udpPacket } from '../test/conformance/packets.ts';
import { outerUdp } from '../test/conformance/tunnel-packets.ts';
import { EndlessPort } from './support/endless-port.ts';
import { type Bench, median, type Row } from './support/report.ts';

const batchSize = 256;
const portOptions = { batchSize, slotSize: 2048 };

/** Median nanoseconds of one of `count` things that `work` does. */
function nanoseconds(count: number, work: () => void): number {
  const rounds: number[] = [];
  for (let n = 0; n < 60; n++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < 20; i++) work();
    rounds.push(Number(process.hrtime.bigint() - start) / (20 * count));
  }
  return median(rounds.slice(20));
}

/** Slots that differ from mask to mask: every subset is another mask. */
const optional = [
  'nw_tos',
  'nw_ttl',
  'nw_dst',
  'tp_dst',
  'nw_src',
  'nw_proto',
  'eth_type',
  'skb_priority',
  'pkt_mark',
] as const satisfies readonly SlotName[];

interface Connection {
  readonly packet: Uint8Array;
  /** The packet's whole key. */
  readonly key: Uint32Array;
  readonly mask: Mask;
}

/** UDP connections, spread over that many masks. */
function connections(maskCount: number, count: number): Connection[] {
  return Array.from({ length: count }, (_, n) => {
    const packet = udpPacket({ source: n + 1 });
    const frame = new Frame(packet);
    frame.end = packet.length;
    frame.inPort = 1;
    const key = newKey();
    extractKey(frame, key);
    const mask = newKey();
    for (const slot of ['in_port', 'eth_dst', 'eth_src', 'vlan_tci', 'tp_src'] as const) maskSlot(mask, slot);
    optional.forEach((slot, bit) => {
      if (((n % maskCount) >> bit) & 1) maskSlot(mask, slot);
    });
    return { packet, key, mask: internMask(mask) };
  });
}

function newEngine(): Engine {
  return new Engine({
    random: seededRandom(1),
    clock: systemClock,
    upcalls: { add: () => 0 },
    makeMemory: (size) => ({ bytes: new Uint8Array(size), address: 0 }),
    flowCapacity: 200_000,
  });
}

/** One batch through an engine that has a flow for each connection. */
function engineWith(
  maskCount: number,
  count: number,
  actions: readonly DpAction[],
  isWatched = false,
): () => void {
  const engine = newEngine();
  const all = connections(maskCount, count);
  const packets = all.map(({ packet }) => packet);
  const input = new EndlessPort(packets, portOptions);
  const port = engine.ports.add(1, input, input, new SharedPortCounters());
  engine.ports.add(2, new EndlessPort([], portOptions), undefined, new SharedPortCounters());
  engine.ports.add(3, openPortIo(tunnelSpec), undefined, new SharedPortCounters());
  const steps = lowerActions(actions);
  all.forEach(({ key, mask }, id) => {
    engine.flows.stats.reserve(id);
    engine.flows.put({ id, generation: 1, mask, values: mask.pack(key), steps });
  });
  if (isWatched) watchDrops(engine);
  return () => void engine.runPort(port);
}

const tunnelSpec = {
  kind: 'tunnel',
  name: 'vxlan_sys_4789',
  type: 'vxlan',
  sequence: new SharedArrayBuffer(4),
} as const;

const intoVxlan =
  'clone(tnl_push(tnl_port(3),header(size=50,type=4,eth(dst=02:00:00:00:00:bb,src=02:00:00:00:00:aa,dl_type=0x0800),ipv4(src=10.1.0.1,dst=10.1.0.2,proto=17,tos=0,ttl=64,frag=0x4000),udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x7b)),out_port(2)),2)';

/** What a packet costs that meets flows one after the other, as `dpctl/add-flow` takes them. */
function throughFlows(
  packets: readonly Uint8Array[],
  flows: readonly (readonly [match: string, actions: string])[],
): number {
  const engine = newEngine();
  const input = new EndlessPort(packets, portOptions);
  const port = engine.ports.add(1, input, input, new SharedPortCounters());
  engine.ports.add(2, new EndlessPort([], portOptions), undefined, new SharedPortCounters());
  engine.ports.add(3, openPortIo(tunnelSpec), undefined, new SharedPortCounters());
  flows.forEach(([match, actions], id) => {
    const { key, mask } = readKey(match);
    const interned = internMask(mask);
    engine.flows.stats.reserve(id);
    const steps = lowerActions(readDpActions(actions));
    engine.flows.put({ id, generation: 1, mask: interned, values: interned.pack(key), steps });
  });
  return nanoseconds(batchSize, () => void engine.runPort(port));
}

/** A flow for what comes in, and one for what was inside. */
function outOfVxlan(): number {
  const packets = connections(1, 200).map(({ packet }) =>
    outerUdp(4, vxlanPorts, `0800000000007b00${hex(packet)}`),
  );
  return throughFlows(packets, [
    ['recirc_id(0),in_port(1),eth_type(0x0800),udp(dst=4789)', 'tnl_pop(3)'],
    ['recirc_id(0),tunnel(tun_id=0x7b,src=10.1.0.1,dst=10.1.0.2),in_port(3),eth_type(0x0800)', '2'],
  ]);
}

/** One after it was remembered. */
function tracked(count: number): number {
  const packets = connections(1, count).map(({ packet }) => packet);
  return throughFlows(packets, [
    ['recirc_id(0),in_port(1),eth_type(0x0800)', 'ct(commit,zone=1),recirc(0x1)'],
    ['recirc_id(0x1),ct_state(+trk),in_port(1),eth_type(0x0800)', '2'],
  ]);
}

const vxlanPorts = { src: 40_000, dst: 4789, hasChecksum: false };

/** As `drops/monitor` does. */
function watchDrops(engine: Engine): void {
  const memory = makeDropMemory(64);
  const reader = new DropReader(memory);
  const read = (): void => {
    reader.take();
    reader.rearm();
  };
  engine.watchDrops(1, { rate: 100, match: undefined }, new DropWriter(memory, read));
}

/** A lookup that the connection cache does not answer: a search through the masks, most used first. */
function search(maskCount: number): number {
  const table = new FlowCache(10_000);
  const all = connections(maskCount, 1000);
  const counts = new Float64Array(8);
  all.forEach(({ key, mask }, id) => {
    table.put(new FlowEntry(id, [], counts, 0), mask, mask.pack(key));
  });
  let turn = 0;
  return nanoseconds(all.length, () => {
    turn += 7; // every connection moves to a place that another one has taken
    for (let n = 0; n < all.length; n++) {
      const connection = all[n];
      if (connection !== undefined) table.lookup(connection.key, n + turn);
    }
  });
}

function extraction(): number {
  const frames = Array.from({ length: batchSize }, (_, n) => {
    const frame = new Frame(udpPacket({ source: n + 1 }));
    frame.end = frame.bytes.length;
    return frame;
  });
  const key = newKey();
  return nanoseconds(batchSize, () => {
    for (const frame of frames) extractKey(frame, key);
  });
}

export const bench: Bench = {
  question: 'What does a packet cost in the userspace datapath, in memory?',
  async run(progress) {
    const output: DpAction = { do: 'output', port: dpPort(2) };
    const row = (what: string, measure: () => number): Row => {
      progress.next(what);
      return { what, unit: 'ns', ours: measure(), better: 'less' };
    };
    const whole = (masks: number, count: number, actions: readonly DpAction[]) => () =>
      nanoseconds(batchSize, engineWith(masks, count, actions));
    const tag: DpAction = { do: 'push_vlan', tpid: 0x8100, tci: 0x1005 };
    progress.expect(15);
    return [
      row('extraction of a UDP key', extraction),
      row('lookup past the cache, 1 mask', () => search(1)),
      row('lookup past the cache, 8 masks', () => search(8)),
      row('lookup past the cache, 32 masks', () => search(32)),
      row('lookup past the cache, 512 masks', () => search(512)),
      row('whole engine, 1 connection, output', whole(1, 1, [output])),
      row('whole engine, 200 connections in 1 mask', whole(1, 200, [output])),
      row('whole engine, 200 connections in 8 masks', whole(8, 200, [output])),
      row('whole engine, 200 connections in 32 masks', whole(32, 200, [output])),
      row('whole engine, push_vlan and output', whole(1, 200, [tag, output])),
      row('whole engine, into VXLAN and output', whole(1, 200, readDpActions(intoVxlan))),
      row('whole engine, out of VXLAN and output', outOfVxlan),
      row('whole engine, tracked, 200 connections', () => tracked(200)),
      row('whole engine, dropped', whole(1, 1, [])),
      row('whole engine, dropped, 100 a second watched', () =>
        nanoseconds(batchSize, engineWith(1, 1, [], true)),
      ),
    ];
  },
};
