/** Waiting for something no longer than a while. */
import { systemClock } from './clock.ts';
import { Timers } from './timers.ts';
import { driveTimers } from './timers-drive.ts';
import type { Ms } from './units.ts';

/** What `work` comes to; undefined when that takes longer than `limit`, and then the work goes on unheeded. */
export function withinTime<T>(limit: Ms, work: Promise<T>): Promise<T | undefined> {
  const timers = new Timers(systemClock);
  const giveUp = new Promise<undefined>((done) => timers.after(limit, () => done(undefined)));
  const stop = driveTimers(timers);
  return Promise.race([work, giveUp]).finally(stop);
}
