/**
 * From a frame to its key: fills the words of flow/slots.ts that a packet's bytes decide. Runs once a packet, on
 * the datapath's threads and for upcalls; allocates nothing and throws nothing. Where a header is cut short or
 * contradicts itself, extraction stops: that layer's words stay zero and the packet is matched by the layers below,
 * as the reference does.
 */
import {
  ethernet,
  etherType,
  firstEtherType,
  isMplsType,
  isVlanType,
  llcSnap,
  vlanPresent,
  vlanTag,
} from '../wire/ethernet.ts';
import type { Frame } from '../wire/frame.ts';
import {
  arp,
  extensionSize,
  ipProtocol,
  ipv4,
  ipv4Fragment,
  ipv6,
  ipv6Fragment,
  ipv6Option,
  isExtension,
  minExtensionSize,
} from '../wire/ip.ts';
import { mpls, mplsBottom } from '../wire/mpls.ts';
import { nsh, nshContext1 } from '../wire/nsh.ts';
import {
  icmp,
  icmpv6Type,
  igmp,
  neighbour,
  neighbourOption,
  neighbourOptionType,
  sctp,
  tcp,
  udp,
} from '../wire/transport.ts';
import { logInvalidPacket } from './extract-log.ts';
import { hotWordCount, slots } from './slots.ts';

/** `nw_frag` bits. */
export const fragment = { any: 1, later: 2 } as const;

const inPort = slots.in_port.word;
const packetTypeWord = slots.packet_type.word;
const ethDst = slots.eth_dst.word;
const ethSrc = slots.eth_src.word;
const vlan = slots.vlan_tpid.word;
const vlan2 = slots.vlan_tpid2.word;
const mplsFirst = slots.mpls_lse.word;
const nwSrc = slots.nw_src.word;
const nwDst = slots.nw_dst.word;
const nwMisc = slots.nw_proto.word; // proto, tos, ttl, frag
const ipv6Src = slots.ipv6_src.word;
const ipv6Dst = slots.ipv6_dst.word;
const ipv6Label = slots.ipv6_label.word;
const ports = slots.tp_src.word;
const tcpFlags = slots.tcp_flags.word; // tcp_flags, nd_options_type, pad
const ndTarget = slots.nd_target.word;
const ndReserved = slots.nd_reserved.word;
const arpSha = slots.arp_sha.word;
const arpTha = slots.arp_tha.word;
const nshBase = slots.nsh_flags.word;
const nshPath = slots.nsh_path.word;
const nshContext = slots.nsh_c1.word;

/** The reference takes at most this much Ethernet padding behind an IP packet. */
const maxPadding = 0xffff;
const tcpSizeMin = tcp.size;

const noHotWords = new Uint32Array(hotWordCount);

/**
 * Rewrites the first `hotWordCount` words of `key`; the rest stays as it is. `vlanLimit` (1 or 2) is how many tags
 * are parsed as such: a further one shows as the EtherType. `packetType` is what the frame begins with, as a key says it;
 * 0 = Ethernet.
 */
export function extractKey(frame: Frame, key: Uint32Array, vlanLimit = 1, packetType = 0): void {
  key.set(noHotWords); // `fill` costs several times as much
  key[inPort] = frame.inPort;
  const { view, start, end } = frame;
  if (packetType !== 0) {
    key[packetTypeWord] = packetType;
    key[ethDst + 1] = packetType & 0xffff;
    const type = packetType & 0xffff;
    if (!extractNetwork(view, start, end, type, key)) logInvalidPacket(frame, type);
    return;
  }
  if (end - start < ethernet.size) return;
  key[ethDst] = view.getUint32(start);
  key[ethSrc] = view.getUint32(start + 6);
  key[ethSrc + 1] = view.getUint16(start + 10) << 16;

  let at = start + ethernet.offset.type;
  let type = view.getUint16(at);
  if (isVlanType(type) && end - at >= vlanTag.size + 2) {
    key[vlan] = (type << 16) | vlanTag.get.tci(view, at) | vlanPresent;
    at += vlanTag.size;
    type = view.getUint16(at);
    if (vlanLimit > 1 && isVlanType(type) && end - at >= vlanTag.size + 2) {
      key[vlan2] = (type << 16) | vlanTag.get.tci(view, at) | vlanPresent;
      at += vlanTag.size;
      type = view.getUint16(at);
    }
  }
  at += 2;
  if (type < firstEtherType) {
    type = etherTypeOfSnap(view, at, end);
    if (type !== etherType.none) at += llcSnap.size;
  }
  key[ethDst + 1] = (view.getUint16(start + 4) << 16) | type;
  if (!extractNetwork(view, at, end, type, key)) logInvalidPacket(frame, type);
}

