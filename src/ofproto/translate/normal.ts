/**
 * The NORMAL action: what any Ethernet switch does. VLANs are checked and translated by the input bundle, the source
 * address is learned, the frame goes to where its destination was learned or is flooded to the VLAN.
 * IEEE 802.1D-2004 clause 7, IEEE 802.1Q-2011 clause 8; behaviour of ovs-vswitchd where these leave a choice.
 */

import { etherTypeOf, getSlot } from '../../flow/key.ts';
import { broadcast, ethDst, ethSrc, isMulticast, isReserved } from '../../flow/mac.ts';
import { slots } from '../../flow/slots.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import { etherType, isVlanType, vlanPresent } from '../../wire/ethernet.ts';
import { noTag, refusal, tagsInside, type VlanTags } from '../bundle.ts';
import { defaultBundleConfig } from '../config.ts';
import { Bundle } from '../port.ts';
import type { DropReason } from './drop-reasons.ts';
import { forwardMulticast } from './multicast.ts';
import { type Arrival, flood, outputTagged, tagsInFlow } from './normal-output.ts';
import { addressTag } from './tags.ts';
import type { Translation } from './translation.ts';

const outerWord = slots.vlan_tpid.word;
const innerWord = slots.vlan_tpid2.word;
const dstWord = slots.eth_dst.word;
const srcWord = slots.eth_src.word;
const nwSrcWord = slots.nw_src.word;
const nwDstWord = slots.nw_dst.word;
const protoSlot = slots.nw_proto;
const allOnes = 0xffffffff;
const upperHalf = 0xffff0000;
const arpRequest = 1;
const arpReply = 2;

export function normal(t: Translation): void {
  unwildcardAddresses(t);
  const { inPort, flow, ofproto } = t;
  const from = inPort?.bundle ?? (sources.has(t.inPortNumber) ? fromController : undefined);
  if (from === undefined) {
    t.drop('noBundle', `received packet on unknown port ${t.inPortNumber}`);
    return;
  }
  const tags = admit(t, from);
  if (tags === undefined) return;
  const vlan = tags[0].vid;
  const isGratuitousArp = findGratuitousArp(t);
  if (inPort !== undefined && inPort.tunnel?.mode !== 'legacy_l3' && getSlot(flow, 'packet_type') === 0)
    t.effect({ kind: 'learn', ofproto, port: inPort, mac: ethSrc(flow), vlan, isGratuitousArp });

  if (!forwardMulticast({ t, from, tags })) forward({ t, from, tags });
}

/** To where its destination was learned. */
function forward({ t, from, tags }: Arrival): void {
  const { ofproto } = t;
  const dst = ethDst(t.flow);
  const vlan = tags[0].vid;
  t.outcome.tags |= addressTag(ofproto.id, dst, vlan);
  const learned = ofproto.macs.lookup(dst, vlan);
  if (learned === undefined) {
    t.trace?.note({ event: 'flooding' });
    flood({ t, from, tags });
  } else if (ofproto.mirrors.isOutput(learned.port)) t.drop('learnedIsMirror');
  else if (learned.port === from) t.drop('learnedIsInput');
  else {
    t.trace?.note({ event: 'forwarding' });
    outputTagged(t, learned.port, tags);
  }
}

/** Packets that controllers make may say that they come in by one of these, and then come by no port of the switch. */
const sources: ReadonlySet<number> = new Set([reservedPorts.ANY, reservedPorts.CONTROLLER]);
const fromController = new Bundle('OFPP_NONE', defaultBundleConfig);

interface Refusal {
  readonly reason: DropReason;
  readonly detail?: string | undefined;
}

/** Who may refuse a frame at the door, in the reference's order; to add one is a line here. */
const admissions: readonly ((arrival: Arrival) => Refusal | undefined)[] = [
  refusePartialTag,
  refuseFromMirror,
  refuseVlan,
  refuseReserved,
  refuseForBond,
];

/** The frame's tags inside the bridge; undefined when it may not come in. */
function admit(t: Translation, from: Bundle): VlanTags | undefined {
  const tags = tagsInFlow(t.flow);
  if (tags[1] !== noTag) t.unwildcard(innerWord, 0xfff); // decides whether it is sent on, or pushed again
  for (const refuse of admissions) {
    const refused = refuse({ t, from, tags });
    if (refused === undefined) continue;
    t.drop(refused.reason, refused.detail);
    return undefined;
  }
  return tagsInside(from, tags);
}

function refusePartialTag({ t, from, tags }: Arrival): Refusal | undefined {
  if (tags[0] !== noTag || !isVlanType(etherTypeOf(t.flow))) return undefined;
  const detail = `dropping packet with partial VLAN tag received on port ${from.name}`;
  return { reason: 'partialVlanTag', detail: t.request.hasPacket ? detail : undefined };
}

function refuseFromMirror({ t, from }: Arrival): Refusal | undefined {
  const detail = t.ofproto.mirrors.refusal(from);
  if (detail === undefined) return undefined;
  return { reason: 'fromMirror', detail: t.request.hasPacket ? detail : undefined };
}

function refuseVlan({ from, tags }: Arrival): Refusal | undefined {
  const detail = refusal(from, tags[0]);
  return detail === undefined ? undefined : { reason: 'vlanNotAdmitted', detail };
}

function refuseReserved({ t }: Arrival): Refusal | undefined {
  const isKept = t.inPort !== undefined && !t.ofproto.config.forwardBpdu && isReserved(ethDst(t.flow));
  return isKept ? { reason: 'reservedAddress' } : undefined;
}

function refuseForBond({ t, from, tags }: Arrival): Refusal | undefined {
  const { inPort, flow, ofproto } = t;
  if (from.bond === undefined || inPort === undefined) return undefined;
  const admission = from.bond.admit(inPort, isMulticast(ethDst(flow)));
  if (admission !== 'unless moved') return admission === 'drop' ? { reason: 'inactiveMember' } : undefined;
  const vlan = tagsInside(from, tags)[0].vid;
  const src = ethSrc(flow);
  t.outcome.tags |= addressTag(ofproto.id, src, vlan);
  const learned = ofproto.macs.lookup(src, vlan);
  if (learned === undefined || learned.port === from) return undefined;
  const hasMoved = findGratuitousArp(t) && !ofproto.macs.isLocked(learned);
  return hasMoved ? undefined : { reason: 'loopedBack' };
}

function unwildcardAddresses(t: Translation): void {
  t.unwildcard(srcWord, allOnes);
  t.unwildcard(srcWord + 1, upperHalf);
  t.unwildcard(dstWord, allOnes);
  t.unwildcard(dstWord + 1, upperHalf);
  t.unwildcard(outerWord, vlanPresent | 0xfff);
}

/** A station announces its own address: after a migration, say. Bonds must know; see `MacTable.learn`. */
function findGratuitousArp(t: Translation): boolean {
  const { flow } = t;
  if (etherTypeOf(flow) !== etherType.arp || ethDst(flow) !== broadcast) return false;
  t.unwildcard(protoSlot.word, 0xff << protoSlot.shift);
  const operation = ((flow[protoSlot.word] ?? 0) >>> protoSlot.shift) & 0xff;
  if (operation === arpReply) return true;
  if (operation !== arpRequest) return false;
  t.unwildcard(nwSrcWord, allOnes);
  t.unwildcard(nwDstWord, allOnes);
  return flow[nwSrcWord] === flow[nwDstWord];
}
