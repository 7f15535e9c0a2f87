/**
 * What a datapath does with a packet, as data: every action that the reference's datapaths know. `ofproto/translate`
 * makes these lists; each datapath lowers those that it can run (`userspace/execute.ts`) and refuses the others
 * (`features.ts`). A list is a whole answer: an empty one drops. All of it is plain, so that it can be cloned to a
 * worker.
 * Adding an action: its variant here, its line in `text/actions.ts`, one handler a datapath.
 */
import { isOneOf } from '../base/literals.ts';
import type { DpPort } from '../base/units.ts';
import type { SlotName } from '../flow/slots.ts';
import type { UserspaceCookie } from './cookie.ts';
import type { ActionDropReason } from './drops.ts';
import type { TunnelHeader } from './tunnel-header.ts';

export type DpAction =
  | { readonly do: 'output'; readonly port: DpPort }
  /** Outputs to the member of a bond that the packet's hash chooses. */
  | { readonly do: 'lb_output'; readonly bond: number }
  /** Sends the packet up on purpose. */
  | {
      readonly do: 'userspace';
      /** Netlink port that gets it; of no meaning where there is no Netlink. */
      readonly pid: number;
      readonly cookie: UserspaceCookie;
      /** The packet's flow goes up with its actions. */
      readonly includesActions?: true;
      /** The port of a tunnel by which the packet will go out. */
      readonly tunnelOutPort?: DpPort;
    }
  /** Puts a hash of the connection into `dp_hash` of the key; the same for both directions where symmetric. */
  | { readonly do: 'hash'; readonly algorithm: HashAlgorithm; readonly basis: number }
  /** Looks the packet, as it is now, up again under that recirculation id. */
  | { readonly do: 'recirc'; readonly id: number }
  /** Writes the masked bits of slots of one header, or of metadata; checksums follow. */
  | { readonly do: 'set'; readonly header: SetHeader; readonly fields: readonly SlotWrite[] }
  /** Pushes a tag outermost. `tci` includes bit 12 (CFI), as in a key. */
  | { readonly do: 'push_vlan'; readonly tpid: number; readonly tci: number }
  | { readonly do: 'pop_vlan' }
  /** Pushes a label stack entry in front of the present ones, behind the tags. */
  | { readonly do: 'push_mpls'; readonly lse: number; readonly etherType: number }
  /** As `push_mpls`, or in front of the whole packet, which then is one without an Ethernet header. */
  | {
      readonly do: 'add_mpls';
      readonly lse: number;
      readonly etherType: number;
      readonly isBehindEthernet?: true;
    }
  /** Pops the outermost entry; `etherType` is what then follows. */
  | { readonly do: 'pop_mpls'; readonly etherType: number }
  /** Addresses are six bytes. */
  | { readonly do: 'push_eth'; readonly src: readonly number[]; readonly dst: readonly number[] }
  | { readonly do: 'pop_eth' }
  | ({ readonly do: 'push_nsh' } & NshHeader)
  | { readonly do: 'pop_nsh' }
  /** Runs `actions` on a copy of the packet, with a probability of `probability` in 2^32-1. */
  | { readonly do: 'sample'; readonly probability: number; readonly actions: readonly DpAction[] }
  /** Runs `actions` on a copy: what they change is not seen behind it. */
  | { readonly do: 'clone'; readonly actions: readonly DpAction[] }
  /** Runs one of two lists on a copy, by whether the packet has more than `size` bytes. */
  | {
      readonly do: 'check_pkt_len';
      readonly size: number;
      readonly ifGreater: readonly DpAction[];
      readonly ifLessEqual: readonly DpAction[];
    }
  /** Cuts what later outputs send to at most `maxSize` bytes; lasts for one output. */
  | { readonly do: 'trunc'; readonly maxSize: number }
  | { readonly do: 'meter'; readonly id: number }
  | ({ readonly do: 'ct' } & Conntrack)
  | { readonly do: 'ct_clear' }
  /** Wraps the packet in `header`, as if it had come out of `tunnelPort`; what is wrapped leaves by `outPort`. */
  | {
      readonly do: 'tnl_push';
      readonly tunnelPort: DpPort;
      readonly header: TunnelHeader;
      readonly outPort: DpPort;
    }
  /** Takes the tunnel's headers off, and looks the packet up again as come in by `port`. */
  | { readonly do: 'tnl_pop'; readonly port: DpPort }
  /** Ends the packet and counts why. */
  | { readonly do: 'drop'; readonly reason: ActionDropReason };

export type DpActionName = DpAction['do'];
export type DpActionOf<N extends DpActionName> = Extract<DpAction, { do: N }>;

/** By their numbers. */
export const hashAlgorithms = ['l4', 'sym_l4'] as const;
export type HashAlgorithm = (typeof hashAlgorithms)[number];

/** What can be written to, by its name in the text of a flow. No datapath can write all of them. */
const setHeaders = [
  'skb_priority',
  'skb_mark',
  'ct_state',
  'ct_zone',
  'ct_mark',
  'ct_label',
  'ct_tuple4',
  'ct_tuple6',
  'recirc_id',
  'dp_hash',
  'in_port',
  'tunnel',
  'eth',
  'mpls',
  'nsh',
  'ipv4',
  'ipv6',
  'arp',
  'tcp',
  'tcp_flags',
  'udp',
  'sctp',
  'icmp',
  'icmpv6',
  'nd',
  'nd_ext',
] as const;
export type SetHeader = (typeof setHeaders)[number];

export function isSetHeader(name: string): name is SetHeader {
  return isOneOf(setHeaders, name);
}

/**
 * New value and mask of one slot: the key's words from `slots[slot].word` on, as many as the slot touches, its bits
 * where a key has them and zero elsewhere (so `tp_dst` sits in the low half of one word, `nw_proto` in the top byte).
 */
export interface SlotWrite {
  readonly slot: SlotName;
  readonly value: readonly number[];
  readonly mask: readonly number[];
}

/** A network service header (RFC 8300). */
export interface NshHeader {
  /** O bit and the unassigned bit: 0..3. */
  readonly flags: number;
  readonly ttl: number;
  readonly mdType: 1 | 2;
  readonly nextProtocol: number;
  readonly spi: number;
  readonly si: number;
  /** What follows the service path: 16 bytes of context, or options of metadata type 2 as they lie on the wire. */
  readonly metadata: readonly number[];
}

/** Sends the packet through connection tracking. */
export interface Conntrack {
  /** Whether the connection is remembered; forced: a present one of the other direction is forgotten first. */
  readonly commit?: 'commit' | 'force_commit';
  readonly zone: number;
  readonly mark?: { readonly value: number; readonly mask: number };
  /** Four words each, the most significant first. */
  readonly label?: { readonly value: readonly number[]; readonly mask: readonly number[] };
  readonly helper?: string;
  readonly timeout?: string;
  readonly nat?: Nat;
}

/** Address translation; without a direction, that of the connection. */
export interface Nat {
  readonly direction?: 'src' | 'dst';
  readonly range?: DpNatRange;
  readonly isPersistent?: true;
  readonly choosesPortBy?: 'hash' | 'random';
}

/** Addresses are 4 or 16 bytes. A maximum is there only where it is above the minimum. */
export interface DpNatRange {
  readonly min: readonly number[];
  readonly max?: readonly number[];
  readonly minPort?: number;
  readonly maxPort?: number;
}
