/** What a classifier keeps in its rules: rules of OpenFlow tables are made from this. */
import type { Mask } from './mask.ts';

/** In `removedIn`: not removed in any version so far. */
const noVersion = 0x7fffffff;

/** One of the ways to match one dimension of a match that has several: all dimensions of an id together match. */
export interface Conjunction {
  readonly id: number;
  /** From 0. */
  readonly clause: number;
  readonly clauseCount: number;
}

export class ClassifierRule {
  /** The highest of all that match wins. */
  readonly priority: number;
  /** Of a rule that is no answer by itself. */
  readonly conjunctions: readonly Conjunction[] | undefined;
  addedIn = 0;
  removedIn = noVersion;
  /** When it came, among all rules of its classifier, which sets this. */
  order = 0;
  /** While the rule is in a classifier, which sets this and what follows. */
  mask: Mask | undefined;
  slot = -1;
  /** The next rule of the same match: its priority is lower, or the same and it is older. */
  next: this | undefined;

  constructor(priority: number, conjunctions?: readonly Conjunction[]) {
    this.priority = priority;
    this.conjunctions = conjunctions;
  }

  isVisible(version: number): boolean {
    return this.addedIn <= version && version < this.removedIn;
  }
}
