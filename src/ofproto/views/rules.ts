/** The rules of a bridge as `bridge/dump-flows` shows them: the user's and the switch's own. */

import { usualPriority } from '../../flow/format-match.ts';
import type { Ofproto } from '../ofproto.ts';
import type { Rule } from '../tables/rule.ts';
import { formatRuleActions, formatRuleMatch } from '../tables/rule-text.ts';

/** One line of `bridge/dump-flows`. */
export interface RuleRow {
  readonly table: number;
  /** Whole seconds. */
  readonly duration: number;
  readonly packets: number;
  readonly bytes: number;
  readonly priority: number;
  readonly match: string;
  readonly actions: string;
}

export function listRules(ofproto: Ofproto, now: number): RuleRow[] {
  const { tables, tlvTable } = ofproto;
  const matchText = (rule: Rule): string => formatRuleMatch(tlvTable.restore(tables.matchOf(rule)));
  return [...tables].map((rule) => rowOf(rule, matchText(rule), now));
}

/** `hasOffloads`: with what hardware forwarded, which is nothing. */
export function formatRules(rows: readonly RuleRow[], hasOffloads = false): string {
  return rows.map((row) => `${formatRule(row, hasOffloads)}\n`).join('');
}

function rowOf(rule: Rule, match: string, now: number): RuleRow {
  return {
    table: rule.table,
    duration: Math.floor((now - rule.createdAt) / 1000),
    packets: rule.packetCount,
    bytes: rule.byteCount,
    priority: rule.priority,
    match,
    actions: formatRuleActions(rule.actions),
  };
}

function formatRule(
  { table, duration, packets, bytes, priority, match, actions }: RuleRow,
  hasOffloads: boolean,
): string {
  const where = table === 0 ? '' : `table_id=${table}, `;
  const rank = priority === usualPriority ? '' : `priority=${priority}`;
  const matched = [rank, match].filter((text) => text !== '').join(',');
  const offloads = hasOffloads ? 'n_offload_packets=0, n_offload_bytes=0, ' : '';
  return `${where}duration=${duration}s, n_packets=${packets}, n_bytes=${bytes}, ${offloads}${matched},actions=${actions}`;
}
