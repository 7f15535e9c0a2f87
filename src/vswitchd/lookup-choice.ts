/**
 * Which function looks up flows in datapaths: the one of the highest priority, the first of several.
 * Differs: it looks up in all subtables as soon as it is chosen; in the reference those of the main thread keep the one that
 * they were made with.
 */
import type { Datapath } from '../datapath/provider.ts';

export type LookupName = 'autovalidator' | 'generic';

export class LookupChoice {
  readonly #priorities = new Map<LookupName, number>([
    ['autovalidator', 0],
    ['generic', 1],
  ]);
  readonly #datapaths: () => Iterable<Datapath>;

  constructor(datapaths: () => Iterable<Datapath>) {
    this.#datapaths = datapaths;
  }

  get priorities(): ReadonlyMap<string, number> {
    return this.#priorities;
  }

  get chosen(): LookupName {
    const { autovalidator = 0, generic = 0 } = Object.fromEntries(this.#priorities);
    return autovalidator >= generic ? 'autovalidator' : 'generic';
  }

  /** Whether another function is chosen by that. */
  setPriority(name: LookupName, priority: number): boolean {
    const before = this.chosen;
    this.#priorities.set(name, priority);
    if (this.chosen === before) return false;
    for (const datapath of this.#datapaths()) this.applyTo(datapath);
    return true;
  }

  applyTo(datapath: Datapath): void {
    datapath.validateLookups(this.chosen === 'autovalidator');
  }
}

export function isLookupName(name: string | undefined): name is LookupName {
  return name === 'autovalidator' || name === 'generic';
}
