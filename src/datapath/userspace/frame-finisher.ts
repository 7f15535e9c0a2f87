/**
 * The current packet as a device would have made it, in several frames where it is to be segmented: for outputs, tunnels
 * and upcalls, which can finish nothing themselves.
 */
import { type Frame, gso } from '../../wire/frame.ts';
import type { CurrentPacket } from './current-packet.ts';
import { finishChecksum, Segmenter } from './offload.ts';

export class FrameFinisher {
  readonly #packet: CurrentPacket;
  readonly #segmenter = new Segmenter();

  constructor(packet: CurrentPacket) {
    this.#packet = packet;
  }

  /** Gives each finished frame. False when the packet's description makes no sense. */
  each(use: (frame: Frame) => void, headroom = 0): boolean {
    const packet = this.#packet;
    const { frame } = packet;
    if (frame.gsoType !== gso.none) return this.#eachSegment(use, headroom);
    const copy = packet.copy(frame.end - frame.start, headroom);
    if (copy === undefined) return true; // dropped
    if (!finishChecksum(copy)) return false;
    use(copy);
    return true;
  }

  /** Does `work` on each finished frame as the current packet; nothing of it is seen behind. */
  eachAsPacket(work: () => void, headroom = 0): void {
    const packet = this.#packet;
    const isSensible = this.each((finished) => {
      const saved = packet.save();
      packet.frame = finished;
      work();
      packet.restore(saved);
    }, headroom);
    if (!isSensible) packet.drop('badOffload');
  }

  #eachSegment(use: (frame: Frame) => void, headroom: number): boolean {
    const packet = this.#packet;
    const segmenter = this.#segmenter;
    const count = segmenter.start(packet.frame, packet.packetType);
    for (let n = 0; n < count; n++) {
      const segment = packet.take(segmenter.sizeOf(n), headroom);
      if (segment === undefined) break;
      segmenter.emit(n, count, segment);
      use(segment);
    }
    return count > 0;
  }
}
