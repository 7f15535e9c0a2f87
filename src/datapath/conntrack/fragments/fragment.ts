/**
 * What reassembly reads of a fragment: which packet it is of, and which part of that it carries. Follows RFC 791,
 * section 3.2, and RFC 8200, section 4.5.
 */
import { foldSum, sumWords } from '../../../wire/checksum.ts';
import { etherType } from '../../../wire/ethernet.ts';
import {
  extensionSize,
  ipProtocol,
  ipv4,
  ipv4Fragment,
  ipv6,
  ipv6Fragment,
  ipv6Option,
  isExtension,
  minExtensionSize,
} from '../../../wire/ip.ts';

export interface Fragment {
  readonly version: 4 | 6;
  /** Of its packet, network order. */
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly id: number;
  /** 0 of IPv6, where later fragments need not tell it. */
  readonly protocol: number;
  /** Of the data, in the packet. */
  readonly offset: number;
  readonly isLast: boolean;
  /** Where the IP header begins, and where the data do: as `network` was given. */
  readonly network: number;
  readonly dataAt: number;
  /** Bytes of data. */
  readonly size: number;
  /** Bytes of the fragment with its headers from the IP header on. */
  readonly packetSize: number;
  /** Bytes of headers that the length of the whole packet would count. */
  readonly headerSize: number;
  /** Of IPv6. */
  readonly header: FragmentHeader | undefined;
}

interface FragmentHeader {
  readonly at: number;
  /** Where the header before it says that it follows. */
  readonly namedAt: number;
  readonly nextHeader: number;
}

/** `end`: behind the frame. undefined where it is cut short or wrong, is no fragment or carries nothing. */
export function readFragment(
  view: DataView,
  type: number,
  network: number,
  end: number,
): Fragment | undefined {
  if (type === etherType.ipv4) return read4(view, network, end);
  return type === etherType.ipv6 ? read6(view, network, end) : undefined;
}

function read4(view: DataView, network: number, end: number): Fragment | undefined {
  if (end - network < ipv4.size) return undefined;
  const headerSize = (ipv4.get.versionLength(view, network) & 0x0f) * 4;
  const packetSize = ipv4.get.totalSize(view, network);
  if (headerSize < ipv4.size || packetSize <= headerSize || packetSize > end - network) return undefined;
  if (foldSum(sumWords(view, network, headerSize)) !== 0xffff) return undefined;
  const word = ipv4.get.fragment(view, network);
  if ((word & (ipv4Fragment.more | ipv4Fragment.offset)) === 0) return undefined;
  return {
    version: 4,
    source: bytesAt(view, network + ipv4.offset.src, 4),
    destination: bytesAt(view, network + ipv4.offset.dst, 4),
    id: ipv4.get.id(view, network),
    protocol: ipv4.get.protocol(view, network),
    offset: (word & ipv4Fragment.offset) * 8,
    isLast: (word & ipv4Fragment.more) === 0,
    network,
    dataAt: network + headerSize,
    size: packetSize - headerSize,
    packetSize,
    headerSize,
    header: undefined,
  };
}

function read6(view: DataView, network: number, end: number): Fragment | undefined {
  if (end - network < ipv6.size) return undefined;
  const packetSize = ipv6.size + ipv6.get.payloadSize(view, network);
  if (packetSize > end - network) return undefined;
  const header = findHeader(view, network, network + packetSize);
  if (header === undefined) return undefined;
  const { at } = header;
  const word = ipv6Fragment.get.offsetMore(view, at);
  const dataAt = at + ipv6Fragment.size;
  const size = network + packetSize - dataAt;
  if ((word & 0xfff9) === 0 || size === 0) return undefined;
  return {
    version: 6,
    source: bytesAt(view, network + ipv6.offset.src, 16),
    destination: bytesAt(view, network + ipv6.offset.dst, 16),
    id: ipv6Fragment.get.id(view, at),
    protocol: 0,
    offset: word & 0xfff8,
    isLast: (word & 1) === 0,
    network,
    dataAt,
    size,
    packetSize,
    headerSize: at - network - ipv6.size,
    header,
  };
}

function findHeader(view: DataView, network: number, end: number): FragmentHeader | undefined {
  let namedAt = network + ipv6.offset.nextHeader;
  let at = network + ipv6.size;
  for (let type = view.getUint8(namedAt); isExtension(type); type = view.getUint8(namedAt)) {
    if (end - at < minExtensionSize) return undefined;
    if (type === ipProtocol.fragment)
      return { at, namedAt, nextHeader: ipv6Fragment.get.nextHeader(view, at) };
    namedAt = at + ipv6Option.offset.nextHeader;
    at += extensionSize(view, at, type);
  }
  return undefined;
}

function bytesAt(view: DataView, at: number, size: number): number[] {
  return Array.from({ length: size }, (_, n) => view.getUint8(at + n));
}
