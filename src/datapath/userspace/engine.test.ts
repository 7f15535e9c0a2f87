import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameMaker } from '../../../test/conformance/frame-maker.ts';
import { MemoryPort } from '../../../test/conformance/memory-port.ts';
import { udpPacket } from '../../../test/conformance/packets.ts';
import { systemClock } from '../../base/clock.ts';
import { type Random, seededRandom } from '../../base/random.ts';
import { dpPort } from '../../base/units.ts';
import { newKey } from '../../flow/key.ts';
import { internMask } from '../../flow/mask.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { openPortIo } from '../../netdev/registry.ts';
import { Frame } from '../../wire/frame.ts';
import type { DpAction } from '../actions.ts';
import { readDpActions } from '../text/actions.ts';
import { SharedPortCounters } from './counters.ts';
import { Engine } from './engine.ts';
import type { EnginePort } from './engine-ports.ts';
import { lowerActions } from './lower.ts';

/** Random frames in the loop below; more by e.g. FUZZ_FRAMES=10000000. */
const frameCount = Number(process.env.FUZZ_FRAMES ?? 20_000);

/** Writes to every slot, tags, cuts, sends up, on ports with and without offloads. */
function everyAction(random: Random): DpAction[] {
  const fields = Object.entries(slots).map(([slot, { at, size }]) => {
    const count = ((at + size - 1) >> 2) - (at >> 2) + 1;
    const words = (): number[] => Array.from({ length: count }, () => random.u32());
    return { slot: slot as SlotName, value: words(), mask: words() }; // the keys of `slots`
  });
  const set: DpAction = { do: 'set', header: 'eth', fields };
  const label = { lse: random.u32(), etherType: 0x8847 };
  const nsh: DpAction = {
    do: 'push_nsh',
    flags: 1,
    ttl: 63,
    mdType: 2,
    nextProtocol: 3,
    spi: 5,
    si: 255,
    metadata: new Array<number>(random.u32() & 0xfc).fill(7),
  };
  const ethernet: DpAction = { do: 'push_eth', src: [2, 0, 0, 0, 0, 1], dst: [2, 0, 0, 0, 0, 2] };
  /** Goes nowhere, but all is done for it. */
  const away: DpAction = { do: 'output', port: dpPort(99) };
  const popLabel: DpAction = { do: 'pop_mpls', etherType: random.u32() % 2 === 0 ? 0x0800 : 0x6558 };
  const tunnel = readDpActions(
    `tnl_push(tnl_port(98),header(size=46,type=3,eth(dst=02:00:00:00:00:bb,src=02:00:00:00:00:aa,dl_type=0x0800),ipv4(src=10.1.0.1,dst=10.1.0.2,proto=47,tos=0,ttl=64,frag=0x0),gre((flags=0x3000,proto=0x6558),key=0x1,seq=0x0)),out_port(99))`,
  )[0] as DpAction; // it is one action
  const clones: DpAction[] = [
    [set, { do: 'pop_eth' }, set, nsh, set, { do: 'pop_nsh' }, ethernet, set, away],
    [{ do: 'push_mpls', ...label }, set, popLabel, set, popLabel, { do: 'pop_eth' }, popLabel, set, away],
    [{ do: 'add_mpls', ...label }, set, nsh, ethernet, { do: 'push_mpls', ...label }, set, away],
    [
      nsh,
      set,
      ethernet,
      { do: 'push_vlan', tpid: 0x8100, tci: 0x1005 },
      set,
      { do: 'pop_eth' },
      { do: 'pop_nsh' },
      away,
    ],
    [
      { do: 'hash', algorithm: 'l4', basis: 1 },
      { do: 'pop_eth' },
      { do: 'hash', algorithm: 'sym_l4', basis: 1 },
    ],
    [{ do: 'check_pkt_len', size: 60, ifGreater: [set, away], ifLessEqual: [{ do: 'pop_eth' }, set, away] }],
    [{ do: 'pop_eth' }, tunnel, set, tunnel, { do: 'trunc', maxSize: random.u32() % 80 }, tunnel, away],
    [{ do: 'sample', probability: 0x80000000, actions: [set, { do: 'pop_vlan' }, away] }],
  ].map((actions) => ({ do: 'clone', actions: actions as DpAction[] })); // the literals above
  return [
    { do: 'output', port: dpPort(2) },
    ...clones,
    set,
    { do: 'output', port: dpPort(3) },
    { do: 'push_vlan', tpid: 0x8100, tci: 0x1005 },
    { do: 'trunc', maxSize: 40 },
    { do: 'output', port: dpPort(2) },
    { do: 'pop_vlan' },
    { do: 'pop_vlan' },
    { do: 'userspace', pid: 0, cookie: { type: 'ipfix', outputPort: dpPort(1) } },
    { do: 'output', port: dpPort(3) },
  ];
}

const tunnelSpec = {
  kind: 'tunnel',
  name: 'tunnel',
  type: 'gre',
  sequence: new SharedArrayBuffer(4),
} as const;

/** One worker, with the port that it receives on and its ends of the ports that all workers send on. */
class RigWorker {
  readonly input = new MemoryPort();
  readonly outputs = [new MemoryPort(true), new MemoryPort(false)];
  upcallCount = 0;
  readonly engine: Engine;
  readonly port: EnginePort;

