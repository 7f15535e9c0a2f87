/**
 * The minimum of values that come and go, each under a key: what a bridge takes from all its ports together (its
 * address, its MTU) at the cost of the port that changed. Used by `bridge-facts.ts`.
 */
export class MinimumTracker<K, V extends string | number> {
  readonly #values = new Map<K, V>();
  readonly #counts = new Map<V, number>();
  #minimum: V | undefined;
  #isMinimumGone = false;

  put(key: K, value: V | undefined): void {
    const before = this.#values.get(key);
    if (before === value) return;
    if (before !== undefined) this.#drop(before);
    if (value === undefined) {
      this.#values.delete(key);
      return;
    }
    this.#values.set(key, value);
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    if (this.#minimum === undefined || value <= this.#minimum) {
      this.#minimum = value; // while the minimum is gone, still a bound of all others
      this.#isMinimumGone = false;
    }
  }

  get minimum(): V | undefined {
    if (this.#isMinimumGone) {
      this.#isMinimumGone = false;
      this.#minimum = undefined;
      for (const value of this.#counts.keys())
        if (this.#minimum === undefined || value < this.#minimum) this.#minimum = value;
    }
    return this.#minimum;
  }

  #drop(value: V): void {
    const left = (this.#counts.get(value) ?? 0) - 1;
    if (left > 0) this.#counts.set(value, left);
    else {
      this.#counts.delete(value);
      if (value === this.#minimum) this.#isMinimumGone = true;
    }
  }
}
