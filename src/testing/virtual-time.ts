/**
 * The time of a test: a clock that stands still until the test moves it, what is due by it, and what was put off. All
 * switches and links of a network share one.
 */
import { FakeClock } from '../base/clock.ts';
import { type Defer, defer } from '../base/defer.ts';
import { Refused } from '../base/errors.ts';
import { Timers } from '../base/timers.ts';
import { type Ms, ms } from '../base/units.ts';

/** A whole number of seconds that is not 0, as on a host that has been up for a while. */
const start = ms(1_000_000);
/** More turns than anything takes that comes to rest. */
const mostTurns = 100_000;
/** More frames than links carry at one time of the clock. */
const mostHops = 100_000;

export class VirtualTime {
  readonly clock = new FakeClock(start);
  readonly timers = new Timers(this.clock);
  /** How much was put off, ever, and how much of it is to be done still. */
  #putOffCount = 0;
  #waitingCount = 0;
  /** Frames that links carried since the clock moved. */
  #hopCount = 0;
  readonly defer: Defer = (action) => {
    this.#putOffCount++;
    this.#waitingCount++;
    defer(() => {
      this.#waitingCount--;
      action();
    });
  };

  constructor() {
    this.timers.onEarlier = (due) => {
      if (due <= this.clock.now()) this.defer(() => this.timers.run());
    };
  }

  /** Milliseconds since the start. */
  get now(): Ms {
    return ms(this.clock.now() - start);
  }

  /** May a link carry a frame to its other end? Not where there is no end to it, of which `settle` tells. */
  hop(): boolean {
    return ++this.#hopCount <= mostHops;
  }

  /**
   * Until nothing is put off, nothing is due, and all promises that could be kept have been. Rejects with Refused where
   * there is no end to it.
   */
  async settle(): Promise<void> {
    for (let turn = 0; turn < mostTurns; turn++) {
      this.timers.run();
      const [before, isIdle] = [this.#putOffCount, this.#waitingCount === 0];
      await nextTurn();
      if (this.#hopCount > mostHops) break;
      if (isIdle && this.#putOffCount === before && this.timers.nextDue > this.clock.now()) return;
    }
    this.#hopCount = 0;
    throw new Refused('testing', 'the network does not come to rest: do packets go round in a loop?');
  }

  /**
   * Moves the clock from one thing that is due to the next until `isReached`, by no more than so many milliseconds;
   * resolves with whether it is. Rejects as `settle` does.
   */
  async advanceUntil(isReached: () => boolean, atMost: number): Promise<boolean> {
    const end = this.clock.now() + atMost;
    await this.settle();
    while (!isReached()) {
      const next = Math.min(this.timers.nextDue, end);
      if (next >= end && this.clock.now() >= end) return false;
      this.#moveTo(next);
      await this.settle();
    }
    return true;
  }

  /** Moves the clock by so many milliseconds, with all that is due on the way at its time. Rejects as `settle` does. */
  async advance(by: number): Promise<void> {
    if (!(by >= 0)) throw new Refused('testing', `advance: ${by} is no number of milliseconds from 0 on`);
    const end = this.clock.now() + by;
    await this.settle();
    while (this.timers.nextDue <= end) {
      this.#moveTo(this.timers.nextDue);
      await this.settle();
    }
    this.#moveTo(end);
  }

  #moveTo(time: number): void {
    if (time > this.clock.now()) this.#hopCount = 0;
    this.clock.advance(ms(time - this.clock.now()));
  }
}

/** All that waits now has been done, and what came of it at once. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => defer(resolve));
}
