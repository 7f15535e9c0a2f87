/**
 * The loop of a datapath worker: waits for its ports and for commands, forwards, never returns before it is stopped.
 * Busy ports are asked again without waiting; the others are looked at every few rounds. Idle, it costs nothing.
 * Run by programs/userspace-worker.ts.
 */
import { performance } from 'node:perf_hooks';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Clock, systemClock } from '../../base/clock.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { ms } from '../../base/units.ts';
import { Epoll } from '../../sys/calls/epoll.ts';
import { clearEventFd } from '../../sys/calls/eventfd.ts';
import { allocate, type Memory } from '../../sys/calls/memory.ts';
import { asleep, type FromWorker, type WorkerCommand, type WorkerStart, workerFlag } from './commands.ts';
import { Totals } from './counters.ts';
import { Engine } from './engine.ts';
import { UpcallWriter } from './upcall-ring.ts';
import { CommandRunner } from './worker-commands.ts';
import { type PortOpeners, parkMs, WorkerPorts } from './worker-ports.ts';

/** The tag of the eventfd; ports have their number. */
const eventTag = 0xffffffff;
/** A stop is seen at the latest after this long, should its wake-up be lost. */
const idleMs = 1000;
/** Rounds over the busy ports between two looks at the others. */
const roundsPerLook = 16;
/**
 * How often it looks at all ports in vain before it sleeps: as many times as it has forwarded frames since it slept,
 * within these bounds. Being woken costs the sender of the next frame more than a few looks cost here, and on a busy
 * machine it can take longer than a ring lasts.
 */
export const looksBeforeSleep = { least: 10, most: 2000 } as const;
/**
 * After frames it naps so often, for so many milliseconds, before it sleeps for long: a processor that rests is given to
 * others and finds its caches empty, which makes the next frame take several times as long. Costs a third of a per cent
 * of a processor while a few frames a second keep coming.
 */
const nap = { ms: 5, limit: 20 } as const;
/** After this long without commands a worker has time to warm up. */
const calmMs = 300;

const log = logger('dpif_netdev');

/** The whole life of a worker, which does not begin when it is told to stop before. `warmUp`: see jit-warm-up.ts. */
export function runWorker(
  messages: MessagePort,
  start: WorkerStart,
  openers: PortOpeners,
  warmUp: Generator<void, void>,
): void {
  const flags = new Int32Array(start.flags);
  Atomics.store(flags, workerFlag.isRunning, 1);
  try {
    if (Atomics.load(flags, workerFlag.isStopped) !== 0) return;
    const worker = new Worker(messages, start, openers, warmUp);
    worker.run();
    worker.close();
  } finally {
    Atomics.store(flags, workerFlag.isRunning, 0);
    Atomics.notify(flags, workerFlag.isRunning);
  }
}

export class Worker {
  readonly #messages: MessagePort;
  readonly #eventFd: number;
  readonly #flags: Int32Array;
  readonly #epoll = new Epoll();
  readonly #clock: Clock;
  readonly #engine: Engine;
  readonly #ports: WorkerPorts;
  readonly #commands: CommandRunner;
  readonly #memory: Memory[] = [];
  #warmUp: Generator<void, void> | undefined;
  #commandedAt: number;
  #round = 0;
  #looksLeft = 0;
  #napsLeft = 0;

