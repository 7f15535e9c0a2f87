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
import { type Mask, maskWith } from '../../flow/mask.ts';
import type { PortIo, PortRing, PortSpec, TakesRings } from '../../netdev/provider.ts';
import { Epoll } from '../../sys/calls/epoll.ts';
import { clearEventFd } from '../../sys/calls/eventfd.ts';
import { allocate, type Memory } from '../../sys/calls/memory.ts';
import { type Command, describeFailure, type FromWorker, flag, type WorkerStart } from './commands.ts';
import { SharedPortCounters, Totals } from './counters.ts';
import { Engine, type EnginePort } from './engine.ts';
import type { Step } from './execute.ts';
import { lowerActions } from './lower.ts';
import { UpcallWriter } from './upcall-ring.ts';

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
/** A port that is reported this often in a row without a frame is left alone for `parkMs`: its device is in error. */
const emptyReportLimit = 64;
const parkMs = 100;
/** After this long without commands a worker has time to practise. */
const calmMs = 300;

const log = logger('dpif_netdev');

interface WorkerPort {
  readonly engine: EnginePort;
  isBusy: boolean;
  emptyReports: number;
}

export class Worker {
  readonly #commands: MessagePort;
  readonly #openPort: (spec: PortSpec) => PortIo;
  readonly #eventFd: number;
  readonly #flags: Int32Array;
  readonly #epoll = new Epoll();
  readonly #clock: Clock;
  readonly #engine: Engine;
  readonly #upcalls: UpcallWriter;
  readonly #ports = new Map<number, WorkerPort>();
  readonly #busy: WorkerPort[] = [];
  readonly #parked = new Set<WorkerPort>();
  readonly #memory: Memory[] = [];
  /** By the numbers that flows name them by. */
  readonly #masks = new Map<number, Mask>();
  readonly #actionLists = new Map<number, readonly Step[]>();
  #practice: Generator<void, void> | undefined;
  #commandedAt: number;
  #round = 0;
  #looksLeft = 0;
  #napsLeft = 0;

