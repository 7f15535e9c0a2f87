/**
 * Queues frames and sends them in batches over a packet socket, each from where it lies, behind its offload header.
 * Used by `packet-port.ts`. Nothing here allocates for a frame.
 */
import { errnos } from '../../sys/calls/libc.ts';
import { allocate, type Memory } from '../../sys/calls/memory.ts';
import { MessageBatch } from '../../sys/calls/socket.ts';
import type { Frame } from '../../wire/frame.ts';
import { type Buffer, bufferPool, maxFrameSize } from '../buffers.ts';
import { offloadHeaderSize, writeOffloadHeader } from '../offload-header.ts';
import type { PortCounters } from '../provider.ts';

const batchCapacity = 256;
const headerStride = 16;

export class FrameSender {
  readonly #fd: number;
  readonly #counters: PortCounters;
  readonly #batch = new MessageBatch(batchCapacity, 2);
  readonly #headerMemory: Memory = allocate(batchCapacity * headerStride);
  readonly #headers = new Uint16Array(this.#headerMemory.buffer);
  /** 1 where the header of that message is not all zero. */
  readonly #isHeaderUsed = new Uint8Array(batchCapacity);
  readonly #sizes = new Uint32Array(batchCapacity);
  readonly #copies: Buffer[] = [];
  #count = 0;

  constructor(fd: number, counters: PortCounters) {
    this.#fd = fd;
    this.#counters = counters;
    for (let i = 0; i < batchCapacity; i++)
      this.#batch.setPart(i, 0, this.#headerMemory.address + i * headerStride, offloadHeaderSize);
  }

  add(frame: Frame): void {
    if (this.#count === batchCapacity) this.flush();
    const at = this.#count;
    const size = frame.end - frame.start;
    const address = frame.address === 0 ? this.#copy(frame, size) : frame.address + frame.start;
    if (address === 0) {
      this.#counters.txDropped++;
      return;
    }
    if (frame.checksumStart >= 0 || frame.gsoType !== 0 || this.#isHeaderUsed[at] !== 0)
      this.#isHeaderUsed[at] = writeOffloadHeader(frame, this.#headers, (at * headerStride) >> 1) ? 1 : 0;
    this.#batch.setPart(at, 1, address, size);
    this.#sizes[at] = size;
    this.#count++;
    frame.isQueued = true;
  }

  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    let at = 0;
    while (at < count) {
      const sent = this.#batch.send(this.#fd, at, count);
      if (sent > 0) {
        for (const end = at + sent; at < end; at++) this.#counters.txBytes += this.#sizes[at] ?? 0;
        this.#counters.txPackets += sent;
      } else {
        at += this.#countRefused(-sent, count - at);
      }
    }
    this.#count = 0;
    for (const copy of this.#copies) bufferPool.give(copy);
    this.#copies.length = 0;
  }

  close(): void {
    this.#count = 0;
    this.#batch.close();
    this.#headerMemory.unmap();
  }

  /** How many of the `left` messages the refusal costs: the first alone where it was about that frame. */
  #countRefused(errno: number, left: number): number {
    if (errno === errnos.EINTR) return 0;
    const isAboutFrame =
      errno === errnos.ENOBUFS || errno === errnos.EMSGSIZE || errno === errnos.EINVAL || errno === 0;
    const lost = isAboutFrame ? 1 : left;
    if (errno === errnos.EINVAL) this.#counters.txErrors += lost;
    else this.#counters.txDropped += lost;
    return lost;
  }

  /** Copies a frame whose memory has no native address into a pooled buffer; its address, or 0 when there is none. */
  #copy(frame: Frame, size: number): number {
    if (size > maxFrameSize) return 0;
    const buffer = bufferPool.take();
    if (buffer === undefined) return 0;
    this.#copies.push(buffer);
    buffer.bytes.set(frame.bytes.subarray(frame.start, frame.end));
    return buffer.address;
  }
}
