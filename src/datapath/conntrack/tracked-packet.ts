/**
 * What connection tracking reads of a packet. One object is reused for all packets. A packet that is cut short, is a
 * fragment, or has a wrong length or checksum belongs to no connection. Follows RFC 791, 8200, 9293, 768, 792 and 4443.
 */
import { foldSum, pseudoHeader4, pseudoHeader6, sumWords } from '../../wire/checksum.ts';
import { etherType } from '../../wire/ethernet.ts';
import type { Frame } from '../../wire/frame.ts';
import {
  extensionSize,
  ipProtocol,
  ipv4,
  ipv4Fragment,
  ipv6,
  ipv6Fragment,
  ipv6Option,
  isExtension,
  isIcmpProtocol,
  minExtensionSize,
} from '../../wire/ip.ts';
import { icmp, tcp, udp } from '../../wire/transport.ts';
import {
  answeringType,
  newTuple,
  reverse,
  setIcmp,
  setKind,
  setPorts,
  type Tuple,
  tupleWord,
} from './tuple.ts';

/** Where the headers of a packet, or of one that an ICMP error quotes, begin; absolute offsets of the frame. */
export interface IpPlace {
  version: 4 | 6;
  network: number;
  transport: number;
  protocol: number;
  /** Behind the last byte of the IP packet. */
  end: number;
}

/** ICMP errors quote the packet that they are about. */
const errors4: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const errors6: ReadonlySet<number> = new Set([1, 2, 3, 4]);
/** The kind of that option of TCP: RFC 7323, section 2.2. */
const windowScaleOption = 3;

export class TrackedPacket {
  /** Of the packet's connection, in the packet's direction: of an error, that of the packet it is about, reversed. */
  readonly tuple: Tuple = newTuple();
  readonly place: IpPlace = newPlace();
  /** What an ICMP error quotes. */
  readonly quoted: IpPlace = newPlace();
  /** It is an ICMP error. */
  isError = false;
  /** Of TCP. */
  sequence = 0;
  acknowledgement = 0;
  window = 0;
  /** The low twelve bits of the flags' word. */
  flags = 0;
  /** Bytes of data. */
  payloadSize = 0;
  /** What the window is to be shifted by; undefined without that option. */
  windowScale: number | undefined;
  readonly #quotedTuple = newTuple();

  /** `network`: where the IP header is, behind that EtherType. False where it belongs to no connection. */
  parse(frame: Frame, type: number, network: number, zone: number): boolean {
    const { view, end } = frame;
    const { place, tuple } = this;
    this.isError = false;
    if (!locate(view, type, network, end, place, true)) return false;
    tuple.fill(0);
    setKind(tuple, zone, place.version, place.protocol);
    copyAddresses(view, place, tuple);
    const isFinished = frame.checksumStart < 0;
    return this.#readTransport(view, zone, isFinished);
  }

  #readTransport(view: DataView, zone: number, isFinished: boolean): boolean {
    const { place } = this;
    const { protocol, transport, end } = place;
    const size = end - transport;
    switch (protocol) {
      case ipProtocol.tcp:
        return size >= tcp.size && this.#readTcp(view, isFinished);
      case ipProtocol.udp: {
        if (size < udp.size) return false;
        const length = udp.get.size(view, transport);
        if (length < udp.size || length > size) return false;
        if (!this.#readPorts(view)) return false;
        return !isFinished || udp.get.checksum(view, transport) === 0 || isSumRight(view, place);
      }
      case ipProtocol.icmp:
        if (place.version !== 4 || size < icmp.size) return false;
        if (isFinished && foldSum(sumWords(view, transport, size)) !== 0xffff) return false;
        return this.#readIcmp(view, zone, errors4);
      case ipProtocol.icmpv6:
        if (place.version !== 6 || size < icmp.size) return false;
        if (isFinished && !isSumRight(view, place)) return false;
        return this.#readIcmp(view, zone, errors6);
      default:
        return true;
    }
  }

