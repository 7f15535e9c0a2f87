/** How rules of a switch end by themselves: when their time is up, and with those that taught them. */
import type { Timers } from '../../base/timers.ts';
import type { ChangeTurns } from '../change-turns.ts';
import { FlowExpiry } from './expiry.ts';
import type { FlowEvent } from './flow-events.ts';
import type { FlowTables } from './flow-tables.ts';
import { removeRules } from './flow-transaction.ts';
import { LearnedCookies } from './learned-cookies.ts';

interface RuleEndsDeps {
  readonly tables: FlowTables;
  readonly timers: Timers;
  readonly turns: ChangeTurns;
  /** Does it when rules have all packets that the datapath forwarded before this call. */
  readonly whenCounted: (act: () => void) => void;
}

export class RuleEnds {
  readonly #expiry: FlowExpiry;
  readonly #learnedCookies: LearnedCookies;

  constructor({ tables, timers, turns, whenCounted }: RuleEndsDeps) {
    this.#expiry = new FlowExpiry({
      timers,
      whenCounted,
      mayExpire: () => !turns.isTaken,
      expire: (rule, reason) => removeRules(tables, [rule], reason),
    });
    this.#learnedCookies = new LearnedCookies(tables);
  }

  /** Rules came, went or changed. */
  follow(events: readonly FlowEvent[]): void {
    for (const event of events) {
      if (event.kind === 'removed') this.#expiry.forget(event.rule);
      else this.#expiry.watch(event.rule);
      if (event.kind === 'modified') this.#expiry.forget(event.before);
    }
    this.#learnedCookies.follow(events);
  }

  /** All events of a change were told. */
  removeUnlearned(): void {
    this.#learnedCookies.removeUnlearned();
  }

  stop(): void {
    this.#expiry.stop();
  }
}
