/**
 * Frames from a packet socket by recvmmsg: costs nothing while there are none, so that a switch may have thousands of
 * ports, and takes frames of any length.
 * Runs on a datapath worker; nothing here allocates for a frame.
 */
import { errnos } from '../../base/errno.ts';
import type { FrameBatch } from '../../wire/frame.ts';
import { type Buffer, bufferPool } from '../buffers.ts';
import type { PortCounters } from '../provider.ts';
import { frameIntake } from './frame-intake.ts';
import type { FrameReceiver } from './frame-receiver.ts';

/** Batches in a row that were as large as can be: the port is worth a ring. */
const fullBatchLimit = 4;

export class MessageReceiver implements FrameReceiver {
  readonly fd: number;
  readonly #counters: PortCounters;
  readonly #held: Buffer[] = [];
  #fullBatches = 0;

  constructor(fd: number, counters: PortCounters) {
    this.fd = fd;
    this.#counters = counters;
  }

  get isPressed(): boolean {
    return this.#fullBatches >= fullBatchLimit;
  }

  receive({ frames }: FrameBatch): number {
    const intake = frameIntake();
    const wanted = Math.min(intake.makeReady(), frames.length);
    let got = intake.receive(this.fd, wanted);
    // The kernel refuses to describe a frame with offloads of a kind unknown to it, and drops it.
    for (let tries = 0; got === -errnos.EINVAL && tries < wanted; tries++) {
      this.#counters.rxErrors++;
      got = intake.receive(this.fd, wanted);
    }
    let count = 0;
    for (let n = 0; n < got; n++) {
      const frame = frames[count];
      if (frame === undefined) break;
      if (!intake.take(frame, n, this.#held)) {
        this.#counters.rxErrors++;
        continue;
      }
      intake.restoreTag(frame, n);
      this.#counters.rxPackets++;
      this.#counters.rxBytes += frame.end - frame.start;
      count++;
    }
    this.#fullBatches = got === wanted && got > 0 ? this.#fullBatches + 1 : 0;
    return count;
  }

  release(): void {
    bufferPool.giveAll(this.#held);
  }

  close(): void {
    this.release();
  }
}
