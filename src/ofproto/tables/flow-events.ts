/** What became of a rule. */
import type { Match } from '../../flow/match.ts';
import type { FlowRemovedReason } from '../../openflow/messages/flow-removed.ts';
import type { Rule } from './rule.ts';

export type FlowEvent =
  | { readonly kind: 'added'; readonly rule: Rule; readonly match: Match }
  /** `rule` has come in place of `before`, with its settings, or as a new one of the same match. */
  | {
      readonly kind: 'modified';
      readonly rule: Rule;
      readonly match: Match;
      readonly before: Rule;
      readonly isAdd: boolean;
    }
  | {
      readonly kind: 'removed';
      readonly rule: Rule;
      readonly match: Match;
      readonly reason: FlowRemovedReason;
    };
