/**
 * Why the userspace datapath dropped a packet. A reason is a counter, a trace line and a docs entry at once;
 * hot code counts by `dropIndex`.
 */

const dropReasons = {
  explicit: 'the flow says so: its action list is empty',
  noSuchPort: 'output to a port that is not there (any more)',
  tooLong: "longer than the output port's MTU",
  tooLarge: 'does not fit the memory for changed copies',
  badOffload: 'its offload description contradicts its headers',
  upcallQueueFull: 'missed while its port had filled its share of the upcall queue',
  upcallPending: 'missed while too many packets like it waited for one upcall',
} as const satisfies Record<string, string>;

export type DropReason = keyof typeof dropReasons;

export const dropNames = Object.keys(dropReasons) as readonly DropReason[]; // keys of a literal

function indexNames(): Readonly<Record<DropReason, number>> {
  const index: Partial<Record<DropReason, number>> = {};
  dropNames.forEach((name, n) => {
    index[name] = n;
  });
  return index as Record<DropReason, number>; // the loop filled every name
}

/** Position of each reason's counter. */
export const dropIndex = indexNames();
