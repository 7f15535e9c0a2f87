/** Rules: what a table says about a packet. */
import type { Ms, OfPort } from '../base/units.ts';
import { ClassifierRule } from '../flow/classifier-rule.ts';

/** What a rule does, in order. An empty list drops. */
export type RuleAction =
  | { readonly do: 'normal' }
  | { readonly do: 'output'; readonly port: OfPort }
  /** To whoever controls the switch; today nobody does. */
  | { readonly do: 'controller' };

export class Rule extends ClassifierRule {
  /** Number of its table. */
  readonly table: number;
  readonly actions: readonly RuleAction[];
  readonly createdAt: Ms;
  packetCount = 0;
  byteCount = 0;

  constructor(made: Pick<Rule, 'table' | 'priority' | 'actions' | 'createdAt'>) {
    super(made.priority);
    this.table = made.table;
    this.actions = made.actions;
    this.createdAt = made.createdAt;
  }
}