  constructor(inputNumber: number) {
    this.engine = new Engine({
      random: seededRandom(3),
      clock: systemClock,
      upcalls: { add: () => ++this.upcallCount },
      makeMemory: (size) => ({ bytes: new Uint8Array(size), address: 0 }),
      flowCapacity: 10,
    });
    this.engine.setVlanLimit(2);
    this.port = this.engine.ports.add(inputNumber, this.input, this.input, new SharedPortCounters());
    this.outputs.forEach((tx, n) => {
      this.engine.ports.add(n + 2, tx, undefined, new SharedPortCounters());
    });
    this.engine.ports.add(98, openPortIo(tunnelSpec), undefined, new SharedPortCounters());
    this.engine.flows.stats.reserve(0);
  }
}

class Rig {
  readonly workers: readonly RigWorker[];

  constructor(actions: readonly DpAction[], workerCount = 1) {
    this.workers = Array.from({ length: workerCount }, (_, n) => new RigWorker(n === 0 ? 1 : n + 10));
    this.use(actions);
  }

  /** What every packet gets from now on. */
  use(actions: readonly DpAction[]): void {
    const mask = internMask(newKey());
    const steps = lowerActions(actions);
    for (const { engine } of this.workers)
      engine.flows.put({ id: 0, generation: 1, mask, values: [], steps });
  }

  /**
   * Each frame must come out of each output (but where its offload was nonsense) or be a named drop. The workers get
   * them in turns.
   */
  pass(...frames: readonly Frame[]): void {
    const before = this.#upcallCount();
    frames.forEach((frame, n) => {
      this.workers[n % this.workers.length]?.input.inject(frame);
    });
    for (const { engine, port } of this.workers) while (engine.runPort(port) > 0);
    expect(this.#upcallCount() - before).toBeGreaterThanOrEqual(frames.length); // one for each segment
    const sent = [0, 1].map((n) => this.workers.flatMap(({ outputs }) => outputs[n]?.sent.splice(0) ?? []));
    expect(sent[0]?.length).toBe(2 * frames.length);
  }

  #upcallCount(): number {
    return this.workers.reduce((sum, worker) => sum + worker.upcallCount, 0);
  }
}

function frameWith(bytes: Uint8Array, offload: Partial<Frame> = {}): Frame {
  const memory = new Uint8Array(32 + bytes.length);
  memory.set(bytes, 32);
  const frame = new Frame(memory);
  frame.start = 32;
  frame.end = memory.length;
  frame.headroom = 32;
  return Object.assign(frame, offload);
}

/** A frame of some protocol, or just bytes; sometimes with a random description of offloads. */
function randomFrame(maker: FrameMaker, random: Random): Frame {
  const bytes =
    random.u32() % 8 === 0
      ? Uint8Array.from({ length: random.u32() % 120 }, () => random.u32() & 0xff)
      : maker.next();
  if (random.u32() % 4 !== 0) return frameWith(bytes);
  return frameWith(bytes, {
    checksumStart: (random.u32() % 60) - 1,
    checksumOffset: random.u32() % 40,
    gsoType: [0, 1, 3, 4, 5, 0x81][random.u32() % 6] ?? 0,
    gsoSize: random.u32() % 100,
    headerSize: random.u32() % 80,
  });
}

describe.each([1, 3])('%i engines', (workerCount) => {
  test('pass any bytes with any offloads through every action without harm', () => {
    const rig = new Rig(everyAction(seededRandom(5)), workerCount);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: -1, max: 300 }),
        (bytes, checksumStart) => {
          rig.pass(...rig.workers.map(() => frameWith(bytes, { checksumStart })));
        },
      ),
      { numRuns: Math.ceil(1000 / workerCount) },
    );
  });

  test('pass random and twisted frames through every action without harm', () => {
    const random = seededRandom(7);
    const maker = new FrameMaker(random);
    const rig = new Rig([], workerCount);
    for (let left = frameCount / workerCount; left > 0; left -= 200) {
      rig.use(everyAction(random));
      rig.pass(...Array.from({ length: 200 }, () => randomFrame(maker, random)));
    }
  });
});

describe('the engine', () => {
  test('forgets the offloads and key of one packet before the next', () => {
    const [worker] = new Rig([{ do: 'output', port: dpPort(2) }]).workers;
    worker?.input.inject(frameWith(udpPacket({ isPartial: true }), { checksumStart: 34, checksumOffset: 6 }));
    worker?.input.inject(frameWith(udpPacket()));
    const port = worker?.engine.ports.remove(1);
    if (port !== undefined) worker?.engine.runPort(port);
    expect(worker?.outputs[0]?.sent.map((sent) => sent.checksumStart)).toEqual([34, -1]);
  });

  test('receives nothing on a port that another one receives on', () => {
    const [worker] = new Rig([]).workers;
    const ours = new MemoryPort();
    const port = worker?.engine.ports.add(9, ours, undefined, new SharedPortCounters());
    ours.inject(udpPacket());
    expect(port && worker?.engine.runPort(port)).toBe(0);
  });
});
