/**
 * Taking a tunnel's headers off a packet: what they say is written into the words of its key that tunnels have. What is
 * cut short, contradicts itself or is not understood is refused. Nothing is allocated for a packet.
 */
import { unreachable } from '../../../base/errors.ts';
import { tunnelFlag } from '../../../flow/fields/flags.ts';
import { ethernetPacket, typedPacket } from '../../../flow/packet-type.ts';
import { datapathWordCount, slots } from '../../../flow/slots.ts';
import type { TunnelType } from '../../../netdev/tunnel/tunnel-config.ts';
import { foldSum, pseudoHeader4, pseudoHeader6, sumWords } from '../../../wire/checksum.ts';
import {
  erspanDirection,
  erspanHardwareId,
  erspanIndexOf,
  erspanSession,
  erspanSize,
  erspanVersion,
  isErspan,
} from '../../../wire/erspan.ts';
import { etherType, firstEtherType } from '../../../wire/ethernet.ts';
import { type Frame, gso, moveStart } from '../../../wire/frame.ts';
import { geneve, geneveOptionsSize, isGeneve, isGeneveOam } from '../../../wire/geneve.ts';
import { gre, greFlag, greKeyAt, greSize, greWord, isGre } from '../../../wire/gre.ts';
import { gtpu, gtpuSize, gtpuUserPacket } from '../../../wire/gtpu.ts';
import { ipProtocol, ipv4, ipv6 } from '../../../wire/ip.ts';
import { udp } from '../../../wire/transport.ts';
import { isVxlan, vxlan, vxlanNext, vxlanNextOf } from '../../../wire/vxlan.ts';
import type { Headers } from '../headers.ts';
import { logBadChecksum, logGeneve, logIpOptions, logNoIp, logVxlan } from './unwrap-log.ts';

const idWord = slots.tun_id.word;
const srcWord = slots.tun_src.word;
const dstWord = slots.tun_dst.word;
const src6Word = slots.tun_ipv6_src.word;
const dst6Word = slots.tun_ipv6_dst.word;
const flagsSlot = slots.tun_flags;
const tosSlot = slots.tun_tos;
const ttlSlot = slots.tun_ttl;
const portsWord = slots.tun_tp_src.word;
const gtpuFlagsSlot = slots.tun_gtpu_flags;
const gtpuTypeSlot = slots.tun_gtpu_msgtype;
const versionSlot = slots.tun_erspan_ver;
const directionSlot = slots.tun_erspan_dir;
const hardwareSlot = slots.tun_erspan_hwid;
const indexWord = slots.tun_erspan_idx.word;
const optionsSizeWord = slots.tun_metadata_present.word + 1;
const optionsWord = slots.tun_metadata.word;

/** The words of tunnels, and of connection tracking in front of them: nothing is known of the packet inside. */
const firstWord = slots.ct_state.word;
const nothing = new Uint32Array(datapathWordCount - firstWord);

/** The packet type of a packet that is refused. */
export const refused = -1;

/** What a packet is inside of VXLAN, by the number that says so. */
const vxlanTypes: ReadonlyMap<number, number> = new Map([
  [vxlanNext.ipv4, typedPacket(etherType.ipv4)],
  [vxlanNext.ipv6, typedPacket(etherType.ipv6)],
  [vxlanNext.ethernet, ethernetPacket],
  [vxlanNext.nsh, typedPacket(etherType.nsh)],
]);

/** What is known of the packet's headers; one a worker. */
class Outer {
  /** Absolute offsets. */
  transport = 0;
  end = 0;
  /** A device has looked at the checksums, or is to fill them in. */
  isTrusted = false;
  isIpv4 = false;
  network = 0;
}

const outer = new Outer();

/**
 * Moves the start of a frame, whose headers were located, to what the tunnel carries; returns the packet type of that, or
 * `refused`. GTP-U that carries no packet of a user stays whole.
 */
