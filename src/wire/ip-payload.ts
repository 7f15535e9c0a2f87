/** What an IP packet inside an Ethernet frame carries, for protocols that read whole messages: IGMP, MLD. */
import { pseudoHeader6 } from './checksum.ts';
import { ethernet, etherType, isVlanType, vlanTag } from './ethernet.ts';
import {
  extensionSize,
  ipProtocol,
  ipv4,
  ipv4Fragment,
  ipv6,
  ipv6Option,
  isExtension,
  minExtensionSize,
} from './ip.ts';

export interface IpPayload {
  readonly protocol: number;
  /** Address that it comes from. */
  readonly source: Uint8Array;
  /** Without what Ethernet pads short frames with. */
  readonly bytes: Uint8Array;
  /** Of the pseudo header that checksums over IPv6 begin with; 0 over IPv4. Unfolded. */
  readonly pseudoSum: number;
}

/** undefined for a frame that carries no IP, one cut short, and a fragment. */
export function findIpPayload(frame: Uint8Array): IpPayload | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let at: number = ethernet.offset.type;
  while (view.byteLength - at >= vlanTag.size + 2 && isVlanType(view.getUint16(at))) at += vlanTag.size;
  if (view.byteLength - at < 2) return undefined;
  const type = view.getUint16(at);
  if (type === etherType.ipv4) return payloadOfIpv4(frame, view, at + 2);
  return type === etherType.ipv6 ? payloadOfIpv6(frame, view, at + 2) : undefined;
}

function payloadOfIpv4(frame: Uint8Array, view: DataView, at: number): IpPayload | undefined {
  const left = view.byteLength - at;
  if (left < ipv4.size) return undefined;
  const { get } = ipv4;
  const headerSize = (get.versionLength(view, at) & 0x0f) * 4;
  const size = get.totalSize(view, at);
  const isFragment = (get.fragment(view, at) & (ipv4Fragment.more | ipv4Fragment.offset)) !== 0;
  if (isFragment || headerSize < ipv4.size || size < headerSize || size > left) return undefined;
  const bytes = frame.subarray(at + headerSize, at + size);
  const source = frame.subarray(at + ipv4.offset.src, at + ipv4.offset.dst);
  return { protocol: get.protocol(view, at), source, bytes, pseudoSum: 0 };
}

function payloadOfIpv6(frame: Uint8Array, view: DataView, at: number): IpPayload | undefined {
  const left = view.byteLength - at;
  if (left < ipv6.size) return undefined;
  const end = at + ipv6.size + ipv6.get.payloadSize(view, at);
  if (end > view.byteLength) return undefined;
  let protocol = ipv6.get.nextHeader(view, at);
  let next = at + ipv6.size;
  while (isExtension(protocol)) {
    if (end - next < minExtensionSize || protocol === ipProtocol.fragment) return undefined;
    const size = extensionSize(view, next, protocol);
    protocol = ipv6Option.get.nextHeader(view, next);
    next += size;
  }
  if (next > end) return undefined;
  const bytes = frame.subarray(next, end);
  const source = frame.subarray(at + ipv6.offset.src, at + ipv6.offset.dst);
  return { protocol, source, bytes, pseudoSum: pseudoHeader6(view, at, protocol, bytes.length) };
}
