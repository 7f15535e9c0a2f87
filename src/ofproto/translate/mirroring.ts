/** Copies of a packet for mirrors: as it came into the switch, and as it goes out. */
import { ethDst, isReserved } from '../../flow/mac.ts';
import { slots } from '../../flow/slots.ts';
import { vlanPresent } from '../../wire/ethernet.ts';
import { isCarried, refusal, tagsInside, type VlanTags } from '../bundle.ts';
import type { PacketMirror } from '../mirrors/mirror-set.ts';
import type { Bundle } from '../port.ts';
import { outputTagged, tagsInFlow } from './normal-output.ts';
import type { Translation } from './translation.ts';

const outerWord = slots.vlan_tpid.word;

/** Sends the packet, which came in or goes out by that bundle, to the mirrors that select it and have not had it yet. */
export function mirror(t: Translation, bundle: Bundle, direction: 'sources' | 'destinations'): void {
  const { mirrors } = t.ofproto;
  const candidates = mirrors.all.filter((each) => each.selects(direction, bundle.name));
  if (candidates.length === 0) return;
  const tags = tagsInFlow(t.flow);
  const detail = refusal(bundle, tags[0]);
  if (detail !== undefined) {
    t.tell({ event: 'drop', reason: 'vlanNotAdmitted', detail });
    return;
  }
  const inside = tagsInside(bundle, tags);
  const used = candidates.filter((each) => isWanted(t, each, inside[0].vid) && copy(t, each, inside));
  if (used.length > 0) t.effect({ kind: 'mirror', mirrors: used });
}

function isWanted(t: Translation, { bit, vlans }: PacketMirror, vlan: number): boolean {
  if ((t.packet.mirrored & bit) !== 0) return false;
  if (vlans === undefined) return true;
  t.unwildcard(outerWord, vlanPresent | 0xfff);
  return vlans.has(vlan);
}

/** True: the mirror had it, though nobody may be there to get it. */
function copy(
  t: Translation,
  { config: { output, snapLength }, duplicates }: PacketMirror,
  tags: VlanTags,
): true {
  t.packet.mirrored |= duplicates; // before anything is sent: what is sent is mirrored, too
  t.snapLength = snapLength;
  const { bundles } = t.ofproto;
  if ('vlan' in output) copyToVlan(t, output.vlan, tags);
  else {
    const to = bundles.get(output.port);
    if (to !== undefined) outputTagged(t, to, tags);
  }
  t.snapLength = 0;
  return true;
}

function copyToVlan(t: Translation, vlan: number, [outer, inner]: VlanTags): void {
  if (outer.vid === vlan || isReserved(ethDst(t.flow))) return;
  const tags: VlanTags = [{ ...outer, vid: vlan }, inner];
  const { bundles, mirrors } = t.ofproto;
  for (const bundle of bundles.values())
    if (isCarried(bundle, tags) && !mirrors.isOutput(bundle)) outputTagged(t, bundle, tags);
}
