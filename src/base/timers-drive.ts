/**
 * Runs `Timers` on the language's own timers: for programs without a main loop of their own (command-line tools).
 */
import type { Timers } from './timers.ts';

/** The process lives until it is told to end, even while it waits for nothing. */
export function keepProcessAlive(): void {
  setInterval(() => {}, 2 ** 31 - 1);
}

/** Lets `timers` fire when they are due. Do they keep the process alive while one is set? Returns how to stop. */
export function driveTimers(timers: Timers, keepsAlive = false): () => void {
  let handle: NodeJS.Timeout | undefined;
  const arm = (): void => {
    clearTimeout(handle);
    const wait = timers.nextDue - timers.clock.now();
    if (wait === Number.POSITIVE_INFINITY) return;
    handle = setTimeout(
      () => {
        timers.run();
        arm();
      },
      Math.max(0, Math.ceil(wait)),
    );
    if (!keepsAlive) handle.unref();
  };
  timers.onEarlier = arm;
  arm();
  return () => {
    clearTimeout(handle);
    timers.onEarlier = () => {};
  };
}
