/** A flow that packets leave behind: made by the first of them, and kept young by the others. */
import type { Ms } from '../../base/units.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { FlowMod } from '../../openflow/messages/flow-mod.ts';
import type { FlowTables } from './flow-tables.ts';
import { FlowTransaction, hasHiddenFields } from './flow-transaction.ts';
import type { Rule } from './rule.ts';
import { formatRuleActions } from './rule-text.ts';

export class LearnedFlow {
  readonly mod: FlowMod;
  readonly #tables: FlowTables;
  /** Flows that may be of its table and cookie; 0 for any number. */
  readonly #limit: number;
  #rule: Rule | undefined;

  constructor(tables: FlowTables, mod: FlowMod, limit: number) {
    this.#tables = tables;
    this.mod = mod;
    this.#limit = limit;
  }

  /** Makes it or keeps it young; false where there is no room for it. */
  apply(): boolean {
    if (hasHiddenFields(this.mod.match)) return false;
    const now = this.#tables.deps.clock.now();
    if (this.#rule === undefined || !isThere(this.#rule)) {
      const present = this.#present;
      if (present === undefined && !this.#hasRoom) return false;
      if (present === undefined || !isSame(present, this.mod)) return this.#makeInTurn();
      this.#rule = present;
    }
    keepYoung(this.#rule, now);
    return true;
  }

  get isMade(): boolean {
    return this.#present !== undefined;
  }

  get #present(): Rule | undefined {
    const { table, match, priority } = this.mod;
    return this.#tables.table(table).rules.find(match, priority, this.#tables.version);
  }

  get #hasRoom(): boolean {
    if (this.#limit === 0) return true;
    let count = 0;
    for (const _ of this.#tables.withCookie(this.mod.table, this.mod.newCookie ?? 0n)) {
      if (++count >= this.#limit) return false;
    }
    return true;
  }

  /** Also true where it is yet to be made, since others are changing flows. */
  #makeInTurn(): boolean {
    const { turns } = this.#tables.deps;
    if (!turns.isTaken) return this.#make();
    turns.whenFree(() => this.#make());
    return true;
  }

  #make(): boolean {
    const transaction = new FlowTransaction(this.#tables);
    try {
      transaction.apply(this.mod);
    } catch (why) {
      transaction.revert();
      if (why instanceof OpenFlowError) return false;
      throw why;
    }
    transaction.commit();
    this.#rule = this.#present;
    return true;
  }
}

/** Its hard timeout begins anew. */
function keepYoung(rule: Rule, now: Ms): void {
  if (now > rule.modifiedAt) rule.modifiedAt = now;
}

function isThere(rule: Rule): boolean {
  return rule.mask !== undefined;
}

function isSame(rule: Rule, mod: FlowMod): boolean {
  return rule.cookie === mod.newCookie && formatRuleActions(rule.actions) === formatRuleActions(mod.actions);
}
