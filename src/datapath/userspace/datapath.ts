/**
 * The userspace datapath as the main thread sees it: types "netdev" and, where the kernel's is not to be had,
 * "system". Forwarding happens in worker threads: each port is received by one of them, flows and ports are known to
 * all, and what was counted is summed. Packets that miss arrive in batches, and answers go to the worker that had them.
 */

import type { Clock } from '../../base/clock.ts';
import { coverageCounter } from '../../base/coverage.ts';
import { Refused, SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { Timers } from '../../base/timers.ts';
import { type DpPort, dpPort } from '../../base/units.ts';
import { usedWordCount } from '../../flow/key.ts';
import type { Mask } from '../../flow/mask.ts';
import { valuesUnder } from '../../flow/match.ts';
import { slots } from '../../flow/slots.ts';
import type { Direction, PortCounters, PreparedPort } from '../../netdev/provider.ts';
import { preparePort } from '../../netdev/registry.ts';
import type { DpAction } from '../actions.ts';
import { type BondPorts, BondTable } from '../bond.ts';
import type { ConntrackAnswer, ConntrackQuery } from '../conntrack/queries.ts';
import type { DpDrop, DropWatch, DropWatching } from '../drop-watch.ts';
import { type DpFeatures, refuseUnsupported } from '../features.ts';
import { FlowList } from '../flow-list.ts';
import { logFlowChange, logUpcalls } from '../flow-log.ts';
import { type DpMeter, type DpMeterStats, MeterTable } from '../meter.ts';
import { type PortEntry, PortTable } from '../ports.ts';
import type {
  Datapath,
  DpFlow,
  DpFlowStats,
  DpPacket,
  DpStats,
  DropCounts,
  NewDpPort,
  PortRange,
  Upcall,
} from '../provider.ts';
import { sumDrops, sumStats } from '../totals.ts';
import type { WorkerCommand } from './commands.ts';
import { SharedPortCounters } from './counters.ts';
import { DropWatches } from './drop-watches.ts';
import { engineFeatures } from './lower.ts';
import { Numbering } from './numbering.ts';
import { WorkerThread } from './worker-thread.ts';

const executed = coverageCounter('dpif_execute');

export interface UserspaceDatapathDeps {
  readonly clock: Clock;
  /** With them, what may wait a little is done together. */
  readonly timers?: Timers;
  /** The bundle of programs/userspace-worker.ts. */
  readonly workerUrl: URL;
  /** Threads that forward; 1 unless given. */
  readonly workerCount?: number;
}

/** Both directions of a connection must come by the thread that knows it. */
const untracked = {
  actions: new Set([...engineFeatures.actions].filter((name) => !/^ct(_clear)?$/.test(name))),
};

const defaultFlowCapacity = 200_000;

const log = logger('dpif_netdev');

/** A port as this thread keeps it. */
interface OpenPort extends PortEntry {
  /** The worker that receives there. */
  readonly receiver: WorkerThread;
  /** What this thread holds open for it; undefined while it is being opened. */
  prepared: PreparedPort | undefined;
}

export class UserspaceDatapath implements Datapath {
  readonly type: string;
  readonly name: string;
  readonly internalType: string;
  readonly features: DpFeatures;
  onUpcalls: (batch: readonly Upcall[]) => void = () => {};
  readonly #first: WorkerThread;
  readonly #workers: readonly WorkerThread[];
  readonly #ports = new PortTable<OpenPort>();
  readonly #flows: FlowList;
  readonly #meters = new MeterTable();
  readonly #bonds = new BondTable();
  /** What the workers know by number. */
  readonly #masks = new Numbering<Mask>();
  readonly #actionLists = new Numbering<readonly DpAction[]>();
  readonly #dropWatches: DropWatches;
  #isDestroyed = false;

  constructor(type: string, name: string, deps: UserspaceDatapathDeps, flowCapacity = defaultFlowCapacity) {
    this.type = type;
    this.name = name;
    const isKernelStandIn = type === 'system';
    this.internalType = isKernelStandIn ? 'internal' : 'tap';
    const { workerUrl, workerCount = 1 } = deps;
    this.features = {
      ...engineFeatures,
      ...(workerCount > 1 && untracked),
      keepsForwarding: false,
      keepsLostPorts: !isKernelStandIn,
    };
    this.#flows = new FlowList(flowCapacity);
    const clockZero = Number(process.hrtime.bigint()) / 1e6 - deps.clock.now();
    const events = {
      upcalls: (from: WorkerThread) => this.#takeUpcalls(from),
      drops: (watch: number) => this.#dropWatches.receive(watch),
      busy: (port: number, direction: Direction) => void this.#giveRing(dpPort(port), direction),
      retired: (port: number, fd: number) => this.#ports.get(dpPort(port))?.prepared?.retire(fd),
    };
    const start = (): WorkerThread =>
      new WorkerThread({ datapathName: name, workerUrl, flowCapacity, clockZero, events });
    this.#first = start();
    this.#workers = [this.#first, ...Array.from({ length: workerCount - 1 }, start)];
    this.#dropWatches = new DropWatches(this.#workers, deps.timers);
  }

  async addPort({ name, type, ifindex, spec }: NewDpPort, wanted?: DpPort): Promise<DpPort> {
    const number = this.#ports.chooseNumber(wanted);
    const counters = this.#workers.map(() => new SharedPortCounters());
    const port: OpenPort = {
      name,
      type,
      ifindex,
      counters,
      receiver: this.#leastLoaded(),
      prepared: undefined,
    };
    this.#ports.set(number, port);
    let prepared: PreparedPort | undefined;
    try {
      prepared = await preparePort(spec);
      if (this.#isDestroyed || this.#ports.get(number) !== port)
        throw new Refused('ECANCELED', `${name}: removed while it was being added`);
      await this.#openEverywhere(number, port, prepared);
    } catch (error) {
      prepared?.close();
      this.#ports.delete(number);
      throw error;
    }
    port.prepared = prepared;
    return number;
  }

  async removePort(number: DpPort): Promise<void> {
    const port = this.#ports.get(number);
    if (port === undefined) return;
    this.#ports.delete(number);
    await this.#closeEverywhere(number);
    port.prepared?.close();
  }

  ports(): ReadonlyMap<DpPort, PortEntry> {
    return this.#ports.all;
  }

  portCounters(port: DpPort): PortCounters | undefined {
    return this.#ports.counters(port);
  }

  setPortMtu(port: DpPort, mtu: number | undefined): void {
    this.#tellAll({ do: 'setPortMtu', port, mtu });
  }

  setPortLimits(port: DpPort, limits: readonly DpMeter[]): void {
    this.#tellAll({ do: 'setPortLimits', port, limits });
  }

  setVlanLimit(tagCount: number): void {
    this.#tellAll({ do: 'setVlanLimit', tagCount });
  }

  validateLookups(isWanted: boolean): void {
    this.#tellAll({ do: 'validateLookups', isWanted });
  }

  setEgressPorts(range: PortRange): void {
    this.#tellAll({ do: 'setEgressPorts', range });
  }

  putFlow(flow: DpFlow, packet?: DpPacket): void {
    const { id, key, mask, actions } = flow;
    refuseUnsupported(this, actions);
    const before = this.#flows.get(id);
    const generation = this.#flows.put(flow);
    if (generation === 0) {
      if (packet !== undefined) this.execute(packet, actions);
      return;
    }
    logFlowChange(flow, before);
    const numbers = {
      mask: this.#masks.take(mask, (number) => {
        this.#tellAll({ do: 'defineMask', number, words: mask.words, bits: mask.bits });
      }),
      actions: this.#actionLists.take(actions, (number) => {
        this.#tellAll({ do: 'defineActions', number, actions });
      }),
    };
    const values = valuesUnder(key, mask);
    const receiver = packet && this.#receiverOf(packet);
    for (const worker of this.#workers) {
      const chunk = worker.flowStats.reserve(id);
      const own = packet !== undefined && worker === receiver ? owned(packet) : undefined;
      worker.tell({ do: 'putFlow', id, generation, ...numbers, values, chunk, packet: own });
    }
    if (before !== undefined) this.#forget(before);
  }

  deleteFlow(id: number): void {
    const gone = this.#flows.delete(id);
    if (gone === undefined) return;
    this.#tellAll({ do: 'deleteFlow', id });
    this.#forget(gone);
  }

  flushFlows(): void {
    this.#flows.clear();
    this.#masks.clear();
    this.#actionLists.clear();
    this.#tellAll({ do: 'flushFlows' });
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
    if (added === undefined) return undefined;
    this.#tellAll({ do: 'setMeter', id: added.id, config, memory: added.meter.buffer });
    return added.id;
  }

  changeMeter(id: number, config: DpMeter): void {
    const { buffer: memory } = this.#meters.set(id, config);
    this.#tellAll({ do: 'setMeter', id, config, memory });
  }

  deleteMeter(id: number): void {
    this.#meters.delete(id);
    this.#tellAll({ do: 'deleteMeter', id });
  }

  meterStats(id: number): DpMeterStats | undefined {
    return this.#meters.stats(id);
  }

  setBond(id: number, ports: BondPorts): void {
    const { buffer: memory } = this.#bonds.set(id, ports);
    this.#tellAll({ do: 'setBond', id, ports, memory });
  }

  deleteBond(id: number): void {
    this.#bonds.delete(id);
    this.#tellAll({ do: 'deleteBond', id });
  }

  bondBytes(id: number, hash: number): number {
    return this.#bonds.bytesOf(id, hash);
  }

  bonds(): ReadonlyMap<number, BondPorts> {
    return this.#bonds.all;
  }

  execute(packet: DpPacket, actions: readonly DpAction[]): void {
    executed.total++;
    refuseUnsupported(this, actions);
    this.#receiverOf(packet).tell({ do: 'execute', packet: owned(packet), actions });
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
    return this.#dropWatches.add(watch, take);
  }

  async conntrack<Q extends ConntrackQuery>(query: Q): Promise<ConntrackAnswer<Q>> {
    // The worker answers with what `answerQuery` gave it.
    return (await this.#first.ask((reply) => ({ do: 'conntrack', reply, query }))) as ConntrackAnswer<Q>;
  }

  async settle(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.ask((reply) => ({ do: 'settle', reply }))));
  }

  /** Forwarding lives in this process: there is nothing to come back to. */
  detach(): Promise<void> {
    return this.destroy();
  }

  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    await Promise.all(this.#workers.map((worker) => worker.end()));
    for (const { prepared } of this.#ports.all.values()) prepared?.close();
  }

  #tellAll(command: WorkerCommand): void {
    for (const worker of this.#workers) worker.tell(command);
  }

  #forget({ mask, actions }: DpFlow): void {
    this.#masks.drop(mask, (number) => this.#tellAll({ do: 'forgetMask', number }));
    this.#actionLists.drop(actions, (number) => this.#tellAll({ do: 'forgetActions', number }));
  }

  /** The worker that receives on the fewest ports. */
  #leastLoaded(): WorkerThread {
    if (this.#workers.length === 1) return this.#first;
    const loads = new Map(this.#workers.map((worker) => [worker, 0]));
    for (const { receiver } of this.#ports.all.values()) loads.set(receiver, (loads.get(receiver) ?? 0) + 1);
    return [...loads].reduce((best, each) => (each[1] < best[1] ? each : best))[0];
  }

  /** A packet goes where those that came in with it are, so that it does not overtake them. */
  #receiverOf({ key }: DpPacket): WorkerThread {
    return this.#ports.get(dpPort(key[slots.in_port.word] ?? 0))?.receiver ?? this.#first;
  }

  async #openEverywhere(number: DpPort, port: OpenPort, { spec }: PreparedPort): Promise<void> {
    const opened = await Promise.allSettled(
      this.#workers.map((worker, n) => {
        const { buffer } = port.counters[n] ?? new SharedPortCounters();
        const receives = worker === port.receiver;
        return worker.ask((reply) => ({
          do: 'addPort',
          reply,
          port: number,
          spec,
          receives,
          counters: buffer,
        }));
      }),
    );
    const failed = opened.find((one) => one.status === 'rejected');
    if (failed === undefined) return;
    await this.#closeEverywhere(number);
    throw failed.reason;
  }

  async #closeEverywhere(port: DpPort): Promise<void> {
    await Promise.all(
      this.#workers.map((worker) => worker.ask((reply) => ({ do: 'removePort', reply, port }))),
    );
  }

  /** Made here, so that nothing waits for it; a port that gets none goes on as before. */
  async #giveRing(number: DpPort, direction: Direction): Promise<void> {
    const port = this.#ports.get(number);
    try {
      const ring = await port?.prepared?.openRing(direction);
      if (ring !== undefined && port === this.#ports.get(number))
        port?.receiver.tell({ do: 'useRing', port: number, ring });
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
      log.warn(error.message);
    }
  }

  #takeUpcalls(from: WorkerThread): void {
    const batch = from.takeUpcalls();
    if (batch.length === 0) return;
    logUpcalls(this, batch);
    this.onUpcalls(batch);
    from.upcallsDone();
    for (const worker of this.#workers) worker.flush();
  }
}

/** With arrays that are all of their buffers: posting a part of a buffer would copy all of it. */
function owned({ bytes, offload, key }: DpPacket): DpPacket {
  return {
    bytes: bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice(),
    offload,
    key: key.slice(0, usedWordCount(key)),
  };
}
