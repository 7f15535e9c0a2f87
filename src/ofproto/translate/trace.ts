/**
 * What a translation tells whoever listens: one event a step, typed, in order. `ofproto/trace`, JSON traces and the
 * console are views of it. Nobody listens to an ordinary packet, so events are made only when a sink is there.
 */

import type { Match } from '../../flow/match.ts';
import type { Mac } from '../mac.ts';
import { formatMacNumber } from '../mac.ts';
import type { Rule } from '../rule.ts';
import { formatRuleMatch } from '../rule-text.ts';
import { type DropReason, dropReasons } from './drop-reasons.ts';

export type TraceEvent =
  | { readonly event: 'bridge'; readonly name: string }
  | { readonly event: 'rule'; readonly table: number; readonly rule: Rule; readonly match: Match }
  | { readonly event: 'tableMiss'; readonly table: number }
  | { readonly event: 'action'; readonly text: string }
  | { readonly event: 'learned'; readonly mac: Mac; readonly port: string; readonly vlan: number }
  | { readonly event: 'forwarding'; readonly port: string }
  | { readonly event: 'flooding' }
  /** Nothing more is done with the packet here; `detail` names what the reason is about. */
  | { readonly event: 'drop'; readonly reason: DropReason; readonly detail?: string };

/** Events between `enter` and its `leave` happened inside it: a peer's bridge inside an output, say. */
export interface TraceSink {
  enter(event: TraceEvent): void;
  leave(): void;
  note(event: TraceEvent): void;
}

/** Lines as ovs-vswitchd's traces word them, outermost detail last. */
export function formatTraceEvent(event: TraceEvent): string[] {
  switch (event.event) {
    case 'bridge':
      return [`bridge("${event.name}")`];
    case 'rule': {
      const match = formatRuleMatch(event.match);
      return [`${numberOf(event.table)}${match === '' ? '' : `${match}, `}priority ${event.rule.priority}`];
    }
    case 'tableMiss':
      return [`${numberOf(event.table)}No match.`];
    case 'action':
      return [event.text];
    case 'learned':
      return [`learned that ${formatMacNumber(event.mac)} is on port ${event.port} in VLAN ${event.vlan}`];
    case 'forwarding':
      return ['forwarding to learned port'];
    case 'flooding':
      return ['no learned MAC for destination, flooding'];
    case 'drop':
      return event.detail === undefined
        ? [dropReasons[event.reason]]
        : [event.detail, dropReasons[event.reason]];
  }
}

function numberOf(table: number): string {
  return `${String(table).padStart(2)}. `;
}
