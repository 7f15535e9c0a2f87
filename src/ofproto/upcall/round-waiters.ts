/**
 * Those who wait until all flows have been looked at: each is told at the end of the first round that began after it
 * asked.
 */

interface Waiter {
  readonly tell: () => void;
  readonly isUrgent: boolean;
  hasBegun: boolean;
}

export class RoundWaiters {
  #waiters: Waiter[] = [];

  /** `isUrgent`: the round is to begin at once, and not in due time. */
  add(tell: () => void, isUrgent: boolean): void {
    this.#waiters.push({ tell, isUrgent, hasBegun: false });
  }

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  get isUrgent(): boolean {
    return this.#waiters.some(({ isUrgent }) => isUrgent);
  }

  roundBegins(): void {
    for (const waiter of this.#waiters) waiter.hasBegun = true;
  }

  roundEnded(): void {
    const told = this.#waiters.filter(({ hasBegun }) => hasBegun);
    this.#waiters = this.#waiters.filter(({ hasBegun }) => !hasBegun);
    for (const { tell } of told) tell();
  }
}
