/** Rules by their cookies, so that those of one are found without looking at all. */
import type { Rule } from './rule.ts';

/** Rules without a cookie, which are most where few have one, are not kept. */
const none = 0n;

/** Maps find numbers much faster. */
type CookieKey = number | bigint;

function keyOf(cookie: bigint): CookieKey {
  return cookie <= Number.MAX_SAFE_INTEGER ? Number(cookie) : cookie;
}

export class CookieIndex {
  /** Most cookies have one rule, so only several take a set. */
  readonly #rules = new Map<CookieKey, Rule | Set<Rule>>();

  add(rule: Rule): void {
    if (rule.cookie === none) return;
    const key = keyOf(rule.cookie);
    const same = this.#rules.get(key);
    if (same === undefined) this.#rules.set(key, rule);
    else if (same instanceof Set) same.add(rule);
    else if (same !== rule) this.#rules.set(key, new Set([same, rule]));
  }

  remove(rule: Rule): void {
    const key = keyOf(rule.cookie);
    const same = this.#rules.get(key);
    if (same === rule || (same instanceof Set && same.delete(rule) && same.size === 0))
      this.#rules.delete(key);
  }

  /** Those of exactly that cookie; undefined where only a look at all rules tells. */
  find(cookie: bigint): Iterable<Rule> | undefined {
    if (cookie === none) return undefined;
    const same = this.#rules.get(keyOf(cookie));
    if (same instanceof Set) return same;
    return same === undefined ? noRules : [same];
  }
}

const noRules: readonly Rule[] = [];
