/**
 * "After what has arrived by now": puts work behind the events that are already waiting, so that it is done once for
 * all of them. Passed in where it is used; tests pass a queue that they empty by hand.
 */
export type Soon = (action: () => void) => void;

export const soon: Soon = (action) => {
  setImmediate(action);
};
