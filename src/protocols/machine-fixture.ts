/** What tests of link monitoring run machines with: timers that follow them, and a medium that loses and delays. */
import { seededRandom } from '../base/random.ts';
import type { Timer, Timers } from '../base/timers.ts';
import { type Ms, ms } from '../base/units.ts';

/** Runs a machine whenever it asks for that. */
export class MachineTimer {
  readonly #timers: Timers;
  readonly #machine: { run(now: Ms): Ms };
  #timer: Timer | undefined;

  constructor(timers: Timers, machine: { run(now: Ms): Ms }) {
    this.#timers = timers;
    this.#machine = machine;
  }

  run(): void {
    this.#timer?.cancel();
    this.#timer = this.#timers.at(this.#machine.run(this.#timers.clock.now()), () => this.run());
  }
}

export interface MediumOptions {
  readonly seed?: number;
  /** Of 100 messages. */
  readonly lost?: number;
  /** Milliseconds that a message may take. */
  readonly delay?: number;
}

/** Delivers, later, what is not lost. */
export function lossyMedium(
  timers: Timers,
  { seed = 1, lost = 0, delay = 1 }: MediumOptions = {},
): (deliver: () => void) => void {
  const random = seededRandom(seed);
  return (deliver) => {
    if (random.u32() % 100 >= lost) timers.after(ms(1 + (random.u32() % delay)), deliver);
  };
}
