/**
 * The userspace engine inline on the main thread: what dummy bridges and tests forward with. Deterministic: a frame
 * that comes in is forwarded, and what it sent up is answered, before the call that brought it returns. In a process
 * that has a place for it (`DummyKernel`), it forwards on without its owner, as programs in the kernel do.
 */

import type { Clock } from '../../base/clock.ts';
import { coverageCounter } from '../../base/coverage.ts';
import type { Random } from '../../base/random.ts';
import type { DpPort } from '../../base/units.ts';
import { slots } from '../../flow/slots.ts';
import type { PortCounters, PortIo, PortSpec } from '../../netdev/provider.ts';
import type { DpAction } from '../actions.ts';
import { type BondPorts, BondTable } from '../bond.ts';
import { answerQuery, type ConntrackAnswer, type ConntrackQuery } from '../conntrack/queries.ts';
import { ConnectionTracker } from '../conntrack/tracker.ts';
import type { DpDrop, DropWatch, DropWatching } from '../drop-watch.ts';
import { type DpFeatures, refuseUnsupported } from '../features.ts';
import { logUpcalls } from '../flow-log.ts';
import { type DpMeter, type DpMeterStats, MeterTable, type SharedMeter } from '../meter.ts';
import type { Core } from '../polling/cores.ts';
import type { PollSettings } from '../polling/settings.ts';
import type { PortEntry } from '../ports.ts';
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
import type { RestOfList } from '../userspace/execute.ts';
import { HeldFragments } from '../userspace/held-fragments.ts';
import { engineFeatures } from '../userspace/lower.ts';
import { DeviceFlows } from './device-flows.ts';
import { InlineDrops } from './inline-drops.ts';
import { InlineFlows } from './inline-flows.ts';
import { InlinePorts } from './inline-ports.ts';
import { InlineRuns } from './inline-runs.ts';
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

export class DummyDatapath implements Datapath, HasPollThreads, HasDeviceFlows {
  readonly type: string;
  readonly name: string;
  readonly internalType = 'dummy-internal';
  readonly features: DpFeatures;
  readonly #kernel: DummyKernel | undefined;
  readonly #clock: Clock;
  /** One for all threads: both directions of a connection may come by different ones. */
  readonly #tracker: ConnectionTracker;
  readonly #workers: InlineWorkers;
  readonly #runs: InlineRuns;
  readonly #polls: PollThreads;
  #onUpcalls: ((batch: readonly Upcall[]) => void) | undefined;
  readonly #ports: InlinePorts;
  readonly #flows: InlineFlows;
  readonly #meters = new MeterTable();
  readonly #bonds = new BondTable();
  #lastWatch = 0;

