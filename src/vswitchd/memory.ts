/** Says in the log how much memory is used for what, whenever it has grown by half since it was last said. */
import { logger } from '../base/log.ts';
import type { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';

const log = logger('memory');
const firstLook = ms(10_000);
const interval = ms(10_000);

export interface MemoryWatchDeps {
  readonly timers: Timers;
  /** Highest resident set so far, in kB. */
  readonly peakKilobytes: () => number;
  /** "cells:5 ports:3"; empty when there is nothing. */
  readonly counts: () => string;
}

/** Looks every ten seconds for as long as `timers` run. */
export function watchMemory(deps: MemoryWatchDeps): void {
  const { timers, peakKilobytes, counts } = deps;
  let saidAt = timers.clock.now();
  let said = 0;
  const look = (): void => {
    const peak = peakKilobytes();
    const seconds = ((timers.clock.now() - saidAt) / 1000).toFixed(1);
    if (said === 0) log.info(`${peak} kB peak resident set size after ${seconds} seconds`);
    else if (peak >= said * 1.5) {
      const percent = Math.round((peak / said - 1) * 100);
      log.info(
        `peak resident set size grew ${percent}% in last ${seconds} seconds, from ${said} kB to ${peak} kB`,
      );
    }
    if (said === 0 || peak >= said * 1.5) {
      said = peak;
      saidAt = timers.clock.now();
      const counted = counts();
      if (counted !== '') log.info(counted);
    }
    timers.after(interval, look);
  };
  timers.after(firstLook, look);
}
