/** Rules by the groups or meters that their actions name, so that those of one are found without looking at all. */
import type { Action } from '../../openflow/actions/index.ts';
import { someAction } from './actions-within.ts';
import type { Rule } from './rule.ts';

/** The number that an action names; undefined for none. */
type NumberOf = (action: Action) => number | undefined;

interface References {
  readonly rules: Set<Rule>;
  /** A rule may have several. */
  count: number;
}

export class ReferenceIndex {
  readonly #numberOf: NumberOf;
  readonly #references = new Map<number, References>();

  constructor(numberOf: NumberOf) {
    this.#numberOf = numberOf;
  }

  add(rule: Rule): void {
    this.#each(rule, (number) => {
      const known = this.#references.get(number);
      if (known === undefined) this.#references.set(number, { rules: new Set([rule]), count: 1 });
      else {
        known.rules.add(rule);
        known.count++;
      }
    });
  }

  remove(rule: Rule): void {
    if (this.#references.size === 0) return;
    this.#each(rule, (number) => {
      const known = this.#references.get(number);
      if (known === undefined) return;
      known.rules.delete(rule);
      if (--known.count === 0) this.#references.delete(number);
    });
  }

  /** Rules of all versions. */
  find(number: number): Iterable<Rule> {
    return this.#references.get(number)?.rules ?? none;
  }

  /** How often rules name it. */
  countOf(number: number): number {
    return this.#references.get(number)?.count ?? 0;
  }

  #each({ actions }: Rule, act: (number: number) => void): void {
    someAction(actions, (action) => {
      const number = this.#numberOf(action);
      if (number !== undefined) act(number);
      return false;
    });
  }
}

const none: readonly Rule[] = [];
