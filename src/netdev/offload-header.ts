/**
 * The 10 bytes with which the kernel tells what is left to do on a frame: struct virtio_net_hdr (virtio-v1.2 section
 * 5.1.6, without num_buffers, in the machine's order). Read and written by `system/` (PACKET_VNET_HDR) and `tap/`
 * (IFF_VNET_HDR).
 */
import { vlanTag } from '../wire/ethernet.ts';
import type { Frame } from '../wire/frame.ts';

export const offloadHeaderSize = 10;

const NEEDS_CSUM = 1;

/**
 * Takes the header at `at` over into the frame, whose bounds are set. False when it describes something outside
 * the frame: such a frame must be dropped.
 */
export function readOffloadHeader(frame: Frame, bytes: Uint8Array, at: number): boolean {
  frame.isQueued = false;
  const flags = bytes[at] ?? 0;
  const gsoType = bytes[at + 1] ?? 0;
  if ((flags & NEEDS_CSUM) === 0 && gsoType === 0) {
    frame.checksumStart = -1;
    frame.checksumOffset = 0;
    frame.gsoType = 0;
    frame.gsoSize = 0;
    frame.headerSize = 0;
    return true;
  }
  const { view } = frame;
  const hasChecksum = (flags & NEEDS_CSUM) !== 0;
  frame.headerSize = view.getUint16(at + 2, true);
  frame.gsoType = gsoType;
  frame.gsoSize = view.getUint16(at + 4, true);
  frame.checksumStart = hasChecksum ? view.getUint16(at + 6, true) : -1;
  frame.checksumOffset = hasChecksum ? view.getUint16(at + 8, true) : 0;
  const size = frame.end - frame.start;
  return frame.checksumStart + frame.checksumOffset + 2 <= size && frame.headerSize <= size;
}

/**
 * Writes the frame's offloads as a header at 16-bit index `at`: five words. Returns whether there was anything to say
 * (otherwise all five are zero).
 */
export function writeOffloadHeader(frame: Frame, words: Uint16Array, at: number): boolean {
  const hasChecksum = frame.checksumStart >= 0;
  words[at] = (hasChecksum ? NEEDS_CSUM : 0) | (frame.gsoType << 8);
  words[at + 1] = frame.headerSize;
  words[at + 2] = frame.gsoSize;
  words[at + 3] = hasChecksum ? frame.checksumStart : 0;
  words[at + 4] = frame.checksumOffset;
  return hasChecksum || frame.gsoType !== 0;
}

/** Puts a tag that the kernel took out back behind the addresses, using the headroom. */
export function restoreVlanTag(frame: Frame, tpid: number, tci: number): void {
  const start = frame.start - vlanTag.size;
  frame.bytes.copyWithin(start, frame.start, frame.start + 12);
  frame.view.setUint16(start + 12, tpid);
  frame.view.setUint16(start + 14, tci);
  frame.start = start;
  frame.headroom -= vlanTag.size;
  if (frame.checksumStart >= 0) frame.checksumStart += vlanTag.size;
  if (frame.headerSize > 0) frame.headerSize += vlanTag.size;
}
