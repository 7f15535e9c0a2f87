/**
 * What a device would have done, in software: the checksum that was left open and the segmentation of TCP and UDP.
 * For outputs that take only finished frames. Follows linux/virtio_net.h for what the offload description means.
 */
import { foldSum, internetChecksum, pseudoHeader4, pseudoHeader6, sumWords } from '../../wire/checksum.ts';
import { etherType } from '../../wire/ethernet.ts';
import { copyBytes, type Frame, gso } from '../../wire/frame.ts';
import { ipProtocol, ipv4, ipv6 } from '../../wire/ip.ts';
import { tcp, udp } from '../../wire/transport.ts';
import { Headers } from './headers.ts';

const flag = { fin: 0x01, push: 0x08, congestionReduced: 0x80 } as const;

/** Is something left that a device would do? */
export function hasOffload({ checksumStart, gsoType }: Frame): boolean {
  return checksumStart >= 0 || gsoType !== gso.none;
}

/** Computes the open checksum of a frame whose bytes may be written. False when its description makes no sense. */
export function finishChecksum(frame: Frame): boolean {
  if (frame.checksumStart < 0) return true;
  const at = frame.start + frame.checksumStart;
  const field = at + frame.checksumOffset;
  if (frame.checksumOffset < 0 || field + 2 > frame.end) return false;
  const sum = ~foldSum(sumWords(frame.view, at, frame.end - at)) & 0xffff;
  frame.view.setUint16(field, sum === 0 ? 0xffff : sum);
  frame.checksumStart = -1;
  return true;
}

/** Splits frames. One a worker: it keeps what it found out about the frame it works on. */
export class Segmenter {
  readonly #headers = new Headers();
  #frame: Frame | undefined;
  /** From the frame's start, which moves when room is made in memory. */
  #networkOffset = 0;
  #transportOffset = 0;
  #headerSize = 0;
  #payloadSize = 0;
  #isTcp = false;

  /**
   * Takes a frame to be segmented; the number of its segments, or 0 when its description makes no sense. `packetType` as
   * in a key: 0 = Ethernet.
   */
  start(frame: Frame, packetType = 0): number {
    const type = frame.gsoType & ~gso.ecnBit;
    const headers = this.#headers;
    this.#frame = frame;
    this.#isTcp = type === gso.tcp4 || type === gso.tcp6;
    if (!this.#isTcp && type !== gso.udpL4) return 0;
    if (frame.gsoSize <= 0 || !headers.locate(frame, packetType) || headers.transport === 0) return 0;
    if (headers.etherType !== etherType.ipv4 && headers.etherType !== etherType.ipv6) return 0;
    if (headers.protocol !== (this.#isTcp ? ipProtocol.tcp : ipProtocol.udp)) return 0;
    const { view, end } = frame;
    const at = headers.transport;
    if (end - at < (this.#isTcp ? tcp.size : udp.size)) return 0;
    const transportSize = this.#isTcp ? (tcp.get.offsetFlags(view, at) >>> 12) * 4 : udp.size;
    if (transportSize < udp.size || at + transportSize > end) return 0;
    this.#headerSize = at + transportSize - frame.start;
    this.#networkOffset = headers.network - frame.start;
    this.#transportOffset = at - frame.start;
    this.#payloadSize = end - at - transportSize;
    return Math.max(1, Math.ceil(this.#payloadSize / frame.gsoSize));
  }

  /** Bytes of segment `n`. */
  sizeOf(n: number): number {
    const left = this.#payloadSize - n * (this.#frame?.gsoSize ?? 0);
    return this.#headerSize + Math.min(left, this.#frame?.gsoSize ?? 0);
  }

  /** Writes segment `n` of `count` into `to`, which has room for `sizeOf(n)` bytes behind its start. */
  emit(n: number, count: number, to: Frame): void {
    const from = this.#frame;
    if (from === undefined) return;
    const size = this.sizeOf(n);
    const payloadAt = from.start + this.#headerSize + n * from.gsoSize;
    copyBytes(from, from.start, to, to.start, this.#headerSize);
    copyBytes(from, payloadAt, to, to.start + this.#headerSize, size - this.#headerSize);
    to.end = to.start + size;
    to.inPort = from.inPort;
    const network = to.start + this.#networkOffset;
    const transport = to.start + this.#transportOffset;
    const transportSize = to.end - transport;
    if (this.#isTcp) emitTcp(to.view, transport, n * from.gsoSize, n === 0, n === count - 1);
    else udp.set.size(to.view, transport, transportSize);
    const protocol = this.#isTcp ? ipProtocol.tcp : ipProtocol.udp;
    const checksumAt = transport + (this.#isTcp ? tcp.offset.checksum : udp.offset.checksum);
    to.view.setUint16(checksumAt, 0);
    const is4 = this.#headers.etherType === etherType.ipv4;
    if (is4) emitIpv4(to.view, network, to.end, n);
    else ipv6.set.payloadSize(to.view, network, to.end - network - ipv6.size);
    const pseudoHeader = is4 ? pseudoHeader4 : pseudoHeader6;
    const pseudo = pseudoHeader(to.view, network, protocol, transportSize);
    const sum = internetChecksum(to.view, transport, transportSize, pseudo);
    to.view.setUint16(checksumAt, sum === 0 ? 0xffff : sum);
  }
}

/** Each segment moves on in the stream; what ends it belongs to the last, what reports congestion to the first. */
function emitTcp(view: DataView, at: number, offset: number, isFirst: boolean, isLast: boolean): void {
  tcp.set.sequence(view, at, (tcp.get.sequence(view, at) + offset) >>> 0);
  let flags = tcp.get.offsetFlags(view, at);
  if (!isLast) flags &= ~(flag.fin | flag.push);
  if (!isFirst) flags &= ~flag.congestionReduced;
  tcp.set.offsetFlags(view, at, flags);
}

/** Each segment is a packet of its own, so its number counts on. */
function emitIpv4(view: DataView, at: number, end: number, n: number): void {
  ipv4.set.totalSize(view, at, end - at);
  ipv4.set.id(view, at, (ipv4.get.id(view, at) + n) & 0xffff);
  sumHeader4(view, at);
}

/** Writes the checksum of an IPv4 header, options included. */
export function sumHeader4(view: DataView, at: number): void {
  ipv4.set.checksum(view, at, 0);
  const headerSize = (ipv4.get.versionLength(view, at) & 0x0f) * 4;
  ipv4.set.checksum(view, at, internetChecksum(view, at, headerSize));
}
