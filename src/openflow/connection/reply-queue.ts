/** Messages that wait for who asked for them. */
import { type WaitOptions, waitFor } from '../../base/waiting.ts';

export class ReplyQueue {
  #waiting: Uint8Array[] = [];
  #end: { readonly why: unknown } | undefined;
  readonly #wakes = new Set<() => void>();
  /** Bytes in it. */
  size = 0;

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.size += bytes.length;
    this.#wake();
  }

  /** Nothing comes any more: `next` rejects with `why` when it has given what is there. */
  end(why: unknown): void {
    this.#end ??= { why };
    this.#wake();
  }

  async next({ signal }: WaitOptions = {}): Promise<Uint8Array> {
    for (;;) {
      signal?.throwIfAborted();
      const bytes = this.#waiting.shift();
      if (bytes !== undefined) {
        this.size -= bytes.length;
        return bytes;
      }
      if (this.#end !== undefined) throw this.#end.why;
      await waitFor<void>([signal], (resolve) => {
        this.#wakes.add(resolve);
        return () => this.#wakes.delete(resolve);
      });
    }
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}
