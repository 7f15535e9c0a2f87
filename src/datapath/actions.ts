/**
 * What a datapath does with a packet, as data. `ofproto/translate` makes these lists; each datapath lowers them
 * (`userspace/execute.ts`). A list is a whole answer: an empty one drops.
 * Adding an action: its variant here, its line in `format.ts`, one handler a datapath.
 */
import type { DpPort } from '../base/units.ts';
import type { SlotName } from '../flow/slots.ts';

export type DpAction =
  | { readonly do: 'output'; readonly port: DpPort }
  /** Sends the packet up, for a reason other than a miss. */
  | { readonly do: 'userspace'; readonly reason: UserspaceReason }
  /** Pushes a tag outermost. `tci` includes bit 12 (CFI), as in a key. */
  | { readonly do: 'push_vlan'; readonly tpid: number; readonly tci: number }
  | { readonly do: 'pop_vlan' }
  /** Writes the masked bits of slots that lie in one header of the packet; checksums follow. */
  | { readonly do: 'set'; readonly header: SetHeader; readonly fields: readonly SetField[] }
  /** Cuts what later outputs send to at most `maxSize` bytes; lasts for one output. */
  | { readonly do: 'trunc'; readonly maxSize: number };

export type DpActionName = DpAction['do'];

/** The headers that can be written to, by their name in the text of a flow. */
const setHeaders = [
  'eth',
  'mpls',
  'ipv4',
  'ipv6',
  'arp',
  'tcp',
  'udp',
  'sctp',
  'icmp',
  'icmpv6',
  'nd',
] as const;
type SetHeader = (typeof setHeaders)[number];

export function isSetHeader(name: string): name is SetHeader {
  return (setHeaders as readonly string[]).includes(name);
}

/**
 * New value and mask of one slot: the key's words from `slots[slot].word` on, as many as the slot touches, its bits
 * where a key has them and zero elsewhere (so `tp_dst` sits in the low half of one word, `nw_proto` in the top byte).
 */
export interface SetField {
  readonly slot: SlotName;
  readonly value: readonly number[];
  readonly mask: readonly number[];
}

/** Why a packet is sent up on purpose. */
export type UserspaceReason = (typeof userspaceReasons)[number];
export const userspaceReasons = ['slow_path', 'controller', 'sample'] as const;
