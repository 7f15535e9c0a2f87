/**
 * A packet of the layer above, as a frame of the engine: in memory that ports can send from, with room for headers in
 * front.
 */
import { ethernet } from '../../wire/ethernet.ts';
import { Frame } from '../../wire/frame.ts';
import type { DpDropReason } from '../drops.ts';
import type { DpPacket } from '../provider.ts';
import type { FrameMemory } from './frame-arena.ts';

export const injectedMemorySize = 1 << 17;
const headroom = 128;

export class InjectedPacket {
  readonly frame: Frame;

  /** Of `injectedMemorySize`. */
  constructor({ bytes, address }: FrameMemory) {
    this.frame = new Frame(bytes, address);
  }

  /** Copies the packet into the frame; why not, where it does not fit. */
  load({ bytes, offload }: DpPacket): DpDropReason | undefined {
    const { frame } = this;
    if (bytes.byteLength < ethernet.size) return 'tooShort';
    if (bytes.byteLength > injectedMemorySize - headroom) return 'tooLarge';
    frame.start = headroom;
    frame.end = headroom + bytes.byteLength;
    frame.headroom = headroom;
    frame.bytes.set(bytes, frame.start);
    frame.clearOffloads();
    if (offload !== undefined) Object.assign(frame, offload);
    return undefined;
  }
}
