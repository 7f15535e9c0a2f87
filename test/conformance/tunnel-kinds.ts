/**
 * Tunnels of each kind: how a packet is put into one, what it then looks like, and what its key says when it comes out.
 */
import { dpPort } from '../../src/base/units.ts';
import type { TunnelType } from '../../src/netdev/tunnel/tunnel-config.ts';
import { hex, udpPacket } from './packets.ts';
import { type IpVersion, outerGre, outerPacket, outerSize, outerText, outerUdp } from './tunnel-packets.ts';

/** What the hash of `udpPacket()` chooses among the ports that are there at the start. */
export const usualPort = 44249;
export const inner = hex(udpPacket());
export const bare = hex(udpPacket().subarray(14));

export interface Kind {
  readonly what: string;
  readonly type: TunnelType;
  readonly ip: IpVersion;
  /** Bytes behind the IP header. */
  readonly size: number;
  /** As `tnl_push` says it: number and headers. */
  readonly number: number;
  readonly header: string;
  readonly packet: (from: number) => Uint8Array;
  /** The tunnel in the key of what comes out. */
  readonly key: string;
  /** The packet inside has no Ethernet header. */
  readonly isBare?: true;
}

const key4 = 'src=10.1.0.1,dst=10.1.0.2,tos=0x4,ttl=64';
export const key6 = 'ipv6_src=fd00::1,ipv6_dst=fd00::2,tos=0x4,ttl=64';

export const kinds: readonly Kind[] = [
  {
    what: 'VXLAN',
    ...{ type: 'vxlan', ip: 4, size: 16, number: 4 },
    header: 'udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x7b)',
    packet: (src) => outerUdp(4, { src, dst: 4789, hasChecksum: false }, `0800000000007b00${inner}`),
    key: `tun_id=0x7b,${key4},tp_src=PORT,tp_dst=4789,flags(key)`,
  },
  {
    what: 'VXLAN with a checksum',
    ...{ type: 'vxlan', ip: 4, size: 16, number: 4 },
    header: 'udp(src=0,dst=4789,csum=0xffff),vxlan(flags=0x8000000,vni=0x7b)',
    packet: (src) => outerUdp(4, { src, dst: 4789, hasChecksum: true }, `0800000000007b00${inner}`),
    key: `tun_id=0x7b,${key4},tp_src=PORT,tp_dst=4789,flags(csum|key)`,
  },
  {
    what: 'VXLAN over IPv6, of a packet without an Ethernet header',
    ...{ type: 'vxlan', ip: 6, size: 16, number: 4, isBare: true },
    header: 'udp(src=0,dst=4790,csum=0xffff),vxlan(flags=0xc000001,vni=0x7b)',
    packet: (src) => outerUdp(6, { src, dst: 4790, hasChecksum: true }, `0c00000100007b00${bare}`),
    key: `tun_id=0x7b,${key6},tp_src=PORT,tp_dst=4790,flags(csum|key)`,
  },
  {
    what: 'Geneve with options',
    ...{ type: 'geneve', ip: 4, size: 28, number: 5 },
    header:
      'udp(src=0,dst=6081,csum=0x0),geneve(oam,crit,vni=0x7b,options({class=0xffff,type=0x80,len=4,0xa}{class=0x1,type=0x2,len=0}))',
    packet: (src) =>
      outerUdp(
        4,
        { src, dst: 6081, hasChecksum: false },
        `03c0655800007b00 ffff80010000000a 00010200 ${inner}`,
      ),
    key: `tun_id=0x7b,${key4},tp_src=PORT,tp_dst=6081,geneve({class=0xffff,type=0x80,len=4,0xa}{class=0x1,type=0x2,len=0}),flags(oam|key)`,
  },
  {
    what: 'GRE without anything',
    ...{ type: 'gre', ip: 4, size: 4, number: 3 },
    header: 'gre((flags=0x0,proto=0x6558))',
    packet: () => outerPacket(4, 47, `00006558${inner}`),
    key: `${key4},flags(-oam-df-csum)`,
  },
  {
    what: 'GRE with a checksum and a key, of a packet without an Ethernet header',
    ...{ type: 'gre', ip: 4, size: 12, number: 3, isBare: true },
    header: 'gre((flags=0xa000,proto=0x800),csum=0x0,key=0x1c8)',
    packet: () => outerGre(4, 'a0000800 CSUM0000 000001c8', bare),
    key: `tun_id=0x1c8,${key4},flags(csum|key)`,
  },
  {
    what: 'GRE over IPv6',
    ...{ type: 'ip6gre', ip: 6, size: 8, number: 109 },
    header: 'gre((flags=0x2000,proto=0x6558),key=0x1c8)',
    packet: () => outerPacket(6, 47, `20006558 000001c8 ${inner}`),
    key: `tun_id=0x1c8,${key6},flags(key)`,
  },
  {
    what: 'ERSPAN of version 1',
    ...{ type: 'erspan', ip: 4, size: 16, number: 107 },
    header: 'erspan(ver=1,sid=0x7b,idx=0x3)',
    packet: () => outerPacket(4, 47, `100088be 00000000 1000007b 00000003 ${inner}`),
    key: `tun_id=0x7b,${key4},erspan(ver=1,idx=0x3/0xffffffff),flags(key)`,
  },
  {
    what: 'GTP-U',
    ...{ type: 'gtpu', ip: 4, size: 16, number: 110, isBare: true },
    header: 'udp(src=0,dst=2152,csum=0xffff),gtpu(flags=0x30,msgtype=255,teid=0x7b)',
    packet: (src) =>
      outerUdp(4, { src, dst: 2152, hasChecksum: true }, `30ff ${length16(bare)} 0000007b ${bare}`),
    key: `tun_id=0x7b,${key4},tp_src=PORT,tp_dst=2152,gtpu(flags=0x30,msgtype=255),flags(csum|key)`,
  },
  {
    what: 'GTP-U with numbers',
    ...{ type: 'gtpu', ip: 6, size: 20, number: 110, isBare: true },
    header: 'udp(src=0,dst=2152,csum=0xffff),gtpu(flags=0x32,msgtype=255,teid=0x7b)',
    packet: (src) =>
      outerUdp(
        6,
        { src, dst: 2152, hasChecksum: true },
        `32ff ${length16(`00000000${bare}`)} 0000007b 00000000 ${bare}`,
      ),
    key: `tun_id=0x7b,${key6},tp_src=PORT,tp_dst=2152,gtpu(flags=0x32,msgtype=255),flags(csum|key)`,
  },
];

/** Bytes of hexadecimal digits, in such digits. */
function length16(digits: string): string {
  return (digits.length / 2).toString(16).padStart(4, '0');
}

export const tunnelPort = dpPort(9);

/** The action that puts packets into such a tunnel; they leave by port 2. */
export function push({ ip, header, size, number }: Pick<Kind, 'ip' | 'header' | 'size' | 'number'>): string {
  const protocol = header.startsWith('udp') ? 17 : 47;
  return `tnl_push(tnl_port(9),header(size=${outerSize[ip] + size},type=${number},${outerText[ip](protocol)},${header}),out_port(2))`;
}