  /** They lie alike in TCP and UDP; nobody uses port 0. */
  #readPorts(view: DataView): boolean {
    const { transport } = this.place;
    const [source, destination] = [udp.get.src(view, transport), udp.get.dst(view, transport)];
    setPorts(this.tuple, source, destination);
    return source !== 0 && destination !== 0;
  }

  #readTcp(view: DataView, isFinished: boolean): boolean {
    const { transport, end } = this.place;
    const offsetFlags = tcp.get.offsetFlags(view, transport);
    const headerSize = (offsetFlags >> 12) * 4;
    if (headerSize < tcp.size || headerSize > end - transport) return false;
    if (isFinished && !isSumRight(view, this.place)) return false;
    if (!this.#readPorts(view)) return false;
    this.flags = offsetFlags & 0xfff;
    this.sequence = tcp.get.sequence(view, transport);
    this.acknowledgement = tcp.get.acknowledgement(view, transport);
    this.window = tcp.get.window(view, transport);
    this.payloadSize = end - transport - headerSize;
    this.windowScale = findWindowScale(view, transport + tcp.size, transport + headerSize);
    return true;
  }

  #readIcmp(view: DataView, zone: number, errors: ReadonlySet<number>): boolean {
    const { transport, end } = this.place;
    const type = icmp.get.type(view, transport);
    if (errors.has(type)) return this.#readQuoted(view, transport + icmp.size, end, zone);
    if (answeringType(type) === undefined) return false;
    setIcmp(this.tuple, icmp.get.rest(view, transport) >>> 16, type, icmp.get.code(view, transport));
    return true;
  }

  /** What is quoted may end behind the first eight bytes of its transport header, and its checksums may be anything. */
  #readQuoted(view: DataView, at: number, end: number, zone: number): boolean {
    const { quoted, place } = this;
    const type = place.version === 4 ? etherType.ipv4 : etherType.ipv6;
    if (!locate(view, type, at, end, quoted, false)) return false;
    const inner = this.#quotedTuple;
    inner.fill(0);
    setKind(inner, zone, quoted.version, quoted.protocol);
    copyAddresses(view, quoted, inner);
    // It goes back to who sent the packet.
    for (let n = 0; n < 4; n++)
      if (inner[tupleWord.source + n] !== this.tuple[tupleWord.destination + n]) return false;
    const { transport, protocol } = quoted;
    const hasPorts = protocol === ipProtocol.tcp || protocol === ipProtocol.udp;
    if ((hasPorts || isIcmpProtocol(protocol)) && quoted.end - transport < icmp.size) return false;
    if (hasPorts) setPorts(inner, udp.get.src(view, transport), udp.get.dst(view, transport));
    if (isIcmpProtocol(protocol)) {
      const quotedType = icmp.get.type(view, transport);
      setIcmp(inner, icmp.get.rest(view, transport) >>> 16, quotedType, icmp.get.code(view, transport));
    }
    this.isError = true;
    return reverse(inner, this.tuple);
  }
}

function newPlace(): IpPlace {
  return { version: 4, network: 0, transport: 0, protocol: 0, end: 0 };
}

/** False where the header is cut short or wrong, or the packet a fragment. `isWhole`: all of the packet must be there. */
function locate(
  view: DataView,
  type: number,
  network: number,
  end: number,
  place: IpPlace,
  isWhole: boolean,
): boolean {
  place.network = network;
  if (type === etherType.ipv4) return locate4(view, network, end, place, isWhole);
  return type === etherType.ipv6 && locate6(view, network, end, place, isWhole);
}

function locate4(view: DataView, network: number, end: number, place: IpPlace, isWhole: boolean): boolean {
  if (end - network < ipv4.size) return false;
  const headerSize = (ipv4.get.versionLength(view, network) & 0x0f) * 4;
  const totalSize = ipv4.get.totalSize(view, network);
  if (headerSize < ipv4.size || headerSize > end - network || totalSize < headerSize) return false;
  if (isWhole && totalSize > end - network) return false;
  if ((ipv4.get.fragment(view, network) & (ipv4Fragment.more | ipv4Fragment.offset)) !== 0) return false;
  if (isWhole && foldSum(sumWords(view, network, headerSize)) !== 0xffff) return false;
  place.version = 4;
  place.protocol = ipv4.get.protocol(view, network);
  place.transport = network + headerSize;
  place.end = Math.min(end, network + totalSize);
  return true;
}

function locate6(view: DataView, network: number, end: number, place: IpPlace, isWhole: boolean): boolean {
  if (end - network < ipv6.size) return false;
  const last = network + ipv6.size + ipv6.get.payloadSize(view, network);
  if (isWhole && last > end) return false;
  let protocol = ipv6.get.nextHeader(view, network);
  let at = network + ipv6.size;
  place.end = Math.min(end, last);
  while (isExtension(protocol)) {
    if (place.end - at < minExtensionSize) return false;
    // RFC 6946: with that header, a packet may still be all of itself.
    if (protocol === ipProtocol.fragment && (ipv6Fragment.get.offsetMore(view, at) & 0xfff9) !== 0)
      return false;
    const size = extensionSize(view, at, protocol);
    protocol = ipv6Option.get.nextHeader(view, at);
    at += size;
  }
  if (at > place.end) return false;
  place.version = 6;
  place.protocol = protocol;
  place.transport = at;
  return true;
}

function copyAddresses(view: DataView, { version, network }: IpPlace, tuple: Tuple): void {
  if (version === 4) {
    tuple[tupleWord.source] = ipv4.get.src(view, network);
    tuple[tupleWord.destination] = ipv4.get.dst(view, network);
    return;
  }
  for (let n = 0; n < 4; n++) {
    tuple[tupleWord.source + n] = view.getUint32(network + ipv6.offset.src + 4 * n);
    tuple[tupleWord.destination + n] = view.getUint32(network + ipv6.offset.dst + 4 * n);
  }
}

/** Of the transport header and all behind it, with the pseudo header. */
function isSumRight(view: DataView, { version, network, transport, protocol, end }: IpPlace): boolean {
  const size = end - transport;
  const pseudo = (version === 4 ? pseudoHeader4 : pseudoHeader6)(view, network, protocol, size);
  return foldSum(sumWords(view, transport, size, pseudo)) === 0xffff;
}

function findWindowScale(view: DataView, from: number, end: number): number | undefined {
  for (let at = from; at < end; ) {
    const kind = view.getUint8(at);
    if (kind === 0) return undefined;
    if (kind === 1) {
      at++;
      continue;
    }
    const size = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (size < 2 || at + size > end) return undefined;
    if (kind === windowScaleOption && size === 3) return view.getUint8(at + 2);
    at += size;
  }
  return undefined;
}
