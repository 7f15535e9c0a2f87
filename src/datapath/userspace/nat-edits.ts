/**
 * Address translation of the current packet: writes what its connection says into it, and keeps its checksums right.
 * Packets of the original direction become the reverse of the connection's reply tuple, those that answer the reverse of
 * the original one. Nothing is kept for a connection: the tuples say it all. Follows RFC 3022, of ICMP errors RFC 5508.
 */
import { foldSum, transportChecksum } from '../../wire/checksum.ts';
import { ipProtocol, ipv4, ipv6 } from '../../wire/ip.ts';
import { udp } from '../../wire/transport.ts';
import type { TrackedConnection } from '../conntrack/connection.ts';
import type { IpPlace, TrackedPacket } from '../conntrack/tracked-packet.ts';
import { destinationPortOf, sourcePortOf, type Tuple, tupleWord } from '../conntrack/tuple.ts';
import type { CurrentPacket } from './current-packet.ts';
import { checksumOffsetOf, fixHeader4, fixTransport } from './edit.ts';

/** The packet may be written, and both `tracked` and its `headers` say where its headers are. */
export function translatePacket(
  { frame, headers }: Pick<CurrentPacket, 'frame' | 'headers'>,
  tracked: TrackedPacket,
  { original, reply, natSource, natDestination }: TrackedConnection,
  isReply: boolean,
): void {
  const { view } = frame;
  const { place, quoted, isError } = tracked;
  const answer = isReply ? original : reply;
  let addresses = 0;
  // An error may come from anywhere in between: it keeps an address that is not its connection's.
  if (isReply ? natDestination : natSource)
    addresses += putAddress(view, place, 'src', answer, tupleWord.destination);
  if (isReply ? natSource : natDestination)
    addresses += putAddress(view, place, 'dst', answer, tupleWord.source);
  if (place.version === 4) fixHeader4(frame, headers, addresses);
  if (place.protocol !== ipProtocol.icmp) fixTransport(frame, headers, addresses, true);
  // A quoted packet went the other way: it is the answer itself.
  const behind = isError
    ? writeQuoted(view, quoted, answer)
    : putPorts(view, place, destinationPortOf(answer), sourcePortOf(answer));
  fixTransport(frame, headers, behind, false);
}

/** Makes it one of those that the tuple tells of. Returns what that adds to a sum of all its words. */
function writeQuoted(view: DataView, place: IpPlace, tuple: Tuple): number {
  const { version, network, protocol } = place;
  const addresses =
    putAddress(view, place, 'src', tuple, tupleWord.source) +
    putAddress(view, place, 'dst', tuple, tupleWord.destination);
  const ports = putPorts(view, place, sourcePortOf(tuple), destinationPortOf(tuple));
  let sum = addresses + ports;
  if (version === 4) sum += adjust(view, network + ipv4.offset.checksum, addresses, protocol, true);
  return sum + adjustQuotedTransport(view, place, (protocol === ipProtocol.icmp ? 0 : addresses) + ports);
}

/** Where as much is quoted. */
function adjustQuotedTransport(view: DataView, { transport, protocol, end }: IpPlace, delta: number): number {
  const offset = checksumOffsetOf(protocol);
  if (offset < 0 || transport + offset + 2 > end) return 0;
  return adjust(view, transport + offset, delta, protocol, false);
}

/** A checksum follows a change of what it covers. */
function adjust(view: DataView, at: number, delta: number, protocol: number, isHeader: boolean): number {
  const checksum = view.getUint16(at);
  if (delta === 0) return 0;
  const fixed = ~foldSum((~checksum & 0xffff) + delta) & 0xffff;
  if (isHeader) return put16(view, at, fixed);
  if (protocol === ipProtocol.udp && checksum === 0) return 0; // RFC 768: zero means "no checksum"
  return put16(view, at, transportChecksum(fixed, protocol));
}

function putAddress(
  view: DataView,
  { version, network }: IpPlace,
  end: 'src' | 'dst',
  tuple: Tuple,
  word: number,
): number {
  if (version === 4) return put32(view, network + ipv4.offset[end], tuple[word] ?? 0);
  let sum = 0;
  for (let n = 0; n < 4; n++) sum += put32(view, network + ipv6.offset[end] + 4 * n, tuple[word + n] ?? 0);
  return sum;
}

/** TCP and UDP have them in the same place; what else is tracked is not told by ports. */
function putPorts(
  view: DataView,
  { protocol, transport }: IpPlace,
  source: number,
  destination: number,
): number {
  if (protocol !== ipProtocol.tcp && protocol !== ipProtocol.udp) return 0;
  return (
    put16(view, transport + udp.offset.src, source) + put16(view, transport + udp.offset.dst, destination)
  );
}

function put32(view: DataView, at: number, value: number): number {
  return put16(view, at, value >>> 16) + put16(view, at + 2, value & 0xffff);
}

/** Returns what the change adds to a ones' complement sum. */
function put16(view: DataView, at: number, value: number): number {
  const before = view.getUint16(at);
  if (before === value) return 0;
  view.setUint16(at, value);
  return (~before & 0xffff) + value;
}
