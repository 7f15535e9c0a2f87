/**
 * The userspace engine inline on the main thread: what dummy bridges and tests forward with. Deterministic: a frame
 * that comes in is forwarded, and what it sent up is answered, before the call that brought it returns. In a process
 * that has a place for it (`DummyKernel`), it forwards on without its owner, as programs in the kernel do.
 */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { type DpPort, dpPort } from '../../base/units.ts';
import { valuesUnder } from '../../flow/match.ts';
import { slots } from '../../flow/slots.ts';
import type { PortCounters, PortIo, PortSpec, WakesDatapath } from '../../netdev/provider.ts';
import type { DpAction } from '../actions.ts';
import { type BondPorts, BondTable } from '../bond.ts';
import type { DpDrop, DropWatch, DropWatching } from '../drop-watch.ts';
import { type DpFeatures, refuseUnsupported } from '../features.ts';
import { FlowList } from '../flow-list.ts';
import { logFlowChange, logUpcalls } from '../flow-log.ts';
import { type DpMeter, type DpMeterStats, MeterTable, type SharedMeter } from '../meter.ts';
import { type PortEntry, PortTable } from '../ports.ts';
import type {
  Datapath,
  DpFlow,
  DpFlowStats,
  DpPacket,
  DpStats,
  DropCounts,
  NewDpPort,
  Upcall,
} from '../provider.ts';
import { sumDrops, sumStats } from '../totals.ts';
import { SharedPortCounters } from '../userspace/counters.ts';
import type { EnginePort } from '../userspace/engine.ts';
import type { ActionStep } from '../userspace/execute.ts';
import { engineFeatures, lowerActions } from '../userspace/lower.ts';
import { InlineDrops } from './inline-drops.ts';
import { InlineWorker } from './inline-worker.ts';

export interface DummyDatapathDeps {
  readonly clock: Clock;
  /** Decides which packets are sampled. */
  readonly random: Random;
  /** `openPortIo` of netdev/registry.ts. */
  openPort(spec: PortSpec): PortIo;
  /** Engines that take turns; 1 unless given. */
  readonly workerCount?: number;
  /** Where it stays when its owner leaves; without, it ends then. */
  readonly kernel?: DummyKernel;
}

/** The datapaths that were left, by name. */
export type DummyKernel = Map<string, DummyDatapath>;

/** The one that was left under that name, or a new one. */
export function openDummyDatapath(
  type: string,
  name: string,
  deps: DummyDatapathDeps,
  flowCapacity?: number,
): DummyDatapath {
  const left = deps.kernel?.get(name);
  if (left === undefined) return new DummyDatapath(type, name, deps, flowCapacity);
  deps.kernel?.delete(name);
  return left;
}

interface OpenPort extends PortEntry {
  readonly io: PortIo;
  readonly receiver: InlineWorker;
  /** The receiver's. */
  readonly end: EnginePort;
}

export class DummyDatapath implements Datapath {
  readonly type: string;
  readonly name: string;
  readonly internalType = 'dummy-internal';
  readonly features: DpFeatures;
  readonly #kernel: DummyKernel | undefined;
  readonly #openPort: (spec: PortSpec) => PortIo;
  readonly #first: InlineWorker;
  readonly #workers: readonly InlineWorker[];
  #onUpcalls: ((batch: readonly Upcall[]) => void) | undefined;
  readonly #ports = new PortTable<OpenPort>();
  readonly #flows: FlowList;
  readonly #meters = new MeterTable();
  readonly #bonds = new BondTable();
  /** Lists are shared by many flows. */
  readonly #lowered = new WeakMap<readonly DpAction[], readonly ActionStep[]>();
  /** Ports that said that frames have come in. */
  readonly #ready = new Set<OpenPort>();
  #isRunning = false;
  #lastWatch = 0;

  constructor(type: string, name: string, deps: DummyDatapathDeps, flowCapacity = 200_000) {
    this.type = type;
    this.name = name;
    this.#kernel = deps.kernel;
    this.features = { ...engineFeatures, keepsForwarding: deps.kernel !== undefined, keepsLostPorts: false };
    this.#openPort = deps.openPort;
    this.#flows = new FlowList(flowCapacity);
    const { workerCount = 1 } = deps;
    const make = (): InlineWorker => new InlineWorker(deps, flowCapacity);
    this.#first = make();
    this.#workers = [this.#first, ...Array.from({ length: workerCount - 1 }, make)];
  }

