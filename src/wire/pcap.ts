/**
 * Capture files: the classic libpcap format (draft-ietf-opsawg-pcap), microseconds, Ethernet. Written by dummy ports.
 */

const magic = 0xa1b2c3d4;
const linkTypeEthernet = 1;
/** What readers expect of Ethernet captures. */
const snapSize = 1518;

/** The head of a file. */
export function emitPcapHeader(): Uint8Array {
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, magic, true);
  header.setUint16(4, 2, true);
  header.setUint16(6, 4, true);
  header.setUint32(16, snapSize, true);
  header.setUint32(20, linkTypeEthernet, true);
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
