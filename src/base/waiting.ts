/** Promises that a signal can end. */

/** For all that waits. */
export interface WaitOptions {
  /** Gives up when aborted: what waits rejects with the signal's `reason`, or throws it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Settles as `begin` says, or rejects with the reason of the first of `signals` that is aborted. Either way what `begin`
 * returned is called once, to stop what it began. What `begin` throws rejects too.
 * @internal
 */
export function waitFor<R>(
  signals: readonly (AbortSignal | undefined)[],
  begin: (resolve: (result: R) => void, reject: (why: unknown) => void) => () => void,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    let isOver = false;
    const end = (): void => {
      isOver = true;
      for (const stop of stops.splice(0)) stop();
    };
    const fail = (why: unknown): void => {
      end();
      reject(why);
    };
    for (const signal of signals) {
      if (signal === undefined || isOver) continue;
      if (signal.aborted) return fail(signal.reason);
      const onAbort = (): void => fail(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      stops.push(() => signal.removeEventListener('abort', onAbort));
    }
    try {
      stops.push(
        begin((result) => {
          end();
          resolve(result);
        }, fail),
      );
    } catch (why) {
      fail(why);
    }
    if (isOver) end();
  });
}
