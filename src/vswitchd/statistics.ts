/** Writes the counters of all interfaces back, every few seconds, only what changed. */

import { SyscallFailed } from '../base/errors.ts';
import { LimitedSite, logger } from '../base/log.ts';
import type { Timer, Timers } from '../base/timers.ts';
import { type Ms, ms } from '../base/units.ts';
import type { LiveInterface, LiveState } from './live.ts';
import { reportStatistics } from './report.ts';
import type { StatusWriter } from './status-writer.ts';

const log = logger('bridge');
const unreadable = new LimitedSite();

export interface StatisticsDeps {
  readonly state: LiveState;
  readonly writer: StatusWriter;
  readonly timers: Timers;
  /** What else is written at the same pace. */
  readonly alsoEach?: () => void;
}

export class StatisticsWriter {
  readonly #deps: StatisticsDeps;
  #interval: Ms = ms(5000);
  #timer: Timer | undefined;

  constructor(deps: StatisticsDeps) {
    this.#deps = deps;
  }

  setInterval(interval: Ms): void {
    if (interval === this.#interval && this.#timer !== undefined) return;
    this.#interval = interval;
    this.#timer?.cancel();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Once, now. */
  async write(): Promise<void> {
    for (const bridge of this.#deps.state.bridges.values())
      for (const i of bridge.interfaces.values()) await this.#writeOne(i);
    this.#deps.writer.flush();
  }

  #arm(): void {
    this.#timer = this.#deps.timers.after(this.#interval, () => {
      this.#deps.alsoEach?.();
      void this.write().then(() => this.#arm());
    });
  }

  async #writeOne(i: LiveInterface): Promise<void> {
    const { netdev } = i;
    if (netdev === undefined || i.ofPort === undefined || netdev.isGone) return;
    try {
      const stats = await netdev.stats();
      if (i.netdev === netdev) this.#deps.writer.put('Interface', i.wanted.id, reportStatistics(stats));
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      log.limited('warn', unreadable, `${i.wanted.name}: could not read statistics: ${why.message}`);
    }
  }
}
