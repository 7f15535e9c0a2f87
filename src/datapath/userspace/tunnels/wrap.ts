/**
 * The headers that `tnl_push` puts in front of packets: made as bytes once, when the flow is put; what differs from
 * packet to packet is filled in then. Nothing is allocated for a packet.
 */
import type { Clock } from '../../../base/clock.ts';
import type { DpPort } from '../../../base/units.ts';
import type { WrapsPackets } from '../../../netdev/provider.ts';
import {
  foldSum,
  internetChecksum,
  pseudoHeader4,
  pseudoHeader6,
  sumWords,
  transportChecksum,
} from '../../../wire/checksum.ts';
import { emitErspan, erspanDetails, erspanDetailsAt } from '../../../wire/erspan.ts';
import { ethernet } from '../../../wire/ethernet.ts';
import { copyBytes, type Frame, moveStart } from '../../../wire/frame.ts';
import { emitGeneve } from '../../../wire/geneve.ts';
import { emitGre, gre, greFlag, greSequenceAt, greWord } from '../../../wire/gre.ts';
import { emitGtpu, gtpu, gtpuOptions } from '../../../wire/gtpu.ts';
import { ipProtocol, ipv4, ipv6 } from '../../../wire/ip.ts';
import { udp } from '../../../wire/transport.ts';
import { emitVxlan } from '../../../wire/vxlan.ts';
import type { DpActionOf } from '../../actions.ts';
import {
  type TunnelHeader,
  type TunnelIp,
  type TunnelProtocol,
  tunnelHeaderSize,
} from '../../tunnel-header.ts';

/** Longest of an IPv4 packet, and of what follows an IPv6 header. */
const maxIpSize = 0xffff;
/** Of the clock of ERSPAN. */
const ticksPerMs = 10;

export class TunnelWrap {
  readonly tunnelPort: DpPort;
  readonly outPort: DpPort;
  /** Bytes of all headers. */
  readonly size: number;
  readonly #header: Pick<Frame, 'bytes' | 'view'>;
  readonly #isIpv4: boolean;
  /** Of the IPv4 header without a length, folded. */
  readonly #ipSum: number;
  /** Offset of what follows the IP header. */
  readonly #transport: number;
  readonly #isUdp: boolean;
  readonly #hasUdpChecksum: boolean;
  readonly #hasGreChecksum: boolean;
  /** Offsets; -1 where there is no such thing. */
  readonly #sequenceAt: number;
  readonly #gtpuAt: number;
  readonly #gtpuSequenceAt: number;
  readonly #timestampAt: number;

  constructor({ tunnelPort, outPort, header }: DpActionOf<'tnl_push'>) {
    const { ip, tunnel } = header;
    this.tunnelPort = tunnelPort;
    this.outPort = outPort;
    this.size = tunnelHeaderSize(header);
    const bytes = new Uint8Array(this.size);
    const view = new DataView(bytes.buffer);
    const transport = ethernet.size + (ip.version === 4 ? ipv4.size : ipv6.size);
    emitHeaders(view, bytes, header, transport);
    this.#header = { bytes, view };
    this.#isIpv4 = ip.version === 4;
    this.#ipSum = this.#isIpv4 ? foldSum(sumWords(view, ethernet.size, ipv4.size)) : 0;
    this.#transport = transport;
    this.#isUdp = 'udp' in tunnel;
    // Differs: the UDP checksum in front of GTP-U, and that of GRE with a sequence number, are right; the reference
    // computes them before it fills in length and number.
    this.#hasUdpChecksum = 'udp' in tunnel && (tunnel.type === 'gtpu' || tunnel.udp.checksum !== 0);
    this.#hasGreChecksum = tunnel.type === 'gre' && (tunnel.flags & greFlag.checksum) !== 0;
    this.#sequenceAt = sequenceOffset(tunnel, transport);
    this.#gtpuAt = tunnel.type === 'gtpu' ? transport + udp.size : -1;
    this.#gtpuSequenceAt =
      tunnel.type === 'gtpu' && tunnel.hasSequence === true ? this.#gtpuAt + gtpu.size : -1;
    this.#timestampAt = tunnel.type === 'erspan' && tunnel.version === 2 ? erspanDetailsAt(transport) : -1;
  }

