/**
 * The NORMAL action: what any Ethernet switch does. VLANs are checked and translated by the input bundle, the source
 * address is learned, the frame goes to where its destination was learned or is flooded to the VLAN.
 * IEEE 802.1D-2004 clause 7, IEEE 802.1Q-2011 clause 8; behaviour of ovs-vswitchd where these leave a choice.
 */

import { hashFiveTuple, hashStation, unwildcardHashed } from '../../flow/field-hash.ts';
import { getSlot } from '../../flow/key.ts';
import { broadcast, ethDst, ethSrc, isMulticast, isReserved } from '../../flow/mac.ts';
import { slots } from '../../flow/slots.ts';
import { portConfigBit } from '../../openflow/messages/port-description.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import { etherType, isVlanType, vlanPresent } from '../../wire/ethernet.ts';
import {
  dot1q,
  isCarried,
  noTag,
  refusal,
  tagsInside,
  tagsOutside,
  type VlanTag,
  type VlanTags,
} from '../bundle.ts';
import { defaultBundleConfig } from '../config.ts';
import { Bundle, type OfprotoPort } from '../port.ts';
import type { DropReason } from './drop-reasons.ts';
import { addressTag } from './tags.ts';
import type { HashedWay, Translation } from './translation.ts';

const outerWord = slots.vlan_tpid.word;
const innerWord = slots.vlan_tpid2.word;
const dstWord = slots.eth_dst.word;
const srcWord = slots.eth_src.word;
const nwSrcWord = slots.nw_src.word;
const nwDstWord = slots.nw_dst.word;
const protoSlot = slots.nw_proto;
const noFlood = portConfigBit('NO_FLOOD');
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
  if (inPort !== undefined && getSlot(flow, 'packet_type') === 0)
    t.effect({ kind: 'learn', ofproto, port: inPort, mac: ethSrc(flow), vlan, isGratuitousArp });

  const dst = ethDst(flow);
  t.tags |= addressTag(ofproto.id, dst, vlan);
  const learned = ofproto.macs.lookup(dst, vlan);
  if (learned === undefined) flood(t, from, tags);
  else if (ofproto.mirrors.isOutput(learned.port)) t.drop('learnedIsMirror');
  else if (learned.port === from) t.drop('learnedIsInput');
  else {
    t.trace?.note({ event: 'forwarding' });
    outputTagged(t, learned.port, tags);
  }
}

/** Packets that controllers make may say that they come in by one of these, and then come by no port of the switch. */
const sources: ReadonlySet<number> = new Set([reservedPorts.ANY, reservedPorts.CONTROLLER]);
const fromController = new Bundle('OFPP_NONE', defaultBundleConfig);

/** A frame that came in by a bundle. */
interface Arrival {
  readonly t: Translation;
  readonly from: Bundle;
  readonly tags: VlanTags;
}

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
  t.tags |= addressTag(ofproto.id, src, vlan);
  const learned = ofproto.macs.lookup(src, vlan);
  if (learned === undefined || learned.port === from) return undefined;
  const hasMoved = findGratuitousArp(t) && !ofproto.macs.isLocked(learned);
  return hasMoved ? undefined : { reason: 'loopedBack' };
}

function flood(t: Translation, from: Bundle, tags: VlanTags): void {
  t.trace?.note({ event: 'flooding' });
  const { bundles, mirrors } = t.ofproto;
  for (const bundle of bundles.values()) {
    const isMeant = bundle !== from && isCarried(bundle, tags) && isFlooded(bundle);
    if (isMeant && !mirrors.isOutput(bundle)) outputTagged(t, bundle, tags);
  }
}

/** None of its ports is kept from it. */
function isFlooded({ members }: Bundle): boolean {
  return members.every(({ settings }) => (settings & noFlood) === 0);
}

/** Sends the frame out of a bundle with the tags that belong there; `flow` is afterwards what it was. */
export function outputTagged(t: Translation, to: Bundle, tags: VlanTags): void {
  const { flow } = t;
  const { vlanMode, cvlans, priorityTags } = to.config;
  const before = [flow[outerWord] ?? 0, flow[innerWord] ?? 0] as const;
  if (vlanMode === 'dot1q-tunnel' && cvlans.length > 0) t.unwildcard(innerWord, 0xffff);
  const [outer, inner] = tagsOutside(to, tags);
  const [port, way] = wayOut(t, to, outer.vid);
  if (port === undefined) return;

  for (const word of [outerWord, innerWord]) unwildcardPriority(t, word);
  const keepsPriority = priorityTags !== 'never';
  const first = keepsPriority ? { ...outer, pcp: ((flow[outerWord] ?? 0) >>> 13) & 7 } : outer;
  flow[outerWord] = wordOf(first, priorityTags === 'always');
  flow[innerWord] = wordOf(inner, priorityTags === 'always');
  t.step(false, () => t.output(port.ofPort, way)); // flooding or not
  flow[outerWord] = before[0];
  flow[innerWord] = before[1];
}

/** The port by which a frame of that VLAN leaves a bundle, and how; undefined where a bond has none for it. */
function wayOut(
  t: Translation,
  { bond, members, recirculation, usesLbOutput }: Bundle,
  vlan: number,
): WayOut {
  if (bond === undefined) return [members[0], undefined];
  const { mode, hashBasis: basis } = bond.settings;
  const way =
    bond.mayRecirculate && recirculation !== undefined && t.request.abilities.has('recirc')
      ? { recirculation, basis, usesLbOutput }
      : undefined;
  if (!bond.choosesByHash) return [bond.choose(0), way];
  const isSlb = mode === 'balance-slb';
  const hash = isSlb ? hashStation(ethSrc(t.flow), vlan, basis) : hashFiveTuple(t.flow, basis);
  const port = bond.choose(hash);
  if (way !== undefined || port === undefined) return [port, way];
  if (!isSlb) unwildcardHashed(t.mask, t.flow, 'symmetric_l3l4+udp');
  t.effect({ kind: 'bond', bond, hash });
  return [port, undefined];
}

type WayOut = readonly [OfprotoPort | undefined, HashedWay | undefined];

/**
 * Differs: the priority of a tag with VLAN 0 decides whether there is a tag to send, so it was looked at, and so was
 * the VLAN of an inner tag. The reference leaves both out of the flow's mask, and later frames get the tag of the
 * first.
 */
function unwildcardPriority(t: Translation, word: number): void {
  if (((t.flow[word] ?? 0) & 0xfff) === 0) t.unwildcard(word, 0xe000);
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

function etherTypeOf(flow: Uint32Array): number {
  return (flow[slots.eth_type.word] ?? 0) & 0xffff;
}

export function tagsInFlow(flow: Uint32Array): VlanTags {
  const outer = tagOf(flow[outerWord] ?? 0);
  return [outer, outer === noTag ? noTag : tagOf(flow[innerWord] ?? 0)];
}

function tagOf(word: number): VlanTag {
  if ((word & vlanPresent) === 0) return noTag;
  return { tpid: word >>> 16, vid: word & 0xfff, pcp: (word >>> 13) & 7 };
}

/** VLAN 0 with priority 0 says nothing, so no tag is sent, unless the bundle wants one kept. */
function wordOf({ tpid, vid, pcp }: VlanTag, keepsEmpty: boolean): number {
  const isNeeded = vid !== 0 || pcp !== 0 || (keepsEmpty && tpid !== 0);
  return isNeeded ? (((tpid || dot1q) << 16) | (pcp << 13) | vlanPresent | vid) >>> 0 : 0;
}
