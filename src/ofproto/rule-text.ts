/** Matches and actions of rules as ovs-ofctl writes them. */
import { formatMatch } from '../flow/format-match.ts';
import { type Match, unpackKey } from '../flow/match.ts';
import { localPort } from './port.ts';
import type { RuleAction } from './rule.ts';

/** Empty for "all". */
export function formatRuleMatch(match: Match): string {
  const ports = { read: () => undefined, format: formatOfPort };
  return formatMatch(unpackKey(match), match.mask.unpack(), { ports });
}

export function formatRuleActions(actions: readonly RuleAction[]): string {
  return actions.map(formatRuleAction).join(',') || 'drop';
}

function formatRuleAction(action: RuleAction): string {
  switch (action.do) {
    case 'normal':
      return 'NORMAL';
    case 'output':
      return `output:${formatOfPort(action.port)}`;
    case 'controller':
      return 'controller(reason=)';
  }
}

/** A port by its number, or by the name of a reserved one. */
export function formatOfPort(port: number): string {
  return port === localPort ? 'LOCAL' : String(port);
}