  /** `warmUp`: see jit-warm-up.ts. */
  constructor(
    messages: MessagePort,
    start: WorkerStart,
    openers: PortOpeners,
    warmUp?: Generator<void, void>,
  ) {
    this.#warmUp = warmUp;
    this.#messages = messages;
    this.#eventFd = start.eventFd;
    this.#flags = new Int32Array(start.flags);
    this.#clock = clockSince(start.clockZero);
    this.#commandedAt = this.#clock.now();
    const upcalls = new UpcallWriter(start.upcalls, () => this.#signalUpcalls());
    const engine = new Engine({
      random: systemRandom,
      clock: this.#clock,
      upcalls,
      totals: new Totals(start.totals),
      flowCapacity: start.flowCapacity,
      makeMemory: (size) => {
        const memory = allocate(size);
        this.#memory.push(memory);
        return { bytes: new Uint8Array(memory.buffer), address: memory.address };
      },
    });
    this.#engine = engine;
    const post = (message: FromWorker): void => this.#messages.postMessage(message);
    this.#ports = new WorkerPorts({ engine, epoll: this.#epoll, flags: this.#flags, openers, post });
    this.#commands = new CommandRunner({
      engine,
      ports: this.#ports,
      post,
      now: () => this.#clock.now(),
      upcallsDone: (sequence) => {
        engine.upcallsDone(sequence);
        if (!upcalls.isEmpty) this.#signalUpcalls();
      },
    });
    this.#epoll.add(start.eventFd, eventTag);
  }

  /** Returns when the main thread said stop, or after that many turns. */
  run(turnLimit = Number.POSITIVE_INFINITY): void {
    for (let n = 0; n < turnLimit; n++) if (!this.#turn()) return;
  }

  /** After the last `run`. */
  close(): void {
    this.#warmUp?.return();
    this.#ports.close();
    this.#epoll.close();
    for (const memory of this.#memory) memory.unmap();
  }

  /** Once round the loop. False when the main thread said stop. */
  #turn(): boolean {
    const flags = this.#flags;
    // A plain look will do: what it misses, the next turn or #wait sees.
    if (flags[workerFlag.isStopped] !== 0) return false;
    if (flags[workerFlag.hasCommands] !== 0 && Atomics.exchange(flags, workerFlag.hasCommands, 0) !== 0)
      this.#runCommands();
    const frameCount = this.#ports.runBusy();
    const { least, most } = looksBeforeSleep;
    if (frameCount > 0) {
      this.#looksLeft = Math.max(least, Math.min(most, this.#looksLeft + frameCount));
      this.#napsLeft = nap.limit;
    }
    const { isBusy } = this.#ports;
    if (isBusy && ++this.#round % roundsPerLook !== 0) return true;
    const mustLook = isBusy || this.#looksLeft > 0 || this.#warmUpStep();
    this.#wait(mustLook ? 0 : this.#sleepMs());
    if (!isBusy && this.#looksLeft > 0) this.#looksLeft--;
    return true;
  }

  /** Instead of sleeping, one step of the warm-up. False when there is none left. */
  #warmUpStep(): boolean {
    if (this.#warmUp === undefined || this.#clock.now() - this.#commandedAt < calmMs) return false;
    try {
      if (this.#warmUp.next().done === true) this.#warmUp = undefined;
    } catch (error) {
      this.#warmUp = undefined;
      if (!(error instanceof SyscallFailed)) throw error;
      log.warn(`goes on without warm-up: ${error.message}`);
    }
    return true;
  }

  /** How long it may sleep at most; a nap is used up. */
  #sleepMs(): number {
    if (this.#ports.hasParked) return parkMs;
    if (this.#napsLeft > 0) {
      this.#napsLeft--;
      return nap.ms;
    }
    return this.#warmUp === undefined ? idleMs : calmMs;
  }

  #wait(timeout: number): void {
    const flags = this.#flags;
    if (timeout > 0) {
      const sleep = this.#engine.holdsPackets ? asleep.wakeForAll : asleep.wakeWhereUrgent;
      Atomics.store(flags, workerFlag.isSleeping, sleep);
      // Whoever set a flag before it could see that we sleep sent no wake-up.
      if (
        Atomics.load(flags, workerFlag.hasCommands) !== 0 ||
        Atomics.load(flags, workerFlag.isStopped) !== 0
      ) {
        Atomics.store(flags, workerFlag.isSleeping, asleep.no);
        return;
      }
    }
    const count = this.#epoll.wait(timeout);
    if (timeout > 0) Atomics.store(flags, workerFlag.isSleeping, asleep.no);
    for (let n = 0; n < count; n++) {
      const tag = this.#epoll.tagAt(n);
      if (tag === eventTag) clearEventFd(this.#eventFd);
      else this.#ports.wake(tag);
    }
    if (count > 0 || timeout === 0) return;
    this.#ports.unpark();
    this.#engine.idle();
  }

  #runCommands(): void {
    this.#commandedAt = this.#clock.now();
    for (;;) {
      const received = receiveMessageOnPort(this.#messages);
      if (received === undefined) return;
      // The other end is our own `WorkerThread`, which posts nothing else.
      for (const command of received.message as WorkerCommand[]) this.#commands.run(command);
    }
  }

  #signalUpcalls(): void {
    if (Atomics.exchange(this.#flags, workerFlag.isSignalled, 1) === 0)
      this.#messages.postMessage({ say: 'upcalls' } satisfies FromWorker);
  }
}

/** The main thread's clock: each thread's own `performance.now` starts when the thread does. */
function clockSince(zero: number): Clock {
  const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now() - zero;
  return {
    now: () => ms(performance.now() + offset),
    wall: systemClock.wall,
  };
}
