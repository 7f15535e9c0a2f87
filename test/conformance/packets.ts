/** Frames for tests, written out by hand so that a test does not check the code with itself. */

const broadcast = 'ffffffffffff';
export const hostA = '020000000001';
const hostB = '020000000002';

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

/** Who has 10.0.0.2, tell 10.0.0.1. */
export function arpRequest(): Uint8Array {
  return bytesOf(`${broadcast} ${hostA} 0806 0001 0800 06 04 0001 ${hostA} 0a000001 000000000000 0a000002`);
}

export interface UdpOptions {
  readonly source?: number;
  readonly payload?: string;
  /** Leaves the checksum open, as a sender with a capable device does. */
  readonly isPartial?: boolean;
}

/** 10.0.0.1 to 10.0.0.2, port 2000, with right checksums. */
export function udpPacket({ source = 1000, payload = '4142434445', isPartial }: UdpOptions = {}): Uint8Array {
  const data = bytesOf(payload);
  const udpSize = 8 + data.length;
  const ip = bytesOf(`4500 0000 1234 4000 40 11 0000 0a000001 0a000002`);
  put16(ip, 2, 20 + udpSize);
  put16(ip, 10, ~fold(sum(ip)) & 0xffff);
  const udp = new Uint8Array(udpSize);
  put16(udp, 0, source);
  put16(udp, 2, 2000);
  put16(udp, 4, udpSize);
  udp.set(data, 8);
  const pseudo = sum(ip.subarray(12, 20)) + 17 + udpSize;
  put16(udp, 6, isPartial ? fold(pseudo) : ~fold(pseudo + sum(udp)) & 0xffff);
  return Uint8Array.from([...bytesOf(`${hostB} ${hostA} 0800`), ...ip, ...udp]);
}

/** 10.0.0.1 to 10.0.0.2, port 80, flags ACK and PSH, checksum open: what comes before segmentation. */
export function tcpPacket(payloadSize: number): Uint8Array {
  const ip = bytesOf('4500 0000 1234 4000 40 06 0000 0a000001 0a000002');
  put16(ip, 2, 40 + payloadSize);
  put16(ip, 10, ~fold(sum(ip)) & 0xffff);
  const tcp = bytesOf('1f90 0050 00000064 00000001 5018 1000 0000 0000');
  put16(tcp, 16, fold(sum(ip.subarray(12, 20)) + 6 + 20 + payloadSize));
  const payload = Uint8Array.from({ length: payloadSize }, (_, n) => n & 0xff);
  return Uint8Array.from([...bytesOf(`${hostB} ${hostA} 0800`), ...ip, ...tcp, ...payload]);
}

/** Are the IPv4 header's and the UDP or TCP checksum of an untagged frame right? */
export function hasGoodChecksums(frame: Uint8Array): boolean {
  const ip = frame.subarray(14);
  const total = get16(ip, 2);
  const pseudo = sum(ip.subarray(12, 20)) + (ip[9] ?? 0) + total - 20;
  return fold(sum(ip.subarray(0, 20))) === 0xffff && fold(pseudo + sum(ip.subarray(20, total))) === 0xffff;
}

/** Is the checksum of an untagged ICMPv6 frame right? */
export function hasGoodIcmpv6(frame: Uint8Array): boolean {
  const ip = frame.subarray(14);
  const size = get16(ip, 4);
  return fold(sum(ip.subarray(8, 40)) + size + 58 + sum(ip.subarray(40, 40 + size))) === 0xffff;
}

/** The frame with a tag behind its addresses. */
export function tagged(frame: Uint8Array, vlan: number, tpid = 0x8100): Uint8Array {
  const tag = new Uint8Array(4);
  put16(tag, 0, tpid);
  put16(tag, 2, vlan);
  return Uint8Array.from([...frame.subarray(0, 12), ...tag, ...frame.subarray(12)]);
}

export function get16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}

function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let n = 0; n < bytes.length; n++) total += n & 1 ? (bytes[n] ?? 0) : (bytes[n] ?? 0) << 8;
  return total;
}

function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}
