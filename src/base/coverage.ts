/**
 * Coverage counters: how often something rare or telling happened, one registry a process
 * (`coverage/show`). Declared beside the code that counts: `const missed = counter('dpif_missed')`.
 */

export interface Counter {
  readonly name: string;
  /** Events since start. */
  total: number;
}

const counters = new Map<string, Counter>();

/** The process-wide counter of that name, made on first use. Hot code keeps the object and does `c.total++`. */
export function counter(name: string): Counter {
  let found = counters.get(name);
  if (found === undefined) {
    found = { name, total: 0 };
    counters.set(name, found);
  }
  return found;
}

/** All counters, sorted by name. */
export function allCounters(): Counter[] {
  return [...counters.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