/** What follows the EtherType. False for an IP header that contradicts itself, or the size of the packet. */
function extractNetwork(view: DataView, at: number, end: number, type: number, key: Uint32Array): boolean {
  if (type === etherType.ipv4) return extractIpv4(view, at, end, key);
  if (type === etherType.ipv6) return extractIpv6(view, at, end, key);
  if (type === etherType.arp || type === etherType.rarp) extractArp(view, at, end, key);
  else if (isMplsType(type)) extractMpls(view, at, end, key);
  else if (type === etherType.nsh) extractNsh(view, at, end, key);
  return true;
}

/** The type in the SNAP header at `at`, which follows an 802.3 length; `etherType.none` without one. */
export function etherTypeOfSnap(view: DataView, at: number, end: number): number {
  if (end - at < llcSnap.size) return etherType.none;
  const isSnap =
    view.getUint16(at) === 0xaaaa &&
    llcSnap.get.control(view, at) === 3 &&
    llcSnap.get.organisation(view, at) === 0;
  const type = llcSnap.get.type(view, at);
  return isSnap && type >= firstEtherType ? type : etherType.none;
}

function extractMpls(view: DataView, start: number, end: number, key: Uint32Array): void {
  for (let n = 0, at = start; n < 3 && end - at >= mpls.size; n++, at += mpls.size) {
    const entry = mpls.get.entry(view, at);
    key[mplsFirst + n] = entry;
    if ((entry & mplsBottom) !== 0) return;
  }
}

function extractArp(view: DataView, at: number, end: number, key: Uint32Array): void {
  if (end - at < arp.size) return;
  const isEthernetIpv4 =
    view.getUint32(at) === 0x00010800 && // hardware Ethernet, protocol IPv4
    view.getUint16(at + arp.offset.hardwareSize) === 0x0604;
  if (!isEthernetIpv4) return;
  key[nwSrc] = arp.get.spa(view, at);
  key[nwDst] = arp.get.tpa(view, at);
  const operation = arp.get.operation(view, at);
  if (operation <= 0xff) key[nwMisc] = operation << 24;
  copyMac(view, at + arp.offset.sha, key, arpSha);
  copyMac(view, at + arp.offset.tha, key, arpTha);
}

function copyMac(view: DataView, at: number, key: Uint32Array, word: number): void {
  key[word] = view.getUint32(at);
  key[word + 1] = view.getUint16(at + 4) << 16;
}

function extractIpv4(view: DataView, at: number, end: number, key: Uint32Array): boolean {
  const size = end - at;
  if (size < ipv4.size) return false;
  const headerSize = (ipv4.get.versionLength(view, at) & 0x0f) * 4;
  const totalSize = ipv4.get.totalSize(view, at);
  if (headerSize < ipv4.size || headerSize > size) return false;
  if (totalSize < headerSize || totalSize > size || size - totalSize > maxPadding) return false;
  key[nwSrc] = ipv4.get.src(view, at);
  key[nwDst] = ipv4.get.dst(view, at);
  const protocol = ipv4.get.protocol(view, at);
  const fragmentWord = ipv4.get.fragment(view, at);
  let frag = 0;
  if ((fragmentWord & (ipv4Fragment.more | ipv4Fragment.offset)) !== 0) frag = fragment.any;
  if ((fragmentWord & ipv4Fragment.offset) !== 0) frag |= fragment.later;
  key[nwMisc] = (protocol << 24) | (ipv4.get.tos(view, at) << 16) | (ipv4.get.ttl(view, at) << 8) | frag;
  if ((frag & fragment.later) === 0) extractTransport(view, at + headerSize, at + totalSize, protocol, key);
  return true;
}

/** Behind a broken chain of extension headers, only the addresses are known. */
function extractIpv6(view: DataView, at: number, end: number, key: Uint32Array): boolean {
  const size = end - at;
  if (size < ipv6.size) return false;
  const payloadSize = ipv6.get.payloadSize(view, at);
  if (payloadSize + ipv6.size > size || size - payloadSize - ipv6.size > maxPadding) return false;
  for (let n = 0; n < 4; n++) {
    key[ipv6Src + n] = view.getUint32(at + ipv6.offset.src + 4 * n);
    key[ipv6Dst + n] = view.getUint32(at + ipv6.offset.dst + 4 * n);
  }
  const word = ipv6.get.versionClassLabel(view, at);
  const tosTtl = (((word >>> 20) & 0xff) << 16) | (ipv6.get.hopLimit(view, at) << 8);
  const last = at + ipv6.size + payloadSize;

  let protocol = ipv6.get.nextHeader(view, at);
  let next = at + ipv6.size;
  let frag = 0;
  while (isExtension(protocol)) {
    if (last - next < minExtensionSize) return true;
    if (protocol === ipProtocol.fragment) {
      const offsetMore = ipv6Fragment.get.offsetMore(view, next);
      protocol = ipv6Fragment.get.nextHeader(view, next);
      next += ipv6Fragment.size;
      if (offsetMore !== 0) {
        frag = fragment.any;
        if ((offsetMore & 0xfff8) !== 0) {
          frag |= fragment.later;
          protocol = ipProtocol.fragment; // what a later fragment carries cannot be told
          break;
        }
      }
      continue;
    }
    const size = extensionSize(view, next, protocol);
    protocol = ipv6Option.get.nextHeader(view, next);
    next += size;
    if (next > last) return true;
  }
  key[ipv6Label] = word & 0xfffff;
  key[nwMisc] = (protocol << 24) | tosTtl | frag;
  if ((frag & fragment.later) !== 0) return true;
  if (protocol === ipProtocol.icmpv6) extractIcmpv6(view, next, last, key);
  else extractTransport(view, next, last, protocol, key);
  return true;
}

