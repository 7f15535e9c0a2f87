/** What came out of a port and nobody has taken yet, and who waits for more. */
import type { WaitOptions } from '../base/waiting.ts';
import { waitFor } from '../base/waiting.ts';
import type { TestFrame } from './packets.ts';

/** Frames that wait to be taken; of more, the oldest go. */
const mostWaiting = 65_536;

export class Arrivals {
  #frames: TestFrame[] = [];
  #lostCount = 0;
  /** Is told of each frame, which is not kept then. */
  onFrame: ((frame: TestFrame) => void) | undefined;
  readonly #wakes = new Set<() => void>();
  #isClosed = false;

  /** Nothing waits to be taken, and nobody for more. */
  get isIdle(): boolean {
    return this.#frames.length === 0 && this.#wakes.size === 0 && this.onFrame === undefined;
  }

  get lostCount(): number {
    return this.#lostCount;
  }

  add(frame: TestFrame): void {
    if (this.onFrame !== undefined) {
      this.onFrame(frame);
      return;
    }
    this.#frames.push(frame);
    if (this.#frames.length > 2 * mostWaiting) this.#shorten();
    this.#wake();
  }

  take(): TestFrame[] {
    this.#shorten();
    const taken = this.#frames;
    this.#frames = [];
    return taken;
  }

  async *each({ signal }: WaitOptions): AsyncGenerator<TestFrame, void> {
    for (;;) {
      yield* this.take();
      if (this.#frames.length > 0) continue;
      if (this.#isClosed) return;
      await waitFor<void>([signal], (resolve) => {
        this.#wakes.add(resolve);
        return () => this.#wakes.delete(resolve);
      });
    }
  }

  /** Ends who waits. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #shorten(): void {
    const surplus = this.#frames.length - mostWaiting;
    if (surplus <= 0) return;
    this.#frames.splice(0, surplus);
    this.#lostCount += surplus;
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}
