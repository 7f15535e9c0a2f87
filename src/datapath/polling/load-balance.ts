/**
 * Whether queues had better be spread anew over the threads that poll them: pure, told of threads, queues and what was
 * measured. Automatic load balancing of the reference's PMD threads.
 */
import { type Core, nodesOf } from './cores.ts';
import { type Assignment, type AssignSettings, assignQueues, type PolledQueue } from './queue-assignment.ts';

export interface BalanceSettings {
  readonly isOn: boolean;
  /** Minutes between two looks. */
  readonly interval: number;
  /** Per cent of its time that some thread must be busy. */
  readonly leastLoad: number;
  /** Per cent by which the variance of loads must become less. */
  readonly leastImprovement: number;
}

export interface BusyThread extends Core {
  readonly isIsolated: boolean;
  readonly queueCount: number;
  /** Per cent. */
  readonly load: number;
}

/** Why nothing can become better, whatever was measured. */
export function whyNotBalanced(
  threads: readonly BusyThread[],
  { algorithm }: AssignSettings,
): string | undefined {
  const free = threads.filter(({ isIsolated }) => !isIsolated);
  if (algorithm === 'roundrobin') return 'pmd-rxq-assign=roundrobin assignment type configured.';
  return free.length > 1 && free.some(({ queueCount }) => queueCount > 1)
    ? undefined
    : 'not enough non-isolated PMDs or RxQs.';
}

interface Trial {
  readonly isBetter: boolean;
  /** For the log. */
  readonly notes: readonly string[];
}

/** What an assignment by what was measured would bring. `availableCycles`: of each thread, in the time of measuring. */
export function tryBalance(
  queues: readonly PolledQueue[],
  threads: readonly BusyThread[],
  settings: AssignSettings & Pick<BalanceSettings, 'leastImprovement'>,
  availableCycles: number,
): Trial {
  const trial = assignQueues(queues, threads, settings);
  const notes = trial.notes.map(({ text }) => text);
  const nodes = nodesOf(threads);
  if (nodes.length > 1 && isAcrossNodes(trial, threads))
    return {
      isBetter: false,
      notes: [
        ...notes,
        'PMD auto load balance detected cross-numa polling with multiple numa nodes. Unable to accurately estimate.',
      ],
    };
  const { leastImprovement } = settings;
  const gains = nodes.map((node) => gainOf(node, trial, threads, availableCycles));
  const isBetter = gains.some(({ improvement }) => improvement >= leastImprovement);
  const verdict = `PMD load variance improvement threshold ${leastImprovement}% is ${isBetter ? '' : 'not '}met.`;
  return { isBetter, notes: [...notes, ...gains.map(({ text }) => text), verdict] };
}

/** Is a queue that is bound to no core given to a thread of another node? */
function isAcrossNodes({ cores }: Assignment, threads: readonly Core[]): boolean {
  return [...cores].some(([queue, core]) => {
    const thread = threads.find((each) => each.core === core);
    return queue.core !== core && thread?.numa !== queue.numa;
  });
}

function gainOf(
  node: number,
  { cores }: Assignment,
  threads: readonly BusyThread[],
  availableCycles: number,
): { readonly improvement: number; readonly text: string } {
  const ours = threads.filter(({ numa }) => numa === node);
  const expected = ours.map(({ core }) => {
    const cycles = [...cores].reduce((sum, [queue, of]) => (of === core ? sum + queue.cycles : sum), 0);
    return availableCycles > 0 ? Math.floor((100 * cycles) / availableCycles) : 0;
  });
  const now = varianceOf(ours.map(({ load }) => load));
  const then = varianceOf(expected);
  const improvement = then < now ? Math.floor((100 * (now - then)) / now) : 0;
  const text = `Numa node ${node}. Current variance ${now} Estimated variance ${then}. Variance improvement ${improvement}%.`;
  return { improvement, text };
}

/** Of whole numbers, as one. */
function varianceOf(values: readonly number[]): number {
  const mean = Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length);
  return Math.floor(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
