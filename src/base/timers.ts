/**
 * Wake-up times in one heap, under a clock. The main loop sleeps until `nextDue` and calls `run`;
 * with a `FakeClock`, `advance` walks through the same wake-ups without waiting.
 */
import type { Clock, FakeClock } from './clock.ts';
import { type Ms, ms } from './units.ts';

/** A pending wake-up. `cancel` is idempotent. */
export interface Timer {
  readonly due: Ms;
  cancel(): void;
}

class Entry implements Timer {
  readonly due: Ms;
  /** Ties are run in the order in which they were set. */
  readonly order: number;
  action: (() => void) | undefined;
  readonly #onCancel: () => void;

  constructor(due: Ms, order: number, action: () => void, onCancel: () => void) {
    this.due = due;
    this.order = order;
    this.action = action;
    this.#onCancel = onCancel;
  }

  cancel(): void {
    if (this.action === undefined) return;
    this.action = undefined;
    this.#onCancel();
  }
}

/** Cancelled wake-ups that stay in the heap at most, where those that are not are fewer. */
const leastGarbage = 64;

export class Timers {
  readonly clock: Clock;
  /** Called when an earlier wake-up than all before was set; the loop shortens its sleep. */
  onEarlier: (due: Ms) => void = () => {};
  #heap: Entry[] = [];
  #order = 0;
  /** Entries of the heap that were cancelled, or a few more. */
  #cancelledCount = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Runs `action` once, at the first `run` at or after `due`. */
  at(due: Ms, action: () => void): Timer {
    const entry = new Entry(due, this.#order++, action, this.#onCancel);
    this.#push(entry);
    if (this.#heap[0] === entry) this.onEarlier(due);
    return entry;
  }

  after(delay: Ms, action: () => void): Timer {
    return this.at(ms(this.clock.now() + delay), action);
  }

  /** When the next wake-up is due; Infinity when there is none. */
  get nextDue(): Ms {
    this.#dropCancelled();
    return this.#heap[0]?.due ?? ms(Number.POSITIVE_INFINITY);
  }

  /** Wake-ups that are kept, of which some may have been cancelled. */
  get size(): number {
    return this.#heap.length;
  }

  /** Runs all that is due now. What an action sets for "now" waits for the next run. */
  run(): void {
    const now = this.clock.now();
    const due: Entry[] = [];
    for (let top = this.#heap[0]; top !== undefined && top.due <= now; top = this.#heap[0]) {
      this.#pop();
      due.push(top);
    }
    for (const entry of due) {
      const { action } = entry;
      entry.action = undefined;
      action?.();
    }
  }

  /** Moves a fake clock by `by`, stopping at every wake-up on the way to run it. */
  advance(clock: FakeClock, by: Ms): void {
    const end = clock.now() + by;
    for (;;) {
      const next = Math.min(this.nextDue, end);
      clock.advance(ms(Math.max(0, next - clock.now())));
      this.run();
      if (clock.now() >= end && this.nextDue > end) return;
    }
  }

  #dropCancelled(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].action === undefined) this.#pop();
  }

  /** Whoever sets a far wake-up anew with each packet leaves no more than as many entries as there are others. */
  readonly #onCancel = (): void => {
    if (++this.#cancelledCount < Math.max(leastGarbage, this.#heap.length / 2)) return;
    const kept = this.#heap.filter(({ action }) => action !== undefined);
    this.#heap = [];
    this.#cancelledCount = 0;
    for (const entry of kept) this.#push(entry);
  };

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, entry)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const right = heap[child + 1];
      let below = heap[child];
      if (below === undefined) break;
      if (right !== undefined && isBefore(right, below)) {
        below = right;
        child++;
      }
      if (isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
