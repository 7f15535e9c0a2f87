/**
 * Capture files with comments (draft-ietf-opsawg-pcapng): blocks for the section, for each device and for each packet.
 * Ethernet, little-endian, times in microseconds.
 */
const blockTypes = { section: 0x0a0d0d0a, device: 1, packet: 6 } as const;
const byteOrder = 0x1a2b3c4d;
const ethernetLink = 1;
const options = { end: 0, comment: 1, name: 2 } as const;
/** Type, total size, and that again at the end. */
const frameSize = 12;
const optionLimit = 0xffff;

/** What a file begins with. */
export function emitPcapngHeader(): Uint8Array {
  return block(blockTypes.section, 16, (view) => {
    view.setUint32(0, byteOrder, true);
    view.setUint16(4, 1, true); // version 1.0
    view.setBigInt64(8, -1n, true); // whose end is not known
  });
}

/** A device, which packets name by its number: the first one is 0. */
export function emitPcapngDevice(name: string): Uint8Array {
  const named = optionOf(options.name, name);
  return block(blockTypes.device, 8 + named.length, (view, bytes) => {
    view.setUint16(0, ethernetLink, true);
    bytes.set(named, 8); // and no limit of how much of a packet there is
  });
}

export interface PcapngPacket {
  readonly device: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The first bytes of the packet, and how many it had. */
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly comment: string;
}

export function emitPcapngPacket({ device, time, bytes: head, size, comment }: PcapngPacket): Uint8Array {
  const said = optionOf(options.comment, comment);
  const optionsAt = 20 + padded(head.length);
  const microseconds = BigInt(Math.floor(time * 1000));
  return block(blockTypes.packet, optionsAt + said.length, (view, bytes) => {
    view.setUint32(0, device, true);
    view.setUint32(4, Number(microseconds >> 32n), true);
    view.setUint32(8, Number(microseconds & 0xffffffffn), true);
    view.setUint32(12, head.length, true);
    view.setUint32(16, size, true);
    bytes.set(head, 20);
    bytes.set(said, optionsAt);
  });
}

/** The text as an option, and the end of options behind it. */
function optionOf(code: number, text: string): Uint8Array {
  const value = new TextEncoder().encode(text).subarray(0, optionLimit);
  const bytes = new Uint8Array(4 + padded(value.length) + 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  view.setUint16(bytes.length - 4, options.end, true);
  return bytes;
}

function block(type: number, size: number, fill: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(frameSize + size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  fill(new DataView(bytes.buffer, 8, size), bytes.subarray(8, 8 + size));
  view.setUint32(bytes.length - 4, bytes.length, true);
  return bytes;
}

/** Up to whole words. */
function padded(size: number): number {
  return (size + 3) & ~3;
}
