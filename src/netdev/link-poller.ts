/** Asks a device itself, now and then, whether its link is up: for drivers that do not tell the kernel. */
import type { Timer, Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';

const shortestInterval = 100;

export interface LinkPollerDeps {
  readonly timers: Timers;
  ask(): boolean;
  onChange(): void;
}

export class LinkPoller {
  readonly #deps: LinkPollerDeps;
  #interval: number | undefined;
  #timer: Timer | undefined;
  #isUp = false;

  constructor(deps: LinkPollerDeps) {
    this.#deps = deps;
  }

  /** As it was when asked last; undefined while nobody is to ask. */
  get isUp(): boolean | undefined {
    return this.#interval === undefined ? undefined : this.#isUp;
  }

  /** Milliseconds; undefined ends it. */
  poll(wanted: number | undefined): void {
    const interval = wanted === undefined ? undefined : Math.max(wanted, shortestInterval);
    if (interval === this.#interval) return;
    const { isUp } = this;
    this.#interval = interval;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (interval !== undefined) this.#askEvery(interval);
    if (this.isUp !== isUp) this.#deps.onChange();
  }

  #askEvery(interval: number): void {
    this.#isUp = this.#deps.ask();
    this.#timer = this.#deps.timers.after(ms(interval), () => {
      const { isUp } = this;
      this.#askEvery(interval);
      if (this.isUp !== isUp) this.#deps.onChange();
    });
  }
}