  get onUpcalls(): (batch: readonly Upcall[]) => void {
    return this.#onUpcalls ?? ignore;
  }

  set onUpcalls(take: (batch: readonly Upcall[]) => void) {
    this.#onUpcalls = take;
    for (const { upcalls } of this.#workers) upcalls.isRead = true;
  }

  async addPort({ name, type, ifindex, spec }: NewDpPort, wanted?: DpPort): Promise<DpPort> {
    const left = this.#ports.numberOf(name);
    if (left !== undefined) return left;
    const number = this.#ports.chooseNumber(wanted ?? numberInName(name));
    const io = this.#openPort(spec);
    const receiver = this.#workers[this.#ports.all.size % this.#workers.length] ?? this.#first;
    const counters = new SharedPortCounters(); // on one thread, all workers send by the same frame path
    const end = receiver.engine.addPort(number, io, io, counters);
    for (const worker of this.#workers)
      if (worker !== receiver) worker.engine.addPort(number, io, undefined, counters);
    const port = { name, type, ifindex, counters: [counters], io, receiver, end };
    this.#ports.set(number, port);
    if (wakesDatapath(io)) {
      io.onInput = () => {
        this.#ready.add(port);
        this.#run();
      };
    }
    return number;
  }

  async removePort(number: DpPort): Promise<void> {
    const gone = this.#ports.get(number);
    if (gone === undefined) return;
    this.#ports.delete(number);
    for (const { engine } of this.#workers) engine.removePort(number);
    this.#ready.delete(gone);
    if (wakesDatapath(gone.io)) gone.io.onInput = () => {};
    gone.io.close();
  }

  ports(): ReadonlyMap<DpPort, PortEntry> {
    return this.#ports.all;
  }

  portCounters(port: DpPort): PortCounters | undefined {
    return this.#ports.counters(port);
  }

  setPortMtu(port: DpPort, mtu: number | undefined): void {
    for (const { engine } of this.#workers) engine.setPortMtu(port, mtu);
  }

  setPortLimits(port: DpPort, limits: readonly DpMeter[]): void {
    for (const { engine } of this.#workers) engine.setPortLimits(port, limits);
  }

  setVlanLimit(tagCount: number): void {
    for (const { engine } of this.#workers) engine.setVlanLimit(tagCount);
  }

  putFlow(flow: DpFlow, packet?: DpPacket): void {
    const { id, key, mask, actions } = flow;
    refuseUnsupported(this, actions);
    const before = this.#flows.get(id);
    const generation = this.#flows.put(flow);
    if (generation !== 0) {
      logFlowChange(flow, before);
      const steps = this.#lower(actions);
      const values = valuesUnder(key, mask);
      for (const { engine } of this.#workers) {
        engine.flowStats.reserve(id);
        engine.putFlow({ id, generation, mask, values, steps });
      }
    }
    if (packet !== undefined) this.execute(packet, actions);
  }

  deleteFlow(id: number): void {
    if (this.#flows.delete(id) === undefined) return;
    for (const { engine } of this.#workers) engine.deleteFlow(id);
  }

  flushFlows(): void {
    this.#flows.clear();
    for (const { engine } of this.#workers) engine.flushFlows();
  }

  flows(): Iterable<DpFlow> {
    return this.#flows;
  }

  readFlowStats(id: number, into: DpFlowStats): boolean {
    return this.#flows.readStats(id, this.#workers, into);
  }

  get flowCapacity(): number {
    return this.#flows.capacity;
  }

  addMeter(config: DpMeter): number | undefined {
    const added = this.#meters.add(config);
    if (added !== undefined) this.#useMeter(added.id, added.meter);
    return added?.id;
  }

  changeMeter(id: number, config: DpMeter): void {
    this.#useMeter(id, this.#meters.set(id, config));
  }

  deleteMeter(id: number): void {
    this.#meters.delete(id);
    this.#useMeter(id, undefined);
  }

  meterStats(id: number): DpMeterStats | undefined {
    return this.#meters.stats(id);
  }

  setBond(id: number, ports: BondPorts): void {
    const bond = this.#bonds.set(id, ports);
    for (const { engine } of this.#workers) engine.setBond(id, bond);
  }

  deleteBond(id: number): void {
    this.#bonds.delete(id);
    for (const { engine } of this.#workers) engine.setBond(id, undefined);
  }

  bondBytes(id: number, hash: number): number {
    return this.#bonds.bytesOf(id, hash);
  }

  bonds(): ReadonlyMap<number, BondPorts> {
    return this.#bonds.all;
  }

  #useMeter(id: number, meter: SharedMeter | undefined): void {
    for (const { engine } of this.#workers) engine.setMeter(id, meter);
  }

  execute(packet: DpPacket, actions: readonly DpAction[]): void {
    refuseUnsupported(this, actions);
    const { engine } = this.#receiverOf(packet);
    if (this.#isRunning) {
      engine.execute(packet, this.#lower(actions));
      return;
    }
    this.#isRunning = true;
    try {
      engine.execute(packet, this.#lower(actions));
    } finally {
      this.#isRunning = false;
    }
    this.#run();
  }

  stats(): DpStats {
    return sumStats(this.#workers, this.#flows.count);
  }

  drops(): DropCounts {
    return sumDrops(this.#workers.map(({ totals }) => totals));
  }

  portDrops(port: DpPort): DropCounts {
    return this.#ports.drops(port);
  }

  watchDrops(watch: DropWatch, take: (drops: readonly DpDrop[]) => void): DropWatching {
    const id = ++this.#lastWatch;
    const sink = new InlineDrops(watch.headSize, take);
    for (const { engine } of this.#workers) engine.watchDrops(id, watch, sink);
    return {
      get missedCount() {
        return sink.missedCount;
      },
      stop: () => {
        for (const { engine } of this.#workers) engine.unwatchDrops(id);
      },
    };
  }

  async settle(): Promise<void> {}

  async detach(): Promise<void> {
    if (this.#kernel === undefined) return this.destroy();
    for (const { upcalls } of this.#workers) upcalls.isRead = false;
    this.#onUpcalls = undefined;
    this.#kernel.set(this.name, this);
  }

  async destroy(): Promise<void> {
    for (const number of [...this.#ports.all.keys()]) await this.removePort(number);
  }

  /** A packet goes where those that came in with it are. */
  #receiverOf({ key }: DpPacket): InlineWorker {
    return this.#ports.get(dpPort(key[slots.in_port.word] ?? 0))?.receiver ?? this.#first;
  }

  #lower(actions: readonly DpAction[]): readonly ActionStep[] {
    let steps = this.#lowered.get(actions);
    if (steps === undefined) {
      steps = lowerActions(actions);
      this.#lowered.set(actions, steps);
    }
    return steps;
  }

  /** Forwards until no port has more. What comes in meanwhile, by a port that leads back to us, is taken up too. */
  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      this.#answerUpcalls();
      for (let port = first(this.#ready); port !== undefined; port = first(this.#ready)) {
        this.#ready.delete(port);
        if (port.receiver.engine.runPort(port.end) > 0) this.#ready.add(port);
        this.#answerUpcalls();
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #answerUpcalls(): void {
    for (const { engine, upcalls } of this.#workers) {
      for (let batch = upcalls.take(); batch.length > 0; batch = upcalls.take()) {
        const { lastSequence } = upcalls;
        logUpcalls(this, batch);
        this.onUpcalls(batch);
        engine.upcallsDone(lastSequence);
      }
    }
  }
}

/**
 * Tests can tell which number a port gets, as with the reference's dummy datapath: the first one in its name, plus 100
 * when that starts with "br". undefined when there is none.
 */
function numberInName(name: string): DpPort | undefined {
  const number = Number(/[0-9]+/.exec(name)?.[0] ?? 0) + (name.startsWith('br') ? 100 : 0);
  return /[0-9]/.test(name) && number > 0 && number < 0xffff ? dpPort(number) : undefined;
}

function ignore(): void {}

function wakesDatapath(io: PortIo): io is PortIo & WakesDatapath {
  return 'onInput' in io;
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const item of set) return item;
  return undefined;
}
