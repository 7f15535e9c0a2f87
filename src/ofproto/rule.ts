/** Rules: what a table says about a packet. */
import type { Ms } from '../base/units.ts';
import { ClassifierRule } from '../flow/classifier-rule.ts';
import type { Action } from '../openflow/actions/index.ts';

export class Rule extends ClassifierRule {
  /** Number of its table. */
  readonly table: number;
  /** In order. An empty list drops. */
  readonly actions: readonly Action[];
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