export function unwrap(type: TunnelType, frame: Frame, headers: Headers, key: Uint32Array): number {
  key.set(nothing, firstWord);
  if (!readIp(frame, headers, key)) return refused;
  switch (type) {
    case 'vxlan':
      return unwrapVxlan(frame, key);
    case 'geneve':
      return unwrapGeneve(frame, key);
    case 'gtpu':
      return unwrapGtpu(frame, key);
    case 'gre':
    case 'ip6gre':
      return unwrapGre(frame, key);
    case 'erspan':
    case 'ip6erspan':
      return unwrapErspan(frame, key);
    case 'lisp':
    case 'stt':
    case 'bareudp':
      return refused; // of these the switch only knows ports of a kernel
    default:
      return unreachable(type);
  }
}

function put(key: Uint32Array, { word, shift }: (typeof slots)['tun_tos'], value: number): void {
  key[word] = (key[word] ?? 0) | (value << shift);
}

function readIp(frame: Frame, headers: Headers, key: Uint32Array): boolean {
  const { view, end } = frame;
  const { network, transport } = headers;
  if (transport === 0) return false;
  outer.network = network;
  outer.transport = transport;
  outer.isTrusted = frame.checksumStart >= 0 || frame.gsoType !== gso.none;
  outer.isIpv4 = headers.etherType === etherType.ipv4;
  if (outer.isIpv4) return readIpv4(view, network, end, key);
  return headers.etherType === etherType.ipv6 && readIpv6(view, network, end, key);
}

function readIpv4(view: DataView, at: number, end: number, key: Uint32Array): boolean {
  const headerSize = outer.transport - at;
  if (foldSum(sumWords(view, at, headerSize)) !== 0xffff) {
    logBadChecksum();
    return false;
  }
  const size = ipv4.get.totalSize(view, at);
  if (size > end - at) return false;
  if (headerSize > ipv4.size) {
    logIpOptions(headerSize);
    return false;
  }
  outer.end = at + size;
  key[srcWord] = ipv4.get.src(view, at);
  key[dstWord] = ipv4.get.dst(view, at);
  put(key, tosSlot, ipv4.get.tos(view, at));
  put(key, ttlSlot, ipv4.get.ttl(view, at));
  return view.getUint8(at) >>> 4 === 4 && outer.end >= outer.transport;
}

function readIpv6(view: DataView, at: number, end: number, key: Uint32Array): boolean {
  outer.end = at + ipv6.size + ipv6.get.payloadSize(view, at);
  if (outer.end > end || outer.end < outer.transport || view.getUint8(at) >>> 4 !== 6) return false;
  for (let n = 0; n < 4; n++) {
    key[src6Word + n] = view.getUint32(at + ipv6.offset.src + 4 * n);
    key[dst6Word + n] = view.getUint32(at + ipv6.offset.dst + 4 * n);
  }
  put(key, tosSlot, (ipv6.get.versionClassLabel(view, at) >>> 20) & 0xff);
  put(key, ttlSlot, ipv6.get.hopLimit(view, at));
  return true;
}

/** Where the tunnel's header begins, behind that of UDP; 0 when that is cut short, or its checksum wrong. */
function readUdp(view: DataView, key: Uint32Array): number {
  const { network, transport, end, isIpv4 } = outer;
  const size = end - transport;
  if (size < udp.size) return 0;
  if (udp.get.checksum(view, transport) !== 0) {
    const pseudoHeader = isIpv4 ? pseudoHeader4 : pseudoHeader6;
    const sum = pseudoHeader(view, network, ipProtocol.udp, size);
    if (!outer.isTrusted && foldSum(sumWords(view, transport, size, sum)) !== 0xffff) return 0;
    put(key, flagsSlot, tunnelFlag.checksum);
  }
  key[portsWord] = view.getUint32(transport);
  return transport + udp.size;
}

/** The packet begins at `at` from now on. */
function startAt(frame: Frame, at: number): void {
  moveStart(frame, at - frame.start);
}

