/**
 * The daemon's clock: the system's, which `time/warp` moves on, and after `time/stop` one that moves by that only; dates
 * stay those of the system. With --enable-dummy, tests drive the whole daemon through it.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import type { Timers } from '../base/timers.ts';
import { type Ms, ms } from '../base/units.ts';

export class WarpClock implements Clock {
  #stoppedAt: Ms | undefined;
  #warped = 0;

  now(): Ms {
    return ms((this.#stoppedAt ?? systemClock.now()) + this.#warped);
  }

  wall(): number {
    return systemClock.wall();
  }

  get isStopped(): boolean {
    return this.#stoppedAt !== undefined;
  }

  /** Once more: at the system's time of now. */
  stop(): void {
    this.#stoppedAt = ms(Math.ceil(systemClock.now())); // whole, so that sums are exact
  }

  /** Moves the clock by `by`, pausing at every wake-up on the way to run it. */
  warp(timers: Timers, by: Ms): void {
    let left: number = by;
    do {
      const step = Math.max(0, Math.min(timers.nextDue - this.now(), left));
      this.#warped += step;
      left -= step;
      timers.run();
    } while (left > 0);
  }
}