function extractTransport(view: DataView, at: number, end: number, protocol: number, key: Uint32Array): void {
  const size = end - at;
  if (protocol === ipProtocol.tcp) {
    if (size < tcpSizeMin) return;
    const offsetFlags = tcp.get.offsetFlags(view, at);
    const headerSize = (offsetFlags >>> 12) * 4;
    if (headerSize < tcpSizeMin || headerSize > size) return;
    key[ports] = view.getUint32(at);
    key[tcpFlags] = (offsetFlags & 0x0fff) << 16;
  } else if (protocol === ipProtocol.udp) {
    if (size >= udp.size) key[ports] = view.getUint32(at);
  } else if (protocol === ipProtocol.sctp) {
    if (size >= sctp.size) key[ports] = view.getUint32(at);
  } else if (protocol === ipProtocol.icmp) {
    if (size >= icmp.size) key[ports] = (icmp.get.type(view, at) << 16) | icmp.get.code(view, at);
  } else if (protocol === ipProtocol.igmp) {
    if (size < igmp.size) return;
    key[ports] = (igmp.get.type(view, at) << 16) | igmp.get.code(view, at);
    key[ndTarget] = igmp.get.group(view, at);
  }
}

function extractIcmpv6(view: DataView, at: number, end: number, key: Uint32Array): void {
  if (end - at < icmp.size) return;
  const type = icmp.get.type(view, at);
  const code = icmp.get.code(view, at);
  key[ports] = (type << 16) | code;
  const isSolicitation = type === icmpv6Type.neighbourSolicitation;
  if (code !== 0 || !(isSolicitation || type === icmpv6Type.neighbourAdvertisement)) return;
  key[ndReserved] = icmp.get.rest(view, at);
  let next = at + icmp.size;
  if (end - next < neighbour.size) return;
  for (let n = 0; n < 4; n++) key[ndTarget + n] = view.getUint32(next + 4 * n);
  next += neighbour.size;
  let optionType = 0;
  while (end - next >= neighbourOption.size) {
    const kind = neighbourOption.get.type(view, next);
    const length = neighbourOption.get.length(view, next) * 8;
    const isSource = kind === neighbourOptionType.sourceAddress;
    const isLinkAddress = (isSource || kind === neighbourOptionType.targetAddress) && length === 8;
    const word = isSource ? arpSha : arpTha;
    if (length === 0 || length > end - next) break;
    if (isLinkAddress) {
      if (key[word] !== 0 || key[word + 1] !== 0) {
        clearNeighbour(key);
        break;
      }
      copyMac(view, next + neighbourOption.offset.address, key, word);
      optionType ||= kind;
    }
    next += length;
  }
  key[tcpFlags] = optionType << 8;
}

/** A link-layer address given twice: what the message is about cannot be told. */
function clearNeighbour(key: Uint32Array): void {
  key.fill(0, ndTarget, ndTarget + 4);
  key.fill(0, arpSha, arpTha + 2);
}

function extractNsh(view: DataView, at: number, end: number, key: Uint32Array): void {
  if (end - at < nsh.size) return;
  const base = nsh.get.versionFlagsTtlLength(view, at);
  const size = (base & 0x3f) * 4;
  if (base >>> 14 !== 0 || size > end - at) return;
  const mdType = nsh.get.mdType(view, at);
  if (mdType === 1 && size !== nsh.size + nshContext1.size) return;
  if (mdType === 2 && size < nsh.size) return;
  const flags = (base >>> 12) & 3;
  const ttl = (base >>> 6) & 0x3f;
  key[nshBase] = (flags << 24) | (ttl << 16) | (mdType << 8) | nsh.get.nextProtocol(view, at);
  key[nshPath] = nsh.get.path(view, at);
  if (mdType !== 1) return;
  for (let n = 0; n < 4; n++) key[nshContext + n] = view.getUint32(at + nsh.size + 4 * n);
}
