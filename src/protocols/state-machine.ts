/** State machines as standards of IEEE 802 draw them: what is done on entering a state, and what leads out of it. */

interface MachineState<S extends string, T> {
  readonly enter?: (subject: T) => void;
  /** Where it goes from here as things are; undefined where it stays. A state may lead to itself: it is entered again. */
  readonly next: (subject: T) => S | undefined;
}

export type Machine<S extends string, T> = { readonly [K in S]: MachineState<S, T> };

/** Each call takes one step; false where that changed nothing. */
export function startMachine<S extends string, T>(
  machine: Machine<S, T>,
  first: NoInfer<S>,
  subject: T,
): () => boolean {
  let state: S = first;
  let isEntering = true;
  return () => {
    const before = state;
    const wasEntering = isEntering;
    if (isEntering) machine[state].enter?.(subject);
    const next = machine[state].next(subject);
    state = next ?? state;
    isEntering = next !== undefined;
    return state !== before || isEntering !== wasEntering;
  };
}
