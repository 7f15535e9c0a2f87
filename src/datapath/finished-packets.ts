/** What a device would have made of a packet outside the datapath: for whoever can finish nothing, as controllers. */
import { Frame, gso } from '../wire/frame.ts';
import type { DpPacket } from './provider.ts';
import { finishChecksum, Segmenter } from './userspace/offload.ts';

/** The packet as it would be on the wire, in several where it is to be segmented; as it is where that makes no sense. */
export function finishedPackets({ bytes, offload }: Pick<DpPacket, 'bytes' | 'offload'>): Uint8Array[] {
  if (offload === undefined) return [bytes];
  const frame = new Frame(bytes.slice());
  frame.end = bytes.length;
  Object.assign(frame, offload);
  if (offload.gsoType === gso.none) return [finishChecksum(frame) ? frame.bytes : bytes];
  const segments = segmentsOf(frame);
  return segments.length > 0 ? segments : [bytes];
}

function segmentsOf(frame: Frame): Uint8Array[] {
  const segmenter = new Segmenter();
  const count = segmenter.start(frame);
  return Array.from({ length: count }, (_, n) => {
    const segment = new Frame(new Uint8Array(segmenter.sizeOf(n)));
    segmenter.emit(n, count, segment);
    return segment.bytes;
  });
}
