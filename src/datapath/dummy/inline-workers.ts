/**
 * The engines of a datapath on the main thread: main ones, and one for each thread that polls. All know the same ports
 * and settings; where threads poll, each has flows of its own, those that it missed and those put by hand.
 */
import type { InlineWorker } from './inline-worker.ts';

export class InlineWorkers {
  readonly first: InlineWorker;
  /** They receive on ports that are not polled. */
  readonly main: readonly InlineWorker[];
  /** Whose upcalls are being answered. */
  answering: InlineWorker | undefined;
  #all: readonly InlineWorker[];
  /** What every engine was told, by what it is about: for engines made later. */
  readonly #told = new Map<string, (worker: InlineWorker) => void>();
  /** Where threads poll: those that have a flow, by its id. Others are of the main ones. */
  readonly #holders = new Map<number, Set<InlineWorker>>();

  constructor(count: number, make: () => InlineWorker) {
    this.first = make();
    this.main = [this.first, ...Array.from({ length: count - 1 }, make)];
    this.#all = this.main;
  }

  get all(): readonly InlineWorker[] {
    return this.#all;
  }

  isMain(worker: InlineWorker): boolean {
    return this.main.includes(worker);
  }

  /** Told to the workers that there are and to those that come, until it is told anew or forgotten. */
  tell(what: string, tell: (worker: InlineWorker) => void): void {
    this.#told.set(what, tell);
    for (const worker of this.#all) tell(worker);
  }

  forget(what: string): void {
    this.#told.delete(what);
  }

  add(worker: InlineWorker): void {
    this.#all = [...this.#all, worker];
    for (const tell of this.#told.values()) tell(worker);
  }

  /** Flows that only that one had are left to their owner, who finds them unused. */
  remove(worker: InlineWorker): void {
    this.#all = this.#all.filter((each) => each !== worker);
    for (const holders of this.#holders.values()) holders.delete(worker);
  }

  /** Those that get a flow which is put: `isNew` tells that nobody has it yet. */
  takersOf(flow: number, isNew: boolean): Iterable<InlineWorker> {
    if (this.#all.length === this.main.length) return this.#all;
    const { answering } = this;
    let holders = this.#holders.get(flow);
    if (holders === undefined) {
      holders = new Set(!isNew ? this.main : answering === undefined ? this.#all : []);
      this.#holders.set(flow, holders);
    }
    if (answering === undefined) return holders;
    for (const worker of this.isMain(answering) ? this.main : [answering]) holders.add(worker);
    return holders;
  }

  /** Those of `among` that have a flow. */
  holdersOf(flow: number, among: readonly InlineWorker[] = this.#all): readonly InlineWorker[] {
    if (this.#all.length === this.main.length) return among;
    const holders = this.#holders.get(flow);
    return among.filter((worker) => holders?.has(worker) ?? this.isMain(worker));
  }

  forgetFlow(flow: number): void {
    this.#holders.delete(flow);
  }

  forgetFlows(): void {
    this.#holders.clear();
  }
}
