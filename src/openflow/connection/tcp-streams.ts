/**
 * What TCP connections carry, put together from captured segments, one direction at a time. Segments that are lost or out
 * of order are not waited for: what comes in order is taken, as the reference does.
 */

/** A segment, and whose it is. */
export interface Segment {
  /** Addresses and ports of one direction. */
  readonly stream: string;
  /** The TCP header and what is behind it. */
  readonly bytes: Uint8Array;
}

const headerSize = 20;
const flagBits = { fin: 1, syn: 2, rst: 4 } as const;

interface Stream {
  /** Sequence number of the byte that comes next. */
  next: number;
  pending: Uint8Array;
}

export class TcpStreams {
  readonly #streams = new Map<string, Stream>();

  /** What the stream has now and `took` did not take yet; undefined where the segment adds nothing. */
  add({ stream: name, bytes }: Segment): Uint8Array | undefined {
    if (bytes.length < headerSize) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = 4 * (view.getUint8(12) >>> 4);
    if (size < headerSize || size > bytes.length) return undefined;
    const sequence = view.getUint32(4);
    const flags = view.getUint8(13);
    const data = bytes.subarray(size);
    const isStart = (flags & flagBits.syn) !== 0;
    const stream = this.#streams.get(name) ?? this.#begin(name, isStart, sequence, data.length);
    if (stream === undefined) return undefined;
    if (isStart || stream.next === 0) {
      stream.pending = new Uint8Array(0);
      stream.next = (sequence + 1) >>> 0;
      return undefined;
    }
    if ((flags & (flagBits.fin | flagBits.rst)) !== 0) {
      this.#streams.delete(name);
      return undefined;
    }
    if (sequence !== stream.next) return undefined;
    stream.next = (sequence + data.length) >>> 0;
    stream.pending = Uint8Array.from([...stream.pending, ...data]);
    return stream.pending;
  }

  /** Forgets the first `size` bytes of what a stream has. */
  took(name: string, size: number): void {
    const stream = this.#streams.get(name);
    if (stream !== undefined) stream.pending = stream.pending.subarray(size);
  }

  /** A connection that was there before the capture begins with data. */
  #begin(name: string, isStart: boolean, sequence: number, size: number): Stream | undefined {
    if (!isStart && size === 0) return undefined;
    const stream = { next: isStart ? (sequence + 1) >>> 0 : sequence, pending: new Uint8Array(0) };
    this.#streams.set(name, stream);
    return stream;
  }
}
