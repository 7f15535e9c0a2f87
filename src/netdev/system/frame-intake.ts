/**
 * Where frames come in as messages, each behind its offload header: pooled buffers that lie ready, so that one call
 * receives many and costs nothing for those that do not come. One for a thread, since a call leaves nothing in it.
 */
import { MessageBatch } from '../../sys/calls/socket.ts';
import type { Frame } from '../../wire/frame.ts';
import {
  type Buffer,
  bufferHeadroom,
  bufferPool,
  maxFrameSize,
  minFrameSize,
  useBuffer,
} from '../buffers.ts';
import { offloadHeaderSize, readOffloadHeader } from '../offload-header.ts';
import { restoreTag } from './packet-socket.ts';

/** Messages received at once: 64 KiB each, so more would only leave the processor's cache. */
export const intakeLimit = 32;

/**
 * What a packet socket says beside a message: struct cmsghdr of 16 bytes, then struct tpacket_auxdata of 20. 32-bit
 * words; the last holds tag and protocol.
 */
const aux = { size: 40, status: 4, tag: 8 } as const;

class FrameIntake {
  readonly #messages = new MessageBatch(intakeLimit, 1, aux.size);
  /** Message i goes into buffer i. */
  readonly #buffers: Buffer[] = [];
  /** Buffers from the first on that were given to frames. */
  #usedCount = 0;

  /** How many messages it has room for; fewer than `intakeLimit` when the pool is empty. */
  makeReady(): number {
    const buffers = this.#buffers;
    if (this.#usedCount === 0 && buffers.length === intakeLimit) return intakeLimit;
    for (let at = 0; at < intakeLimit; at++) {
      if (at >= this.#usedCount && at < buffers.length) continue;
      const buffer = bufferPool.take();
      if (buffer === undefined) {
        this.#giveUpFrom(at);
        break;
      }
      buffers[at] = buffer;
      const address = buffer.address + bufferHeadroom - offloadHeaderSize;
      this.#messages.setPart(at, 0, address, maxFrameSize + offloadHeaderSize);
    }
    this.#usedCount = 0;
    return buffers.length;
  }

  /** Receives up to `count` messages, of those it is ready for: how many came, or the negative error number. */
  receive(fd: number, count: number): number {
    return this.#messages.receive(fd, count);
  }

  /**
   * Points `frame` at message `index`; those before it were taken already. The buffer goes into `held`, for the caller
   * to give back. False when it holds no sound frame.
   */
  take(frame: Frame, index: number, held: Buffer[]): boolean {
    const buffer = this.#buffers[index];
    if (buffer === undefined) return false;
    this.#usedCount = index + 1;
    held.push(buffer);
    const size = this.#messages.sizeOf(index) - offloadHeaderSize;
    useBuffer(frame, buffer, size);
    return (
      size >= minFrameSize &&
      !this.#messages.isTruncated(index) &&
      readOffloadHeader(frame, buffer.bytes, bufferHeadroom - offloadHeaderSize)
    );
  }

  /** Puts back the tag that the kernel took out of the frame of message `index`, where it says so beside it. */
  restoreTag(frame: Frame, index: number): void {
    const tag = this.#messages.controlWord(index, aux.tag);
    restoreTag(frame, this.#messages.controlWord(index, aux.status), tag & 0xffff, tag >>> 16);
  }

  #giveUpFrom(at: number): void {
    const buffers = this.#buffers;
    for (let n = Math.max(at, this.#usedCount); n < buffers.length; n++) {
      const buffer = buffers[n];
      if (buffer !== undefined) bufferPool.give(buffer);
    }
    buffers.length = at;
  }
}

let intake: FrameIntake | undefined;

/** The one of this thread. */
export function frameIntake(): FrameIntake {
  intake ??= new FrameIntake();
  return intake;
}
