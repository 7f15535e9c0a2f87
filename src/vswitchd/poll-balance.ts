/** `other_config:pmd-auto-lb`: has datapaths see now and then whether their threads that poll share the load. */
import type { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { type Datapath, hasPollThreads } from '../datapath/provider.ts';

/** Milliseconds. A datapath looks only where it is time. */
const interval = ms(10_000);

export class PollBalance {
  readonly #timers: Timers;
  readonly #datapaths: () => Iterable<Datapath>;
  #isOn = false;

  constructor(timers: Timers, datapaths: () => Iterable<Datapath>) {
    this.#timers = timers;
    this.#datapaths = datapaths;
  }

  set(isOn: boolean): void {
    const wasOn = this.#isOn;
    this.#isOn = isOn;
    if (isOn && !wasOn) this.#timers.after(interval, () => this.#look());
  }

  #look(): void {
    if (!this.#isOn) return;
    for (const datapath of this.#datapaths()) if (hasPollThreads(datapath)) datapath.balance();
    this.#timers.after(interval, () => this.#look());
  }
}
