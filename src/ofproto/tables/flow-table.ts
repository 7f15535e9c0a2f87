/** One table: its rules, and what it was told to be. */
import { Classifier } from '../../flow/classifier.ts';
import type { TableMiss } from '../../openflow/messages/tables.ts';
import type { Rule } from './rule.ts';

export class FlowTable {
  readonly number: number;
  readonly rules = new Classifier<Rule>();
  /** What becomes of packets that no rule is for; by default controllers of OpenFlow 1.2 and before are told. */
  miss: TableMiss | 'default' = 'default';
  /** Packets that were looked up here, and those that a rule was there for. */
  lookupCount = 0;
  matchCount = 0;

  constructor(number: number) {
    this.number = number;
  }
}
