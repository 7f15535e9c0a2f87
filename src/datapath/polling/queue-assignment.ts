/**
 * Which thread polls which receive queue: pure, told of queues and threads. Queues that are bound to a core go there,
 * and have it for themselves unless told otherwise; the others are spread over the threads of their port's NUMA node,
 * or of any other where that has none.
 */
import { type Core, nodesOf } from './cores.ts';

/** In turn; in turn to the last and back; or each to the thread that has the least. */
export const assignAlgorithms = ['roundrobin', 'cycles', 'group'] as const;
export type AssignAlgorithm = (typeof assignAlgorithms)[number];

export interface AssignSettings {
  /** Hexadecimal; undefined for the first core of each NUMA node. */
  readonly coreMask: string | undefined;
  readonly algorithm: AssignAlgorithm;
  /** A core to which a queue is bound polls no others. */
  readonly isolates: boolean;
}

export const defaultAssignment: AssignSettings = { coreMask: undefined, algorithm: 'cycles', isolates: true };

export interface PolledQueue {
  readonly port: string;
  /** The port's number in the datapath. */
  readonly number: number;
  readonly queue: number;
  readonly numa: number;
  /** The core that it is bound to. */
  readonly core: number | undefined;
  /** That its packets took lately. */
  readonly cycles: number;
}

export interface Assignment {
  /** The core of each queue that is polled. */
  readonly cores: ReadonlyMap<PolledQueue, number>;
  /** Cores that bound queues have for themselves. */
  readonly isolated: ReadonlySet<number>;
  /** For the log. */
  readonly notes: readonly AssignmentNote[];
}

interface AssignmentNote {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/** `queues` by port and number, `threads` by core. */
export function assignQueues(
  queues: readonly PolledQueue[],
  threads: readonly Core[],
  settings: Pick<AssignSettings, 'algorithm' | 'isolates'>,
): Assignment {
  const assigner = new Assigner(threads, settings);
  const free = queues.filter((queue) => !assigner.bind(queue));
  assigner.spread(free);
  return assigner;
}

class Assigner implements Assignment {
  readonly cores = new Map<PolledQueue, number>();
  readonly isolated = new Set<number>();
  readonly notes: AssignmentNote[] = [];
  readonly #threads: readonly Core[];
  readonly #settings: Pick<AssignSettings, 'algorithm' | 'isolates'>;
  readonly #nodes: readonly Node[];
  /** Position in `#nodes` of the one that a queue of elsewhere was given last. */
  #lastForeign = -1;

  constructor(threads: readonly Core[], settings: Pick<AssignSettings, 'algorithm' | 'isolates'>) {
    this.#threads = threads;
    this.#settings = settings;
    this.#nodes = nodesOf(threads).map((numa) => new Node(threads.filter((each) => each.numa === numa)));
  }

  /** False where the queue is bound to no thread that there is. */
  bind(queue: PolledQueue): boolean {
    const { core } = queue;
    if (core === undefined) return false;
    const thread = this.#threads.find((each) => each.core === core);
    if (thread === undefined) {
      const remedy = `Use pmd-cpu-mask to enable a pmd on core ${core}. An alternative core will be assigned.`;
      this.#note('warn', `Core ${two(core)} cannot be pinned with ${named(queue)}. ${remedy}`);
      return false;
    }
    if (this.#settings.isolates) this.isolated.add(core);
    this.#note(
      'info',
      `Core ${two(core)} on numa node ${thread.numa} is pinned with ${named(queue)}${this.#load(queue)}`,
    );
    this.cores.set(queue, core);
    return true;
  }

