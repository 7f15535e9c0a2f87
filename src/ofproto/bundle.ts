/**
 * What a bundle does with VLAN tags: which frames it lets in, in which VLAN they then are, which it carries out and
 * how they look there. ovs-vswitchd.conf.db(5), Port, "VLAN Configuration"; IEEE 802.1Q-2011 clause 6.9.
 */
import { unreachable } from '../base/errors.ts';
import type { Bundle } from './port.ts';

/** One 802.1Q or 802.1ad tag. All zero = none. */
export interface VlanTag {
  readonly tpid: number;
  /** 0..4095; 0 = priority only. */
  readonly vid: number;
  /** 0..7 */
  readonly pcp: number;
}

/** Outermost first. Inside a bridge, the first one's `vid` is the VLAN of the frame. */
export type VlanTags = readonly [VlanTag, VlanTag];

export const dot1q = 0x8100;
export const noTag: VlanTag = { tpid: 0, vid: 0, pcp: 0 };

/** Why a frame may not come in, in words for the operator; undefined when it may. */
export function refusal(bundle: Bundle, { vid }: VlanTag): string | undefined {
  const { name, config, trunks, cvlans } = bundle;
  switch (config.vlanMode) {
    case 'access':
      if (vid === 0) return undefined;
      return `dropping VLAN ${vid} tagged packet received on port ${name} configured as VLAN ${config.tag} access port`;
    case 'native-tagged':
    case 'native-untagged':
    case 'trunk':
      if (vid === 0 && config.vlanMode !== 'trunk') return undefined; // the native VLAN is always carried
      if (trunks === undefined || trunks.has(vid)) return undefined;
      return `dropping VLAN ${vid} packet received on port ${name} not configured for trunking VLAN ${vid}`;
    case 'dot1q-tunnel':
      if (cvlans === undefined || cvlans.has(vid)) return undefined;
      return `dropping VLAN ${vid} packet received on dot1q-tunnel port ${name} that excludes this VLAN`;
    default:
      return unreachable(config.vlanMode);
  }
}

/** The tags of an admitted frame while it is inside the bridge. */
export function tagsInside({ config }: Bundle, tags: VlanTags): VlanTags {
  const [outer] = tags;
  const untaggedAs: VlanTag = { tpid: outer.tpid || dot1q, vid: config.tag, pcp: outer.pcp };
  switch (config.vlanMode) {
    case 'access':
      return [untaggedAs, noTag];
    case 'trunk':
      return tags;
    case 'native-tagged':
    case 'native-untagged':
      return outer.vid === 0 ? [untaggedAs, tags[1]] : tags;
    case 'dot1q-tunnel':
      return [{ tpid: config.qinqEthertype, vid: config.tag, pcp: 0 }, outer];
    default:
      return unreachable(config.vlanMode);
  }
}

/** Does a frame with these tags inside the bridge belong on that bundle? */
export function isCarried(bundle: Bundle, [outer, inner]: VlanTags): boolean {
  const { config, trunks, cvlans } = bundle;
  switch (config.vlanMode) {
    case 'access':
      return outer.vid === config.tag && inner.vid === 0;
    case 'trunk':
    case 'native-tagged':
    case 'native-untagged':
      return trunks === undefined || trunks.has(outer.vid);
    case 'dot1q-tunnel':
      return outer.vid === config.tag && (cvlans === undefined || cvlans.has(inner.vid));
    default:
      return unreachable(config.vlanMode);
  }
}

/** The tags with which a frame leaves. */
export function tagsOutside({ config }: Bundle, tags: VlanTags): VlanTags {
  switch (config.vlanMode) {
    case 'access':
      return [noTag, noTag];
    case 'trunk':
    case 'native-tagged':
      return tags;
    case 'native-untagged':
      return tags[0].vid === config.tag ? [tags[1], noTag] : tags;
    case 'dot1q-tunnel':
      return [tags[1], noTag];
    default:
      return unreachable(config.vlanMode);
  }
}
