/** One table: its rules, and what it was told to be. */
import { Classifier } from '../../flow/classifier.ts';
import type { Rule } from './rule.ts';

export class FlowTable {
  readonly number: number;
  readonly rules = new Classifier<Rule>();
  /** Packets that were looked up here, and those that a rule was there for. */
  lookupCount = 0;
  matchCount = 0;

  constructor(number: number) {
    this.number = number;
  }
}
