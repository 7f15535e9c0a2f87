/** Frames on their way out by bundles, as NORMAL and mirrors send them: with the tags that belong there. */
import { hashFiveTuple, hashStation, unwildcardHashed } from '../../flow/field-hash.ts';
import { ethSrc } from '../../flow/mac.ts';
import { slots } from '../../flow/slots.ts';
import { portConfigBit } from '../../openflow/messages/port-description.ts';
import { vlanPresent } from '../../wire/ethernet.ts';
import { dot1q, isCarried, noTag, tagsOutside, type VlanTag, type VlanTags } from '../bundle.ts';
import type { Bundle, OfprotoPort } from '../port.ts';
import { type HashedWay, outputToPort } from './port-output.ts';
import type { Translation } from './translation.ts';

const outerWord = slots.vlan_tpid.word;
const innerWord = slots.vlan_tpid2.word;
const noFlood = portConfigBit('NO_FLOOD');

/** A frame that came in by a bundle. */
export interface Arrival {
  readonly t: Translation;
  readonly from: Bundle;
  readonly tags: VlanTags;
}

/** Sends the frame out of every bundle that carries it. */
export function flood({ t, from, tags }: Arrival): void {
  const { bundles, mirrors } = t.ofproto;
  for (const bundle of bundles.values()) {
    const isMeant = bundle !== from && isCarried(bundle, tags) && isFlooded(bundle);
    if (isMeant && !mirrors.isOutput(bundle)) outputTagged(t, bundle, tags);
  }
  t.outputs.flooded();
}

/** None of its ports is kept from it. */
function isFlooded({ members }: Bundle): boolean {
  return members.every(
    ({ settings, tunnel, isFlooded: isIn }) =>
      isIn && tunnel?.mode !== 'legacy_l3' && (settings & noFlood) === 0,
  );
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
  t.detours.step(false, () => outputToPort(t, port.ofPort, way && { way })); // flooding or not
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
    bond.mayRecirculate && recirculation !== undefined && t.request.context.abilities.has('recirc')
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
