/** A port made of two lists, for datapaths on the main thread. Takes what it sends at `flush`, as a ring does. */
import { emptyCounters } from '../../src/netdev/counters.ts';
import type { PortCounters, PortIo, WakesDatapath } from '../../src/netdev/provider.ts';
import { Frame, type FrameBatch } from '../../src/wire/frame.ts';

/** A frame as it came out of a switch, with what was left for a device to do. */
export interface SentFrame {
  readonly bytes: Uint8Array;
  readonly checksumStart: number;
  readonly gsoType: number;
  readonly gsoSize: number;
}

const headroom = 32;

export class MemoryPort implements PortIo, WakesDatapath {
  readonly fd = undefined;
  readonly takesOffloads: boolean;
  readonly counters: PortCounters = emptyCounters();
  onInput: () => void = () => {};
  isClosed = false;
  readonly sent: SentFrame[] = [];
  /** For which of its queues each frame was, in the order in which they were given. */
  readonly queues: number[] = [];
  readonly #waiting: Frame[] = [];
  readonly #queued: { bytes: Uint8Array; start: number; end: number; frame: Omit<SentFrame, 'bytes'> }[] = [];

  constructor(takesOffloads = true) {
    this.takesOffloads = takesOffloads;
  }

  /** Puts frames on the wire towards the switch. */
  inject(...frames: readonly (Uint8Array | Frame)[]): void {
    for (const frame of frames) this.#waiting.push(frame instanceof Frame ? frame : frameOf(frame));
    this.onInput();
  }

  receive(batch: FrameBatch): number {
    const count = Math.min(this.#waiting.length, batch.frames.length);
    for (let n = 0; n < count; n++) {
      const to = batch.frames[n];
      const from = this.#waiting[n];
      if (to === undefined || from === undefined) break;
      to.use(from.bytes, from.view, 0);
      to.start = from.start;
      to.end = from.end;
      to.headroom = from.headroom;
      to.clearOffloads();
      to.copyOffloads(from);
      this.counters.rxPackets++;
      this.counters.rxBytes += from.size;
    }
    this.#waiting.splice(0, count);
    batch.count = count;
    return count;
  }

  release(): void {}

  send(frame: Frame, queue = 0): void {
    this.queues.push(queue);
    const { bytes, start, end, checksumStart, gsoType, gsoSize } = frame;
    this.#queued.push({ bytes, start, end, frame: { checksumStart, gsoType, gsoSize } });
    frame.isQueued = true;
  }

  flush(): void {
    for (const { bytes, start, end, frame } of this.#queued.splice(0)) {
      this.sent.push({ bytes: bytes.slice(start, end), ...frame });
      this.counters.txPackets++;
      this.counters.txBytes += end - start;
    }
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A frame of a copy of those bytes, with some headroom. */
export function frameOf(bytes: Uint8Array): Frame {
  const memory = new Uint8Array(headroom + bytes.byteLength);
  memory.set(bytes, headroom);
  const frame = new Frame(memory);
  frame.start = headroom;
  frame.end = memory.byteLength;
  frame.headroom = headroom;
  return frame;
}
