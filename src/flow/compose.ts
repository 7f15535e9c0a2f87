/**
 * From a key back to a frame: the shortest well-formed packet that extracts to it, with right checksums. For commands
 * and tests that are given a flow instead of bytes (`netdev-dummy/receive`).
 */

import { internetChecksum, pseudoHeader4, pseudoHeader6, transportChecksum } from '../wire/checksum.ts';
import { etherType, isVlanType, vlanPresent } from '../wire/ethernet.ts';
import { arp, arpOperation, ipProtocol, ipv4, ipv4Fragment, ipv6, ipv6Fragment } from '../wire/ip.ts';
import { mpls, mplsBottom } from '../wire/mpls.ts';
import { icmp, icmpv6Type, igmp, neighbour, neighbourOption, sctp, tcp, udp } from '../wire/transport.ts';
import { fragment } from './extract.ts';
import { getSlot, readSlot } from './key.ts';
import type { SlotName } from './slots.ts';

/** Bytes behind the headers of what carries data: they count from 0, as in the reference's frames. */
const usualPayload = 64;
/** No frame of ours has longer headers. */
const headersLimit = 512;

class Writer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes behind the headers; undefined for the usual ones. */
  readonly payloadSize: number | undefined;
  /** What is behind the headers of what carries data; undefined for the usual bytes. */
  readonly payload: Uint8Array | undefined;
  /** Bytes written. */
  size = 0;

  constructor(payloadSize: number | undefined, payload: Uint8Array | undefined) {
    this.payloadSize = payloadSize;
    this.payload = payload;
    this.bytes = new Uint8Array(headersLimit + (payloadSize ?? payload?.length ?? usualPayload));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `size` zero bytes; returns where they start. */
  reserve(size: number): number {
    const at = this.size;
    this.size += size;
    return at;
  }

  put(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.reserve(bytes.length));
  }

  put16(value: number): void {
    this.view.setUint16(this.reserve(2), value);
  }
}

/** The frame's bytes, `payload` in it where it can carry data. What the key says about metadata is not in them. */
export function composeFrame(key: Uint32Array, payload?: Uint8Array): Uint8Array {
  return compose(key, undefined, payload);
}

/** The same as a frame of that many bytes, zeros behind its headers; undefined when its headers alone are longer. */
export function composeFrameOfSize(key: Uint32Array, size: number): Uint8Array | undefined {
  const headers = compose(key, 0);
  if (headers.length > size) return undefined;
  const whole = compose(key, size - headers.length, new Uint8Array());
  const padded = new Uint8Array(size); // not everything can carry data
  padded.set(whole);
  return padded;
}

function compose(key: Uint32Array, payloadSize: number | undefined, payload?: Uint8Array): Uint8Array {
  const out = new Writer(payloadSize, payload);
  out.put(readSlot(key, 'eth_dst'));
  out.put(readSlot(key, 'eth_src'));
  putTag(out, key, 'vlan_tpid', 'vlan_tci');
  putTag(out, key, 'vlan_tpid2', 'vlan_tci2');
  const type = getSlot(key, 'eth_type');
  if (type === etherType.none) {
    out.put16(out.size + 2); // an 802.3 length
    return out.bytes.slice(0, out.size);
  }
  out.put16(type);
  if (type === etherType.ipv4) putIpv4(out, key);
  else if (type === etherType.ipv6) putIpv6(out, key);
  else if (type === etherType.arp || type === etherType.rarp) putArp(out, key);
  else if (type === etherType.mpls || type === etherType.mplsMulticast) putMpls(out, key);
  return out.bytes.slice(0, out.size);
}

function putTag(out: Writer, key: Uint32Array, tpid: SlotName, tci: SlotName): void {
  const value = getSlot(key, tci);
  if ((value & vlanPresent) === 0) return;
  const type = getSlot(key, tpid);
  out.put16(isVlanType(type) ? type : etherType.vlan);
  out.put16(value & ~vlanPresent);
}

function putMpls(out: Writer, key: Uint32Array): void {
  for (const slot of ['mpls_lse', 'mpls_lse2', 'mpls_lse3'] as const) {
    const entry = getSlot(key, slot);
    mpls.set.entry(out.view, out.reserve(mpls.size), entry);
    if ((entry & mplsBottom) !== 0) return;
  }
}

