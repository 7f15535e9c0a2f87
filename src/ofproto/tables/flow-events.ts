/** What became of a rule. */
import type { Match } from '../../flow/match.ts';
import type { FlowRemovedReason } from '../../openflow/messages/flow-removed.ts';
import type { Rule } from './rule.ts';

export type FlowEvent =
  | { readonly kind: 'added'; readonly rule: Rule; readonly match: Match }
  /** `rule` has come in place of `before`. */
  | { readonly kind: 'modified'; readonly rule: Rule; readonly match: Match; readonly before: Rule }
  | {
      readonly kind: 'removed';
      readonly rule: Rule;
      readonly match: Match;
      readonly reason: FlowRemovedReason;
    };
