/** Reading and writing the bytes of messages, in network order. What is cut short is an error of OpenFlow. */
import { decodeCString, encodeText } from '../base/text.ts';
import { type ErrorName, OpenFlowError } from './errors.ts';

/** Which options of tunnels the fields tun_metadata0 to 63 stand for. */
export interface OptionTable {
  /** Bytes of that of tun_metadataN; undefined where it stands for none. */
  optionSize(index: number): number | undefined;
}

/** A run of bytes that is read from its start to its end. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  /** Fields of other options than it knows are refused; undefined where none are. */
  options: OptionTable | undefined;
  readonly #view: DataView;
  /** What to say of bytes that are missing. */
  readonly #cutShort: ErrorName;

  /** `view` is that of the same bytes, where there is one. */
  constructor(
    bytes: Uint8Array,
    cutShort: ErrorName = 'OFPBRC_BAD_LEN',
    at = 0,
    end = bytes.length,
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ) {
    this.bytes = bytes;
    this.#view = view;
    this.#cutShort = cutShort;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Where the next `size` bytes are; moves behind them. */
  take(size: number): number {
    const at = this.at;
    if (size > this.end - at) {
      throw new OpenFlowError(
        this.#cutShort,
        `${size} bytes wanted at byte ${at}, ${this.end - at} are left`,
      );
    }
    this.at = at + size;
    return at;
  }

  skip(size: number): void {
    this.take(size);
  }

  u8(): number {
    return this.#view.getUint8(this.take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.take(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.take(8));
  }

  /** The 16-bit number `offset` bytes further on, if there is one. */
  peekU16(offset: number): number {
    return offset + 2 > this.left ? 0 : this.#view.getUint16(this.at + offset);
  }

  /** A copy. */
  octets(size: number): Uint8Array {
    const at = this.take(size);
    return this.bytes.slice(at, at + size);
  }

  /** The next bytes as they lie here: good as long as nobody writes into what is read. */
  view(size: number): Uint8Array {
    const at = this.take(size);
    return this.bytes.subarray(at, at + size);
  }

  /** The next `size` bytes as a run of their own; moves behind them. */
  part(size: number, cutShort: ErrorName = this.#cutShort): Reader {
    const at = this.take(size);
    const part = new Reader(this.bytes, cutShort, at, at + size, this.#view);
    part.options = this.options;
    return part;
  }

  /** The rest as a run of its own. */
  rest(cutShort: ErrorName = this.#cutShort): Reader {
    return this.part(this.left, cutShort);
  }

  /** Text up to the first zero byte of a field of that size. */
  text(size: number): string {
    const at = this.take(size);
    return decodeCString(this.bytes.subarray(at, at + size));
  }
}

/**
 * The size of a record that tells it itself, `offset` bytes from its start, where it begins; at least `least`. Throws
 * OpenFlowError where there are not so many bytes.
 */
export function recordSize(
  from: Reader,
  offset: number,
  least: number,
  error: ErrorName | ((size: number, left: number) => OpenFlowError) = 'OFPBRC_BAD_LEN',
): number {
  if (from.left < least && typeof error !== 'string') throw error(0, from.left);
  const size = from.peekU16(offset);
  const isRight = size >= least && size <= from.left;
  if (!isRight && typeof error !== 'string') throw error(size, from.left);
  if (!isRight)
    throw new OpenFlowError(
      error as ErrorName,
      `a record of ${size} bytes at byte ${from.at}, ${from.left} are left`,
    );
  return size;
}

/** Bytes in the making; the buffer grows as needed and serves many messages. */
export class Writer {
  size = 0;
  #bytes: Uint8Array;
  #view: DataView;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What was written; good until more is. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }

  /** Makes room for `size` zero bytes; returns where they start. */
  room(size: number): number {
    const at = this.size;
    const end = at + size;
    if (end > this.#bytes.length) this.#grow(end);
    else this.#bytes.fill(0, at, end);
    this.size = end;
    return at;
  }

  u8(value: number): void {
    const at = this.#next(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#next(2);
    this.#view.setUint16(at, value);
  }

  u32(value: number): void {
    const at = this.#next(4);
    this.#view.setUint32(at, value);
  }

  u64(value: bigint): void {
    const at = this.#next(8);
    this.#view.setBigUint64(at, value);
  }

  octets(bytes: Uint8Array): void {
    const at = this.#next(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Text, cut or filled with zeros to `size` bytes, the last of which is zero. */
  text(value: string, size: number): void {
    const at = this.room(size);
    this.#bytes.set(encodeText(value).subarray(0, size - 1), at);
  }

  /** Zeros until the size from `start` on is a multiple of eight. */
  pad(start = 0): void {
    this.room(-(this.size - start) & 7);
  }

  /** Writes over what is at `at`. */
  setU16(at: number, value: number): void {
    this.#view.setUint16(at, value);
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  reset(): void {
    this.size = 0;
  }

  /** `room` without zeros. */
  #next(size: number): number {
    const at = this.size;
    const end = at + size;
    if (end > this.#bytes.length) this.#grow(end);
    this.size = end;
    return at;
  }

  #grow(end: number): void {
    const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.size));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
