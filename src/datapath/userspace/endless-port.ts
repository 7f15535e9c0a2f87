/**
 * A port that receives the same packets again and again, as out of a ring, and forgets what it sends. Warms a worker up
 * before its first packet, and measures the engine.
 */
import { emptyCounters } from '../../netdev/counters.ts';
import type { PortIo } from '../../netdev/provider.ts';
import type { Frame, FrameBatch } from '../../wire/frame.ts';

const headroom = 64;

export interface EndlessPortOptions {
  /** Frames of one `receive`. */
  readonly batchSize: number;
  /** Bytes from one frame to the next. */
  readonly slotSize: number;
  /** Where the frames pretend to lie; 0: nowhere that the kernel could read. */
  readonly address?: number;
  /** Every so many calls there is nothing, as of a port that has been emptied; absent: always something. */
  readonly emptyEvery?: number;
}

export class EndlessPort implements PortIo {
  readonly fd = undefined;
  readonly takesOffloads = true;
  readonly counters = emptyCounters();
  readonly #options: EndlessPortOptions;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #sizes: readonly number[];
  #calls = 0;

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
    const { slotSize, address = 0, emptyEvery } = this.#options;
    if (emptyEvery !== undefined && ++this.#calls % emptyEvery === 0) return 0;
    const count = this.#sizes.length;
    for (let n = 0; n < count; n++) {
      const frame = batch.frames[n];
      if (frame === undefined) continue;
      frame.use(this.#bytes, this.#view, address);
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
