/**
 * One worker of the userspace datapath as the main thread sees it: commands go out in one batch a turn of the event
 * loop, statistics are read from shared memory, and what the worker says is told on.
 */
import { Worker } from 'node:worker_threads';
import type { Direction } from '../../netdev/provider.ts';
import { closeEventFd, openEventFd, signalEventFd } from '../../sys/calls/eventfd.ts';
import type { Upcall } from '../provider.ts';
import {
  asleep,
  canWait,
  errorOf,
  type FromWorker,
  type WorkerCommand,
  type WorkerStart,
  workerFlag,
  workerFlagCount,
} from './commands.ts';
import { Totals } from './counters.ts';
import { FlowCounters } from './flow-stats.ts';
import { makeUpcallMemory, UpcallReader } from './upcall-ring.ts';

export interface WorkerThreadOptions {
  /** For the name of the thread and for errors. */
  readonly datapathName: string;
  readonly workerUrl: URL;
  readonly flowCapacity: number;
  /** See `WorkerStart`. */
  readonly clockZero: number;
  readonly events: WorkerEvents;
}

/** What the worker says. */
export interface WorkerEvents {
  /** Upcalls have come: `takeUpcalls`. */
  upcalls(from: WorkerThread): void;
  /** Of that watch; they are in its memory. */
  drops(watch: number): void;
  /** See `TakesRings`. */
  busy(port: number, direction: Direction): void;
  retired(port: number, fd: number): void;
}

type Reply = { resolve: (answer: unknown) => void; reject: (error: Error) => void };

/** Upcalls handed over in one turn of the event loop. */
const upcallBatch = 256;
/** The longest that the end of the process waits for a worker that does not answer. */
const stopLimitMs = 5000;

export class WorkerThread {
  readonly totals = new Totals();
  readonly flowStats = new FlowCounters();
  readonly #name: string;
  readonly #events: WorkerEvents;
  readonly #worker: Worker;
  readonly #eventFd = openEventFd();
  readonly #flags = new Int32Array(new SharedArrayBuffer(4 * workerFlagCount));
  readonly #upcalls: UpcallReader;
  readonly #replies = new Map<number, Reply>();
  #lastReply = 0;
  #pending: WorkerCommand[] = [];
  /** Must the worker be woken for what is pending? */
  #isUrgent = false;
  #isStopped = false;

  constructor({ datapathName, workerUrl, flowCapacity, clockZero, events }: WorkerThreadOptions) {
    this.#name = datapathName;
    this.#events = events;
    const upcalls = makeUpcallMemory();
    this.#upcalls = new UpcallReader(upcalls);
    const workerData: WorkerStart = {
      flags: this.#flags.buffer as SharedArrayBuffer, // as made above
      eventFd: this.#eventFd,
      upcalls,
      totals: this.totals.buffer,
      flowCapacity,
      clockZero,
    };
    this.#worker = new Worker(workerUrl, { workerData, name: `datapath ${datapathName}` });
    this.#worker.on('message', this.#receive);
    this.#worker.on('error', (error) => {
      throw error; // a bug: ends the process with the worker's stack
    });
    this.#worker.on('exit', (status) => {
      if (!this.#isStopped)
        throw new Error(`${datapathName}: its thread ended with status ${status}: nothing is forwarded`);
    });
    process.on('exit', this.#stopNow);
  }

  /** Takes effect in order with other commands. */
  tell(command: WorkerCommand): void {
    this.#isUrgent ||= !canWait(command);
    if (this.#pending.push(command) === 1) queueMicrotask(this.flush);
  }

  /** Sends a command that is answered. Rejects with what the worker answers. */
  ask(make: (reply: number) => WorkerCommand): Promise<unknown> {
    const reply = ++this.#lastReply;
    return new Promise((resolve, reject) => {
      this.#replies.set(reply, { resolve, reject });
      this.tell(make(reply));
    });
  }

  /** Sends what is pending at once. */
  readonly flush = (): void => {
    const batch = this.#pending;
    const isUrgent = this.#isUrgent;
    this.#pending = [];
    this.#isUrgent = false;
    if (batch.length === 0 || this.#isStopped) return;
    this.#worker.postMessage(batch);
    Atomics.store(this.#flags, workerFlag.hasCommands, 1);
    const sleep = Atomics.load(this.#flags, workerFlag.isSleeping);
    if (sleep === asleep.wakeForAll || (sleep === asleep.wakeWhereUrgent && isUrgent))
      signalEventFd(this.#eventFd);
  };

  /** A batch of what came up. What is left is signalled again by the worker once it knows that this one is done. */
  takeUpcalls(): readonly Upcall[] {
    Atomics.store(this.#flags, workerFlag.isSignalled, 0);
    return this.#upcalls.take(upcallBatch);
  }

  /** All that was taken has been answered by the commands before this. */
  upcallsDone(): void {
    this.#isUrgent ||= !this.#upcalls.isEmpty; // the worker says that there are more
    this.tell({ do: 'upcallsDone', sequence: this.#upcalls.lastSequence });
  }

  /** Resolves when the thread has ended; what was asked and not answered fails. */
  async end(): Promise<void> {
    if (this.#isStopped) return;
    process.removeListener('exit', this.#stopNow);
    const ended = new Promise<void>((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
    this.#stop();
    await ended;
    closeEventFd(this.#eventFd);
    for (const { reject } of this.#replies.values())
      reject(new Error(`${this.#name}: the datapath was destroyed`));
    this.#replies.clear();
  }

  readonly #stop = (): void => {
    this.#isStopped = true;
    Atomics.store(this.#flags, workerFlag.isStopped, 1);
    signalEventFd(this.#eventFd);
  };

  /**
   * Before the process ends: it would wait for ever for a thread that blocks in a system call, and abort when the thread
   * is ended just as it returns from one.
   */
  readonly #stopNow = (): void => {
    this.#stop();
    Atomics.wait(this.#flags, workerFlag.isRunning, 1, stopLimitMs);
  };

  readonly #receive = (message: FromWorker): void => {
    switch (message.say) {
      case 'upcalls':
        this.#events.upcalls(this);
        break;
      case 'drops':
        this.#events.drops(message.id);
        break;
      case 'busy':
        this.#events.busy(message.port, message.direction);
        break;
      case 'retired':
        this.#events.retired(message.port, message.fd);
        break;
      case 'reply': {
        const { reply: number, failure, answer } = message;
        const reply = this.#replies.get(number);
        this.#replies.delete(number);
        if (failure === undefined) reply?.resolve(answer);
        else reply?.reject(errorOf(failure));
      }
    }
  };
}