function unwrapVxlan(frame: Frame, key: Uint32Array): number {
  const { view } = frame;
  const at = readUdp(view, key);
  if (at === 0 || outer.end - at < vxlan.size) return refused;
  if (!isVxlan(view, at, outer.end)) {
    logVxlan(view, at);
    return refused;
  }
  const type = vxlanTypes.get(vxlanNextOf(view, at));
  if (type === undefined) return refused;
  key[idWord + 1] = vxlan.get.vni(view, at);
  put(key, flagsSlot, tunnelFlag.key);
  startAt(frame, at + vxlan.size);
  return type;
}

function unwrapGeneve(frame: Frame, key: Uint32Array): number {
  const { view } = frame;
  const at = readUdp(view, key);
  if (at === 0) return refused;
  if (!isGeneve(view, at, outer.end)) {
    logGeneve(view, at, frame.start, outer.end);
    return refused;
  }
  const size = geneveOptionsSize(view, at);
  key[idWord + 1] = geneve.get.vni(view, at);
  put(key, flagsSlot, isGeneveOam(view, at) ? tunnelFlag.key | tunnelFlag.oam : tunnelFlag.key);
  key[optionsSizeWord] = size;
  for (let n = 0; n < size; n += 4) key[optionsWord + n / 4] = view.getUint32(at + geneve.size + n);
  startAt(frame, at + geneve.size + size);
  return ethernetPacket;
}

function unwrapGtpu(frame: Frame, key: Uint32Array): number {
  const { view } = frame;
  const at = readUdp(view, key);
  const size = at === 0 ? 0 : gtpuSize(view, at, outer.end);
  if (size === 0) return refused;
  const messageType = gtpu.get.messageType(view, at);
  put(key, gtpuFlagsSlot, gtpu.get.flags(view, at));
  put(key, gtpuTypeSlot, messageType);
  key[idWord + 1] = gtpu.get.teid(view, at);
  if (messageType !== gtpuUserPacket) return ethernetPacket;
  startAt(frame, at + size);
  const version = frame.start < frame.end ? view.getUint8(frame.start) >>> 4 : 0;
  if (version === 4) return typedPacket(etherType.ipv4);
  if (version === 6) return typedPacket(etherType.ipv6);
  logNoIp();
  return ethernetPacket;
}

function unwrapGre(frame: Frame, key: Uint32Array): number {
  const { view } = frame;
  const { transport: at, end } = outer;
  if (!isGre(view, at, end)) return refused;
  const flags = gre.get.flags(view, at);
  if ((flags & greFlag.checksum) !== 0) {
    if (!outer.isTrusted && foldSum(sumWords(view, at, end - at)) !== 0xffff) return refused;
    put(key, flagsSlot, tunnelFlag.checksum);
  }
  if ((flags & greFlag.key) !== 0) {
    key[idWord + 1] = greWord.get.value(view, greKeyAt(at, flags));
    put(key, flagsSlot, tunnelFlag.key);
  }
  const protocol = gre.get.protocol(view, at);
  if (protocol < firstEtherType) return refused;
  startAt(frame, at + greSize(flags));
  return protocol === etherType.transparentBridging ? ethernetPacket : typedPacket(protocol);
}

function unwrapErspan(frame: Frame, key: Uint32Array): number {
  const { view } = frame;
  const { transport: at, end } = outer;
  if (!isErspan(view, at, end)) return refused;
  const version = erspanVersion(view, at);
  key[idWord + 1] = erspanSession(view, at);
  put(key, flagsSlot, tunnelFlag.key);
  put(key, versionSlot, version);
  if (version === 1) key[indexWord] = erspanIndexOf(view, at);
  else {
    put(key, directionSlot, erspanDirection(view, at));
    put(key, hardwareSlot, erspanHardwareId(view, at));
  }
  startAt(frame, at + erspanSize(version));
  return ethernetPacket;
}
