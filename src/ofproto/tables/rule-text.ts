/** Matches and actions of rules as ovs-ofctl writes them. */
import type { PortText } from '../../flow/fields/text.ts';
import { formatPacked } from '../../flow/format-match.ts';
import type { Match } from '../../flow/match.ts';
import { formatActions } from '../../openflow/action-codec.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { portText } from '../../openflow/ports.ts';

/** Empty for "all". */
export function formatRuleMatch(match: Match, ports: PortText = portText): string {
  return formatPacked(match, { ports });
}

/** "drop" for none. */
export function formatRuleActions(actions: readonly Action[], ports: PortText = portText): string {
  return formatActions(actions, { ports });
}
