/**
 * The userspace engine inline on the main thread: what dummy bridges and tests forward with. Deterministic: a frame
 * that comes in is forwarded, and what it sent up is answered, before the call that brought it returns. In a process
 * that has a place for it (`DummyKernel`), it forwards on without its owner, as programs in the kernel do.
 */

import type { Clock } from '../../base/clock.ts';
import { coverageCounter } from '../../base/coverage.ts';
import type { Random } from '../../base/random.ts';
import { type DpPort, dpPort } from '../../base/units.ts';
import { type Match, packKey, valuesUnder } from '../../flow/match.ts';
import { slots } from '../../flow/slots.ts';
import type { IsPolled, PortCounters, PortIo, PortSpec, WakesDatapath } from '../../netdev/provider.ts';
import type { DpAction } from '../actions.ts';
import { type BondPorts, BondTable } from '../bond.ts';
import type { DpDrop, DropWatch, DropWatching } from '../drop-watch.ts';
import { type DpFeatures, refuseUnsupported } from '../features.ts';
import { FlowList } from '../flow-list.ts';
import { logFlowChange, logUpcalls } from '../flow-log.ts';
import { type DpMeter, type DpMeterStats, MeterTable, type SharedMeter } from '../meter.ts';
import type { Core } from '../polling/cores.ts';
import type { PollSettings } from '../polling/settings.ts';
import { type PortEntry, PortTable } from '../ports.ts';
import type {
  Datapath,
  DpFlow,
  DpFlowStats,
  DpPacket,
  DpStats,
  DpThread,
  DropCounts,
  HasDeviceFlows,
  HasPollThreads,
  NewDpPort,
  PortRange,
  Upcall,
} from '../provider.ts';
import { sumDrops, sumStats } from '../totals.ts';
import { SharedPortCounters } from '../userspace/counters.ts';
import type { EnginePort } from '../userspace/engine.ts';
import type { ActionStep } from '../userspace/execute.ts';
import { engineFeatures, lowerActions } from '../userspace/lower.ts';
import { DeviceFlows } from './device-flows.ts';
import { InlineDrops } from './inline-drops.ts';
import { InlineRuns, type ReceivingPort } from './inline-runs.ts';
import { InlineWorker } from './inline-worker.ts';
import { InlineWorkers } from './inline-workers.ts';
import { PollThreads } from './poll-threads.ts';

const executed = coverageCounter('dpif_execute');

export interface DummyDatapathDeps {
  readonly clock: Clock;
  /** Decides which packets are sampled. */
  readonly random: Random;
  /** `openPortIo` of netdev/registry.ts. */
  openPort(spec: PortSpec): PortIo;
  /** Engines that take turns; 1 unless given. */
  readonly workerCount?: number;
  /** On which threads may poll; one unless given. */
  readonly cores?: readonly Core[];
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

interface OpenPort extends PortEntry, ReceivingPort {
  readonly io: PortIo;
  /** Who runs what is injected as if it had come in by the port. */
  readonly receiver: InlineWorker;
  readonly ends: Map<InlineWorker, EnginePort>;
}

export class DummyDatapath implements Datapath, HasPollThreads, HasDeviceFlows {
  readonly type: string;
  readonly name: string;
  readonly internalType = 'dummy-internal';
  readonly features: DpFeatures;
  readonly #kernel: DummyKernel | undefined;
  readonly #openPort: (spec: PortSpec) => PortIo;
  readonly #workers: InlineWorkers;
  readonly #runs: InlineRuns;
  readonly #polls: PollThreads;
  #onUpcalls: ((batch: readonly Upcall[]) => void) | undefined;
  readonly #ports = new PortTable<OpenPort>();
  readonly #flows: FlowList;
  readonly #meters = new MeterTable();
  readonly #bonds = new BondTable();
  /** Lists are shared by many flows. */
  readonly #lowered = new WeakMap<readonly DpAction[], readonly ActionStep[]>();
  #deviceFlows: DeviceFlows | undefined;
  #lastWatch = 0;

