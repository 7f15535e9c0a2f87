/**
 * Time, as something that is passed in. The system clock is the only caller of the language's own;
 * a `FakeClock` moves when a test, `time/stop` or `time/warp` says so.
 */
import { type Ms, ms } from './units.ts';

export interface Clock {
  /** Monotonic: the unit of every timeout. Stands still while the host is suspended (CLOCK_MONOTONIC). */
  now(): Ms;
  /** Milliseconds since 1970, for dates that people and databases read. Jumps when the host's clock is set. */
  wall(): number;
}

export const systemClock: Clock = {
  now: () => ms(performance.now()),
  wall: () => Date.now(),
};

/** A clock that stands still until it is moved. Knows no timers: see `Timers.advance`. */
export class FakeClock implements Clock {
  #now: number;
  #wallAtZero: number;

  constructor(now = 0, wallAtZero = Date.UTC(2026, 0, 1)) {
    this.#now = now;
    this.#wallAtZero = wallAtZero;
  }

  now(): Ms {
    return ms(this.#now);
  }

  wall(): number {
    return this.#wallAtZero + this.#now;
  }

  advance(by: Ms): void {
    this.#now += by;
  }
}
