/**
 * The lowest of values that come and go, each under a key: what a bridge takes from all its ports together (its
 * address, its MTU) at the cost of the port that changed. Used by `bridge-facts.ts`.
 */
export class Lowest<K, V extends string | number> {
  readonly #values = new Map<K, V>();
  readonly #counts = new Map<V, number>();
  #lowest: V | undefined;
  #isLowestGone = false;

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
    if (this.#lowest === undefined || value <= this.#lowest) {
      this.#lowest = value; // while the lowest is gone, still a bound of all others
      this.#isLowestGone = false;
    }
  }

  get lowest(): V | undefined {
    if (this.#isLowestGone) {
      this.#isLowestGone = false;
      this.#lowest = undefined;
      for (const value of this.#counts.keys())
        if (this.#lowest === undefined || value < this.#lowest) this.#lowest = value;
    }
    return this.#lowest;
  }

  #drop(value: V): void {
    const left = (this.#counts.get(value) ?? 0) - 1;
    if (left > 0) this.#counts.set(value, left);
    else {
      this.#counts.delete(value);
      if (value === this.#lowest) this.#isLowestGone = true;
    }
  }
}
