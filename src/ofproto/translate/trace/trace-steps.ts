/** What the pipeline tells a trace of its steps, as text. */
import { hexOrZero } from '../../../base/numbers.ts';
import type { PortText } from '../../../flow/fields/text.ts';
import { formatMacNumber } from '../../../flow/mac.ts';
import type { Match } from '../../../flow/match.ts';
import type { Action } from '../../../openflow/actions/index.ts';
import { formatFlowFlags } from '../../../openflow/messages/flow-flags.ts';
import type { FlowMod } from '../../../openflow/messages/flow-mod.ts';
import { portText } from '../../../openflow/ports.ts';
import type { Ofproto } from '../../ofproto.ts';
import type { Rule } from '../../tables/rule.ts';
import { formatRuleActions, formatRuleMatch } from '../../tables/rule-text.ts';
import type { Effect } from '../effects.ts';
import type { RestOfPipeline } from '../freezing/frozen-states.ts';
import type { Place } from '../pipeline-packet.ts';
import type { Trace } from './trace.ts';

/** What a table has for the packet: a rule, or `done`, which stands for none. */
export function enterLookup(
  trace: Trace,
  { ofproto, table, rule }: Place,
  done: Rule,
  isFirstBridge: boolean,
): void {
  const { tables } = ofproto;
  const { missToController, fragmentDrop } = tables.internal;
  if (rule === fragmentDrop && isFirstBridge) trace.enter({ event: 'fragment', table });
  else if (rule !== undefined) enterRule(trace, ofproto, table, rule);
  else enterMiss(trace, table, done === missToController, isFirstBridge ? undefined : tables.matchOf(done));
}

/** The rule that a table has for the packet. */
function enterRule(trace: Trace, ofproto: Ofproto, table: number, rule: Rule): void {
  const { tables, tlvTable } = ofproto;
  const match = formatRuleMatch(tlvTable.restore(tables.matchOf(rule)), portTextOf(trace, ofproto));
  const { priority, cookie } = rule;
  trace.enter({
    event: 'rule',
    table,
    match,
    priority,
    ...(cookie === 0n ? {} : { cookie: hexOrZero(cookie) }),
  });
}

/** A table has none; `match` is that of the switch's own rule for it, where that is to be told. */
function enterMiss(trace: Trace, table: number, isTold: boolean, match: Match | undefined): void {
  trace.enter({
    event: 'tableMiss',
    table,
    isTold,
    ...(match === undefined ? {} : { match: formatRuleMatch(match) }),
  });
}

/** Its ports are numbers, whatever is asked for. */
export function noteActionSet(trace: Trace, event: 'written' | 'cleared', actions: readonly Action[]): void {
  trace.note({ event, actions: formatRuleActions(actions, portText) });
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

export function noteLearnedFlow(trace: Trace, ofproto: Ofproto, mod: FlowMod): void {
  const ports = portTextOf(trace, ofproto);
  const timeout = (name: string, seconds: number): string => (seconds === 0 ? '' : `${name}=${seconds} `);
  const cookie =
    mod.newCookie === undefined || mod.newCookie === 0n ? '' : `cookie=${hexOrZero(mod.newCookie)} `;
  const flow = `table=${mod.table} ${formatRuleMatch(ofproto.tlvTable.restore(mod.match), ports)} priority=${mod.priority} ${cookie}${timeout('idle', mod.idleTimeout)}${timeout('hard', mod.hardTimeout)}${formatFlowFlags(mod.flags)}actions=${formatRuleActions(mod.actions, ports)}`;
  trace.note({ event: 'learnedFlow', flow });
}

export function noteThaw(trace: Trace, ofproto: Ofproto, rest: RestOfPipeline): void {
  const { table = 0, actions, actionSet } = rest;
  const ports = portTextOf(trace, ofproto);
  trace.enter({ event: 'thaw' });
  trace.note({ event: 'resumed', table });
  const told = [
    ['action set', actionSet],
    ['actions', actions],
  ] as const;
  for (const [what, list] of told)
    if (list.length > 0) trace.note({ event: 'restored', what, actions: formatRuleActions(list, ports) });
  trace.leave();
}
