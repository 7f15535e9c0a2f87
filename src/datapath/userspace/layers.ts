/**
 * Actions that put a header in front of a packet, or take one off: tags, labels, Ethernet and NSH. A packet without an
 * Ethernet header begins with what its type says (`packetType`, as in a key). What a packet does not have is not taken
 * off; an action for another type of packet drops it.
 */
import { ethernetPacket, nshOfPacketType, packetTypeOfNsh, typedPacket } from '../../flow/packet-type.ts';
import { ethernet, etherType, isMplsType, vlanTag } from '../../wire/ethernet.ts';
import { moveStart } from '../../wire/frame.ts';
import { mpls } from '../../wire/mpls.ts';
import { nsh } from '../../wire/nsh.ts';
import type { NshHeader } from '../actions.ts';
import type { CurrentPacket } from './current-packet.ts';

const taggedMin = 18;

/** `tag` is a TPID and a TCI. */
export function pushFrameTag(packet: CurrentPacket, tag: number): void {
  if (
    packet.packetType !== ethernetPacket ||
    packet.frame.size < ethernet.size ||
    !packet.makeWritable(vlanTag.size)
  )
    return;
  const { frame } = packet;
  const { view } = frame;
  const at = frame.start - vlanTag.size;
  view.setUint32(at, view.getUint32(at + 4));
  view.setUint32(at + 4, view.getUint32(at + 8));
  view.setUint32(at + 8, view.getUint32(at + 12));
  view.setUint32(at + ethernet.offset.type, tag);
  moveStart(frame, -vlanTag.size);
}

export function popFrameTag(packet: CurrentPacket): void {
  if (packet.packetType !== ethernetPacket || packet.frame.size < taggedMin || !packet.makeWritable()) return;
  const { frame } = packet;
  const { view, start } = frame;
  view.setUint32(start + 12, view.getUint32(start + 8));
  view.setUint32(start + 8, view.getUint32(start + 4));
  view.setUint32(start + 4, view.getUint32(start));
  moveStart(frame, vlanTag.size);
}

/** Behind the tags of an Ethernet frame, else in front of the packet. */
export function pushFrameLabel(packet: CurrentPacket, lse: number, type: number): void {
  if (!packet.locate() || !packet.makeWritable(mpls.size) || !packet.locate()) return;
  const { frame } = packet;
  const offset = packet.headers.network - frame.start;
  setInnerType(packet, type);
  frame.bytes.copyWithin(frame.start - mpls.size, frame.start, frame.start + offset);
  moveStart(frame, -mpls.size);
  mpls.set.entry(frame.view, frame.start + offset, lse);
}

/** In front of the packet, whatever that is. */
export function wrapInMpls(packet: CurrentPacket, lse: number, type: number): void {
  if (!packet.makeWritable(mpls.size)) return;
  moveStart(packet.frame, -mpls.size);
  mpls.set.entry(packet.frame.view, packet.frame.start, lse);
  packet.packetType = typedPacket(type);
}

/** `type` is what follows the entry. */
export function popFrameLabel(packet: CurrentPacket, type: number): void {
  if (
    !packet.locate() ||
    !isMplsType(packet.headers.etherType) ||
    packet.frame.end - packet.headers.network < mpls.size
  )
    return;
  if (!packet.makeWritable() || !packet.locate()) return;
  const { frame } = packet;
  const offset = packet.headers.network - frame.start;
  setInnerType(packet, type);
  frame.bytes.copyWithin(frame.start + mpls.size, frame.start, frame.start + offset);
  moveStart(frame, mpls.size);
  if (packet.packetType === typedPacket(etherType.transparentBridging)) packet.packetType = ethernetPacket;
}

/** Says what is at `headers.network`: in the Ethernet header, or in the packet's type. */
function setInnerType(packet: CurrentPacket, type: number): void {
  if (packet.packetType === ethernetPacket) packet.frame.view.setUint16(packet.headers.network - 2, type);
  else packet.packetType = typedPacket(type);
}

/** `addresses` are those of the destination and the source, 12 bytes. */
export function pushEthernet(packet: CurrentPacket, addresses: Uint8Array): void {
  if (packet.packetType === ethernetPacket) {
    packet.drop('wrongPacketType');
    return;
  }
  if (!packet.makeWritable(ethernet.size)) return;
  const { frame } = packet;
  moveStart(frame, -ethernet.size);
  frame.bytes.set(addresses, frame.start);
  ethernet.set.type(frame.view, frame.start, packet.packetType & 0xffff);
  packet.packetType = ethernetPacket;
}

/** The tags go with it. */
export function popEthernet(packet: CurrentPacket): void {
  if (
    packet.packetType !== ethernetPacket ||
    !packet.locate() ||
    packet.headers.etherType === etherType.none
  ) {
    packet.drop('wrongPacketType');
    return;
  }
  if (!packet.makeWritable() || !packet.locate()) return;
  const { network, etherType: type } = packet.headers;
  moveStart(packet.frame, network - packet.frame.start);
  packet.packetType = typedPacket(type);
}

/** The header as it lies on the wire; its next protocol is that of the packet that it is put before. */
export function nshBytes({ flags, ttl, mdType, nextProtocol, spi, si, metadata }: NshHeader): Uint8Array {
  const bytes = new Uint8Array(nsh.size + metadata.length);
  const view = new DataView(bytes.buffer);
  nsh.set.versionFlagsTtlLength(view, 0, (flags << 12) | (ttl << 6) | (bytes.length / 4));
  nsh.set.mdType(view, 0, mdType);
  nsh.set.nextProtocol(view, 0, nextProtocol);
  nsh.set.path(view, 0, ((spi << 8) | si) >>> 0);
  bytes.set(metadata, nsh.size);
  return bytes;
}

export function pushNsh(packet: CurrentPacket, header: Uint8Array): void {
  const next = nshOfPacketType(packet.packetType);
  if (next === undefined) {
    packet.drop('wrongPacketType');
    return;
  }
  if (!packet.makeWritable(header.length)) return;
  const { frame } = packet;
  moveStart(frame, -header.length);
  frame.bytes.set(header, frame.start);
  nsh.set.nextProtocol(frame.view, frame.start, next);
  packet.packetType = typedPacket(etherType.nsh);
}

export function popNsh(packet: CurrentPacket): void {
  if (packet.packetType !== typedPacket(etherType.nsh)) {
    packet.drop('wrongPacketType');
    return;
  }
  const { view, start, size } = packet.frame;
  const headerSize = size < nsh.size ? 0 : (nsh.get.versionFlagsTtlLength(view, start) & 0x3f) * 4;
  const type =
    headerSize < nsh.size || headerSize > size
      ? undefined
      : packetTypeOfNsh(nsh.get.nextProtocol(view, start));
  if (type === undefined) {
    packet.drop('wrongPacketType');
    return;
  }
  if (!packet.makeWritable()) return;
  moveStart(packet.frame, headerSize);
  packet.packetType = type;
}
