/** Messages that nobody asked for, until somebody takes them; no more of them than some bytes. */
import type { WaitOptions } from '../../base/waiting.ts';
import { ReplyQueue } from './reply-queue.ts';

const mostBytes = 4 * 1024 * 1024;
/** Ends the wait for messages. */
const closedInOrder = new Error('closed');

export class UnaskedMessages {
  readonly #queue = new ReplyQueue();
  #lostCount = 0;

  /** Those for which there was no room. */
  get lostCount(): number {
    return this.#lostCount;
  }

  keep(bytes: Uint8Array): void {
    if (this.#queue.size + bytes.length > mostBytes) this.#lostCount++;
    else this.#queue.push(bytes.slice());
  }

  /** No more of them come: in order where there is no reason. */
  end(why: Error | undefined): void {
    this.#queue.end(why ?? closedInOrder);
  }

  /** The next one; undefined at an end in order. Rejects with what ended them otherwise. */
  async next(options: WaitOptions): Promise<Uint8Array | undefined> {
    try {
      return await this.#queue.next(options);
    } catch (why) {
      if (why === closedInOrder) return undefined;
      throw why;
    }
  }
}