function putArp(out: Writer, key: Uint32Array): void {
  const at = out.reserve(arp.size);
  out.view.setUint32(at, 0x00010800); // hardware Ethernet, protocol IPv4
  out.view.setUint16(at + arp.offset.hardwareSize, 0x0604);
  const operation = getSlot(key, 'nw_proto');
  arp.set.operation(out.view, at, operation);
  if (operation !== arpOperation.request && operation !== arpOperation.reply) return; // as the reference
  arp.set.spa(out.view, at, getSlot(key, 'nw_src'));
  arp.set.tpa(out.view, at, getSlot(key, 'nw_dst'));
  out.bytes.set(readSlot(key, 'arp_sha'), at + arp.offset.sha);
  out.bytes.set(readSlot(key, 'arp_tha'), at + arp.offset.tha);
}

function putIpv4(out: Writer, key: Uint32Array): void {
  const at = out.reserve(ipv4.size);
  const { view } = out;
  const protocol = getSlot(key, 'nw_proto');
  const frag = getSlot(key, 'nw_frag');
  ipv4.set.versionLength(view, at, 0x45);
  ipv4.set.tos(view, at, getSlot(key, 'nw_tos'));
  ipv4.set.ttl(view, at, getSlot(key, 'nw_ttl'));
  ipv4.set.protocol(view, at, protocol);
  ipv4.set.src(view, at, getSlot(key, 'nw_src'));
  ipv4.set.dst(view, at, getSlot(key, 'nw_dst'));
  const more = (frag & fragment.any) !== 0 ? ipv4Fragment.more : 0;
  ipv4.set.fragment(view, at, (frag & fragment.later) !== 0 ? more | 100 : more);
  putTransport(out, key, protocol, frag, (size) => pseudoHeader4(view, at, protocol, size));
  ipv4.set.totalSize(view, at, out.size - at);
  ipv4.set.checksum(view, at, internetChecksum(view, at, ipv4.size));
}

function putIpv6(out: Writer, key: Uint32Array): void {
  const at = out.reserve(ipv6.size);
  const { view } = out;
  const protocol = getSlot(key, 'nw_proto');
  const frag = getSlot(key, 'nw_frag');
  const label = getSlot(key, 'ipv6_label') & 0xfffff;
  ipv6.set.versionClassLabel(view, at, ((6 << 28) | (getSlot(key, 'nw_tos') << 20) | label) >>> 0);
  ipv6.set.hopLimit(view, at, getSlot(key, 'nw_ttl'));
  out.bytes.set(readSlot(key, 'ipv6_src'), at + ipv6.offset.src);
  out.bytes.set(readSlot(key, 'ipv6_dst'), at + ipv6.offset.dst);
  ipv6.set.nextHeader(view, at, frag === 0 ? protocol : ipProtocol.fragment);
  if (frag !== 0) {
    const header = out.reserve(ipv6Fragment.size);
    ipv6Fragment.set.nextHeader(view, header, protocol);
    ipv6Fragment.set.offsetMore(view, header, (frag & fragment.later) !== 0 ? (100 << 3) | 1 : 1);
  }
  putTransport(out, key, protocol, frag, (size) => pseudoHeader6(view, at, protocol, size));
  ipv6.set.payloadSize(view, at, out.size - at - ipv6.size);
}

/** `pseudo` gives the sum of the pseudo header for a payload of that many bytes. */
function putTransport(
  out: Writer,
  key: Uint32Array,
  protocol: number,
  frag: number,
  pseudo: (size: number) => number,
): void {
  if ((frag & fragment.later) !== 0) {
    out.reserve(out.payloadSize ?? 0);
    return;
  }
  const at = out.size;
  const transport = transports.get(protocol);
  if (transport === undefined) {
    putPayload(out, false);
    return;
  }
  transport.put(out, key, at);
  const { checksumAt, isOverPseudo } = transport;
  if (checksumAt === undefined) return;
  const size = out.size - at;
  const checksum = internetChecksum(out.view, at, size, isOverPseudo ? pseudo(size) : 0);
  out.view.setUint16(at + checksumAt, transportChecksum(checksum, protocol));
}

/** How a packet of a protocol goes on behind the IP header. */
interface Transport {
  /** Of its checksum; undefined where none is put. */
  readonly checksumAt: number | undefined;
  /** The checksum is over the pseudo header, too. */
  readonly isOverPseudo: boolean;
  put(out: Writer, key: Uint32Array, at: number): void;
}

