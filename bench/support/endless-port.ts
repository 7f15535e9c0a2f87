/** A port that receives the same packets again and again, as out of a ring, and forgets what it sends. */
import { emptyCounters } from '../../src/netdev/counters.ts';
import type { PortIo } from '../../src/netdev/provider.ts';
import type { Frame, FrameBatch } from '../../src/wire/frame.ts';

const headroom = 64;

export interface EndlessPortOptions {
  /** Frames of one `receive`. */
  readonly batchSize: number;
  /** Bytes from one frame to the next. */
  readonly slotSize: number;
}

export class EndlessPort implements PortIo {
  readonly fd = undefined;
  readonly takesOffloads = true;
  readonly counters = emptyCounters();
  readonly #options: EndlessPortOptions;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #sizes: readonly number[];

  /** No packets: such a port is only sent to. */
  constructor(packets: readonly Uint8Array[], options: EndlessPortOptions) {
    const { batchSize, slotSize } = options;
    this.#options = options;
    this.#bytes = new Uint8Array(slotSize * batchSize);
    this.#view = new DataView(this.#bytes.buffer);
    this.#sizes = Array.from({ length: packets.length === 0 ? 0 : batchSize }, (_, n) => {
      const packet = packets[n % packets.length] ?? new Uint8Array(0);
      this.#bytes.set(packet, n * slotSize + headroom);
      return packet.length;
    });
  }

  receive(batch: FrameBatch): number {
    const { slotSize } = this.#options;
    const count = this.#sizes.length;
    for (let n = 0; n < count; n++) {
      const frame = batch.frames[n];
      if (frame === undefined) continue;
      frame.use(this.#bytes, this.#view, 0);
      frame.start = n * slotSize + headroom;
      frame.end = frame.start + (this.#sizes[n] ?? 0);
      frame.headroom = headroom;
      frame.clearOffloads();
    }
    batch.count = count;
    return count;
  }

  release(): void {}

  send(frame: Frame): void {
    this.counters.txPackets++;
    frame.isQueued = true;
  }

  flush(): void {}

  close(): void {}
}
