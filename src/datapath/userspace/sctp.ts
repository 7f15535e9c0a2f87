/** The checksum of SCTP: CRC32c over the packet with a zero in its place, low byte first (RFC 9260 appendix A). */
import { sctp } from '../../wire/transport.ts';

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** Computes and writes the checksum of the packet view[at..end). */
export function sctpChecksum(view: DataView, at: number, end: number): void {
  sctp.set.checksum(view, at, 0);
  let crc = 0xffffffff;
  for (let n = at; n < end; n++) crc = (table[(crc ^ view.getUint8(n)) & 0xff] ?? 0) ^ (crc >>> 8);
  view.setUint32(at + sctp.offset.checksum, ~crc >>> 0, true);
}
