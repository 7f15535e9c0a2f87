/**
 * The frame path of a TAP device (`tap` and `internal` ports): one read or write a frame, each behind its offload
 * header, so that TCP of the host passes in 64 KiB pieces with its checksums left open.
 */
import { errnos } from '../../base/errno.ts';
import { readTo } from '../../sys/calls/fd.ts';
import { allocate } from '../../sys/calls/memory.ts';
import { PartWriter } from '../../sys/calls/writev.ts';
import type { Frame, FrameBatch } from '../../wire/frame.ts';
import {
  type Buffer,
  bufferHeadroom,
  bufferPool,
  maxFrameSize,
  minFrameSize,
  useBuffer,
} from '../buffers.ts';
import { emptyCounters } from '../counters.ts';
import { offloadHeaderSize, readOffloadHeader, writeOffloadHeader } from '../offload-header.ts';
import type { PortCounters, PortIo } from '../provider.ts';

/** Frames read at once: 64 KiB each, so more would only leave the processor's cache. */
const readLimit = 32;

/** Does not own the descriptor: the netdev that made the device closes it. */
export class TapPort implements PortIo {
  readonly takesOffloads = true;
  readonly counters: PortCounters = emptyCounters();
  readonly fd: number;
  readonly #held: Buffer[] = [];
  readonly #headerMemory = allocate(16);
  readonly #header = new Uint16Array(this.#headerMemory.buffer);
  #isHeaderUsed = false;
  readonly #writer = new PartWriter(2);
  #isOpen = true;

  constructor(fd: number) {
    this.fd = fd;
    this.#writer.setPart(0, this.#headerMemory.address, offloadHeaderSize);
  }

  receive(batch: FrameBatch): number {
    const { frames } = batch;
    let count = 0;
    for (let reads = 0; this.#isOpen && count < frames.length && reads < readLimit; reads++) {
      const buffer = bufferPool.take();
      const frame = frames[count];
      if (buffer === undefined || frame === undefined) break;
      this.#held.push(buffer);
      const address = buffer.address + bufferHeadroom - offloadHeaderSize;
      const size = readTo(this.fd, address, maxFrameSize + offloadHeaderSize) - offloadHeaderSize;
      if (size < minFrameSize) {
        if (size < 0) break;
        this.counters.rxErrors++;
        continue;
      }
      useBuffer(frame, buffer, size);
      if (!readOffloadHeader(frame, buffer.bytes, bufferHeadroom - offloadHeaderSize)) {
        this.counters.rxErrors++;
        continue;
      }
      this.counters.rxPackets++;
      this.counters.rxBytes += size;
      count++;
    }
    batch.count = count;
    return count;
  }

  release(): void {
    bufferPool.giveAll(this.#held);
  }

  /** Writes at once: a TAP device has no batches, so nothing is kept until `flush`. */
  send(frame: Frame): void {
    const size = frame.end - frame.start;
    if (!this.#isOpen) {
      this.counters.txDropped++;
    } else if (frame.address !== 0) {
      this.#write(frame, frame.address + frame.start, size);
    } else {
      this.#writeCopy(frame, size);
    }
  }

  flush(): void {}

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.release();
    this.#writer.close();
    this.#headerMemory.unmap();
  }

  #write(frame: Frame, address: number, size: number): void {
    if (this.#isHeaderUsed || frame.checksumStart >= 0 || frame.gsoType !== 0)
      this.#isHeaderUsed = writeOffloadHeader(frame, this.#header, 0);
    this.#writer.setPart(1, address, size);
    const sent = this.#writer.write(this.fd);
    if (sent > 0) {
      this.counters.txPackets++;
      this.counters.txBytes += size;
    } else if (sent === -errnos.EINVAL) this.counters.txErrors++;
    else this.counters.txDropped++; // the device is down, or its host does not keep up
  }

  /** For a frame whose memory has no native address. */
  #writeCopy(frame: Frame, size: number): void {
    const buffer = size > maxFrameSize ? undefined : bufferPool.take();
    if (buffer === undefined) {
      this.counters.txDropped++;
      return;
    }
    buffer.bytes.set(frame.bytes.subarray(frame.start, frame.end));
    this.#write(frame, buffer.address, size);
    bufferPool.give(buffer);
  }
}
