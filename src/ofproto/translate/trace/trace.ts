/**
 * What a translation tells whoever listens: a tree of steps, each inside the one that led there. All of it is plain, so
 * it is JSON as it is; `ofproto/trace` and the console are views of it. Nobody listens to an ordinary packet, so steps
 * are made only when a trace is there.
 */
import type { Conntrack } from '../../../datapath/actions.ts';
import type { LearnedOfGroups } from '../../multicast/snooping.ts';
import type { DropReason } from '../drop-reasons.ts';
import type { FrozenState } from '../freezing/frozen-states.ts';

/** A port of that group, one with a router behind it, or one that gets all multicast or all reports. */
export type MulticastTarget = 'group' | 'router' | 'flood' | 'report';

export type TraceEvent =
  | { readonly event: 'bridge'; readonly name: string }
  /** `match` is empty for every packet. */
  | {
      readonly event: 'rule';
      readonly table: number;
      readonly match: string;
      readonly priority: number;
      /** Hexadecimal; absent for none. */
      readonly cookie?: string;
    }
  /**
   * `match` is that of the switch's own rule for it, where another bridge than the first one misses; a controller is
   * told or not.
   */
  | { readonly event: 'tableMiss'; readonly table: number; readonly match?: string; readonly isTold: boolean }
  /** The switch was told to drop fragments. */
  | { readonly event: 'fragment'; readonly table: number }
  /** An action of a rule, as OpenFlow text. */
  | { readonly event: 'action'; readonly text: string }
  /** What the action set is now, in the order in which it will be done. */
  | { readonly event: 'written'; readonly actions: string }
  /** What it was until now. */
  | { readonly event: 'cleared'; readonly actions: string }
  /** The action set is done. */
  | { readonly event: 'actionSet' }
  | { readonly event: 'learned'; readonly mac: string; readonly port: string; readonly vlan: number }
  /** A flow that the packet left behind, as text. */
  | { readonly event: 'learnedFlow'; readonly flow: string }
  /** There was no room for it. */
  | { readonly event: 'learnFailed' }
  /** An action that would change the switch; nobody asked for that. */
  | { readonly event: 'suppressed' }
  /** A copy will come back and be looked up in that table. */
  | { readonly event: 'forked'; readonly table: number }
  /** What was known of its connection is known no more. */
  | { readonly event: 'untracked' }
  /** It has come back; `table` is where it is looked up. */
  | { readonly event: 'thaw' }
  | { readonly event: 'resumed'; readonly table: number }
  /** What was left to do then. */
  | { readonly event: 'restored'; readonly what: 'action set' | 'actions'; readonly actions: string }
  /** The actions that follow are of that table, and of a rule of that cookie. */
  | { readonly event: 'unrolled'; readonly table: number; readonly cookie: string }
  | { readonly event: 'forwarding' }
  | { readonly event: 'flooding' }
  /** Multicast snooping learned something from a message of a host or router. */
  | ({ readonly event: 'snooped'; readonly port: string; readonly vlan: number } & LearnedOfGroups)
  /** Multicast goes to all ports. */
  | {
      readonly event: 'multicastFlood';
      readonly why: 'traffic' | 'query' | 'linkLocal' | 'unregistered';
    }
  /** Multicast goes to a port, or does not after all. */
  | {
      readonly event: 'multicastPort';
      readonly target: MulticastTarget;
      readonly outcome: 'forwarding' | 'otherVlan' | 'isInput';
    }
  | { readonly event: 'queue'; readonly priority: number }
  | { readonly event: 'ttlExpired'; readonly header: 'IPv4' | 'IPv6' | 'MPLS' | 'NSH' }
  | { readonly event: 'outputPort'; readonly port: number }
  /** It goes out by a tunnel, whose headers a port of the datapath puts in front of it, or the switch says all of. */
  | { readonly event: 'tunnelled'; readonly by: 'datapath' | 'switch' }
  /** By which port the wrapped packet leaves, and whom it goes to: the other end, or a gateway. */
  | { readonly event: 'tunnelRoute'; readonly to: string; readonly port: string }
  /** Whose Ethernet address is not known, and what it is asked for with. */
  | {
      readonly event: 'neighbourUnknown';
      readonly address: string;
      readonly bridge: string;
      readonly protocol: 'ARP' | 'ND';
    }
  /** What the headers in front of it say. */
  | { readonly event: 'tunnelEnds'; readonly from: TunnelEndText; readonly to: TunnelEndText }
  /** What a bucket does, by its number. */
  | { readonly event: 'bucket'; readonly bucket: number }
  | { readonly event: 'bucketChosen'; readonly bucket: number }
  /** What it drew when buckets were chosen by a hash of fields. */
  | { readonly event: 'bucketScore'; readonly bucket: number; readonly score: number }
  /** Not live: ports and groups that it watches, none where it has no share of packets. */
  | { readonly event: 'bucketDead'; readonly bucket: number; readonly watched: readonly string[] }
  /** Bits that an action wrote, and what they are now, as text. */
  | { readonly event: 'value'; readonly bits: string; readonly value: string }
  /** The packet has that option of a tunnel no more. */
  | { readonly event: 'deleted'; readonly field: string }
  /** The packet does not have the field. */
  | { readonly event: 'ignored'; readonly action: string; readonly field: string }
  /** An action that means nothing where it is. */
  | { readonly event: 'misplaced'; readonly what: string }
  /** Nothing more is done with the packet here; `detail` names what the reason is about. */
  | { readonly event: 'drop'; readonly reason: DropReason; readonly detail?: string };

interface TunnelEndText {
  readonly mac: string;
  readonly address: string;
}

export interface TraceNode {
  readonly event: TraceEvent;
  readonly children: readonly TraceNode[];
}

/** What a datapath would have the packet come back with. */
export interface Fork {
  readonly state: FrozenState;
  readonly tracked: Conntrack;
  readonly key: Uint32Array;
}

interface GrowingNode extends TraceNode {
  readonly children: GrowingNode[];
}

/** Grows the tree while a packet is translated. */
export class Trace {
  /** Packets that go on somewhere else, once connection tracking has looked at them. */
  readonly forks: Fork[] = [];
  /** Ports are told by name. */
  readonly isNamed: boolean;
  readonly roots: GrowingNode[] = [];
  readonly #path: GrowingNode[] = [];
  /** The packet's flow after all actions, and the bits that decided; good until the next translation. */
  result: { readonly flow: Uint32Array; readonly mask: Uint32Array } | undefined;

  constructor(isNamed = false) {
    this.isNamed = isNamed;
  }

  /** What is told until `leave` happened inside `event`. */
  enter(event: TraceEvent): void {
    this.#path.push(this.#add(event));
  }

  leave(): void {
    this.#path.pop();
  }

  forked(state: FrozenState, tracked: Conntrack, key: Uint32Array): void {
    this.forks.push({ state, tracked, key });
  }

  note(event: TraceEvent): void {
    this.#add(event);
  }

  #add(event: TraceEvent): GrowingNode {
    const node = { event, children: [] };
    (this.#path.at(-1)?.children ?? this.roots).push(node);
    return node;
  }
}
