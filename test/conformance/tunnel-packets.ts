/** Packets in tunnels, for tests, put together by hand: from 10.1.0.1 to 10.1.0.2, or from fd00::1 to fd00::2. */
import { bytesOf, get16, hex } from './packets.ts';

const link = '0200000000bb 0200000000aa';
const addresses4 = '0a010001 0a010002';
const addresses6 = 'fd000000000000000000000000000001 fd000000000000000000000000000002';

/** What an action says of those headers. */
export const outerText = {
  4: (protocol: number): string =>
    `eth(dst=02:00:00:00:00:bb,src=02:00:00:00:00:aa,dl_type=0x0800),ipv4(src=10.1.0.1,dst=10.1.0.2,proto=${protocol},tos=0x4,ttl=64,frag=0x4000)`,
  6: (protocol: number): string =>
    `eth(dst=02:00:00:00:00:bb,src=02:00:00:00:00:aa,dl_type=0x86dd),ipv6(src=fd00::1,dst=fd00::2,label=0,proto=${protocol},tclass=0x4,hlimit=64)`,
} as const;

/** Bytes of them, and of UDP. */
export const outerSize = { 4: 34, 6: 54, udp: 8 } as const;

export type IpVersion = 4 | 6;

/** A frame; `payload` in hexadecimal digits. */
export function outerPacket(version: IpVersion, protocol: number, payload: string): Uint8Array {
  const inside = bytesOf(payload);
  if (version === 6)
    return bytesOf(
      `${link} 86dd 60400000 ${hex16(inside.length)} ${hex8(protocol)} 40 ${addresses6} ${payload}`,
    );
  const head = `4504 ${hex16(20 + inside.length)} 0000 4000 40 ${hex8(protocol)}`;
  return bytesOf(`${link} 0800 ${head} ${hex16(checksum(`${head} ${addresses4}`))} ${addresses4} ${payload}`);
}

interface Udp {
  readonly src: number;
  readonly dst: number;
  readonly hasChecksum: boolean;
}

/** The same with a datagram. */
export function outerUdp(version: IpVersion, { src, dst, hasChecksum }: Udp, payload: string): Uint8Array {
  const size = hex16(8 + bytesOf(payload).length);
  const ports = `${hex16(src)} ${hex16(dst)} ${size}`;
  const pseudo = `${version === 4 ? addresses4 : addresses6} 0011 ${size}`;
  const sum = hasChecksum ? checksum(`${pseudo} ${ports} 0000 ${payload}`) || 0xffff : 0;
  return outerPacket(version, 17, `${ports} ${hex16(sum)} ${payload}`);
}

/** With the checksum behind the first word of its payload, which is that of GRE. */
export function outerGre(version: IpVersion, header: string, inside: string): Uint8Array {
  return outerPacket(
    version,
    47,
    header.replace('CSUM', hex16(checksum(header.replace('CSUM', '0000') + inside))) + inside,
  );
}

/** Of an even number of bytes, or one more with a zero behind. */
function checksum(text: string): number {
  const bytes = bytesOf(text);
  let sum = 0;
  for (let n = 0; n < bytes.length; n += 2) sum += get16(bytes, n);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function hex16(value: number): string {
  return hex(Uint8Array.of(value >> 8, value & 0xff));
}

function hex8(value: number): string {
  return hex(Uint8Array.of(value));
}
