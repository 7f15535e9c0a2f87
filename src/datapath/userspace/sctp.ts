/** The checksum of SCTP: CRC32c over the packet with a zero in its place, low byte first (RFC 9260 appendix A). */
import { sctp } from '../../wire/transport.ts';

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/**
 * Changes the packet view[at..end) by `change`. A checksum that was right still is, and one that was wrong is as wrong.
 */
export function changeChecked(view: DataView, at: number, end: number, change: () => void): void {
  const found = view.getUint32(at + sctp.offset.checksum, true);
  sctp.set.checksum(view, at, 0);
  const before = crcOf(view, at, end);
  change();
  view.setUint32(at + sctp.offset.checksum, (found ^ before ^ crcOf(view, at, end)) >>> 0, true);
}

function crcOf(view: DataView, at: number, end: number): number {
  let crc = 0xffffffff;
  for (let n = at; n < end; n++) crc = (table[(crc ^ view.getUint8(n)) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc;
}
