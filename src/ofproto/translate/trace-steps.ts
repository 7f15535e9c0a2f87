/** What the pipeline tells a trace of its steps, as text. */
import type { PortText } from '../../flow/fields/text.ts';
import { formatMacNumber } from '../../flow/mac.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { portText } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import type { Rule } from '../tables/rule.ts';
import { formatRuleActions, formatRuleMatch } from '../tables/rule-text.ts';
import type { Effect } from './effects.ts';
import type { Trace } from './trace.ts';

/** The rule that a table has for the packet, or that it has none. */
export function enterRule(trace: Trace, ofproto: Ofproto, table: number, rule: Rule | undefined): void {
  if (rule === undefined) trace.enter({ event: 'tableMiss', table });
  else {
    const match = formatRuleMatch(ofproto.tables.matchOf(rule), portTextOf(trace, ofproto));
    trace.enter({ event: 'rule', table, match, priority: rule.priority });
  }
}

export function enterAction(trace: Trace, ofproto: Ofproto, action: Action): void {
  trace.enter({ event: 'action', text: formatRuleActions([action], portTextOf(trace, ofproto)) });
}

export function noteLearned(trace: Trace, { mac, port, vlan }: Extract<Effect, { kind: 'learn' }>): void {
  trace.note({
    event: 'learned',
    mac: formatMacNumber(mac),
    port: port.bundle?.name ?? port.name,
    vlan,
  });
}

function portTextOf(trace: Trace, ofproto: Ofproto): PortText {
  return trace.isNamed ? ofproto.portText : portText;
}