const transports: ReadonlyMap<number, Transport> = new Map<number, Transport>([
  [ipProtocol.tcp, { checksumAt: tcp.offset.checksum, isOverPseudo: true, put: putTcp }],
  [ipProtocol.udp, { checksumAt: udp.offset.checksum, isOverPseudo: true, put: putUdp }],
  [ipProtocol.sctp, { checksumAt: undefined, isOverPseudo: false, put: putSctp }],
  [ipProtocol.icmp, { checksumAt: icmp.offset.checksum, isOverPseudo: false, put: putIcmp }],
  [ipProtocol.igmp, { checksumAt: igmp.offset.checksum, isOverPseudo: false, put: putIgmp }],
  [ipProtocol.icmpv6, { checksumAt: icmp.offset.checksum, isOverPseudo: true, put: putIcmpv6 }],
]);

/** SYN, FIN and RST: such segments come without data. */
const setsUpOrEnds = 0x07;
const icmpEcho = { request: 8, reply: 0 } as const;
const icmpv6Echo = { request: 128, reply: 129 } as const;

function putPayload(out: Writer, hasData: boolean): void {
  const { payload } = out;
  const size = out.payloadSize ?? (hasData ? (payload?.length ?? usualPayload) : 0);
  const at = out.reserve(size);
  for (let n = 0; n < size; n++) out.bytes[at + n] = payload === undefined ? n : (payload[n] ?? 0);
}

function putTcp(out: Writer, key: Uint32Array, at: number): void {
  out.reserve(tcp.size);
  tcp.set.src(out.view, at, getSlot(key, 'tp_src'));
  tcp.set.dst(out.view, at, getSlot(key, 'tp_dst'));
  tcp.set.offsetFlags(out.view, at, 0x5000 | getSlot(key, 'tcp_flags'));
  putPayload(out, (getSlot(key, 'tcp_flags') & setsUpOrEnds) === 0);
}

function putUdp(out: Writer, key: Uint32Array, at: number): void {
  out.reserve(udp.size);
  udp.set.src(out.view, at, getSlot(key, 'tp_src'));
  udp.set.dst(out.view, at, getSlot(key, 'tp_dst'));
  putPayload(out, true);
  udp.set.size(out.view, at, out.size - at);
}

function putSctp(out: Writer, key: Uint32Array, at: number): void {
  out.reserve(sctp.size);
  sctp.set.src(out.view, at, getSlot(key, 'tp_src'));
  sctp.set.dst(out.view, at, getSlot(key, 'tp_dst'));
  putPayload(out, false);
}

function putIcmp(out: Writer, key: Uint32Array, at: number): void {
  const [type, code] = putTypeAndCode(out, key, at);
  putPayload(out, (type === icmpEcho.request || type === icmpEcho.reply) && code === 0);
}

function putTypeAndCode(out: Writer, key: Uint32Array, at: number): [type: number, code: number] {
  const [type, code] = [getSlot(key, 'tp_src'), getSlot(key, 'tp_dst')];
  out.reserve(icmp.size);
  icmp.set.type(out.view, at, type);
  icmp.set.code(out.view, at, code);
  return [type, code];
}

function putIgmp(out: Writer, key: Uint32Array, at: number): void {
  out.reserve(igmp.size);
  igmp.set.type(out.view, at, getSlot(key, 'tp_src'));
  igmp.set.code(out.view, at, getSlot(key, 'tp_dst'));
  igmp.set.group(out.view, at, groupOf(key));
}

function groupOf(key: Uint32Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = readSlot(key, 'nd_target');
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function putIcmpv6(out: Writer, key: Uint32Array, at: number): void {
  const [type, code] = putTypeAndCode(out, key, at);
  const isNeighbour = type === icmpv6Type.neighbourSolicitation || type === icmpv6Type.neighbourAdvertisement;
  if (isNeighbour && code === 0) putNeighbour(out, key, at);
  putPayload(out, (type === icmpv6Echo.request || type === icmpv6Echo.reply) && code === 0);
}

function putNeighbour(out: Writer, key: Uint32Array, at: number): void {
  icmp.set.rest(out.view, at, getSlot(key, 'nd_reserved'));
  out.bytes.set(readSlot(key, 'nd_target'), out.reserve(neighbour.size));
  for (const [optionType, slot] of [
    [1, 'arp_sha'],
    [2, 'arp_tha'],
  ] as const) {
    const address = readSlot(key, slot);
    if (address.every((b) => b === 0)) continue;
    const option = out.reserve(neighbourOption.size);
    neighbourOption.set.type(out.view, option, optionType);
    neighbourOption.set.length(out.view, option, 1);
    out.bytes.set(address, option + neighbourOption.offset.address);
  }
}
