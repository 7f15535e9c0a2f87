/**
 * Who may change a switch: one at a time, since what is changed is in the version after the present one until it is
 * whole. Long changes are made in slices, so that packets and peers are served meanwhile; others wait for their end.
 */
import type { Timers } from '../base/timers.ts';

/** Milliseconds of one slice. */
const sliceTime = 4;
/** Steps between two looks at the clock. */
const stepsAtOnce = 32;

/** A change in short steps. */
export type ChangeSteps = Iterator<void>;

export class ChangeTurns {
  readonly #timers: Timers;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** A change is under way. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Runs it now, or as soon as nobody else is changing anything. It is over when it returns. */
  whenFree(change: () => void): void {
    if (this.#isTaken) this.#waiting.push(change);
    else change();
  }

  /** Makes a change: at once if that is quick, else with a promise. Throws, or rejects with, what a step throws. */
  make(steps: ChangeSteps): void | Promise<void> {
    if (!this.#isTaken) return this.#run(steps);
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          const later = this.#run(steps);
          if (later === undefined) resolve();
          else later.then(resolve, reject);
        } catch (why) {
          reject(why);
        }
      });
    });
  }

  #run(steps: ChangeSteps): void | Promise<void> {
    this.#isTaken = true;
    let isOver = true;
    try {
      isOver = this.#runSlice(steps);
    } finally {
      if (isOver) this.#release();
    }
    return isOver ? undefined : this.#runRest(steps);
  }

  async #runRest(steps: ChangeSteps): Promise<void> {
    const { clock } = this.#timers;
    try {
      do await new Promise<void>((next) => this.#timers.at(clock.now(), next));
      while (!this.#runSlice(steps));
    } finally {
      this.#release();
    }
  }

  /** True when all is done. */
  #runSlice(steps: ChangeSteps): boolean {
    const { clock } = this.#timers;
    const end = clock.now() + sliceTime;
    for (let n = 1; steps.next().done !== true; n++) {
      if (n % stepsAtOnce === 0 && clock.now() >= end) return false;
    }
    return true;
  }

  #release(): void {
    this.#isTaken = false;
    while (!this.#isTaken) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }
}
