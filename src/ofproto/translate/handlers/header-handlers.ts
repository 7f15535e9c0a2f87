/** Actions that change headers. A packet without the header stays as it is. */
import { isMetByPacket, type Prerequisite } from '../../../flow/fields/prerequisites.ts';
import { getSlot, maskSlot, setSlot, writeSlot } from '../../../flow/key.ts';
import { type SlotName, slots } from '../../../flow/slots.ts';
import { etherType, isMplsType, vlanPresent } from '../../../wire/ethernet.ts';
import { coverWithLabel, labelCount, labelSlots, maxLabels, popLabel, pushLabel } from '../labels.ts';
import { reasonNumber, sendToController } from '../packet-in.ts';
import type { TraceEvent } from '../trace/trace.ts';
import type { Translation } from '../translation.ts';
import { popTag, pushTag, vlanWords } from '../vlan-tags.ts';
import type { Handlers } from './handler.ts';

const allOnes = 0xffffffff;
const [outerTag] = vlanWords;

export const headerHandlers = {
  set_vlan_vid: (t, { value, addsTag }) => writeTag(t, 0xfff, value, addsTag),
  set_vlan_pcp: (t, { value, addsTag }) => writeTag(t, 0xe000, value << 13, addsTag),
  push_vlan: (t, { etherType: tpid }) => pushTag(t.flow, t.mask, tpid),
  pop_vlan: (t) => popTag(t.flow, t.mask),
  set_eth_src: (t, { mac }) => writeBytes(t, 'ethernet', 'eth_src', mac),
  set_eth_dst: (t, { mac }) => writeBytes(t, 'ethernet', 'eth_dst', mac),
  set_nw_src: (t, { address }) => writeBytes(t, 'ipv4', 'nw_src', address),
  set_nw_dst: (t, { address }) => writeBytes(t, 'ipv4', 'nw_dst', address),
  set_nw_tos: (t, { value }) => writeBits(t, 'ip', 'nw_tos', 0xfc, value),
  set_nw_ecn: (t, { value }) => writeBits(t, 'ip', 'nw_tos', 0x03, value),
  set_nw_ttl: (t, { value }) => writeBits(t, 'ip', 'nw_ttl', 0xff, value),
  set_tp_src: (t, { value }) => writePort(t, 'tp_src', value),
  set_tp_dst: (t, { value }) => writePort(t, 'tp_dst', value),
  push_mpls(t, { etherType: type }) {
    const { flow, mask } = t;
    const count = labelCount(flow, mask);
    if (count === 0) {
      t.datapath.commit(); // what is behind the label cannot be written afterwards
      coverWithLabel(flow, mask, type);
    } else if (count >= maxLabels) dropForLabels(t, 'a MPLS push action', 'would have');
    else {
      for (const slot of labelSlots.slice(0, count)) maskSlot(mask, slot);
      pushLabel(flow, count, getSlot(flow, 'mpls_lse') & ~0x100, type);
    }
  },
  pop_mpls(t, { etherType: type }) {
    const { flow, mask } = t;
    const count = labelCount(flow, mask);
    if (popLabel(flow, count, type, mask)) {
      if (!isMplsType(type)) t.packet.isUncovered = true;
    } else if (count >= maxLabels) dropForLabels(t, 'an MPLS pop action', 'has');
  },
  set_mpls_label: (t, { value }) => writeBits(t, 'mpls', 'mpls_lse', 0xfffff000, value << 12),
  set_mpls_tc: (t, { value }) => writeBits(t, 'mpls', 'mpls_lse', 0xe00, value << 9),
  set_mpls_ttl: (t, { value }) => writeBits(t, 'mpls', 'mpls_lse', 0xff, value),
  dec_ttl(t, { controllers = [0] }) {
    maskSlot(t.mask, 'nw_ttl');
    maskSlot(t.mask, 'nw_proto');
    if (!hasHeader(t, 'ip')) return;
    const header = getSlot(t.flow, 'eth_type') === etherType.ipv4 ? 'IPv4' : 'IPv6';
    decrement(t, 'nw_ttl', header, controllers);
  },
  dec_mpls_ttl: (t) => decrementIf(t, 'mpls', 'mpls_lse', 'MPLS'),
  dec_nsh_ttl: (t) => decrementIf(t, 'nsh', 'nsh_ttl', 'NSH'),
} satisfies Handlers;

