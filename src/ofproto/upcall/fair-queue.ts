/**
 * What waits for its turn, by the port it came from: every port has the same room, and turns go round, so that a
 * flood on one port delays the others by one place each and pushes nothing of theirs out.
 */
import { List } from '../../base/list.ts';

interface Room<T> {
  readonly port: number;
  readonly items: T[];
}
export class FairQueue<T> {
  readonly #roomOfEach: number;
  /** Ports that have something waiting; whose turn is next comes first. */
  readonly #turns = new List<Room<T>>();
  readonly #rooms = new Map<number, Room<T>>();
  #size = 0;
  /** Items that found their port's room full. */
  refusedCount = 0;

  constructor(roomOfEach: number) {
    this.#roomOfEach = roomOfEach;
  }

  get size(): number {
    return this.#size;
  }

  push(port: number, item: T): boolean {
    const room = this.#rooms.get(port);
    if (room === undefined) {
      const made: Room<T> = { port, items: [item] };
      this.#rooms.set(port, made);
      this.#turns.push(made);
    } else if (room.items.length >= this.#roomOfEach) {
      this.refusedCount++;
      return false;
    } else room.items.push(item);
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
      this.#rooms.delete(port);
    }
    this.#size--;
    return item;
  }
}