  constructor(type: string, name: string, deps: DummyDatapathDeps, flowCapacity = 200_000) {
    this.type = type;
    this.name = name;
    this.#kernel = deps.kernel;
    this.features = { ...engineFeatures, keepsForwarding: deps.kernel !== undefined, keepsLostPorts: false };
    const { workerCount = 1, cores = [{ core: 0, numa: 0 }] } = deps;
    this.#clock = deps.clock;
    const tracker = new ConnectionTracker(deps.random);
    this.#tracker = tracker;
    const held = new HeldFragments<RestOfList>(tracker.fragments);
    const makeWorker = (): InlineWorker => new InlineWorker(deps, flowCapacity, { tracker, held });
    const workers = new InlineWorkers(workerCount, makeWorker);
    const runs = new InlineRuns(workers, (batch, worker) => this.#answer(batch, worker));
    const polls = new PollThreads(cores, {
      clock: deps.clock,
      makeWorker,
      started: ({ worker }) => workers.add(worker),
      stopped: ({ worker }) => {
        workers.remove(worker);
        this.#ports.forgetWorker(worker);
      },
    });
    this.#workers = workers;
    this.#runs = runs;
    this.#polls = polls;
    this.#ports = new InlinePorts({ openPort: (spec) => deps.openPort(spec), workers, runs, polls });
    this.#flows = new InlineFlows(flowCapacity, workers);
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

  async addPort(port: NewDpPort, wanted?: DpPort): Promise<DpPort> {
    return this.#ports.add(port, wanted);
  }

  async removePort(number: DpPort): Promise<void> {
    this.#ports.remove(number);
  }

  ports(): ReadonlyMap<DpPort, PortEntry> {
    return this.#ports.table.all;
  }

  portCounters(port: DpPort): PortCounters | undefined {
    return this.#ports.table.counters(port);
  }

  setPortMtu(port: DpPort, mtu: number | undefined): void {
    this.#workers.tell(`mtu ${port}`, ({ engine }) => engine.ports.setMtu(port, mtu));
  }

  setPortLimits(port: DpPort, limits: readonly DpMeter[]): void {
    this.#workers.tell(`limits ${port}`, ({ engine }) => engine.ports.setLimits(port, limits));
  }

  setVlanLimit(tagCount: number): void {
    this.#workers.tell('tags', ({ engine }) => engine.setVlanLimit(tagCount));
  }

  validateLookups(isWanted: boolean): void {
    this.#workers.tell('validation', ({ engine }) => engine.flows.validateLookups(isWanted));
  }

  setEgressPorts(range: PortRange): void {
    this.#workers.tell('egress ports', ({ engine }) => engine.setEgressPorts(range));
  }

  putFlow(flow: DpFlow, packet?: DpPacket): void {
    refuseUnsupported(this, flow.actions);
    this.#flows.put(flow, packet?.key);
    if (packet !== undefined) this.execute(packet, flow.actions);
  }

  deleteFlow(id: number): void {
    this.#flows.delete(id);
  }

  flushFlows(): void {
    this.#flows.flush();
  }

  flows(): Iterable<DpFlow> {
    return this.#flows.list;
  }

  readFlowStats(id: number, into: DpFlowStats): boolean {
    return this.#flows.readStats(id, into);
  }

  get flowCapacity(): number {
    return this.#flows.list.capacity;
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
    this.#ports.repoll(() => this.#polls.configure(settings));
  }

  rebalance(): void {
    this.#ports.repoll(() => this.#polls.reassign());
  }

  balance(): void {
    if (this.#polls.wantsBalance()) this.rebalance();
  }

  giveFlowsToDevices(): void {
    if (this.#flows.deviceFlows !== undefined) return;
    const known = new DeviceFlows();
    this.#flows.deviceFlows = known;
    this.#ports.useDeviceFlows(known);
  }

  get deviceFlowCount(): number | undefined {
    return this.#flows.deviceFlows?.count;
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
    const inPort = packet.key[slots.in_port.word] ?? 0;
    const { engine } = this.#workers.answering ?? this.#ports.receiverOf(inPort);
    this.#runs.run(() => engine.execute(packet, this.#flows.stepsOf(actions)));
  }

  stats(): DpStats {
    return sumStats(this.#workers.all, this.#flows.list.count);
  }

  drops(): DropCounts {
    return sumDrops(this.#workers.all.map(({ totals }) => totals));
  }

  portDrops(port: DpPort): DropCounts {
    return this.#ports.table.drops(port);
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

  async conntrack<Q extends ConntrackQuery>(query: Q): Promise<ConntrackAnswer<Q>> {
    return answerQuery(this.#tracker, query, this.#clock.now());
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
    for (const number of [...this.#ports.table.all.keys()]) await this.removePort(number);
  }

  #answer(batch: readonly Upcall[], worker: InlineWorker): void {
    logUpcalls(this, batch);
    this.onUpcalls(batch);
    this.#flows.adopt(worker, batch);
  }

  #thread(workers: readonly InlineWorker[], polling: DpThread['polling']): DpThread {
    return {
      polling,
      stats: () => sumStats(workers, 0),
      readFlowStats: (id, into) => this.#flows.readStats(id, into, workers),
    };
  }
}

function ignore(): void {}
