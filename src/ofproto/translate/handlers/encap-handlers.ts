/** Headers put in front of whole packets, and taken off: ovs-actions(7), "Encapsulation and decapsulation". */
import type { DpAction } from '../../../datapath/actions.ts';
import { getSlot, maskSlot, setSlot } from '../../../flow/key.ts';
import { nshOfPacketType, packetTypeOfNsh, typedPacket } from '../../../flow/packet-type.ts';
import { slots } from '../../../flow/slots.ts';
import type { EncapArguments, EncapProperty } from '../../../openflow/actions/encap.ts';
import { etherType, isMplsType, vlanPresent } from '../../../wire/ethernet.ts';
import { mplsBottom } from '../../../wire/mpls.ts';
import { clearAddresses, coverWithEthernet } from '../bare-packets.ts';
import { labelCount, labelSlots, maxLabels, popLabel, pushLabel } from '../labels.ts';
import type { Translation } from '../translation.ts';
import type { Handlers } from './handler.ts';
import { dropForLabels } from './header-handlers.ts';

const firstWord = slots.packet_type.word;
const tagWord = slots.vlan_tpid.word;
const endOfHeaders = slots.nsh_c4.word + 1;

export const encapHandlers = {
  encap(t, { header, properties }) {
    switch (header) {
      case 'ethernet':
        encapEthernet(t);
        return;
      case 'nsh':
        encapNsh(t, properties);
        return;
      case 'mpls':
      case 'mpls_mc':
        encapMpls(t, header === 'mpls' ? etherType.mpls : etherType.mplsMulticast);
    }
  },
  decap(t, { packetType }) {
    const { flow, mask } = t;
    const type = getSlot(flow, 'packet_type') >>> 0;
    t.datapath.commit(); // what was put in front before is there to be taken off
    if (type === 0) {
      if ((getSlot(flow, 'vlan_tci') & vlanPresent) !== 0)
        refuse(t, ', cannot decap Ethernet if VLAN is present.');
      else {
        setSlot(flow, 'packet_type', typedPacket(getSlot(flow, 'eth_type')));
        clearAddresses(flow);
      }
    } else if (type === typedPacket(etherType.nsh)) {
      maskSlot(mask, 'nsh_np');
      const next = packetTypeOfNsh(getSlot(flow, 'nsh_np'));
      if (next === undefined) refuse(t, ` as NSH next protocol ${getSlot(flow, 'nsh_np')} is not supported`);
      else takeOff(t, { do: 'pop_nsh' }, next, true);
    } else if (isMplsType(type & 0xffff) && packetType !== undefined) decapMpls(t, packetType);
    else refuse(t, ` as the decap() does not support packet type ${typeText(type)}`);
  },
} satisfies Handlers;

/** Labels in front of whole packets come or go. */
function changeLabels(t: Translation): void {
  if (!t.request.context.abilities.has('add_mpls')) t.outcome.slow('action');
}

function decapMpls(t: Translation, packetType: number): void {
  const { flow, mask } = t;
  const count = labelCount(flow, mask);
  const type = packetType & 0xffff || etherType.transparentBridging;
  if (packetType !== 0) t.datapath.commit(); // the reference takes an Ethernet header off in front of the first label, too
  if (popLabel(flow, count, type, mask)) {
    changeLabels(t);
    popLabel(t.request.context.scratch.base, count, type);
    // A label follows all but the last one.
    const next = count > 1 && !isMplsType(type) ? etherType.mpls : type;
    takeOff(t, { do: 'pop_mpls', etherType: next }, packetType, count === 1);
  } else if (count >= maxLabels) dropForLabels(t, 'an MPLS decap', 'has');
}

/**
 * The header in front is taken off by `action`; where it hid what is behind it, that is seen when the packet comes
 * back.
 */
function takeOff(t: Translation, action: DpAction, packetType: number, isHidden: boolean): void {
  t.datapath.push(action);
  setSlot(t.flow, 'packet_type', packetType);
  setSlot(t.request.context.scratch.base, 'packet_type', packetType);
  if (isHidden) t.freezing.start();
}

function encapEthernet(t: Translation): void {
  const { flow } = t;
  if (getSlot(flow, 'packet_type') === 0) {
    refuse(t, ' as encap(ethernet) is not supported for packet type ethernet.');
    return;
  }
  t.datapath.commit();
  coverWithEthernet(flow, t.datapath);
}

/** The pipeline sees the new header only from here on. */
function cover(flow: Uint32Array, type: number): void {
  flow.fill(0, firstWord, endOfHeaders);
  setSlot(flow, 'packet_type', typedPacket(type));
  setSlot(flow, 'eth_type', type);
}

function encapNsh(t: Translation, properties: EncapArguments['properties']): void {
  const { flow } = t;
  const type = getSlot(flow, 'packet_type') >>> 0;
  const next = nshOfPacketType(type);
  if (next === undefined) {
    refuse(t, ` as encap(nsh) is not supported for packet type ${typeText(type)}`);
    return;
  }
  t.datapath.commit();
  cover(flow, etherType.nsh);
  const mdType = properties.find((property) => property.kind === 'md_type')?.mdType ?? 1;
  setSlot(flow, 'nsh_ttl', 63);
  setSlot(flow, 'nsh_mdtype', mdType);
  setSlot(flow, 'nsh_np', next);
  setSlot(flow, 'nsh_path', 0xff);
  t.datapath.pend({ kind: 'nsh', options: mdType === 2 ? properties.flatMap(optionBytes) : [] });
}

/** RFC 8300 section 2.5.1. */
function optionBytes(property: EncapProperty): number[] {
  if (property.kind !== 'tlv') return [];
  const { tlvClass, type, data } = property;
  const padding = new Array<number>(-data.length & 3).fill(0);
  return [tlvClass >>> 8, tlvClass & 0xff, type, data.length, ...data, ...padding];
}

function encapMpls(t: Translation, type: number): void {
  const { flow, mask } = t;
  t.datapath.commit();
  const count = labelCount(flow, mask);
  changeLabels(t);
  if (count >= maxLabels) {
    dropForLabels(t, 'an encap MPLS action', 'would have');
    return;
  }
  if (count === 0 || getSlot(flow, 'packet_type') === 0) {
    const tags = flow.slice(tagWord, tagWord + 2);
    cover(flow, type);
    flow.set(tags, tagWord); // behind the next Ethernet header they are seen again, as in the reference
    setSlot(flow, 'mpls_lse', mplsBottom | defaultTtl);
  } else {
    for (const slot of labelSlots.slice(0, count)) maskSlot(mask, slot);
    pushLabel(flow, count, getSlot(flow, 'mpls_lse') & ~mplsBottom, type);
    setSlot(flow, 'packet_type', typedPacket(type));
  }
  t.datapath.pend({ kind: 'mpls' });
}

const defaultTtl = 64;

function refuse(t: Translation, why: string): void {
  t.drop('unsupportedPacketType', `Dropping packet${why}`);
}

function typeText(packetType: number): string {
  return `(${packetType >>> 16},0x${(packetType & 0xffff).toString(16)})`;
}
