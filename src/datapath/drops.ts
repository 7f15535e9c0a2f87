/**
 * Why the userspace datapath dropped a packet. A reason is a counter, a trace line and a docs entry at once;
 * hot code counts by `dropIndex`.
 */

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
  noSuchPort: 'output to a port that is not there (any more)',
  tooLong: "longer than the output port's MTU",
  tooLarge: 'does not fit the memory for changed copies',
  wrongPacketType: 'its type of packet has no such header to push, none to pop, or is not one for the port',
  tooManyRecirculations: 'it was looked up again too many times',
  badOffload: 'its offload description contradicts its headers',
  meter: 'a meter allows no more',
  upcallQueueFull: 'missed while its port had filled its share of the upcall queue',
  upcallPending: 'missed while too many packets like it waited for one upcall',
} as const satisfies Record<string, string>;

export type DpDropReason = keyof typeof dropReasons;

export const dropNames = Object.keys(dropReasons) as readonly DpDropReason[]; // keys of a literal

function indexNames(): Readonly<Record<DpDropReason, number>> {
  const index: Partial<Record<DpDropReason, number>> = {};
  dropNames.forEach((name, n) => {
    index[name] = n;
  });
  return index as Record<DpDropReason, number>; // the loop filled every name
}

/** Position of each reason's counter. */
export const dropIndex = indexNames();
