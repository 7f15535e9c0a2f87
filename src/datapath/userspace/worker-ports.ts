/**
 * The ports of one worker, from opening to closing: which of those that it receives on are busy, which are left alone
 * because their device is in error, and how a busy one moves to a ring. Used by `worker.ts`.
 */
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { PortIo, PortRing, PortSpec, RxQueue, TakesRings, TxPort } from '../../netdev/provider.ts';
import type { Epoll } from '../../sys/calls/epoll.ts';
import { describeFailure, type FromWorker, type WorkerCommandOf, workerFlag } from './commands.ts';
import { SharedPortCounters } from './counters.ts';
import type { Engine } from './engine.ts';
import type { EnginePort } from './engine-ports.ts';

/** A port that is reported this often in a row without a frame is left alone for `parkMs`: its device is in error. */
const emptyReportLimit = 64;
export const parkMs = 100;

const log = logger('dpif_netdev');

/** How a worker opens its ends of a port; both throw SyscallFailed. */
export interface PortOpeners {
  openPortIo(spec: PortSpec): PortIo;
  openTxPort(spec: PortSpec): TxPort;
}

export interface WorkerPortsDeps {
  readonly engine: Engine;
  readonly epoll: Epoll;
  readonly flags: Int32Array;
  readonly openers: PortOpeners;
  readonly post: (message: FromWorker) => void;
}

interface WorkerPort {
  readonly engine: EnginePort;
  isBusy: boolean;
  emptyReports: number;
}

export class WorkerPorts {
  readonly #deps: WorkerPortsDeps;
  readonly #ports = new Map<number, WorkerPort>();
  readonly #busy: WorkerPort[] = [];
  readonly #parked = new Set<WorkerPort>();

  constructor(deps: WorkerPortsDeps) {
    this.#deps = deps;
  }

  get isBusy(): boolean {
    return this.#busy.length > 0;
  }

  get hasParked(): boolean {
    return this.#parked.size > 0;
  }

  /** Receives once on each busy port; frames forwarded. */
  runBusy(): number {
    const { engine, flags } = this.#deps;
    const busy = this.#busy;
    let frameCount = 0;
    let busyCount = 0;
    for (let n = 0; n < busy.length; n++) {
      const port = busy[n];
      // In a loop of patch ports, a batch of one port can take a second.
      if (port === undefined || flags[workerFlag.isStopped] !== 0) continue;
      const count = engine.runPort(port.engine);
      frameCount += count;
      if (count === 0) {
        port.isBusy = false;
        continue;
      }
      port.emptyReports = 0;
      busy[busyCount++] = port;
    }
    while (busy.length > busyCount) busy.pop(); // setting `length` would cost more
    return frameCount;
  }

  /** The port's descriptor says that there are frames. */
  wake(number: number): void {
    const port = this.#ports.get(number);
    if (port === undefined || port.isBusy) return;
    if (++port.emptyReports > emptyReportLimit) this.#park(port);
    else this.#makeBusy(port);
  }

  /** Looks at the ports again that were left alone. */
  unpark(): void {
    for (const port of this.#parked) {
      port.emptyReports = 0;
      this.#watch(port);
    }
    this.#parked.clear();
  }

  add({ port: number, spec, receives, counters, reply }: WorkerCommandOf<'addPort'>): void {
    const { engine, openers, post } = this.#deps;
    let failure: ReturnType<typeof describeFailure> | undefined;
    try {
      const io = receives ? openers.openPortIo(spec) : undefined;
      const tx = io ?? openers.openTxPort(spec);
      const port = engine.ports.add(number, tx, io, new SharedPortCounters(counters));
      const added = { engine: port, isBusy: false, emptyReports: 0 };
      this.#ports.set(number, added);
      this.#watch(added);
      if (io !== undefined && takesRings(io)) {
        io.onBusy = (direction) => post({ say: 'busy', port: number, direction });
        io.onRetired = (fd) => post({ say: 'retired', port: number, fd });
      }
    } catch (error) {
      failure = describeFailure(error);
    }
    post({ say: 'reply', reply, failure });
  }

  /** A port that cannot take it goes on without. */
  useRing(number: number, ring: PortRing): void {
    const port = this.#ports.get(number);
    const rx = port?.engine.rx;
    if (port === undefined || rx === undefined || !takesRings(rx)) return;
    const before = rx.fd;
    try {
      rx.useRing(ring);
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
      log.warn(error.message);
    }
    if (rx.fd === before || rx.fd === undefined) return;
    if (before !== undefined && !this.#parked.delete(port)) this.#deps.epoll.remove(before);
    this.#watch(port);
    this.#makeBusy(port); // what came before is not waited for any more
  }

  remove(number: number): void {
    const port = this.#ports.get(number);
    if (port === undefined) return;
    this.#ports.delete(number);
    if (port.isBusy) this.#busy.splice(this.#busy.indexOf(port), 1);
    const { tx, rx } = port.engine;
    if (!this.#parked.delete(port) && rx?.fd !== undefined) this.#deps.epoll.remove(rx.fd);
    this.#deps.engine.removePort(number);
    tx.close();
  }

  close(): void {
    for (const port of this.#ports.values()) port.engine.tx.close();
  }

  #makeBusy(port: WorkerPort): void {
    if (port.isBusy) return;
    port.isBusy = true;
    this.#busy.push(port);
  }

  #park(port: WorkerPort): void {
    const { rx } = port.engine;
    if (rx?.fd !== undefined) this.#deps.epoll.remove(rx.fd);
    this.#parked.add(port);
  }

  #watch({ engine: { rx, number } }: WorkerPort): void {
    if (rx?.fd !== undefined) this.#deps.epoll.add(rx.fd, number);
  }
}

function takesRings(rx: RxQueue): rx is RxQueue & TakesRings {
  return 'useRing' in rx;
}
