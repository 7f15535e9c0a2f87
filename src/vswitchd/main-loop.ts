/**
 * The daemon's loop: runs its parts in order whenever something happened or is due, and sleeps otherwise. Parts do
 * what there is to do and return; what takes longer they start and are woken for.
 */

import type { Defer } from '../base/defer.ts';
import { LimitedSite, logger } from '../base/log.ts';
import type { Timers } from '../base/timers.ts';
import { driveTimers } from '../base/timers-drive.ts';

const log = logger('timeval');
const stalled = new LimitedSite({ perMinute: 60, burst: 10 });

/** A longer turn than this is worth a line in the log. */
const stallTime = 1000;

export interface LoopPart {
  /** For the log: "bridge", "unixctl" ... */
  readonly name: string;
  run(): void;
}

export interface MainLoopDeps {
  readonly timers: Timers;
  readonly defer: Defer;
  readonly parts: readonly LoopPart[];
  /** Lets timers fire when they are due, and returns how to stop; by the language's own unless given. */
  readonly drive?: typeof driveTimers | undefined;
}

export class MainLoop {
  readonly #timers: Timers;
  readonly #defer: Defer;
  readonly #parts: readonly LoopPart[];
  readonly #drive: typeof driveTimers;
  #isWakePending = false;
  #stop: (() => void) | undefined;

  constructor(deps: MainLoopDeps) {
    this.#timers = deps.timers;
    this.#defer = deps.defer;
    this.#parts = deps.parts;
    this.#drive = deps.drive ?? driveTimers;
  }

  /** Begins to run, and to follow the timers. */
  start(): void {
    this.#stop = this.#drive(this.#timers);
    this.wake();
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** One turn soon, however often this is called before it. */
  wake(): void {
    if (this.#isWakePending) return;
    this.#isWakePending = true;
    this.#defer(() => {
      this.#isWakePending = false;
      if (this.#stop !== undefined) this.turn();
    });
  }

  /** One turn soon, and `action` after it. */
  afterTurn(action: () => void): void {
    this.#defer(() => {
      this.turn();
      action();
    });
  }

  /** One turn now. */
  turn(): void {
    for (const part of this.#parts) {
      const before = this.#timers.clock.now();
      part.run();
      const took = this.#timers.clock.now() - before;
      if (took > stallTime)
        log.limited(
          'warn',
          stalled,
          `Unreasonably long ${Math.round(took)}ms poll interval (in ${part.name})`,
        );
    }
  }
}
