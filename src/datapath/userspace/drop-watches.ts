/** What is watched of the drops of all workers, as the main thread sees it. */
import type { DpDrop, DropWatch, DropWatching } from '../drop-watch.ts';
import { DropReader, makeDropMemory } from './drop-ring.ts';
import type { WorkerThread } from './worker-thread.ts';

interface Watched {
  readonly readers: readonly DropReader[];
  readonly take: (drops: readonly DpDrop[]) => void;
}

export class DropWatches {
  readonly #workers: readonly Pick<WorkerThread, 'tell'>[];
  readonly #watched = new Map<number, Watched>();
  #lastId = 0;

  constructor(workers: readonly Pick<WorkerThread, 'tell'>[]) {
    this.#workers = workers;
  }

  add({ rate, headSize, match }: DropWatch, take: (drops: readonly DpDrop[]) => void): DropWatching {
    const id = ++this.#lastId;
    const { words, bits } = match?.mask ?? { words: [], bits: [] };
    const values = match?.values ?? [];
    const readers = this.#workers.map((worker) => {
      const memory = makeDropMemory(headSize);
      worker.tell({ do: 'watchDrops', id, rate, words, bits, values, memory });
      return new DropReader(memory);
    });
    this.#watched.set(id, { readers, take });
    return {
      get missedCount() {
        return readers.reduce((sum, reader) => sum + reader.missedCount, 0);
      },
      stop: () => {
        if (this.#watched.delete(id))
          for (const worker of this.#workers) worker.tell({ do: 'unwatchDrops', id });
      },
    };
  }

  /** A worker has some for that watch. */
  receive(id: number): void {
    const watched = this.#watched.get(id);
    const drops = watched?.readers.flatMap((reader) => reader.take()) ?? [];
    if (drops.length > 0) watched?.take(drops);
  }
}
