/**
 * The userspace datapath as the main thread sees it: types "netdev" and, where the kernel's is not to be had,
 * "system". Forwarding happens in a worker thread; calls become commands that go out in one batch a turn of the event
 * loop, statistics are read from shared memory, and packets that miss arrive in batches.
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import { Refused, SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { type DpPort, dpPort } from '../../base/units.ts';
import { usedWordCount } from '../../flow/key.ts';
import type { Mask } from '../../flow/mask.ts';
import { valuesUnder } from '../../flow/match.ts';
import type { Direction, PortCounters, PreparedPort } from '../../netdev/provider.ts';
import { preparePort } from '../../netdev/registry.ts';
import { closeEventFd, openEventFd, signalEventFd } from '../../sys/calls/eventfd.ts';
import type { DpAction } from '../actions.ts';
import type { DpFeatures } from '../features.ts';
import { refuseUnsupported } from '../features.ts';
import { FlowList } from '../flow-list.ts';
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
import { type Command, errorOf, type FromWorker, flag, flagCount, type WorkerStart } from './commands.ts';
import { SharedPortCounters, Totals } from './counters.ts';
import { FlowStats } from './flow-stats.ts';
import { engineFeatures } from './lower.ts';
import { Numbering } from './numbering.ts';
import { makeUpcallMemory, UpcallReader } from './upcall-ring.ts';

export interface UserspaceDatapathDeps {
  readonly clock: Clock;
  /** The bundle of programs/userspace-worker.ts. */
  readonly workerUrl: URL;
}

/** Upcalls handed over in one turn of the event loop. */
const upcallBatch = 256;
const defaultFlowCapacity = 200_000;

const log = logger('dpif_netdev');

type Reply = { resolve: () => void; reject: (error: Error) => void };

export class UserspaceDatapath implements Datapath {
  readonly type: string;
  readonly name: string;
  readonly internalType: string;
  readonly features: DpFeatures;
  onUpcalls: (batch: readonly Upcall[]) => void = () => {};
  readonly #worker: Worker;
  readonly #eventFd = openEventFd();
  readonly #flags: Int32Array;
  readonly #totals = new Totals();
  readonly #flowStats = new FlowStats();
  readonly #upcalls: UpcallReader;
  readonly #ports = new PortTable();
  /** What this thread holds open for the worker's ports. */
  readonly #prepared = new Map<DpPort, PreparedPort>();
  readonly #flows: FlowList;
  /** What the worker knows by number. */
  readonly #masks = new Numbering<Mask>();
  readonly #actionLists = new Numbering<readonly DpAction[]>();
  #pending: Command[] = [];
  readonly #replies = new Map<number, Reply>();
  #lastReply = 0;
  #isStopped = false;

