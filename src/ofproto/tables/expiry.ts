/** When rules end by themselves: OpenFlow 1.5.1 section 6.5. Costs nothing for rules without timeouts. */
import { coverageCounter } from '../../base/coverage.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import type { Rule } from './rule.ts';

const expired = coverageCounter('ofproto_dpif_expired');

/** Rules that are due in the same span of so many milliseconds are looked at together. */
const span = 100;
/** Milliseconds that are spent on rules at a time; the rest follows. */
const budget = 4;

export interface ExpiryDeps {
  readonly timers: Timers;
  /** Does it when rules have all packets that were forwarded before this call. */
  readonly whenCounted: (act: () => void) => void;
  /** Not while something else changes the rules. */
  readonly mayExpire: () => boolean;
  readonly expire: (rule: Rule, reason: 'idle' | 'hard') => void;
}

export class FlowExpiry {
  readonly #deps: ExpiryDeps;
  /** By the span in which they are due at the earliest. */
  readonly #due = new Map<number, Set<Rule>>();
  #timer: Timer | undefined;
  #isCounting = false;

  constructor(deps: ExpiryDeps) {
    this.#deps = deps;
  }

  /** A rule has come, or its timeouts have changed. */
  watch(rule: Rule): void {
    this.forget(rule);
    const due = dueOf(rule);
    if (due === Number.POSITIVE_INFINITY) return;
    rule.dueSpan = Math.ceil(due / span);
    const same = this.#due.get(rule.dueSpan);
    if (same === undefined) this.#due.set(rule.dueSpan, new Set([rule]));
    else same.add(rule);
    this.#arrange(rule.dueSpan * span);
  }

  forget(rule: Rule): void {
    const { dueSpan } = rule;
    if (dueSpan === undefined) return;
    rule.dueSpan = undefined;
    const same = this.#due.get(dueSpan);
    if (same?.delete(rule) === true && same.size === 0) this.#due.delete(dueSpan);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#due.clear();
  }

  /** A packet may have come that keeps a rule, or that counts for it before it goes. */
  #run(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    this.#deps.whenCounted(() => {
      this.#isCounting = false;
      this.#expire();
    });
  }

  #expire(): void {
    const { timers, mayExpire, expire } = this.#deps;
    const startedAt = timers.clock.now();
    if (!mayExpire()) {
      this.#arrange(startedAt + span);
      return;
    }
    const spans = [...this.#due.keys()].filter((number) => number * span <= startedAt).sort((a, b) => a - b);
    for (const number of spans) {
      for (const rule of this.#due.get(number) ?? []) {
        const reason = expiredBy(rule, startedAt);
        if (reason === undefined) this.watch(rule);
        else {
          expired.total++;
          expire(rule, reason);
        }
        if (timers.clock.now() - startedAt < budget) continue;
        this.#arrange(startedAt);
        return;
      }
    }
    if (this.#due.size > 0) this.#arrange(Math.min(...this.#due.keys()) * span);
  }

  #arrange(due: number): void {
    if (this.#timer !== undefined && this.#timer.due <= due) return;
    this.#timer?.cancel();
    this.#timer = this.#deps.timers.at(ms(due), () => {
      this.#timer = undefined;
      this.#run();
    });
  }
}

export function dueOf({ usedAt, modifiedAt, idleTimeout, hardTimeout }: Rule): number {
  const idle = idleTimeout === 0 ? Number.POSITIVE_INFINITY : usedAt + idleTimeout * 1000;
  const hard = hardTimeout === 0 ? Number.POSITIVE_INFINITY : modifiedAt + hardTimeout * 1000;
  return Math.min(idle, hard) + 1; // once the whole time has passed
}

function expiredBy(rule: Rule, now: number): 'idle' | 'hard' | undefined {
  const { usedAt, modifiedAt, idleTimeout, hardTimeout } = rule;
  if (hardTimeout > 0 && modifiedAt + hardTimeout * 1000 < now) return 'hard';
  return idleTimeout > 0 && usedAt + idleTimeout * 1000 < now ? 'idle' : undefined;
}
