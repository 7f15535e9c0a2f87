/**
 * Memory for changed copies of frames: one arena that is filled front to back during a batch and emptied when every
 * port has been flushed. Nothing is allocated for a packet.
 */
import { copyBytes, Frame } from '../../wire/frame.ts';

/** Memory that ports can send from: `address` is the native address of bytes[0], 0 where no port needs it. */
export interface FrameMemory {
  readonly bytes: Uint8Array;
  readonly address: number;
}

/** Room in front of a copied frame: two tags and an offload header, or a tunnel's headers. */
const copyHeadroom = 128;

export class FrameArena {
  readonly #memory: FrameMemory;
  readonly #view: DataView;
  readonly #frames: Frame[] = [];
  #used = 0;
  #top = 0;

  constructor(memory: FrameMemory) {
    this.#memory = memory;
    this.#view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.byteLength);
  }

  /** A frame with room for `size` bytes (`end` is `start`) and in front of them; undefined when the arena is full. */
  take(size: number, headroom = copyHeadroom): Frame | undefined {
    const room = (Math.max(headroom, copyHeadroom) + 7) & ~7;
    const start = this.#top + room;
    if (start + size > this.#memory.bytes.byteLength) return undefined;
    let frame = this.#frames[this.#used];
    if (frame === undefined) {
      frame = new Frame(this.#memory.bytes, this.#memory.address);
      frame.use(this.#memory.bytes, this.#view, this.#memory.address);
      this.#frames.push(frame);
    }
    this.#used++;
    this.#top = (start + size + 7) & ~7;
    frame.start = start;
    frame.end = start;
    frame.headroom = room;
    frame.clearOffloads();
    return frame;
  }

  /** A copy of the first `size` bytes of `from` with its offloads; undefined when the arena is full. */
  copy(from: Frame, size: number, headroom = copyHeadroom): Frame | undefined {
    const to = this.take(size, headroom);
    if (to === undefined) return undefined;
    copyBytes(from, from.start, to, to.start, size);
    to.end = to.start + size;
    to.copyOffloads(from);
    return to;
  }

  /** Takes all frames back; none may be queued any more. */
  reset(): void {
    this.#used = 0;
    this.#top = 0;
  }

  /** Takes back all frames but those, which move to the front. None may be queued any more. */
  resetKeeping(kept: ReadonlySet<Frame>): void {
    const count = this.#used;
    this.reset();
    for (let n = 0; n < count; n++) {
      const frame = this.#frames[n];
      if (frame === undefined || !kept.has(frame)) continue;
      const by = frame.start - frame.headroom - this.#top;
      if (by > 0) {
        frame.bytes.copyWithin(frame.start - by, frame.start, frame.end);
        frame.start -= by;
        frame.end -= by;
      }
      this.#frames[n] = this.#frames[this.#used] ?? frame;
      this.#frames[this.#used++] = frame;
      this.#top = (frame.end + 7) & ~7;
    }
  }
}
