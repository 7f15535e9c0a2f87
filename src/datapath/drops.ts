/**
 * Why the userspace datapath dropped a packet. A reason is a counter, a trace line and a docs entry at once;
 * hot code counts by `dropIndex`.
 */

import { coverageCounter } from '../base/coverage.ts';
import { hasName, namesIn, recordFrom } from '../base/literals.ts';

/** Reasons that a `drop` action may give: what went wrong where the flow was made. */
const actionDropReasons = {
  explicit: 'the flow says so: its action list is empty',
  bridgeNotFound: 'its bridge is not there (any more)',
  recursionTooDeep: 'its tables or bridges lead too deep into each other',
  tooManyResubmits: 'its tables lead to too many others',
  stackTooDeep: 'its actions push more than the stack holds',
  noRecirculationContext: 'nothing is known of its recirculation id',
  recirculationConflict: 'it would be recirculated for two reasons at once',
  tooManyMplsLabels: 'it has more labels than can be handled',
  invalidTunnelMetadata: 'its tunnel metadata contradict each other',
  unsupportedPacketType: 'its type of packet is not one of those that can be handled',
  congestion: 'it came marked for congestion by a tunnel, but cannot carry the mark',
  forwardingDisabled: 'forwarding is disabled on its port',
} as const satisfies Record<string, string>;

export type ActionDropReason = keyof typeof actionDropReasons;

const dropReasons = {
  ...actionDropReasons,
  branchDrops: 'its flow does nothing with it where it divides it: in a clone, a sample, or by its length',
  noSuchPort: 'output to a port that is not there (any more)',
  tooLong: "longer than the output port's MTU",
  tooShort: 'handed over with fewer bytes than an Ethernet header has',
  tooLarge: 'does not fit the memory for changed copies',
  wrongPacketType: 'its type of packet has no such header to push, none to pop, or is not one for the port',
  tooManyRecirculations: 'it was looked up again too many times',
  tunnelPushError:
    'a tunnel was to wrap it that is not there (any more), or whose headers cannot say its length',
  tunnelPopError:
    'it came by a tunnel, whose headers are cut short, contradict themselves or are not understood',
  noSuchTunnelPort: 'a tunnel was to unwrap it that is not there (any more)',
  badOffload: 'its offload description contradicts its headers',
  meter: 'a meter allows no more',
  policed: 'its port brings more than is let in there',
  fragmentPurged: 'a fragment that was held for connection tracking, and the rest of its packet did not come',
  fragmentPortGone: 'a fragment that was held for connection tracking when the port went that it came in by',
  upcallQueueFull: 'missed while its port had filled its share of the upcall queue',
  upcallPending: 'missed while too many packets like it waited for one upcall',
} as const satisfies Record<string, string>;

export type DpDropReason = keyof typeof dropReasons;

export const dropNames = namesIn(dropReasons);

export function dpDropText(reason: DpDropReason): string {
  return dropReasons[reason];
}

/** May a `drop` action give that reason? */
export function isActionDrop(reason: DpDropReason): reason is ActionDropReason {
  return hasName(actionDropReasons, reason);
}

/** Position of each reason's counter. */
export const dropIndex = recordFrom(dropNames, (_, n) => n);

/** What each reason is called among the coverage counters: as the reference calls it where it knows it. */
const counterNames = {
  explicit: 'drop_action_of_pipeline',
  bridgeNotFound: 'drop_action_bridge_not_found',
  recursionTooDeep: 'drop_action_recursion_too_deep',
  tooManyResubmits: 'drop_action_too_many_resubmit',
  stackTooDeep: 'drop_action_stack_too_deep',
  noRecirculationContext: 'drop_action_no_recirculation_context',
  recirculationConflict: 'drop_action_recirculation_conflict',
  tooManyMplsLabels: 'drop_action_too_many_mpls_labels',
  invalidTunnelMetadata: 'drop_action_invalid_tunnel_metadata',
  unsupportedPacketType: 'drop_action_unsupported_packet_type',
  congestion: 'drop_action_congestion',
  forwardingDisabled: 'drop_action_forwarding_disabled',
  branchDrops: 'drop_action_of_pipeline',
  noSuchPort: 'datapath_drop_invalid_port',
  tooLong: 'datapath_drop_too_long',
  tooShort: 'datapath_drop_too_short',
  tooLarge: 'datapath_drop_too_large',
  wrongPacketType: 'datapath_drop_wrong_packet_type',
  tooManyRecirculations: 'datapath_drop_recirc_error',
  tunnelPushError: 'datapath_drop_tunnel_push_error',
  tunnelPopError: 'datapath_drop_tunnel_pop_error',
  noSuchTunnelPort: 'datapath_drop_invalid_tnl_port',
  badOffload: 'datapath_drop_bad_offload',
  meter: 'datapath_drop_meter',
  policed: 'datapath_drop_policed',
  fragmentPurged: 'datapath_drop_fragment_purged',
  fragmentPortGone: 'datapath_drop_fragment_port_gone',
  upcallQueueFull: 'datapath_drop_upcall_error',
  upcallPending: 'datapath_drop_upcall_error',
} as const satisfies Record<DpDropReason, string>;

export function coverageNameOf(reason: DpDropReason): string {
  return counterNames[reason];
}

/** Adds to what `coverage/show` shows of packets that were dropped for that reason. */
export function countDropped(reason: DpDropReason, packets = 1): void {
  counters[reason].total += packets;
}

const counters = recordFrom(dropNames, (name) => coverageCounter(counterNames[name]));

interface Dropping {
  drops(): ReadonlyMap<DpDropReason, number>;
}

/** Makes coverage counters of what a datapath counts in memory of its own. */
export class DropCoverage {
  readonly #counted = new WeakMap<Dropping, ReadonlyMap<DpDropReason, number>>();

  /** Takes what was dropped since the last time. */
  collect(datapaths: Iterable<Dropping>): void {
    for (const datapath of datapaths) {
      const before = this.#counted.get(datapath);
      const drops = datapath.drops();
      for (const name of dropNames) countDropped(name, (drops.get(name) ?? 0) - (before?.get(name) ?? 0));
      this.#counted.set(datapath, drops);
    }
  }
}
