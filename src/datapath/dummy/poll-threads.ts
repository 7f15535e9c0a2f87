/**
 * The threads that poll queues of ports, as far as a datapath on the main thread has any: one engine a core, which
 * forwards what comes in by its queues and counts for itself. They take no time, so none has more to do than others.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../base/clock.ts';
import { logger } from '../../base/log.ts';
import type { IsPolled, RxQueue } from '../../netdev/provider.ts';
import { type Core, coresInMask, firstOfEachNode, nodesOf } from '../polling/cores.ts';
import { PollBalancer } from '../polling/poll-balancer.ts';
import { PollMeter } from '../polling/poll-meter.ts';
import {
  type AssignSettings,
  assignQueues,
  defaultAssignment,
  type PolledQueue,
} from '../polling/queue-assignment.ts';
import type { PollSettings } from '../polling/settings.ts';
import type { PollingThread } from '../provider.ts';
import { hashConnection } from '../userspace/flow-cache.ts';
import type { InlineWorker } from './inline-worker.ts';

const log = logger('dpif_netdev');

interface PolledPort {
  readonly name: string;
  readonly io: IsPolled;
  /** As the log has told it. */
  isSpread?: boolean;
}

/** A thread: its core, its engine and what it polls. */
export class InlinePollThread {
  readonly where: Core;
  readonly worker: InlineWorker;
  readonly meter: PollMeter;
  isIsolated = false;
  /** By port. Sets stay the same ones: the frame paths of the engine's ports look into them. */
  readonly #queues = new Map<number, Set<number>>();

  constructor(where: Core, worker: InlineWorker, meter: PollMeter) {
    this.where = where;
    this.worker = worker;
    this.meter = meter;
    worker.meter = meter;
  }

  /** Those of one port. */
  queuesOf(port: number): Set<number> {
    let queues = this.#queues.get(port);
    if (queues === undefined) {
      queues = new Set();
      this.#queues.set(port, queues);
    }
    return queues;
  }

  forgetPort(port: number): void {
    this.#queues.delete(port);
  }

  clear(): void {
    this.isIsolated = false;
    for (const queues of this.#queues.values()) queues.clear();
    this.meter.load.reset();
  }
}

/** Whom threads work for. */
interface PollOwner {
  readonly clock: Clock;
  /** A new engine, which knows nothing yet. */
  makeWorker(): InlineWorker;
  started(thread: InlinePollThread): void;
  stopped(thread: InlinePollThread): void;
}

export class PollThreads {
  readonly #cores: readonly Core[];
  readonly #owner: PollOwner;
  /** By core, ascending. */
  #threads: InlinePollThread[] = [];
  readonly #ports = new Map<number, PolledPort>();
  #settings: AssignSettings = defaultAssignment;
  #isConfigured = false;
  readonly #balancer: PollBalancer;
  #remembersRounds = false;
  #longestSleep: number | undefined;

  constructor(cores: readonly Core[], owner: PollOwner) {
    this.#cores = cores;
    this.#owner = owner;
    this.#balancer = new PollBalancer(owner.clock);
  }

  get all(): readonly InlinePollThread[] {
    return this.#threads;
  }

  /** What a worker receives of such a port: nothing, unless it is a thread's. */
  receiver(worker: InlineWorker, port: number, io: IsPolled): RxQueue | undefined {
    const thread = this.#threads.find((each) => each.worker === worker);
    if (thread === undefined) return undefined;
    const rx = io.receiver(thread.queuesOf(port));
    const receive: RxQueue['receive'] = (batch) => {
      const count = rx.receive(batch);
      thread.meter.received(count, queueName(port, rx.lastQueue));
      return count;
    };
    const { fd, counters, release, close } = rx;
    return { fd, counters, receive, release, close };
  }

