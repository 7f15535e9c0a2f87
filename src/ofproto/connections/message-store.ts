/**
 * Messages as bytes, one behind the other in few large blocks: millions of small arrays would cost more than they hold.
 */
import { messageSize } from '../../openflow/codec.ts';

const blockSize = 1 << 16;

interface Block {
  readonly bytes: Uint8Array;
  used: number;
  count: number;
}

export class MessageStore {
  readonly #blocks: Block[] = [];

  /** Adds a copy of a message, whose header tells its size. */
  push(message: Uint8Array): void {
    let block = this.#blocks.at(-1);
    if (block === undefined || block.bytes.length - block.used < message.length) {
      block = { bytes: new Uint8Array(Math.max(blockSize, message.length)), used: 0, count: 0 };
      this.#blocks.push(block);
    }
    block.bytes.set(message, block.used);
    block.used += message.length;
    block.count++;
  }

  /** The message that came after `before` others. */
  at(before: number): Uint8Array {
    let left = before;
    for (const { bytes, count } of this.#blocks) {
      if (left >= count) {
        left -= count;
        continue;
      }
      let start = 0;
      for (; left > 0; left--) start += messageSize(bytes, start) ?? 0;
      return bytes.subarray(start, start + (messageSize(bytes, start) ?? 0));
    }
    throw new RangeError(`there are not ${before + 1} messages`);
  }
}
