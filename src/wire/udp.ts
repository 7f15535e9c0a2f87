/** Whole UDP datagrams in IPv4 and Ethernet, as protocols of the switch send them: RFC 768, RFC 791. */
import { readMac } from '../base/addresses.ts';
import { internetChecksum } from './checksum.ts';
import { etherType } from './ethernet.ts';
import { ipProtocol, ipv4 } from './ip.ts';
import { newFrame } from './new-frame.ts';
import { udp } from './transport.ts';

export interface UdpDatagram {
  /** "xx:xx:xx:xx:xx:xx" */
  readonly ethernet: { readonly src: string; readonly dst: string };
  readonly ip: { readonly src: number; readonly dst: number; readonly tos: number; readonly ttl: number };
  readonly ports: { readonly src: number; readonly dst: number };
  readonly payload: Uint8Array;
}

/** A whole frame. Its UDP checksum is left out. */
export function emitUdp(datagram: UdpDatagram): Uint8Array {
  const { payload, ports } = datagram;
  const [dst, src] = [readMac(datagram.ethernet.dst), readMac(datagram.ethernet.src)];
  const size = ipv4.size + udp.size + payload.length;
  const { frame, view, at: ipAt } = newFrame({ dst, src, type: etherType.ipv4 }, size);
  emitIpv4(view, ipAt, datagram);
  const at = ipAt + ipv4.size;
  udp.set.src(view, at, ports.src);
  udp.set.dst(view, at, ports.dst);
  udp.set.size(view, at, udp.size + payload.length);
  frame.set(payload, at + udp.size);
  return frame;
}

function emitIpv4(view: DataView, at: number, { ip, payload }: UdpDatagram): void {
  ipv4.set.versionLength(view, at, 0x45);
  ipv4.set.tos(view, at, ip.tos);
  ipv4.set.totalSize(view, at, ipv4.size + udp.size + payload.length);
  ipv4.set.ttl(view, at, ip.ttl);
  ipv4.set.protocol(view, at, ipProtocol.udp);
  ipv4.set.src(view, at, ip.src);
  ipv4.set.dst(view, at, ip.dst);
  ipv4.set.checksum(view, at, internetChecksum(view, at, ipv4.size));
}
