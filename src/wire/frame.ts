/**
 * One Ethernet frame on its way through the switch, with the offloads that came with it. Frames are pooled by
 * whoever receives them: nothing is allocated for a packet.
 */

/** `gsoType` values: virtio-v1.2 section 5.1.6 (VIRTIO_NET_HDR_GSO_*). */
export const gso = { none: 0, tcp4: 1, udp: 3, tcp6: 4, udpL4: 5, ecnBit: 0x80 } as const;

export class Frame {
  /** Backing memory: a ring, a buffer of a pool. The frame is bytes[start..end). */
  bytes: Uint8Array;
  /** The same memory as `bytes`, same origin. */
  view: DataView;
  /** Native address of bytes[0], or 0 when nobody needs one (dummy ports). Below 2^53. */
  address = 0;
  /** Offset of the Ethernet destination. */
  start = 0;
  /** Offset behind the last byte. */
  end = 0;
  /** Bytes before `start` that may be overwritten (tags, tunnel headers, the offload header). */
  headroom = 0;
  /** Where checksumming starts, relative to `start`; -1 when no checksum is left to compute. */
  checksumStart = -1;
  /** Where the 16-bit sum goes, relative to `checksumStart`. */
  checksumOffset = 0;
  /** See `gso`. */
  gsoType = 0;
  /** Payload bytes of each segment. */
  gsoSize = 0;
  /** Bytes of headers in front of the payload of a segmented frame; a hint that the kernel checks. */
  headerSize = 0;
  /** DpPort it came in by. */
  inPort = 0;
  /** Set once the frame is queued on an output: its bytes then belong to the queue until it is flushed, so a
   *  change needs a copy first. */
  isQueued = false;

  constructor(bytes: Uint8Array = new Uint8Array(0), address = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.address = address;
  }

  /** Bytes. */
  get size(): number {
    return this.end - this.start;
  }

  /** Points the frame at other memory. Frames of one ring share one `view`, so this costs nothing. */
  use(bytes: Uint8Array, view: DataView, address: number): void {
    this.bytes = bytes;
    this.view = view;
    this.address = address;
  }

  /** Forgets the offloads of the last use. */
  clearOffloads(): void {
    this.checksumStart = -1;
    this.checksumOffset = 0;
    this.gsoType = 0;
    this.gsoSize = 0;
    this.headerSize = 0;
    this.isQueued = false;
  }

  /** Becomes another name for `from`: same memory, bounds and offloads. */
  copyFrom(from: Frame): void {
    this.use(from.bytes, from.view, from.address);
    this.start = from.start;
    this.end = from.end;
    this.headroom = from.headroom;
    this.isQueued = from.isQueued;
    this.copyOffloads(from);
  }

  copyOffloads(from: Frame): void {
    this.checksumStart = from.checksumStart;
    this.checksumOffset = from.checksumOffset;
    this.gsoType = from.gsoType;
    this.gsoSize = from.gsoSize;
    this.headerSize = from.headerSize;
    this.inPort = from.inPort;
  }
}

/** Takes bytes off at the front, or, with a negative number, headroom: offsets of an offload count from the start. */
export function moveStart(frame: Frame, by: number): void {
  frame.start += by;
  frame.headroom += by;
  if (frame.checksumStart >= 0) frame.checksumStart = Math.max(-1, frame.checksumStart - by);
  if (frame.headerSize > 0) frame.headerSize -= by;
}

/** A reusable list of frames: `frames[0..count)` are valid. Filled by a port, read by the datapath. */
export class FrameBatch {
  readonly frames: readonly Frame[];
  count = 0;

  constructor(capacity: number) {
    this.frames = Array.from({ length: capacity }, () => new Frame());
  }
}

/** Up to this many bytes a loop over words beats `Uint8Array.set`, which needs a view made for it. */
const fewBytes = 128;
const wordSize = 4;

/** Copies `size` bytes from one memory to another. */
export function copyBytes(
  from: Pick<Frame, 'bytes' | 'view'>,
  fromAt: number,
  to: Pick<Frame, 'bytes' | 'view'>,
  toAt: number,
  size: number,
): void {
  if (size > fewBytes || size < wordSize) {
    to.bytes.set(from.bytes.subarray(fromAt, fromAt + size), toAt);
    return;
  }
  const last = size - wordSize; // the last word may overlap the one before
  for (let n = 0; n < last; n += wordSize)
    to.view.setInt32(toAt + n, from.view.getInt32(fromAt + n, true), true);
  to.view.setInt32(toAt + last, from.view.getInt32(fromAt + last, true), true);
}