  /** `practice`: see practice.ts. */
  constructor(
    commands: MessagePort,
    start: WorkerStart,
    openPort: (spec: PortSpec) => PortIo,
    practice?: Generator<void, void>,
  ) {
    this.#practice = practice;
    this.#commands = commands;
    this.#eventFd = start.eventFd;
    this.#openPort = openPort;
    this.#flags = new Int32Array(start.flags);
    this.#clock = clockSince(start.clockZero);
    this.#commandedAt = this.#clock.now();
    this.#upcalls = new UpcallWriter(start.upcalls, () => this.#signalUpcalls());
    this.#engine = new Engine({
      random: systemRandom,
      clock: this.#clock,
      upcalls: this.#upcalls,
      totals: new Totals(start.totals),
      flowCapacity: start.flowCapacity,
      makeMemory: (size) => {
        const memory = allocate(size);
        this.#memory.push(memory);
        return { bytes: new Uint8Array(memory.buffer), address: memory.address };
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
    this.#practice?.return();
    for (const port of this.#ports.values()) port.engine.io.close();
    this.#epoll.close();
    for (const memory of this.#memory) memory.unmap();
  }

  /** Once round the loop. False when the main thread said stop. */
  #turn(): boolean {
    const flags = this.#flags;
    // A plain look will do: what it misses, the next turn or #wait sees.
    if (flags[flag.isStopped] !== 0) return false;
    if (flags[flag.hasCommands] !== 0 && Atomics.exchange(flags, flag.hasCommands, 0) !== 0)
      this.#runCommands();
    const frameCount = this.#runBusy();
    const { least, most } = looksBeforeSleep;
    if (frameCount > 0) {
      this.#looksLeft = Math.max(least, Math.min(most, this.#looksLeft + frameCount));
      this.#napsLeft = nap.limit;
    }
    const isBusy = this.#busy.length > 0;
    if (isBusy && ++this.#round % roundsPerLook !== 0) return true;
    const mustLook = isBusy || this.#looksLeft > 0 || this.#practise();
    this.#wait(mustLook ? 0 : this.#sleepMs());
    if (!isBusy && this.#looksLeft > 0) this.#looksLeft--;
    return true;
  }

  /** Instead of sleeping, one step of practice. False when there is none to make. */
  #practise(): boolean {
    if (this.#practice === undefined || this.#clock.now() - this.#commandedAt < calmMs) return false;
    try {
      if (this.#practice.next().done === true) this.#practice = undefined;
    } catch (error) {
      this.#practice = undefined;
      if (!(error instanceof SyscallFailed)) throw error;
      log.warn(`goes on without practice: ${error.message}`);
    }
    return true;
  }

  /** How long it may sleep at most; a nap is used up. */
  #sleepMs(): number {
    if (this.#parked.size > 0) return parkMs;
    if (this.#napsLeft > 0) {
      this.#napsLeft--;
      return nap.ms;
    }
    return this.#practice === undefined ? idleMs : calmMs;
  }

  /** Frames forwarded. */
  #runBusy(): number {
    const busy = this.#busy;
    let frameCount = 0;
    let busyCount = 0;
    for (let n = 0; n < busy.length; n++) {
      const port = busy[n];
      // In a loop of patch ports, a batch of one port can take a second.
      if (port === undefined || this.#flags[flag.isStopped] !== 0) continue;
      const count = this.#engine.runPort(port.engine);
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

  #wait(timeout: number): void {
    const flags = this.#flags;
    if (timeout > 0) {
      Atomics.store(flags, flag.isSleeping, 1);
      // Whoever set a flag before it could see that we sleep sent no wake-up.
      if (Atomics.load(flags, flag.hasCommands) !== 0 || Atomics.load(flags, flag.isStopped) !== 0) {
        Atomics.store(flags, flag.isSleeping, 0);
        return;
      }
    }
    const count = this.#epoll.wait(timeout);
    if (timeout > 0) Atomics.store(flags, flag.isSleeping, 0);
    for (let n = 0; n < count; n++) this.#wake(this.#epoll.tagAt(n));
    if (count === 0 && timeout > 0) this.#unpark();
  }

  #wake(tag: number): void {
    if (tag === eventTag) {
      clearEventFd(this.#eventFd);
      return;
    }
    const port = this.#ports.get(tag);
    if (port === undefined || port.isBusy) return;
    if (++port.emptyReports > emptyReportLimit) {
      this.#park(port);
      return;
    }
    this.#makeBusy(port);
  }

  #makeBusy(port: WorkerPort): void {
    if (port.isBusy) return;
    port.isBusy = true;
    this.#busy.push(port);
  }

  #park(port: WorkerPort): void {
    const { fd } = port.engine.io;
    if (fd !== undefined) this.#epoll.remove(fd);
    this.#parked.add(port);
  }

  #unpark(): void {
    for (const port of this.#parked) {
      const { fd } = port.engine.io;
      port.emptyReports = 0;
      if (fd !== undefined) this.#epoll.add(fd, port.engine.number);
    }
    this.#parked.clear();
  }

  #runCommands(): void {
    this.#commandedAt = this.#clock.now();
    for (;;) {
      const received = receiveMessageOnPort(this.#commands);
      if (received === undefined) return;
      // The other end is our own `UserspaceDatapath`, which posts nothing else.
      for (const command of received.message as Command[]) this.#runCommand(command);
    }
  }

  #runCommand(command: Command): void {
    const engine = this.#engine;
    switch (command.do) {
      case 'addPort':
        this.#addPort(command);
        break;
      case 'removePort':
        this.#removePort(command.port);
        this.#post({ say: 'reply', reply: command.reply, failure: undefined });
        break;
      case 'useRing':
        this.#useRing(command.port, command.ring);
        break;
      case 'setPortMtu':
        engine.setPortMtu(command.port, command.mtu);
        break;
      case 'setVlanLimit':
        engine.setVlanLimit(command.tagCount);
        break;
      case 'defineMask':
        this.#masks.set(command.number, maskWith(command.words, command.bits));
        break;
      case 'defineActions':
        this.#actionLists.set(command.number, lowerActions(command.actions));
        break;
      case 'forgetMask':
        this.#masks.delete(command.number);
        break;
      case 'forgetActions':
        this.#actionLists.delete(command.number);
        break;
      case 'putFlow':
        this.#putFlow(command);
        break;
      case 'deleteFlow':
        engine.deleteFlow(command.id);
        break;
      case 'flushFlows':
        this.#masks.clear();
        this.#actionLists.clear();
        engine.flushFlows();
        break;
      case 'execute':
        engine.execute(command.packet, lowerActions(command.actions));
        break;
      case 'upcallsDone':
        engine.upcallsDone(command.sequence);
        if (!this.#upcalls.isEmpty) this.#signalUpcalls();
        break;
      case 'settle':
        this.#post({ say: 'reply', reply: command.reply, failure: undefined });
        break;
    }
  }

  #putFlow(command: Extract<Command, { do: 'putFlow' }>): void {
    const { id, generation, values, chunk, packet } = command;
    const mask = this.#masks.get(command.mask);
    const steps = this.#actionLists.get(command.actions);
    if (mask === undefined || steps === undefined)
      throw new Error(`flow ${id}: its mask or actions were not defined`);
    if (chunk !== undefined) this.#engine.flowStats.adopt(id, chunk);
    this.#engine.putFlow({ id, generation, mask, values, steps });
    if (packet !== undefined) this.#engine.execute(packet, steps);
  }

  #addPort({ port: number, spec, counters, reply }: Extract<Command, { do: 'addPort' }>): void {
    let failure: ReturnType<typeof describeFailure> | undefined;
    try {
      const io = this.#openPort(spec);
      const engine = this.#engine.addPort(number, io, new SharedPortCounters(counters));
      this.#ports.set(number, { engine, isBusy: false, emptyReports: 0 });
      if (io.fd !== undefined) this.#epoll.add(io.fd, number);
      if (takesRings(io)) {
        io.onBusy = (direction) => this.#post({ say: 'busy', port: number, direction });
        io.onRetired = (fd) => this.#post({ say: 'retired', port: number, fd });
      }
    } catch (error) {
      failure = describeFailure(error);
    }
    this.#post({ say: 'reply', reply, failure });
  }

  /** A port that cannot take it goes on without. */
  #useRing(number: number, ring: PortRing): void {
    const port = this.#ports.get(number);
    const io = port?.engine.io;
    if (port === undefined || io === undefined || !takesRings(io)) return;
    const before = io.fd;
    try {
      io.useRing(ring);
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
      log.warn(error.message);
    }
    if (io.fd === before || io.fd === undefined) return;
    if (before !== undefined && !this.#parked.delete(port)) this.#epoll.remove(before);
    this.#epoll.add(io.fd, number);
    this.#makeBusy(port); // what came before is not waited for any more
  }

  #removePort(number: number): void {
    const port = this.#ports.get(number);
    if (port === undefined) return;
    this.#ports.delete(number);
    this.#parked.delete(port);
    if (port.isBusy) this.#busy.splice(this.#busy.indexOf(port), 1);
    const { io } = port.engine;
    if (io.fd !== undefined) this.#epoll.remove(io.fd);
    this.#engine.removePort(number);
    io.close();
  }

  #signalUpcalls(): void {
    if (Atomics.exchange(this.#flags, flag.isSignalled, 1) === 0) this.#post({ say: 'upcalls' });
  }

  #post(message: FromWorker): void {
    this.#commands.postMessage(message);
  }
}

function takesRings(io: PortIo): io is PortIo & TakesRings {
  return 'useRing' in io;
}

/** The main thread's clock: each thread's own `performance.now` starts when the thread does. */
function clockSince(zero: number): Clock {
  const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now() - zero;
  return {
    now: () => ms(performance.now() + offset),
    wall: systemClock.wall,
  };
}
