/**
 * What waits for its turn, by the port it came from: every port has the same limit, and turns go round, so that a
 * flood on one port delays the others by one place each and pushes nothing of theirs out.
 */
import { List } from '../../base/list.ts';

interface PortQueue<T> {
  readonly port: number;
  readonly items: T[];
}

export class FairQueue<T> {
  readonly #limitOfEach: number;
  /** Ports that have something waiting; whose turn is next comes first. */
  readonly #turns = new List<PortQueue<T>>();
  readonly #queues = new Map<number, PortQueue<T>>();
  #size = 0;
  /** Items that found their port's queue full. */
  refusedCount = 0;

  constructor(limitOfEach: number) {
    this.#limitOfEach = limitOfEach;
  }

  get size(): number {
    return this.#size;
  }

  push(port: number, item: T): boolean {
    const queue = this.#queues.get(port);
    if (queue === undefined) {
      const made: PortQueue<T> = { port, items: [item] };
      this.#queues.set(port, made);
      this.#turns.push(made);
    } else if (queue.items.length >= this.#limitOfEach) {
      this.refusedCount++;
      return false;
    } else queue.items.push(item);
    this.#size++;
    return true;
  }

  /** The first item of the port whose turn it is. */
  take(): T | undefined {
    const turn = this.#turns.first;
    if (turn === undefined) return undefined;
    const { port, items } = turn.value;
    const item = items.shift();
    if (items.length > 0) this.#turns.moveToEnd(turn);
    else {
      this.#turns.remove(turn);
      this.#queues.delete(port);
    }
    this.#size--;
    return item;
  }
}
