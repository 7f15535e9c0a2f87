/**
 * The `set` action: writes slots of the key back to where they lie in a frame and keeps its checksums right, by the
 * difference (RFC 1624). A checksum that is still to be computed by a device holds the sum of the pseudo header, so
 * only changed addresses touch it. What a frame does not have (a port of an ARP packet) is left alone.
 */
import { type SlotName, slots } from '../../flow/slots.ts';
import { foldSum } from '../../wire/checksum.ts';
import { ethernet, etherType, isMplsType, isVlanType, vlanTag } from '../../wire/ethernet.ts';
import type { Frame } from '../../wire/frame.ts';
import { arp, ipProtocol, ipv4, ipv6 } from '../../wire/ip.ts';
import { nsh } from '../../wire/nsh.ts';
import {
  icmp,
  icmpv6Type,
  neighbour,
  neighbourOption,
  neighbourOptionType,
  sctp,
  tcp,
  udp,
} from '../../wire/transport.ts';
import type { SlotWrite } from '../actions.ts';
import type { Headers } from './headers.ts';
import { changeChecked } from './sctp.ts';

/** Changes a frame whose bytes may be written and whose headers were located. */
export type HeaderEdit = (frame: Frame, headers: Headers) => void;

/** Slots without an entry are metadata: they have no bytes in a frame. */
const editors: Partial<Record<SlotName, (field: SlotWrite) => HeaderEdit>> = {
  eth_dst: (field) => linkEdit(new Patch(field, ethernet.offset.dst)),
  eth_src: (field) => linkEdit(new Patch(field, ethernet.offset.src)),
  vlan_tpid: (field) => tagEdit(new Patch(field, ethernet.offset.type)),
  vlan_tci: (field) => tagEdit(new Patch(field, ethernet.offset.type + 2, 0xefff)), // bit 12 is not the wire's
  nw_src: (field) => addressEdit(field, ipv4.offset.src, arp.offset.spa),
  nw_dst: (field) => addressEdit(field, ipv4.offset.dst, arp.offset.tpa),
  ipv6_src: (field) => address6Edit(new Patch(field, ipv6.offset.src)),
  ipv6_dst: (field) => address6Edit(new Patch(field, ipv6.offset.dst)),
  ipv6_label: (field) => network6Edit(new Patch(field, 0, 0xffff, 0x000f)),
  nw_proto: (field) => arpEdit(new Patch(field, arp.offset.operation + 1)),
  nw_tos: (field) => bothEdit(new Patch(field, ipv4.offset.tos), Patch.trafficClass(field)),
  nw_ttl: (field) => bothEdit(new Patch(field, ipv4.offset.ttl), new Patch(field, ipv6.offset.hopLimit)),
  tp_src: (field) => portEdit(field, tcp.offset.src, icmp.offset.type),
  tp_dst: (field) => portEdit(field, tcp.offset.dst, icmp.offset.code),
  arp_sha: (field) => linkAddressEdit(field, arp.offset.sha, neighbourOptionType.sourceAddress),
  arp_tha: (field) => linkAddressEdit(field, arp.offset.tha, neighbourOptionType.targetAddress),
  nd_target: (field) => neighbourEdit(new Patch(field, icmp.size)),
  nd_reserved: (field) => neighbourEdit(new Patch(field, icmp.offset.rest)),
  mpls_lse: (field) => mplsEdit(new Patch(field, 0)),
  mpls_lse2: (field) => mplsEdit(new Patch(field, 4)),
  mpls_lse3: (field) => mplsEdit(new Patch(field, 8)),
  nd_options_type: (field) => neighbourEdit(new Patch(field, icmp.size + neighbour.size)),
  nsh_flags: (field) => nshEdit(Patch.bits(field, nsh.offset.versionFlagsTtlLength, 12, 0x3)),
  nsh_ttl: (field) => nshEdit(Patch.bits(field, nsh.offset.versionFlagsTtlLength, 6, 0x3f)),
  nsh_path: (field) => nshEdit(new Patch(field, nsh.offset.path)),
  nsh_c1: (field) => nshContextEdit(new Patch(field, nsh.size)),
  nsh_c2: (field) => nshContextEdit(new Patch(field, nsh.size + 4)),
  nsh_c3: (field) => nshContextEdit(new Patch(field, nsh.size + 8)),
  nsh_c4: (field) => nshContextEdit(new Patch(field, nsh.size + 12)),
};

/** What writing `field` means for a frame; undefined when the slot is metadata. */
export function editOf(field: SlotWrite): HeaderEdit | undefined {
  return editors[field.slot]?.(field);
}

/** A slot's masked bytes as 16-bit pieces at even offsets of a header, which is how checksums see them. */
class Patch {
  readonly #at: number[] = [];
  readonly #value: number[] = [];
  readonly #mask: number[] = [];
  /** Bytes of the header that must be there. */
  readonly end: number;

