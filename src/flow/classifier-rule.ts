/** What a classifier keeps in its rules: rules of OpenFlow tables are made from this. */
import type { Mask } from './mask.ts';

/** In `removedIn`: not removed in any version so far. */
const noVersion = 0x7fffffff;

export class ClassifierRule {
  /** The highest of all that match wins. */
  readonly priority: number;
  addedIn = 0;
  removedIn = noVersion;
  /** While the rule is in a classifier, which sets this and what follows. */
  mask: Mask | undefined;
  slot = -1;
  /** The next rule of the same match: its priority is lower, or the same and it is older. */
  next: this | undefined;

  constructor(priority: number) {
    this.priority = priority;
  }

  isVisible(version: number): boolean {
    return this.addedIn <= version && version < this.removedIn;
  }
}
