/**
 * What else a packet does besides being forwarded: rules and patch ports count it, its source address is learned. A
 * translation lists these; they are applied for its own packet, and later again for the packets that the datapath
 * forwarded by the resulting flow, so that counters stay right and addresses in use do not age.
 */
import type { Mac } from '../../flow/mac.ts';
import type { Bond } from '../../protocols/bond.ts';
import type { Carried, NetFlowExporter, NetFlowKey } from '../exporters/netflow.ts';
import type { Group, GroupBucket } from '../groups/group.ts';
import type { PacketMirror } from '../mirrors/mirror-set.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';
import type { LookedUp } from '../tables/flow-table.ts';
import type { LearnedFlow } from '../tables/learned-flow.ts';
import type { Rule } from '../tables/rule.ts';
import type { HostAddress } from '../tunnels/host-address.ts';
import type { NeighbourCache } from '../tunnels/neighbour-cache.ts';
import type { FrozenState } from './freezing/frozen-states.ts';

export type Effect =
  | LookedUp
  | {
      readonly kind: 'learn';
      readonly ofproto: Ofproto;
      readonly port: OfprotoPort;
      readonly mac: Mac;
      readonly vlan: number;
      readonly isGratuitousArp: boolean;
    }
  | { readonly kind: 'learnFlow'; readonly flow: LearnedFlow }
  /** Once TCP connections of it end, its rule is to end in so many seconds; 0 for no change. */
  | { readonly kind: 'finish'; readonly rule: Rule; readonly idle: number; readonly hard: number }
  | { readonly kind: 'group'; readonly group: Group; readonly buckets: readonly GroupBucket[] }
  /** Packets of it are sent up with the number of that state, which is held as long as they may be. */
  | { readonly kind: 'frozen'; readonly state: FrozenState }
  /** Was selected by mirrors. */
  | { readonly kind: 'mirror'; readonly mirrors: readonly PacketMirror[] }
  /** Went out by a member of a bond that its hash chose. */
  | { readonly kind: 'bond'; readonly bond: Bond<OfprotoPort>; readonly hash: number }
  /** A flow that is exported: it goes to `output`, as NetFlow has it. */
  | {
      readonly kind: 'netflow';
      readonly exporter: NetFlowExporter;
      readonly key: NetFlowKey;
      readonly output: number;
    }
  /** Went into a port that no device counts for, or came out of one: of a cable between bridges, or of a tunnel. */
  | { readonly kind: 'crossed'; readonly from?: OfprotoPort; readonly to?: OfprotoPort }
  /** What follows has so many bytes more of each packet: the headers of a tunnel; fewer, where these are off again. */
  | { readonly kind: 'wrapped'; readonly size: number }
  /** It was sent to that neighbour, who is remembered longer for that. */
  | {
      readonly kind: 'neighbour';
      readonly neighbours: NeighbourCache;
      readonly bridge: string;
      readonly address: HostAddress;
    };

const finOrRst = 0x005;

/**
 * Counts packets, the last of them at `at`, and bytes for rules, mirrors, bonds, exporters and ports without a device;
 * learning is `applyLearning`.
 */
export function creditEffects(effects: readonly Effect[], carried: Carried): void {
  const { packets, tcpFlags, at } = carried;
  let { bytes } = carried;
  for (const effect of effects) {
    if (effect.kind === 'rule') {
      effect.rule?.credit(packets, bytes, at);
      effect.table.lookupCount += packets;
      if (effect.isMatch) effect.table.matchCount += packets;
    } else if (effect.kind === 'group') effect.group.credit(effect.buckets, packets, bytes);
    else if (effect.kind === 'mirror') for (const mirror of effect.mirrors) mirror.credit(packets, bytes);
    else if (effect.kind === 'bond') effect.bond.account(effect.hash, bytes);
    else if (effect.kind === 'netflow') effect.exporter.update(effect.key, effect.output, carried);
    else if (effect.kind === 'finish') finish(effect, tcpFlags);
    else if (effect.kind === 'wrapped') bytes += packets * effect.size;
    else if (effect.kind === 'neighbour') effect.neighbours.find(effect.bridge, effect.address);
    else if (effect.kind === 'crossed') {
      effect.from?.countSent(packets, bytes);
      effect.to?.countReceived(packets, bytes);
    }
  }
}

/** True when the table changed. A port that has left its bundle since teaches nothing. */
export function applyLearning(effect: Extract<Effect, { kind: 'learn' }>): boolean {
  const { ofproto, port, mac, vlan, isGratuitousArp } = effect;
  const { bundle } = port;
  if (bundle === undefined) return false;
  return ofproto.macs.learn(mac, vlan, bundle, {
    isGratuitous: isGratuitousArp,
    isBond: bundle.bond !== undefined,
  });
}

/** What else packets leave behind. */
export function applyAllLearning(effects: readonly Effect[]): void {
  for (const effect of effects) {
    if (effect.kind === 'learn') applyLearning(effect);
    else if (effect.kind === 'learnFlow') effect.flow.apply();
  }
}

/** Shortens timeouts, and never makes them longer, where one of these flags of packets ends a connection. */
export function finish({ rule, idle, hard }: Extract<Effect, { kind: 'finish' }>, tcpFlags: number): void {
  if ((tcpFlags & finOrRst) === 0) return;
  rule.idleTimeout = shorter(rule.idleTimeout, idle);
  rule.hardTimeout = shorter(rule.hardTimeout, hard);
}

function shorter(present: number, wanted: number): number {
  return wanted > 0 && (present === 0 || present > wanted) ? wanted : present;
}
