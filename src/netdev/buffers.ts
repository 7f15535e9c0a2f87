/**
 * Large buffers for frames that do not lie in a ring: segmented TCP up to 64 KiB, frames of TAP devices, copies of
 * frames without a native address. One pool a thread, shared by its ports; used by `system/` and `tap/`.
 */
import { allocate } from '../sys/calls/memory.ts';
import { ethernet } from '../wire/ethernet.ts';
import type { Frame } from '../wire/frame.ts';

/** Room for tags, tunnel headers and the offload header before a frame. */
export const bufferHeadroom = 256;
/** The longest frame that is taken: 64 KiB of segmented TCP with its headers and tags. */
export const maxFrameSize = 65536 + 256;
export const minFrameSize = ethernet.size;

const bufferSize = 66 * 1024 + 512; // a multiple of 64, so that no two buffers share a cache line
const buffersPerChunk = 16;
const chunkLimit = 64;

export interface Buffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Native address of bytes[0]. */
  readonly address: number;
}

/** A pool that grows to its limit as it is used and never shrinks. */
class BufferPool {
  readonly #free: Buffer[] = [];
  #chunkCount = 0;

  /** undefined when the limit is reached: the frame waits in the kernel. */
  take(): Buffer | undefined {
    if (this.#free.length === 0) this.#grow();
    return this.#free.pop();
  }

  give(buffer: Buffer): void {
    this.#free.push(buffer);
  }

  /** Empties the list. */
  giveAll(buffers: Buffer[]): void {
    for (let buffer = buffers.pop(); buffer !== undefined; buffer = buffers.pop()) this.give(buffer);
  }

  #grow(): void {
    if (this.#chunkCount === chunkLimit) return;
    this.#chunkCount++;
    const { buffer, address } = allocate(bufferSize * buffersPerChunk);
    for (let i = buffersPerChunk - 1; i >= 0; i--) {
      const bytes = new Uint8Array(buffer, i * bufferSize, bufferSize);
      const view = new DataView(buffer, i * bufferSize, bufferSize);
      this.#free.push({ bytes, view, address: address + i * bufferSize });
    }
  }
}

/** The pool of this thread (each worker has its own instance of this module). */
export const bufferPool = new BufferPool();

/** Points `frame` at a pooled buffer that holds `size` bytes of frame behind the headroom. */
export function useBuffer(frame: Frame, buffer: Buffer, size: number): void {
  frame.use(buffer.bytes, buffer.view, buffer.address);
  frame.start = bufferHeadroom;
  frame.end = bufferHeadroom + size;
  frame.headroom = bufferHeadroom;
}