  /** Can the headers say the length of such a packet? */
  fits(frame: Frame): boolean {
    const size = frame.end - frame.start + this.size - ethernet.size;
    return (this.#isIpv4 ? size : size - ipv6.size) <= maxIpSize;
  }

  /** Puts the headers in front of a frame that fits, has room for them, and may be written; `sourcePort` is of UDP. */
  put(frame: Frame, sourcePort: number, tunnel: WrapsPackets, clock: Pick<Clock, 'wall'>): void {
    moveStart(frame, -this.size);
    const { view, start, end } = frame;
    copyBytes(this.#header, 0, frame, start, this.size);
    const network = start + ethernet.size;
    const transport = start + this.#transport;
    if (this.#isIpv4) {
      ipv4.set.totalSize(view, network, end - network);
      const sum = this.#ipSum + end - network;
      ipv4.set.checksum(view, network, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
    } else ipv6.set.payloadSize(view, network, end - transport);
    this.#number(view, start, end, tunnel, clock);
    if (this.#isUdp) this.#finishUdp(view, network, transport, end, sourcePort);
    else if (this.#hasGreChecksum)
      view.setUint16(transport + gre.size, internetChecksum(view, transport, end - transport));
  }

  #number(
    view: DataView,
    start: number,
    end: number,
    tunnel: WrapsPackets,
    clock: Pick<Clock, 'wall'>,
  ): void {
    if (this.#sequenceAt >= 0) greWord.set.value(view, start + this.#sequenceAt, tunnel.nextSequence());
    if (this.#timestampAt >= 0) {
      const ticks = Math.floor(clock.wall() * ticksPerMs);
      erspanDetails.set.timestamp(view, start + this.#timestampAt, ticks % 2 ** 32);
    }
    if (this.#gtpuAt < 0) return;
    gtpu.set.length(view, start + this.#gtpuAt, end - start - this.#gtpuAt - gtpu.size);
    if (this.#gtpuSequenceAt >= 0)
      gtpuOptions.set.sequence(view, start + this.#gtpuSequenceAt, tunnel.nextSequence() & 0xffff);
  }

  #finishUdp(view: DataView, network: number, transport: number, end: number, sourcePort: number): void {
    const size = end - transport;
    udp.set.src(view, transport, sourcePort);
    udp.set.size(view, transport, size);
    if (!this.#hasUdpChecksum) return;
    const pseudoHeader = this.#isIpv4 ? pseudoHeader4 : pseudoHeader6;
    udp.set.checksum(view, transport, 0);
    const sum = internetChecksum(view, transport, size, pseudoHeader(view, network, ipProtocol.udp, size));
    udp.set.checksum(view, transport, transportChecksum(sum, ipProtocol.udp));
  }
}

/** Of GRE, with and without ERSPAN. */
function sequenceOffset(tunnel: TunnelProtocol, transport: number): number {
  if (tunnel.type === 'erspan') return transport + gre.size;
  const isNumbered = tunnel.type === 'gre' && (tunnel.flags & greFlag.sequence) !== 0;
  return isNumbered ? greSequenceAt(transport, tunnel.flags) : -1;
}

function emitHeaders(view: DataView, bytes: Uint8Array, header: TunnelHeader, transport: number): void {
  bytes.set(header.ethernet.dst, ethernet.offset.dst);
  bytes.set(header.ethernet.src, ethernet.offset.src);
  ethernet.set.type(view, 0, header.ethernet.type);
  emitIp(view, bytes, header.ip);
  const { tunnel } = header;
  if ('udp' in tunnel) udp.set.dst(view, transport, tunnel.udp.dst);
  const inner = transport + udp.size;
  switch (tunnel.type) {
    case 'vxlan':
      emitVxlan(view, inner, tunnel);
      break;
    case 'geneve':
      emitGeneve(view, inner, tunnel);
      break;
    case 'gtpu':
      emitGtpu(view, inner, tunnel);
      break;
    case 'gre':
      emitGre(view, transport, tunnel);
      break;
    case 'erspan':
      emitErspan(view, transport, tunnel);
      break;
  }
}

function emitIp(view: DataView, bytes: Uint8Array, ip: TunnelIp): void {
  const at = ethernet.size;
  if (ip.version === 4) {
    ipv4.set.versionLength(view, at, 0x45);
    ipv4.set.tos(view, at, ip.tos);
    ipv4.set.fragment(view, at, ip.fragment);
    ipv4.set.ttl(view, at, ip.ttl);
    ipv4.set.protocol(view, at, ip.protocol);
    bytes.set(ip.src, at + ipv4.offset.src);
    bytes.set(ip.dst, at + ipv4.offset.dst);
    return;
  }
  ipv6.set.versionClassLabel(view, at, ((6 << 28) | (ip.trafficClass << 20) | ip.label) >>> 0);
  ipv6.set.nextHeader(view, at, ip.protocol);
  ipv6.set.hopLimit(view, at, ip.hopLimit);
  bytes.set(ip.src, at + ipv6.offset.src);
  bytes.set(ip.dst, at + ipv6.offset.dst);
}
