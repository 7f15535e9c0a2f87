/** Says what a bench is measuring and how far it is: a run of all takes a quarter of an hour. */

/** One of a bench; made by bench/run.mjs. */
export class Progress {
  readonly #bench: string;
  readonly #say: (line: string) => void;
  readonly #started = performance.now();
  #expected = 0;
  #begun = 0;

  /** `bench`: its name and its place among all. */
  constructor(bench: string, say: (line: string) => void) {
    this.#bench = bench;
    this.#say = say;
  }

  /** How many steps the bench has; told before the first. */
  expect(count: number): void {
    this.#expected = count;
  }

  /** A step begins, which measures that. */
  next(what: string): void {
    this.#begun++;
    this.#say(`${this.#time()}  ${this.#bench}  step ${this.#begun} of ${this.#expected}: ${what}`);
  }

  /** Throws when the bench has not done what it told. */
  end(): void {
    this.#say(`${this.#time()}  ${this.#bench}  done`);
    if (this.#begun !== this.#expected)
      throw new Error(`${this.#bench}: told of ${this.#expected} steps and took ${this.#begun}`);
  }

  #time(): string {
    const seconds = Math.floor((performance.now() - this.#started) / 1000);
    return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
