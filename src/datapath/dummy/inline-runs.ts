/** Runs the engines of a datapath on the main thread: nothing waits, and nothing is left to do when a call returns. */
import type { Upcall } from '../provider.ts';
import type { EnginePort } from '../userspace/engine-ports.ts';
import type { InlineWorker } from './inline-worker.ts';
import type { InlineWorkers } from './inline-workers.ts';

/** A port, with the ends by which its frames are received. */
export interface ReceivingPort {
  readonly ends: ReadonlyMap<InlineWorker, EnginePort>;
}

export class InlineRuns {
  readonly #workers: InlineWorkers;
  readonly #answer: (batch: readonly Upcall[], worker: InlineWorker) => void;
  /** Ports that said that frames have come in. */
  readonly #ready = new Set<ReceivingPort>();
  #isRunning = false;

  /** `answer` is given what a worker sent up. */
  constructor(workers: InlineWorkers, answer: (batch: readonly Upcall[], worker: InlineWorker) => void) {
    this.#workers = workers;
    this.#answer = answer;
  }

  /** Frames have come in by the ports. */
  receive(ports: Iterable<ReceivingPort>): void {
    for (const port of ports) this.#ready.add(port);
    this.run();
  }

  forget(port: ReceivingPort): void {
    this.#ready.delete(port);
  }

  /**
   * Does `work`, and forwards until no port has more. What comes in meanwhile, by a port that leads back to us, is
   * taken up too; what is to be done meanwhile is done at once.
   */
  run(work: () => void = () => {}): void {
    if (this.#isRunning) {
      work();
      return;
    }
    this.#isRunning = true;
    try {
      work();
      this.#answerUpcalls();
      for (let port = first(this.#ready); port !== undefined; port = first(this.#ready)) {
        this.#ready.delete(port);
        this.#receive(port);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** A batch of packets for each worker that receives there, and what they sent up. */
  #receive(port: ReceivingPort): void {
    for (const [{ engine, meter }, end] of port.ends) {
      meter?.begin();
      if (engine.runPort(end) > 0) this.#ready.add(port);
      this.#answerUpcalls();
      meter?.end();
    }
  }

  #answerUpcalls(): void {
    for (const worker of this.#workers.all) {
      const { engine, upcalls, meter } = worker;
      for (let batch = upcalls.take(); batch.length > 0; batch = upcalls.take()) {
        const { lastSequence } = upcalls;
        this.#workers.answering = worker;
        meter?.beginUpcalls();
        try {
          this.#answer(batch, worker);
        } finally {
          this.#workers.answering = undefined;
        }
        engine.upcallsDone(lastSequence);
        meter?.endUpcalls(batch.filter(({ reason }) => reason === 'miss').length);
      }
    }
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const item of set) return item;
  return undefined;
}
