/**
 * Numbers for things that many flows share (masks, action lists), so that a worker is told of each once: from the
 * first flow that has it to the last.
 */

interface Numbered {
  readonly number: number;
  useCount: number;
}

export class Numbering<T extends object> {
  readonly #numbered = new Map<T, Numbered>();
  #lastNumber = 0;

  /** Counts one more use. `onFirst` is told the number when it is the first. */
  take(thing: T, onFirst: (number: number) => void): number {
    const known = this.#numbered.get(thing);
    if (known !== undefined) {
      known.useCount++;
      return known.number;
    }
    const number = ++this.#lastNumber;
    this.#numbered.set(thing, { number, useCount: 1 });
    onFirst(number);
    return number;
  }

  /** Takes back one use; `onLast` is told the number when it was the last. */
  drop(thing: T, onLast: (number: number) => void): void {
    const known = this.#numbered.get(thing);
    if (known === undefined || --known.useCount > 0) return;
    this.#numbered.delete(thing);
    onLast(known.number);
  }

  clear(): void {
    this.#numbered.clear();
  }
}