  constructor(type: string, name: string, deps: DummyDatapathDeps, flowCapacity = 200_000) {
    this.type = type;
    this.name = name;
    this.#kernel = deps.kernel;
    this.features = { ...engineFeatures, keepsForwarding: deps.kernel !== undefined, keepsLostPorts: false };
    this.#openPort = deps.openPort;
    this.#flows = new FlowList(flowCapacity);
    const { workerCount = 1, cores = [{ core: 0, numa: 0 }] } = deps;
    const makeWorker = (): InlineWorker => new InlineWorker(deps, flowCapacity);
    this.#workers = new InlineWorkers(workerCount, makeWorker);
    this.#runs = new InlineRuns(this.#workers, (batch, worker) => this.#answer(batch, worker));
    this.#polls = new PollThreads(cores, {
      clock: deps.clock,
      makeWorker,
      started: ({ worker }) => this.#workers.add(worker),
      stopped: ({ worker }) => {
        this.#workers.remove(worker);
        for (const { ends } of this.#ports.all.values()) ends.delete(worker);
      },
    });
  }

  get onUpcalls(): (batch: readonly Upcall[]) => void {
    return this.#onUpcalls ?? ignore;
  }

  set onUpcalls(take: (batch: readonly Upcall[]) => void) {
    this.#onUpcalls = take;
    this.#workers.tell('upcalls', ({ upcalls }) => {
      upcalls.isRead = true;
    });
  }

  async addPort({ name, type, ifindex, spec }: NewDpPort, wanted?: DpPort): Promise<DpPort> {
    const left = this.#ports.numberOf(name);
    if (left !== undefined) return left;
    const number = this.#ports.chooseNumber(wanted ?? numberInName(name));
    const io = this.#openPort(spec);
    const receiver =
      this.#workers.main[this.#ports.all.size % this.#workers.main.length] ?? this.#workers.first;
    const counters = new SharedPortCounters(); // on one thread, all workers send by the same frame path
    const ends = new Map<InlineWorker, EnginePort>();
    const port = { name, type, ifindex, counters: [counters], io, receiver, ends };
    this.#ports.set(number, port);
    this.#deviceFlows?.addPort(number, name);
    this.#workers.tell(`port ${number}`, (worker) => {
      const own = worker === receiver ? io : undefined;
      const rx = isPolled(io) ? this.#polls.receiver(worker, number, io) : own;
      const end = worker.engine.addPort(number, io, rx, counters);
      if (rx !== undefined) {
        ends.set(worker, end);
        this.#tellFlowsOf(end);
      }
      if (isPolled(io)) end.chooseQueue = this.#polls.queueChooser(worker, io);
    });
    if (isPolled(io)) {
      io.onPolling = () => this.#repoll(() => this.#polls.portChanged(number));
      this.#repoll(() => this.#polls.addPort(number, { name, io }));
    }
    if (wakesDatapath(io)) {
      io.onInput = () => this.#runs.receive([port]);
    }
    return number;
  }

  async removePort(number: DpPort): Promise<void> {
    const gone = this.#ports.get(number);
    if (gone === undefined) return;
    this.#ports.delete(number);
    this.#deviceFlows?.removePort(number);
    for (const what of ['port', 'mtu', 'limits']) this.#workers.forget(`${what} ${number}`);
    for (const { engine } of this.#workers.all) engine.removePort(number);
    this.#runs.forget(gone);
    if (wakesDatapath(gone.io)) gone.io.onInput = () => {};
    gone.io.close();
    this.#repoll(() => this.#polls.removePort(number));
  }

  ports(): ReadonlyMap<DpPort, PortEntry> {
    return this.#ports.all;
  }

  portCounters(port: DpPort): PortCounters | undefined {
    return this.#ports.counters(port);
  }

  setPortMtu(port: DpPort, mtu: number | undefined): void {
    this.#workers.tell(`mtu ${port}`, ({ engine }) => engine.setPortMtu(port, mtu));
  }

  setPortLimits(port: DpPort, limits: readonly DpMeter[]): void {
    this.#workers.tell(`limits ${port}`, ({ engine }) => engine.setPortLimits(port, limits));
  }

  setVlanLimit(tagCount: number): void {
    this.#workers.tell('tags', ({ engine }) => engine.setVlanLimit(tagCount));
  }

  validateLookups(isWanted: boolean): void {
    this.#workers.tell('validation', ({ engine }) => engine.validateLookups(isWanted));
  }

  setEgressPorts(range: PortRange): void {
    this.#workers.tell('egress ports', ({ engine }) => engine.setEgressPorts(range));
  }

  putFlow(flow: DpFlow, packet?: DpPacket): void {
    const { id, key, mask, actions } = flow;
    refuseUnsupported(this, actions);
    const before = this.#flows.get(id);
    const generation = this.#flows.put(flow);
    if (generation !== 0) {
      logFlowChange(flow, before);
      this.#deviceFlows?.put(flow);
      const steps = this.#lower(actions);
      const values = valuesUnder(key, mask);
      for (const { engine } of this.#workers.takersOf(id, before === undefined)) {
        engine.flowStats.reserve(id);
        engine.putFlow({ id, generation, mask, values, steps }, packet?.key);
      }
    }
    if (packet !== undefined) this.execute(packet, actions);
  }

  deleteFlow(id: number): void {
    const gone = this.#flows.delete(id);
    if (gone === undefined) return;
    this.#deviceFlows?.delete(gone);
    this.#workers.forgetFlow(id);
    for (const { engine } of this.#workers.all) engine.deleteFlow(id);
  }

  flushFlows(): void {
    for (const flow of this.#flows) this.#deviceFlows?.delete(flow);
    this.#flows.clear();
    this.#workers.forgetFlows();
    for (const { engine } of this.#workers.all) engine.flushFlows();
  }

  flows(): Iterable<DpFlow> {
    return this.#flows;
  }

  readFlowStats(id: number, into: DpFlowStats): boolean {
    return this.#flows.readStats(id, this.#workers.holdersOf(id), into);
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
    this.#workers.tell(`bond ${id}`, ({ engine }) => engine.setBond(id, bond));
  }

  deleteBond(id: number): void {
    this.#bonds.delete(id);
    this.#workers.forget(`bond ${id}`);
    for (const { engine } of this.#workers.all) engine.setBond(id, undefined);
  }

  bondBytes(id: number, hash: number): number {
    return this.#bonds.bytesOf(id, hash);
  }

  bonds(): ReadonlyMap<number, BondPorts> {
    return this.#bonds.all;
  }

  #useMeter(id: number, meter: SharedMeter | undefined): void {
    this.#workers.tell(`meter ${id}`, ({ engine }) => engine.setMeter(id, meter));
    if (meter === undefined) this.#workers.forget(`meter ${id}`);
  }

  setPolling(settings: PollSettings): void {
    this.#repoll(() => this.#polls.configure(settings));
  }

  rebalance(): void {
    this.#repoll(() => this.#polls.reassign());
  }

  balance(): void {
    if (this.#polls.wantsBalance()) this.rebalance();
  }

  giveFlowsToDevices(): void {
    if (this.#deviceFlows !== undefined) return;
    this.#deviceFlows = new DeviceFlows();
    for (const [number, { name, ends }] of this.#ports.all) {
      this.#deviceFlows.addPort(number, name);
      for (const end of ends.values()) this.#tellFlowsOf(end);
    }
  }

  get deviceFlowCount(): number | undefined {
    return this.#deviceFlows?.count;
  }

  #tellFlowsOf(end: EnginePort): void {
    const known = this.#deviceFlows;
    if (known !== undefined)
      end.flowOf = (frame) => known.flowOf(frame, this.#workers.first.engine.vlanLimit);
  }

  get threads(): readonly DpThread[] {
    const main = this.#thread(this.#workers.main, undefined);
    const polling = this.#polls.all.map((thread) => {
      const { where, isIsolated, meter } = thread;
      const queues = this.#polls.queuesOf(thread);
      return this.#thread([thread.worker], { ...where, isIsolated, queues, meter });
    });
    return [...polling, main];
  }

  execute(packet: DpPacket, actions: readonly DpAction[]): void {
    executed.total++;
    refuseUnsupported(this, actions);
    const { engine } = this.#workers.answering ?? this.#receiverOf(packet);
    this.#runs.run(() => engine.execute(packet, this.#lower(actions)));
  }

  stats(): DpStats {
    return sumStats(this.#workers.all, this.#flows.count);
  }

  drops(): DropCounts {
    return sumDrops(this.#workers.all.map(({ totals }) => totals));
  }

  portDrops(port: DpPort): DropCounts {
    return this.#ports.drops(port);
  }

  watchDrops(watch: DropWatch, take: (drops: readonly DpDrop[]) => void): DropWatching {
    const id = ++this.#lastWatch;
    const sink = new InlineDrops(watch.headSize, take);
    this.#workers.tell(`watch ${id}`, ({ engine }) => engine.watchDrops(id, watch, sink));
    return {
      get missedCount() {
        return sink.missedCount;
      },
      stop: () => {
        this.#workers.forget(`watch ${id}`);
        for (const { engine } of this.#workers.all) engine.unwatchDrops(id);
      },
    };
  }

  async settle(): Promise<void> {}

  async detach(): Promise<void> {
    if (this.#kernel === undefined) return this.destroy();
    this.#workers.tell('upcalls', ({ upcalls }) => {
      upcalls.isRead = false;
    });
    this.#onUpcalls = undefined;
    this.#kernel.set(this.name, this);
  }

  async destroy(): Promise<void> {
    for (const number of [...this.#ports.all.keys()]) await this.removePort(number);
  }

  /** A packet goes where those that came in with it are. */
  #receiverOf({ key }: DpPacket): InlineWorker {
    return this.#ports.get(dpPort(key[slots.in_port.word] ?? 0))?.receiver ?? this.#workers.first;
  }

  #lower(actions: readonly DpAction[]): readonly ActionStep[] {
    let steps = this.#lowered.get(actions);
    if (steps === undefined) {
      steps = lowerActions(actions);
      this.#lowered.set(actions, steps);
    }
    return steps;
  }

  #answer(batch: readonly Upcall[], worker: InlineWorker): void {
    logUpcalls(this, batch);
    this.onUpcalls(batch);
    this.#adoptFlows(worker, batch);
  }

  /** A thread may have missed a flow that others have: its owner, who knows it, does not put it again. */
  #adoptFlows(worker: InlineWorker, batch: readonly Upcall[]): void {
    if (this.#workers.isMain(worker)) return;
    for (const { reason, key } of batch) {
      if (reason !== 'miss') continue;
      const packet = packKey(key);
      for (const flow of this.#flows)
        if (this.#workers.holdersOf(flow.id, [worker]).length === 0 && isFlowOf(flow, packet))
          this.putFlow(flow);
    }
  }

  /** Changes what threads poll, and has them forward what waits for them. */
  #repoll(change: () => void): void {
    change();
    this.#runs.receive([...this.#ports.all.values()].filter(({ io }) => isPolled(io)));
  }

  #thread(workers: readonly InlineWorker[], polling: DpThread['polling']): DpThread {
    return {
      polling,
      stats: () => sumStats(workers, 0),
      readFlowStats: (id, into) => {
        const holders = this.#workers.holdersOf(id, workers);
        return holders.length > 0 && this.#flows.readStats(id, holders, into);
      },
    };
  }
}

/** Do packets with that key take it? */
function isFlowOf({ key, mask }: DpFlow, packet: Match): boolean {
  const values = valuesUnder(packet, mask);
  return valuesUnder(key, mask).every((value, n) => value === values[n]);
}

function isPolled(io: PortIo & Partial<IsPolled>): io is PortIo & IsPolled {
  return io.polling !== undefined;
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
