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

export class Scratch {
  readonly #memory: FrameMemory;
  readonly #view: DataView;
  readonly #frames: Frame[] = [];
  #used = 0;
  #top = 0;

  constructor(memory: FrameMemory) {
    this.#memory = memory;
    this.#view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.byteLength);
  }

  /** A frame with room for `size` bytes (`end` is `start`); undefined when the arena is full. */
  take(size: number): Frame | undefined {
    const start = this.#top + copyHeadroom;
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
    frame.headroom = copyHeadroom;
    frame.clearOffloads();
    return frame;
  }

  /** A copy of the first `size` bytes of `from` with its offloads; undefined when the arena is full. */
  copy(from: Frame, size: number): Frame | undefined {
    const to = this.take(size);
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

  /** Takes all frames back but `frame`, if it is one of them: it moves to the front. None may be queued any more. */
  resetKeeping(frame: Frame): void {
    const at = this.#frames.indexOf(frame);
    this.reset();
    if (at < 0 || frame.bytes !== this.#memory.bytes) return;
    const first = this.#frames[0];
    if (first !== undefined) this.#frames[at] = first;
    this.#frames[0] = frame;
    this.#used = 1;
    const start = copyHeadroom;
    const { size } = frame;
    if (frame.start > start) {
      frame.bytes.copyWithin(start, frame.start, frame.end);
      frame.start = start;
      frame.end = start + size;
      frame.headroom = start;
    }
    this.#top = (frame.end + 7) & ~7;
  }
}
