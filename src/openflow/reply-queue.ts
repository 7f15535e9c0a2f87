/** Messages that wait for who asked for them. */
export class ReplyQueue {
  #waiting: Uint8Array[] = [];
  #end: { readonly why: unknown } | undefined;
  #wake: (() => void) | undefined;
  /** Bytes in it. */
  size = 0;

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.size += bytes.length;
    this.#wake?.();
  }

  /** Nothing comes any more: `next` rejects with `why` when it has given what is there. */
  end(why: unknown): void {
    this.#end ??= { why };
    this.#wake?.();
  }

  async next(): Promise<Uint8Array> {
    for (;;) {
      const bytes = this.#waiting.shift();
      if (bytes !== undefined) {
        this.size -= bytes.length;
        return bytes;
      }
      if (this.#end !== undefined) throw this.#end.why;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