  /** `offset` is the field's in its header; `limits` narrow the mask of each piece. */
  constructor(field: SlotWrite, offset: number, ...limits: readonly number[]) {
    const { at, size } = slots[field.slot];
    const byteOf = (words: readonly number[], n: number): number => {
      const index = (at & 3) + n;
      return ((words[index >> 2] ?? 0) >>> (24 - 8 * (index & 3))) & 0xff;
    };
    // A four-byte slot with two limits keeps its low bits: limits run from the last piece to the first.
    for (let n = 0; n < size; n++) {
      const shift = (offset + n) & 1 ? 0 : 8;
      this.#add((offset + n) & ~1, byteOf(field.value, n) << shift, byteOf(field.mask, n) << shift);
    }
    limits.forEach((limit, n) => {
      const piece = this.#mask.length - 1 - n;
      this.#mask[piece] = (this.#mask[piece] ?? 0) & limit;
    });
    this.end = offset + size;
  }

  /** The bits `limit` of a slot of one byte, which lie `low` bits up in the 16-bit piece at `offset`. */
  static bits(field: SlotWrite, offset: number, low: number, limit: number): Patch {
    const { shift } = slots[field.slot];
    const widen = (words: readonly number[]): number[] => [(((words[0] ?? 0) >>> shift) & limit) << low];
    // As a slot of two bytes in the low half of its word.
    return new Patch({ slot: 'tp_dst', value: widen(field.value), mask: widen(field.mask) }, offset);
  }

  /** An IPv6 traffic class lies across the first two bytes. */
  static trafficClass(field: SlotWrite): Patch {
    const shift = slots[field.slot].shift;
    const widen = (words: readonly number[]): number[] => [((words[0] ?? 0) >>> shift) << 20];
    return new Patch(
      { slot: 'ipv6_label', value: widen(field.value), mask: widen(field.mask) },
      0,
      0,
      0x0ff0,
    );
  }

