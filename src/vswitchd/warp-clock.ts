/**
 * The daemon's clock: the system's until `time/stop`, then one that moves by `time/warp` only; dates stay those of the
 * system. With --enable-dummy, tests drive the whole daemon through it.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import type { Timers } from '../base/timers.ts';
import { type Ms, ms } from '../base/units.ts';

export class WarpClock implements Clock {
  #stoppedAt: Ms | undefined;
  #warped = 0;

  now(): Ms {
    return this.#stoppedAt === undefined ? systemClock.now() : ms(this.#stoppedAt + this.#warped);
  }

  wall(): number {
    return systemClock.wall();
  }

  get isStopped(): boolean {
    return this.#stoppedAt !== undefined;
  }

  stop(): void {
    if (this.isStopped) return;
    this.#stoppedAt = ms(Math.ceil(systemClock.now())); // whole, so that sums are exact
  }

  /** Stops the clock if it runs, then moves it by `by`, pausing at every wake-up on the way to run it. */
  warp(timers: Timers, by: Ms): void {
    this.stop();
    const end = this.now() + by;
    do {
      this.#warped += Math.max(0, Math.min(timers.nextDue, end) - this.now());
      timers.run();
    } while (this.now() < end);
  }
}
