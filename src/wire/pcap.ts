/**
 * Capture files as libpcap writes them (draft-ietf-opsawg-pcap): a header, then a record for each frame. Times in
 * micro- or nanoseconds, either byte order; Ethernet, and Linux's "cooked" captures, whose frames get an Ethernet
 * header here. Those that are written, by dummy ports and by ovs-ofctl, are of Ethernet and in microseconds.
 */
import { Malformed } from '../base/errors.ts';

export interface CapturedFrame {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** From the Ethernet header on. Of a cooked capture its destination is zero: the file does not tell it. */
  readonly bytes: Uint8Array;
}

/** The magic number that is written. */
const microseconds = 0xa1b2c3d4;
const headerSize = 24;
const recordSize = 16;
const mostBytes = 0xffff;
const linkTypes = { ethernet: 1, cooked: 113 } as const;

/** By the magic number as a little-endian reader sees it. */
const magics: ReadonlyMap<number, { readonly perMillisecond: number; readonly isLittle: boolean }> = new Map([
  [microseconds, { perMillisecond: 1000, isLittle: true }],
  [0xd4c3b2a1, { perMillisecond: 1000, isLittle: false }],
  [0xa1b23c4d, { perMillisecond: 1_000_000, isLittle: true }],
  [0x4d3cb2a1, { perMillisecond: 1_000_000, isLittle: false }],
]);

/** Reads captures; what is wrong is said in the reference's words. */
export class CaptureFile implements Iterable<CapturedFrame> {
  readonly #view: DataView;
  readonly #perMillisecond: number;
  readonly #isCooked: boolean;

  /** Throws Malformed for a header that is none. */
  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < headerSize) throw wrong(0, 'failed to read pcap header: End of file');
    const magic = this.#view.getUint32(0, true);
    const known = magics.get(magic);
    if (known === undefined)
      throw wrong(
        0,
        `bad magic 0x${hex8(magic)} reading pcap file (expected 0xa1b2c3d4, 0xa1b23c4d, 0xd4c3b2a1, or 0x4d3cb2a1)`,
      );
    const linkType = this.#view.getUint32(20, known.isLittle);
    if (linkType !== linkTypes.ethernet && linkType !== linkTypes.cooked)
      throw wrong(20, `unknown network type ${linkType} reading pcap file`);
    this.#perMillisecond = known.perMillisecond;
    this.#isCooked = linkType === linkTypes.cooked;
  }

  /** Throws Malformed for a record that is wrong or cut short. */
  *[Symbol.iterator](): Generator<CapturedFrame, void> {
    const view = this.#view;
    for (let at = headerSize; at + recordSize <= view.byteLength; ) {
      // Of a record the byte order is told by its size, which leaves no doubt.
      const size = view.getUint32(at + 8, true);
      const isLittle = size <= mostBytes;
      const length = isLittle ? size : view.getUint32(at + 8);
      if (length > mostBytes) throw wrong(at + 8, `bad packet length ${length} or ${size} reading pcap file`);
      const start = at + recordSize;
      if (length === 0 || start + length > view.byteLength)
        throw new CutShort('pcap', start, 'failed to read pcap packet: End of file');
      const fraction = Math.floor(view.getUint32(at + 4, isLittle) / this.#perMillisecond);
      const time = view.getUint32(at, isLittle) * 1000 + fraction;
      const bytes = new Uint8Array(view.buffer, view.byteOffset + start, length);
      yield { time, bytes: this.#isCooked ? withEthernet(bytes, start) : bytes };
      at = start + length;
    }
  }
}

/** The file ends in the middle of a frame. */
export class CutShort extends Malformed {}

const cooked = { size: 16, addressSize: 4, address: 6, protocol: 14 } as const;
const addressSize = 6;
const ethernetSize = 14;

function withEthernet(bytes: Uint8Array, at: number): Uint8Array {
  if (bytes.length < cooked.size) throw wrong(at, 'pcap packet too short for SLL header');
  const isRight = bytes[cooked.addressSize] === 0 && bytes[cooked.addressSize + 1] === addressSize;
  if (!isRight) throw wrong(at, 'bad SLL header');
  const frame = new Uint8Array(ethernetSize + bytes.length - cooked.size);
  frame.set(bytes.subarray(cooked.address, cooked.address + addressSize), addressSize);
  frame.set(bytes.subarray(cooked.protocol), 2 * addressSize);
  return frame;
}

/** What readers expect of Ethernet captures. */
const snapSize = 1518;

/** The head of a file. */
export function emitPcapHeader(): Uint8Array {
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, microseconds, true);
  header.setUint16(4, 2, true);
  header.setUint16(6, 4, true);
  header.setUint32(16, snapSize, true);
  header.setUint32(20, linkTypes.ethernet, true);
  return new Uint8Array(header.buffer);
}

/** One captured frame; `wall` is milliseconds since 1970. */
export function emitPcapRecord(frame: Uint8Array, wall: number): Uint8Array {
  const record = new Uint8Array(16 + frame.byteLength);
  const view = new DataView(record.buffer);
  const micros = Math.floor(wall * 1000);
  view.setUint32(0, Math.floor(micros / 1_000_000), true);
  view.setUint32(4, micros % 1_000_000, true);
  view.setUint32(8, frame.byteLength, true);
  view.setUint32(12, frame.byteLength, true);
  record.set(frame, 16);
  return record;
}

function hex8(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function wrong(at: number, why: string): Malformed {
  return new Malformed('pcap', at, why);
}
