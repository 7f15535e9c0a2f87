/**
 * What is watched of the drops of all workers, as the main thread sees it. What comes in quick succession is handed over
 * together: being woken costs the main thread several times what a packet does.
 */
import type { Timer, Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import type { DpDrop, DropWatch, DropWatching } from '../drop-watch.ts';
import { DropReader, makeDropMemory } from './drop-ring.ts';
import type { WorkerThread } from './worker-thread.ts';

/** Milliseconds between two looks while packets keep coming. */
const gatherTime = 100;

interface Watched {
  readonly readers: readonly DropReader[];
  readonly take: (drops: readonly DpDrop[]) => void;
  /** Of the next look; undefined while the workers will tell. */
  next: Timer | undefined;
  isStopped: boolean;
}

export class DropWatches {
  readonly #workers: readonly Pick<WorkerThread, 'tell'>[];
  readonly #timers: Timers | undefined;
  readonly #watched = new Map<number, Watched>();
  #lastId = 0;

  /** Without timers, each packet is handed over at once. */
  constructor(workers: readonly Pick<WorkerThread, 'tell'>[], timers: Timers | undefined) {
    this.#workers = workers;
    this.#timers = timers;
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
    this.#watched.set(id, { readers, take, next: undefined, isStopped: false });
    return {
      get missedCount() {
        return readers.reduce((sum, reader) => sum + reader.missedCount, 0);
      },
      stop: () => this.#stop(id),
    };
  }

  /** A worker has some for that watch. */
  receive(id: number): void {
    const watched = this.#watched.get(id);
    if (watched !== undefined && watched.next === undefined) this.#look(watched);
  }

  #look(watched: Watched): void {
    watched.next = undefined;
    const drops = watched.readers.flatMap((reader) => reader.take());
    if (drops.length > 0) watched.take(drops);
    if (watched.isStopped) return;
    const timers = this.#timers;
    if (timers !== undefined && drops.length > 0)
      watched.next = timers.at(ms(timers.clock.now() + gatherTime), () => this.#look(watched));
    else if (watched.readers.filter((reader) => reader.rearm()).length > 0) this.#look(watched);
  }

  #stop(id: number): void {
    const watched = this.#watched.get(id);
    if (watched === undefined || watched.isStopped) return;
    this.#watched.delete(id);
    for (const worker of this.#workers) worker.tell({ do: 'unwatchDrops', id });
    watched.isStopped = true;
    watched.next?.cancel();
    this.#look(watched); // what came until now is part of it
  }
}
