/**
 * Netlink messages as bytes (netlink(7)): header, attributes, walking over what one receive brought. Everything is in
 * the machine's order, little-endian on all we run on, and aligned to four bytes.
 */
import { Malformed } from '../../base/errors.ts';
import { decodeCString, encodeText } from '../../base/text.ts';

const messageHeaderSize = 16;
const attributeHeaderSize = 4;
/** The two flag bits of an attribute's type. */
const typeMask = 0x3fff;
const nestedFlag = 0x8000;

export const controlType = { error: 2, done: 3 } as const;
export const flag = {
  request: 1,
  ack: 4,
  /** What is asked for is told to who asks, not only to those who listen. */
  echo: 8,
  dump: 0x300,
  exclusive: 0x200,
  create: 0x400,
} as const;

/** One message inside a received block; `payload` views the block. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: DataView;
}

/** Walks over the messages of one received block. Throws Malformed where a length makes no sense. */
export function* messagesOf(block: Uint8Array): Generator<NetlinkMessage> {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  let at = 0;
  while (view.byteLength - at >= messageHeaderSize) {
    const size = view.getUint32(at, true);
    if (size < messageHeaderSize || size > view.byteLength - at)
      throw new Malformed('netlink', at, `message of ${size} bytes in ${view.byteLength - at}`);
    const payload = new DataView(
      block.buffer,
      block.byteOffset + at + messageHeaderSize,
      size - messageHeaderSize,
    );
    const sequence = view.getUint32(at + 8, true);
    yield { type: view.getUint16(at + 4, true), flags: view.getUint16(at + 6, true), sequence, payload };
    at += align(size);
  }
}

/** Calls `take` for each attribute from byte `at` of `view` on. Throws Malformed where a length makes no sense. */
export function walkAttributes(
  view: DataView,
  at: number,
  take: (type: number, value: DataView) => void,
): void {
  let next = at;
  while (view.byteLength - next >= attributeHeaderSize) {
    const size = view.getUint16(next, true);
    if (size < attributeHeaderSize || size > view.byteLength - next)
      throw new Malformed('netlink', next, `attribute of ${size} bytes in ${view.byteLength - next}`);
    const valueAt = view.byteOffset + next + attributeHeaderSize;
    const value = new DataView(view.buffer, valueAt, size - attributeHeaderSize);
    take(view.getUint16(next + 2, true) & typeMask, value);
    next += align(size);
  }
}

/** Text up to the first NUL. */
export function attributeText(value: DataView): string {
  return decodeCString(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
}

/** The first 32 bits. Throws Malformed when there are fewer. */
export function attributeU32(value: DataView): number {
  if (value.byteLength < 4) throw new Malformed('netlink', value.byteOffset, 'number cut short');
  return value.getUint32(0, true);
}

/** Builds the payload of one request, front to back. */
export class MessageWriter {
  readonly #bytes: number[] = [];

  u8(value: number): this {
    this.#bytes.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.u8(value).u8(value >>> 8);
  }

  u32(value: number): this {
    return this.u16(value).u16(value >>> 16);
  }

  bytes(value: Iterable<number>): this {
    for (const byte of value) this.u8(byte);
    return this;
  }

  /** An attribute with that value. */
  attribute(type: number, value: Iterable<number>): this {
    const body = [...value];
    this.u16(attributeHeaderSize + body.length).u16(type);
    this.bytes(body);
    return this.#pad();
  }

  text(type: number, value: string): this {
    return this.attribute(type, [...encodeText(value), 0]);
  }

  number(type: number, value: number): this {
    return this.attribute(type, new MessageWriter().u32(value).finish());
  }

  /** An attribute made of attributes. */
  nested(type: number, fill: (inner: MessageWriter) => void): this {
    const inner = new MessageWriter();
    fill(inner);
    return this.attribute(type | nestedFlag, inner.finish());
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #pad(): this {
    while (this.#bytes.length % 4 !== 0) this.u8(0);
    return this;
  }
}

/** A whole message: header and payload. */
export function emitMessage(type: number, flags: number, sequence: number, payload: Uint8Array): Uint8Array {
  const size = messageHeaderSize + payload.byteLength;
  const message = new DataView(new ArrayBuffer(align(size)));
  message.setUint32(0, size, true);
  message.setUint16(4, type, true);
  message.setUint16(6, flags, true);
  message.setUint32(8, sequence, true);
  const bytes = new Uint8Array(message.buffer);
  bytes.set(payload, messageHeaderSize);
  return bytes;
}

function align(size: number): number {
  return (size + 3) & ~3;
}
