/** Rules by their cookies, so that those of one are found without looking at all. */
import type { Rule } from './rule.ts';

/** Rules without a cookie, which are most where few have one, are not kept. */
const none = 0n;

export class CookieIndex {
  readonly #rules = new Map<bigint, Set<Rule>>();

  add(rule: Rule): void {
    if (rule.cookie === none) return;
    const same = this.#rules.get(rule.cookie);
    if (same === undefined) this.#rules.set(rule.cookie, new Set([rule]));
    else same.add(rule);
  }

  remove(rule: Rule): void {
    const same = this.#rules.get(rule.cookie);
    if (same?.delete(rule) === true && same.size === 0) this.#rules.delete(rule.cookie);
  }

  /** Those of exactly that cookie; undefined where only a look at all rules tells. */
  find(cookie: bigint): ReadonlySet<Rule> | undefined {
    return cookie === none ? undefined : (this.#rules.get(cookie) ?? noRules);
  }
}

const noRules: ReadonlySet<Rule> = new Set();