  spread(queues: readonly PolledQueue[]): void {
    const { algorithm } = this.#settings;
    if (queues.length > 0)
      this.#note('info', `Performing pmd to rx queue assignment using ${algorithm} algorithm.`);
    const busiestFirst = [...queues].sort((a, b) => b.cycles - a.cycles);
    for (const queue of algorithm === 'roundrobin' ? queues : busiestFirst) {
      const thread = this.#nodeFor(queue)?.next(algorithm, this.isolated, (core) => this.#loadOf(core));
      if (thread === undefined) {
        const left = `${named(queue)}${this.#load(queue)}. This rx queue will not be polled.`;
        this.#note('warn', `No non-isolated pmd on any numa available for ${left}`);
        continue;
      }
      if (thread.numa !== queue.numa) this.#noteForeign(queue, thread);
      const where = `Core ${two(thread.core)} on numa node ${thread.numa}`;
      this.#note('info', `${where} assigned ${named(queue)}${this.#load(queue)}.`);
      this.cores.set(queue, thread.core);
    }
  }

  /** The queue's own node, or in turn one that has a thread for it. */
  #nodeFor({ numa }: PolledQueue): Node | undefined {
    const own = this.#nodes.find((node) => node.numa === numa);
    if (own?.hasFree(this.isolated)) return own;
    for (let n = 0; n < this.#nodes.length; n++) {
      this.#lastForeign = (this.#lastForeign + 1) % this.#nodes.length;
      const node = this.#nodes[this.#lastForeign];
      if (node?.hasFree(this.isolated)) return node;
    }
    return undefined;
  }

  #noteForeign(queue: PolledQueue, thread: Core): void {
    const { port, queue: number, numa } = queue;
    const what = `Port '${port}' rx queue ${number} will be assigned to a pmd on numa node ${thread.numa}.`;
    this.#note(
      'info',
      `There's no available (non-isolated) pmd thread on numa node ${numa}. ${what} This may lead to reduced performance.`,
    );
  }

  #loadOf(core: number): Load {
    const queues = [...this.cores].filter(([, of]) => of === core);
    return { cycles: queues.reduce((sum, [{ cycles }]) => sum + cycles, 0), count: queues.length };
  }

  #load({ cycles }: PolledQueue): string {
    return this.#settings.algorithm === 'roundrobin' ? '' : ` (measured processing cycles ${cycles})`;
  }

  #note(level: 'info' | 'warn', text: string): void {
    this.notes.push({ level, text });
  }
}

/** What a thread has been given. */
interface Load {
  readonly cycles: number;
  readonly count: number;
}

/** The threads of one NUMA node, one of which comes next. */
class Node {
  readonly numa: number | undefined;
  readonly #threads: readonly Core[];
  #at = 0;
  #step = 1;

  /** Not empty. */
  constructor(threads: readonly Core[]) {
    this.#threads = threads;
    this.numa = threads[0]?.numa;
  }

  hasFree(isolated: ReadonlySet<number>): boolean {
    return this.#threads.some(({ core }) => !isolated.has(core));
  }

  next(
    algorithm: AssignAlgorithm,
    isolated: ReadonlySet<number>,
    loadOf: (core: number) => Load,
  ): Core | undefined {
    if (algorithm === 'group') {
      const free = this.#threads.filter(({ core }) => !isolated.has(core));
      const loads = free.map((thread) => ({ thread, load: loadOf(thread.core) }));
      loads.sort((a, b) => a.load.cycles - b.load.cycles || a.load.count - b.load.count);
      return loads[0]?.thread;
    }
    // Going to and fro it comes to the ends twice, so all have been seen after two rounds.
    for (let n = 0; n < 2 * this.#threads.length; n++) {
      const thread = this.#take(algorithm === 'cycles');
      if (thread !== undefined && !isolated.has(thread.core)) return thread;
    }
    return undefined;
  }

  #take(turnsBack: boolean): Core | undefined {
    const thread = this.#threads[this.#at];
    const next = this.#at + this.#step;
    const isEnd = next < 0 || next >= this.#threads.length;
    if (!isEnd) this.#at = next;
    else if (turnsBack) this.#step = -this.#step;
    else this.#at = 0;
    return thread;
  }
}

function named({ port, queue }: PolledQueue): string {
  return `port '${port}' rx queue ${queue}`;
}

function two(core: number): string {
  return String(core).padStart(2);
}