  /** By which queue a worker sends: that of its thread, the main one last, or one for each connection. */
  queueChooser(worker: InlineWorker, io: IsPolled): (key: Uint32Array) => number {
    return (key) => {
      const { sendQueueCount, isSpread } = io.polling;
      if (sendQueueCount === 1) return 0;
      if (isSpread) return (hashConnection(key) >>> 0) % sendQueueCount;
      const thread = this.#threads.findIndex((each) => each.worker === worker);
      return (thread < 0 ? this.#threads.length : thread) % sendQueueCount;
    };
  }

  configure(wanted: PollSettings): void {
    const { coreMask, algorithm, isolates } = sharing(wanted);
    const before = this.#settings;
    this.#remember(wanted.remembersRounds);
    if (algorithm !== before.algorithm) log.info(`Rxq to PMD assignment mode changed to: '${algorithm}'.`);
    if (isolates !== before.isolates || !this.#isConfigured)
      log.info(`pmd-rxq-affinity ${isolates ? 'isolates' : 'does not isolate'} PMD core`);
    this.#isConfigured = true;
    this.#balancer.configure(wanted.balance);
    this.#setLongestSleep(wanted.longestSleep);
    this.#settings = { coreMask, algorithm, isolates };
    if (!isDeepStrictEqual(this.#settings, before)) this.reassign();
  }

  #remember(isWanted: boolean): void {
    if (isWanted === this.#remembersRounds) return;
    this.#remembersRounds = isWanted;
    log.info(`PMD performance metrics collection ${isWanted ? 'enabled' : 'disabled'}`);
    for (const { meter } of this.#threads) meter.remember(isWanted);
  }

  /** Ours sleep whenever there is nothing to do, and wake as soon as a packet comes. */
  #setLongestSleep(wanted: number): void {
    if (wanted === this.#longestSleep) return;
    this.#longestSleep = wanted;
    log.info(`PMD max sleep request is ${wanted} usecs.`);
    log.info(`PMD load based sleeps are ${wanted > 0 ? 'enabled' : 'disabled'}.`);
  }

  addPort(number: number, port: PolledPort): void {
    this.#ports.set(number, port);
    logSteering(port);
    this.reassign();
  }

  /** The port's queues, or what is known of them, have changed. */
  portChanged(number: number): void {
    const port = this.#ports.get(number);
    if (port !== undefined) logSteering(port);
    this.reassign();
  }

  removePort(number: number): void {
    if (!this.#ports.delete(number)) return;
    for (const thread of this.#threads) thread.forgetPort(number);
    this.reassign();
  }

  /** Starts and stops threads, and spreads the queues over them anew. */
  reassign(): void {
    const queues = this.#queues();
    this.#adjustThreads(this.#wantedCores());
    for (const thread of this.#threads) thread.clear();
    this.#balancer.configurationChanged();
    const cores = this.#threads.map(({ where }) => where);
    const { cores: assigned, isolated, notes } = assignQueues(queues, cores, this.#settings);
    for (const { level, text } of notes) log[level](text);
    for (const thread of this.#threads) {
      const { core } = thread.where;
      thread.isIsolated = isolated.has(core);
      for (const [{ number, queue }, polling] of assigned)
        if (polling === core) thread.queuesOf(number).add(queue);
    }
  }

  /** Whether it is time for that, and loads would be more even then. */
  wantsBalance(): boolean {
    return this.#balancer.look(() => ({
      threads: this.#threads.map((thread) => {
        const { where, isIsolated, meter } = thread;
        const queueCount = this.queuesOf(thread).length;
        return { ...where, isIsolated, meter, queueCount, load: meter.load.usage() ?? 0 };
      }),
      queues: this.#queues(),
      settings: this.#settings,
    }));
  }

  /** The queues of a thread, with the names of their ports. */
  queuesOf(thread: InlinePollThread): PollingThread['queues'][number][] {
    return [...this.#ports].flatMap(([number, { name: port }]) =>
      [...thread.queuesOf(number)].map((queue) => ({
        port,
        queue,
        usage: (seconds: number) => thread.meter.load.usageOf(queueName(number, queue), seconds),
      })),
    );
  }

  /** None without a port that is polled. */
  #wantedCores(): readonly Core[] {
    if (this.#ports.size === 0) return [];
    const { coreMask } = this.#settings;
    return coreMask === undefined ? firstOfEachNode(this.#cores) : coresInMask(this.#cores, coreMask);
  }

  #adjustThreads(wanted: readonly Core[]): void {
    const before = this.#threads;
    const kept = before.filter(({ where }) => wanted.includes(where));
    const gone = before.filter((thread) => !kept.includes(thread));
    const fresh = wanted.filter((core) => !kept.some(({ where }) => where === core));
    this.#threads = kept;
    for (const thread of gone) {
      log.info(`PMD thread on ${named(thread.where)} destroyed.`);
      this.#owner.stopped(thread);
    }
    for (const where of fresh) {
      const meter = new PollMeter(this.#owner.clock);
      meter.remember(this.#remembersRounds);
      const thread = new InlinePollThread(where, this.#owner.makeWorker(), meter);
      this.#threads = [...this.#threads, thread].sort((a, b) => a.where.core - b.where.core);
      this.#owner.started(thread);
      log.info(`PMD thread on ${named(where)} created.`);
    }
    if (gone.length + fresh.length > 0) this.#logCounts();
  }

  #logCounts(): void {
    const cores = this.#threads.map(({ where }) => where);
    for (const node of nodesOf(cores)) {
      const count = cores.filter(({ numa }) => numa === node).length;
      log.info(`There are ${count} pmd threads on numa node ${node}`);
    }
  }

  /** By port and number. */
  #queues(): PolledQueue[] {
    const numbers = [...this.#ports].sort(([a], [b]) => a - b);
    return numbers.flatMap(([number, { name: port, io }]) => {
      const { queueCount, numa, cores } = io.polling;
      return Array.from({ length: queueCount }, (_, queue) => ({
        ...{ port, number, queue, numa },
        core: cores.get(queue),
        cycles: this.#cyclesOf(queueName(number, queue)),
      }));
    });
  }

  /** Whichever threads had it. */
  #cyclesOf(queue: string): number {
    return this.#threads.reduce((sum, { meter }) => sum + meter.load.cyclesOf(queue), 0);
  }
}

function queueName(port: number, queue: number): string {
  return `${port} ${queue}`;
}

/** Only by their number queues can be spread over threads that have bound ones, too. */
function sharing(wanted: AssignSettings): AssignSettings {
  if (wanted.isolates || wanted.algorithm === 'group') return wanted;
  log.warn('pmd-rxq-isolate can only be set false when using pmd-rxq-assign=group');
  return { ...wanted, isolates: true };
}

function logSteering(port: PolledPort): void {
  const { isSpread } = port.io.polling;
  if (isSpread !== (port.isSpread ?? false))
    log.info(`${port.name}: Tx packet steering mode has been set to '${isSpread ? 'hash' : 'thread'}'.`);
  port.isSpread = isSpread;
}

function named({ numa, core }: Core): string {
  return `numa_id: ${numa}, core id: ${String(core).padStart(2)}`;
}