  constructor(type: string, name: string, deps: UserspaceDatapathDeps, flowCapacity = defaultFlowCapacity) {
    this.type = type;
    this.name = name;
    const isKernelStandIn = type === 'system';
    this.internalType = isKernelStandIn ? 'internal' : 'tap';
    this.features = { ...engineFeatures, keepsForwarding: false, keepsLostPorts: !isKernelStandIn };
    this.#flows = new FlowList(flowCapacity);
    const flags = new SharedArrayBuffer(4 * flagCount);
    this.#flags = new Int32Array(flags);
    const upcalls = makeUpcallMemory();
    this.#upcalls = new UpcallReader(upcalls);
    const workerData: WorkerStart = {
      flags,
      eventFd: this.#eventFd,
      upcalls,
      totals: this.#totals.buffer,
      flowCapacity,
      clockZero: Number(process.hrtime.bigint()) / 1e6 - deps.clock.now(),
    };
    this.#worker = new Worker(deps.workerUrl, { workerData, name: `datapath ${name}` });
    this.#worker.on('message', this.#receive);
    this.#worker.on('error', (error) => {
      throw error; // a bug: ends the process with the worker's stack
    });
    this.#worker.on('exit', (status) => {
      if (!this.#isStopped)
        throw new Error(`${name}: its thread ended with status ${status}: nothing is forwarded`);
    });
    // A thread that blocks in a system call cannot be ended: the process would wait for it for ever.
    process.on('exit', this.#stop);
  }

  async addPort(port: NewDpPort, wanted?: DpPort): Promise<DpPort> {
    const number = this.#ports.chooseNumber(wanted);
    const counters = new SharedPortCounters();
    const { name, type, ifindex } = port;
    this.#ports.set(number, { name, type, ifindex, counters });
    let prepared: PreparedPort | undefined;
    try {
      prepared = await preparePort(port.spec);
      if (this.#isStopped || this.#ports.all.get(number)?.counters !== counters)
        throw new Refused('ECANCELED', `${name}: removed while it was being added`);
      const { spec } = prepared;
      await this.#ask((reply) => ({ do: 'addPort', reply, port: number, spec, counters: counters.buffer }));
    } catch (error) {
      prepared?.close();
      this.#ports.delete(number);
      throw error;
    }
    this.#prepared.set(number, prepared);
    return number;
  }

  async removePort(number: DpPort): Promise<void> {
    if (!this.#ports.delete(number)) return;
    const prepared = this.#prepared.get(number);
    this.#prepared.delete(number);
    await this.#ask((reply) => ({ do: 'removePort', reply, port: number }));
    prepared?.close();
  }

  ports(): ReadonlyMap<DpPort, PortEntry> {
    return this.#ports.all;
  }

  portCounters(port: DpPort): PortCounters | undefined {
    return this.#ports.counters(port);
  }

  setPortMtu(port: DpPort, mtu: number | undefined): void {
    this.#tell({ do: 'setPortMtu', port, mtu });
  }

  setVlanLimit(tagCount: number): void {
    this.#tell({ do: 'setVlanLimit', tagCount });
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
    const numbers = {
      mask: this.#masks.take(mask, (number) => {
        this.#tell({ do: 'defineMask', number, words: mask.words, bits: mask.bits });
      }),
      actions: this.#actionLists.take(actions, (number) => {
        this.#tell({ do: 'defineActions', number, actions });
      }),
    };
    const chunk = this.#flowStats.reserve(id);
    const values = valuesUnder(key, mask);
    this.#tell({ do: 'putFlow', id, generation, ...numbers, values, chunk, packet: packet && owned(packet) });
    if (before !== undefined) this.#forget(before);
  }

  deleteFlow(id: number): void {
    const gone = this.#flows.delete(id);
    if (gone === undefined) return;
    this.#tell({ do: 'deleteFlow', id });
    this.#forget(gone);
  }

  flushFlows(): void {
    this.#flows.clear();
    this.#masks.clear();
    this.#actionLists.clear();
    this.#tell({ do: 'flushFlows' });
  }

  flows(): Iterable<DpFlow> {
    return this.#flows;
  }

  #forget({ mask, actions }: DpFlow): void {
    this.#masks.drop(mask, (number) => this.#tell({ do: 'forgetMask', number }));
    this.#actionLists.drop(actions, (number) => this.#tell({ do: 'forgetActions', number }));
  }

  readFlowStats(id: number, into: DpFlowStats): boolean {
    return this.#flows.readStats(id, [this.#flowStats], into);
  }

  get flowCapacity(): number {
    return this.#flows.capacity;
  }

  execute(packet: DpPacket, actions: readonly DpAction[]): void {
    refuseUnsupported(this, actions);
    this.#tell({ do: 'execute', packet: owned(packet), actions });
  }

  stats(): DpStats {
    return sumStats([this.#totals], this.#flows.count);
  }

  drops(): DropCounts {
    return sumDrops([this.#totals]);
  }

  async settle(): Promise<void> {
    await this.#ask((reply) => ({ do: 'settle', reply }));
  }

  /** Forwarding lives in this process: there is nothing to come back to. */
  detach(): Promise<void> {
    return this.destroy();
  }

  async destroy(): Promise<void> {
    if (this.#isStopped) return;
    process.removeListener('exit', this.#stop);
    const ended = new Promise<void>((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
    this.#stop();
    await ended;
    for (const prepared of this.#prepared.values()) prepared.close();
    closeEventFd(this.#eventFd);
    for (const { reject } of this.#replies.values())
      reject(new Error(`${this.name}: the datapath was destroyed`));
    this.#replies.clear();
  }

  /** Sends a command that is answered. */
  #ask(make: (reply: number) => Command): Promise<void> {
    const reply = ++this.#lastReply;
    return new Promise((resolve, reject) => {
      this.#replies.set(reply, { resolve, reject });
      this.#tell(make(reply));
    });
  }

  #tell(command: Command): void {
    if (this.#pending.push(command) === 1) queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length === 0 || this.#isStopped) return;
    this.#worker.postMessage(batch);
    Atomics.store(this.#flags, flag.hasCommands, 1);
    this.#wake();
  };

  #wake(): void {
    if (Atomics.load(this.#flags, flag.isSleeping) !== 0) signalEventFd(this.#eventFd);
  }

  readonly #stop = (): void => {
    this.#isStopped = true;
    Atomics.store(this.#flags, flag.isStopped, 1);
    signalEventFd(this.#eventFd);
  };

  readonly #receive = (message: FromWorker): void => {
    if (message.say === 'upcalls') {
      this.#takeUpcalls();
      return;
    }
    if (message.say === 'busy') {
      void this.#giveRing(dpPort(message.port), message.direction);
      return;
    }
    if (message.say === 'retired') {
      this.#prepared.get(dpPort(message.port))?.retire(message.fd);
      return;
    }
    const reply = this.#replies.get(message.reply);
    this.#replies.delete(message.reply);
    if (message.failure === undefined) reply?.resolve();
    else reply?.reject(errorOf(message.failure));
  };

  /** Made here, so that nothing waits for it; a port that gets none goes on as before. */
  async #giveRing(port: DpPort, direction: Direction): Promise<void> {
    const prepared = this.#prepared.get(port);
    try {
      const ring = await prepared?.openRing(direction);
      if (ring !== undefined && prepared === this.#prepared.get(port))
        this.#tell({ do: 'useRing', port, ring });
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
      log.warn(error.message);
    }
  }

  /** What is left after a batch is signalled again by the worker, once it has seen that this one is done. */
  #takeUpcalls(): void {
    Atomics.store(this.#flags, flag.isSignalled, 0);
    const batch = this.#upcalls.take(upcallBatch);
    if (batch.length === 0) return;
    this.onUpcalls(batch);
    this.#tell({ do: 'upcallsDone', sequence: this.#upcalls.lastSequence });
    this.#flush();
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
