/** So many things a second, and as many at once after a pause. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: number;

  /** Full at `now`, in milliseconds. */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond);
    this.#filledAt = now;
  }

  /** May one more happen at `now`? */
  take(now: number): boolean {
    if (now > this.#filledAt) {
      const gained = ((now - this.#filledAt) * this.#perSecond) / 1000;
      this.#tokens = Math.min(Math.max(1, this.#perSecond), this.#tokens + gained);
      this.#filledAt = now;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