/** `has` says what there would be too many labels for. */
export function dropForLabels(t: Translation, action: string, has: 'has' | 'would have'): void {
  const detail = `dropping packet on which ${action} can't be performed as it ${has} more MPLS LSEs than the ${maxLabels} supported.`;
  t.drop('tooManyLabels', t.request.hasPacket ? detail : undefined);
}

function writeTag(t: Translation, bits: number, value: number, addsTag: boolean): void {
  const { flow } = t;
  t.unwildcard(outerTag, bits | vlanPresent);
  const tag = flow[outerTag] ?? 0;
  if ((tag & vlanPresent) === 0 && !addsTag) return;
  const tpid = tag >>> 16 || etherType.vlan;
  flow[outerTag] = ((tpid << 16) | (tag & 0xffff & ~bits) | value | vlanPresent) >>> 0;
}

/** A packet of protocol 0 is taken for one without a payload that is known, and so not written to. */
export function hasHeader(t: Translation, needs: Prerequisite): boolean {
  if (!isMetByPacket(needs, t.flow)) return false;
  const isOfLink = needs === 'ethernet' || needs === 'vlan';
  if (!isOfLink && isMetByPacket('ip', t.flow)) maskSlot(t.mask, 'nw_proto');
  return true;
}

function writeBytes(t: Translation, needs: Prerequisite, slot: SlotName, value: Uint8Array): void {
  if (!hasHeader(t, needs)) return;
  maskSlot(t.mask, slot);
  writeSlot(t.flow, slot, value);
}

/** Of a slot of at most four bytes. */
function writeBits(t: Translation, needs: Prerequisite, slot: SlotName, bits: number, value: number): void {
  if (!hasHeader(t, needs)) return;
  t.unwildcard(slots[slot].word, bits << slots[slot].shift);
  setSlot(t.flow, slot, (getSlot(t.flow, slot) & ~bits) | value);
}

/** Whatever the protocol is: datapaths write the ports of those that have some. */
function writePort(t: Translation, slot: 'tp_src' | 'tp_dst', value: number): void {
  const isLater = (getSlot(t.flow, 'nw_frag') & 2) !== 0;
  if (isLater || !hasHeader(t, 'ip')) return;
  maskSlot(t.mask, slot);
  setSlot(t.flow, slot, value);
}

type TtlHeader = Extract<TraceEvent, { event: 'ttlExpired' }>['header'];

/** Without the header, no further action of the list is run. */
function decrementIf(t: Translation, needs: Prerequisite, slot: SlotName, header: TtlHeader): void {
  if (isMetByPacket(needs, t.flow)) decrement(t, slot, header, [0]);
  else expire(t, header);
}

function expire(t: Translation, header: TtlHeader): void {
  t.trace?.note({ event: 'ttlExpired', header });
  t.runner.endList();
}

/** The TTL is the last byte of its slot. When it has run out, controllers are told, and the list ends. */
function decrement(t: Translation, slot: SlotName, header: TtlHeader, controllers: readonly number[]): void {
  t.unwildcard(slots[slot].word, (0xff << slots[slot].shift) & allOnes);
  const value = getSlot(t.flow, slot);
  if ((value & 0xff) > 1) {
    setSlot(t.flow, slot, value - 1);
    return;
  }
  for (const id of controllers)
    sendToController(t, {
      reason: reasonNumber('invalid_ttl'),
      maxLength: 0xffff,
      controllerId: id,
    });
  expire(t, header);
}
