/** Cables between ports of virtual switches: what goes out at one end comes in at the other, as the clock moves on. */
import type { VirtualSwitch } from './virtual-switch.ts';

export class Cables {
  /** What came out of ports without a cable, by port; as hexadecimal text. */
  out: Record<string, string[]> = {};
  readonly #sw: VirtualSwitch;
  readonly #step: number;
  readonly #otherEnd: ReadonlyMap<string, string>;
  readonly #passes: (from: string, frame: string) => boolean;

  /** Frames take up to `step` milliseconds; those that do not pass are lost. */
  constructor(
    sw: VirtualSwitch,
    step: number,
    cables: readonly (readonly [string, string])[],
    passes: (from: string, frame: string) => boolean,
  ) {
    this.#sw = sw;
    this.#step = step;
    this.#otherEnd = new Map(
      cables.flatMap(
        ([a, b]) =>
          [
            [a, b],
            [b, a],
          ] as const,
      ),
    );
    this.#passes = passes;
  }

  advance(milliseconds: number): void {
    for (let at = 0; at < milliseconds; at += this.#step) {
      this.#sw.advance(this.#step);
      this.#carry();
    }
  }

  #carry(): void {
    for (const [port, frames] of Object.entries(this.#sw.takeSent())) {
      const to = this.#otherEnd.get(port);
      if (to === undefined) this.out[port] = [...(this.out[port] ?? []), ...frames];
      else {
        const passing = frames.filter((frame) => this.#passes(port, frame));
        this.#sw.inject(to, ...passing.map((frame) => Buffer.from(frame, 'hex')));
      }
    }
  }
}