  /** Writes at header offset `base`; returns what the change adds to a ones' complement sum. */
  apply(view: DataView, base: number): number {
    let delta = 0;
    for (let n = 0; n < this.#at.length; n++) {
      const at = base + (this.#at[n] ?? 0);
      const mask = this.#mask[n] ?? 0;
      const before = view.getUint16(at);
      const after = (before & ~mask) | ((this.#value[n] ?? 0) & mask);
      if (after === before) continue;
      view.setUint16(at, after);
      delta += (~before & 0xffff) + after;
    }
    return delta;
  }

  #add(at: number, value: number, mask: number): void {
    const last = this.#at.length - 1;
    if (this.#at[last] === at) {
      this.#value[last] = (this.#value[last] ?? 0) | value;
      this.#mask[last] = (this.#mask[last] ?? 0) | mask;
      return;
    }
    this.#at.push(at);
    this.#value.push(value);
    this.#mask.push(mask);
  }
}

function linkEdit(patch: Patch): HeaderEdit {
  return ({ view, start }, { network }) => {
    if (network > start) patch.apply(view, start); // else there is no Ethernet header
  };
}

function tagEdit(patch: Patch): HeaderEdit {
  return ({ view, start, end }, { network }) => {
    if (network === start || end - start < ethernet.size + vlanTag.size) return;
    if (isVlanType(view.getUint16(start + ethernet.offset.type))) patch.apply(view, start);
  };
}

function mplsEdit(patch: Patch): HeaderEdit {
  return (frame, { etherType: type, network }) => {
    if (isMplsType(type) && frame.end - network >= patch.end) patch.apply(frame.view, network);
  };
}

function arpEdit(patch: Patch): HeaderEdit {
  return (frame, { etherType: type, network }) => {
    if (type !== etherType.arp && type !== etherType.rarp) return;
    if (frame.end - network >= arp.size) patch.apply(frame.view, network);
  };
}

function addressEdit(field: SlotWrite, offset4: number, offsetArp: number): HeaderEdit {
  const patch = new Patch(field, offset4);
  const inArp = arpEdit(new Patch(field, offsetArp));
  return (frame, headers) => {
    if (headers.etherType !== etherType.ipv4) return inArp(frame, headers);
    const delta = patch.apply(frame.view, headers.network);
    fixHeader4(frame, headers, delta);
    if (headers.protocol !== ipProtocol.icmp) fixTransport(frame, headers, delta, true);
  };
}

function address6Edit(patch: Patch): HeaderEdit {
  return (frame, headers) => {
    if (headers.etherType !== etherType.ipv6) return;
    fixTransport(frame, headers, patch.apply(frame.view, headers.network), true);
  };
}

function network6Edit(patch: Patch): HeaderEdit {
  return (frame, { etherType: type, network }) => {
    if (type === etherType.ipv6) patch.apply(frame.view, network);
  };
}

/** A byte that IPv4 and IPv6 keep in different places, outside every transport checksum. */
function bothEdit(patch4: Patch, patch6: Patch): HeaderEdit {
  const in6 = network6Edit(patch6);
  return (frame, headers) => {
    if (headers.etherType !== etherType.ipv4) return in6(frame, headers);
    fixHeader4(frame, headers, patch4.apply(frame.view, headers.network));
  };
}

function portEdit(field: SlotWrite, offset: number, offsetIcmp: number): HeaderEdit {
  const patch = new Patch(field, offset);
  const { shift } = slots[field.slot];
  // A key keeps type and code in the low byte of a port's place.
  const low = (words: readonly number[]): number[] => [(((words[0] ?? 0) >>> shift) & 0xff) << 24];
  const icmpPatch = new Patch(
    { slot: 'nw_proto', value: low(field.value), mask: low(field.mask) },
    offsetIcmp,
  );
  return (frame, headers) => {
    const { protocol, transport } = headers;
    if (transport === 0) return;
    const room = frame.end - transport;
    if (protocol === ipProtocol.icmp || protocol === ipProtocol.icmpv6) {
      if (room >= icmp.size) fixTransport(frame, headers, icmpPatch.apply(frame.view, transport), false);
    } else if (protocol === ipProtocol.sctp) {
      if (room < sctp.size) return;
      // A checksum that is still to be computed by a device covers the ports anyway.
      if (frame.checksumStart >= 0) patch.apply(frame.view, transport);
      else
        changeChecked(frame.view, transport, frame.end - headers.paddingOf(frame), () =>
          patch.apply(frame.view, transport),
        );
    } else if (protocol === ipProtocol.tcp || protocol === ipProtocol.udp) {
      if (room >= udp.size) fixTransport(frame, headers, patch.apply(frame.view, transport), false);
    }
  };
}

function nshEdit(patch: Patch): HeaderEdit {
  return ({ view, end }, { etherType: type, network }) => {
    if (type === etherType.nsh && end - network >= nsh.size) patch.apply(view, network);
  };
}

/** Only metadata type 1 has a context. */
function nshContextEdit(patch: Patch): HeaderEdit {
  return ({ view, end }, { etherType: type, network }) => {
    if (type !== etherType.nsh || end - network < patch.end) return;
    if (nsh.get.mdType(view, network) === 1) patch.apply(view, network);
  };
}

function neighbourEdit(patch: Patch): HeaderEdit {
  return (frame, headers) => {
    if (!isNeighbour(frame, headers) || frame.end - headers.transport < patch.end) return;
    fixTransport(frame, headers, patch.apply(frame.view, headers.transport), false);
  };
}

/** The hardware address of an ARP packet, or that of an option of a neighbour message. */
function linkAddressEdit(field: SlotWrite, offsetArp: number, optionType: number): HeaderEdit {
  const inArp = arpEdit(new Patch(field, offsetArp));
  const patch = new Patch(field, neighbourOption.offset.address);
  return (frame, headers) => {
    if (!isNeighbour(frame, headers)) return inArp(frame, headers);
    const { view, end } = frame;
    for (let at = headers.transport + icmp.size + neighbour.size; end - at >= neighbourOption.size; ) {
      const size = neighbourOption.get.length(view, at) * 8;
      if (size === 0) return;
      if (neighbourOption.get.type(view, at) === optionType && size === 8) {
        return fixTransport(frame, headers, patch.apply(view, at), false);
      }
      at += size;
    }
  };
}

function isNeighbour(frame: Frame, { protocol, transport, etherType: type }: Headers): boolean {
  if (type !== etherType.ipv6 || protocol !== ipProtocol.icmpv6 || transport === 0) return false;
  if (frame.end - transport < icmp.size + neighbour.size) return false;
  const kind = icmp.get.type(frame.view, transport);
  return kind === icmpv6Type.neighbourSolicitation || kind === icmpv6Type.neighbourAdvertisement;
}

/** What it covers changed by so much: see `Patch.apply`. */
export function fixHeader4({ view }: Frame, { network }: Headers, delta: number): void {
  if (delta === 0) return;
  const checksum = ipv4.get.checksum(view, network);
  ipv4.set.checksum(view, network, ~foldSum((~checksum & 0xffff) + delta) & 0xffff);
}

/** Offset of the checksum in the headers that have an Internet checksum. */
export function checksumOffsetOf(protocol: number): number {
  if (protocol === ipProtocol.tcp) return tcp.offset.checksum;
  if (protocol === ipProtocol.udp) return udp.offset.checksum;
  if (protocol === ipProtocol.icmp || protocol === ipProtocol.icmpv6) return icmp.offset.checksum;
  return -1;
}

/** `isPseudo`: what changed is in the pseudo header. */
export function fixTransport(frame: Frame, headers: Headers, delta: number, isPseudo: boolean): void {
  const { view, start, end } = frame;
  const { protocol, transport } = headers;
  const offset = checksumOffsetOf(protocol);
  if (delta === 0 || transport === 0 || offset < 0 || transport + offset + 2 > end) return;
  const at = transport + offset;
  const checksum = view.getUint16(at);
  if (frame.checksumStart >= 0 && start + frame.checksumStart === transport) {
    if (isPseudo) view.setUint16(at, foldSum(checksum + delta));
    return;
  }
  if (protocol === ipProtocol.udp && checksum === 0) return; // RFC 768: zero means "no checksum"
  const fixed = ~foldSum((~checksum & 0xffff) + delta) & 0xffff;
  view.setUint16(at, fixed === 0 && protocol === ipProtocol.udp ? 0xffff : fixed);
}
