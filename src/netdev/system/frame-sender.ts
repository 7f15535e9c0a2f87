/**
 * Queues frames and sends them in batches over a packet socket, each from where it lies, behind its offload header. A
 * busy port's short frames go through a ring instead. Used by `device-sender.ts`. Nothing here allocates for a frame.
 */
import { errnos } from '../../base/errno.ts';
import { allocate, type Memory } from '../../sys/calls/memory.ts';
import { MessageBatch } from '../../sys/calls/socket.ts';
import type { Frame } from '../../wire/frame.ts';
import { type Buffer, bufferPool, maxFrameSize } from '../buffers.ts';
import { offloadHeaderSize, writeOffloadHeader } from '../offload-header.ts';
import type { PortCounters } from '../provider.ts';
import type { SendRing } from './send-ring.ts';

/** Messages queued at most; a port starts with few and gets more when it needs them. */
const firstCapacity = 16;
const capacityLimit = 256;
const growth = 4;
const headerStride = 16;

/** The memory of one queue. */
class Queue {
  readonly capacity: number;
  readonly batch: MessageBatch;
  readonly headers: Uint16Array;
  /** 1 where the header of that message is not all zero. */
  readonly isHeaderUsed: Uint8Array;
  readonly sizes: Uint32Array;
  readonly #memory: Memory;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.batch = new MessageBatch(capacity, 2);
    this.#memory = allocate(capacity * headerStride);
    this.headers = new Uint16Array(this.#memory.buffer);
    this.isHeaderUsed = new Uint8Array(capacity);
    this.sizes = new Uint32Array(capacity);
    for (let i = 0; i < capacity; i++)
      this.batch.setPart(i, 0, this.#memory.address + i * headerStride, offloadHeaderSize);
  }

  close(): void {
    this.batch.close();
    this.#memory.unmap();
  }
}

export class FrameSender {
  #fd: number;
  readonly #counters: PortCounters;
  #queue = new Queue(firstCapacity);
  readonly #copies: Buffer[] = [];
  readonly #onBusy: () => void;
  #count = 0;
  #ring: SendRing | undefined;
  /** For frames that the kernel left in the ring; most ports have neither. */
  #left: { readonly batch: MessageBatch; readonly sizes: Uint32Array } | undefined;

  /** `onBusy` is called when many frames are sent at once for the first time. */
  constructor(fd: number, counters: PortCounters, onBusy: () => void) {
    this.#fd = fd;
    this.#counters = counters;
    this.#onBusy = onBusy;
  }

  /** From now on messages go through that socket. */
  useSocket(fd: number): void {
    this.#fd = fd;
  }

  /** From now on short frames go through that ring, which has at most `capacityLimit` slots. */
  useRing(ring: SendRing): void {
    this.#ring = ring;
  }

  add(frame: Frame): void {
    // What is in the ring goes first: with a message queued, a frame put there would overtake it.
    if (this.#count === 0 && this.#ring?.add(frame) === true) return;
    if (this.#count === this.#queue.capacity) this.#flushAndGrow();
    const at = this.#count;
    const queue = this.#queue;
    const size = frame.end - frame.start;
    const address = frame.address === 0 ? this.#copy(frame, size) : frame.address + frame.start;
    if (address === 0) {
      this.#counters.txDropped++;
      return;
    }
    if (frame.checksumStart >= 0 || frame.gsoType !== 0 || queue.isHeaderUsed[at] !== 0)
      queue.isHeaderUsed[at] = writeOffloadHeader(frame, queue.headers, (at * headerStride) >> 1) ? 1 : 0;
    queue.batch.setPart(at, 1, address, size);
    queue.sizes[at] = size;
    this.#count++;
    frame.isQueued = true;
  }

  flush(): void {
    if (this.#ring !== undefined && this.#ring.waitingCount > 0) this.#flushRing(this.#ring);
    if (this.#count === 0) return;
    this.#sendMessages(this.#queue.batch, this.#queue.sizes, this.#count);
    this.#count = 0;
    bufferPool.giveAll(this.#copies);
  }

  close(): void {
    this.#count = 0;
    this.#ring = undefined;
    this.#queue.close();
    this.#left?.batch.close();
  }

  /** A frame that the kernel refuses there is sent once more as a message, which tells what became of it. */
  #flushRing(ring: SendRing): void {
    const { waitingCount, waitingBytes } = ring;
    const leftCount = ring.send();
    this.#counters.txPackets += waitingCount - leftCount;
    this.#counters.txBytes += waitingBytes;
    if (leftCount === 0) return;
    this.#left ??= { batch: new MessageBatch(capacityLimit, 1), sizes: new Uint32Array(capacityLimit) };
    const { batch, sizes } = this.#left;
    for (let n = 0; n < leftCount; n++) {
      const { address, size } = ring.leftAt(n);
      batch.setPart(n, 0, address, size);
      sizes[n] = size - offloadHeaderSize;
      this.#counters.txBytes -= size - offloadHeaderSize;
    }
    this.#sendMessages(batch, sizes, leftCount);
  }

  #sendMessages(batch: MessageBatch, sizes: Uint32Array, count: number): void {
    let at = 0;
    while (at < count) {
      const sent = batch.send(this.#fd, at, count);
      if (sent > 0) {
        for (const end = at + sent; at < end; at++) this.#counters.txBytes += sizes[at] ?? 0;
        this.#counters.txPackets += sent;
      } else {
        at += this.#countRefused(-sent, count - at);
      }
    }
  }

  #flushAndGrow(): void {
    this.flush();
    if (this.#queue.capacity === firstCapacity) this.#onBusy();
    if (this.#queue.capacity >= capacityLimit) return;
    const capacity = this.#queue.capacity * growth;
    this.#queue.close();
    this.#queue = new Queue(capacity);
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
