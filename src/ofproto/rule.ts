/**
 * Rules: what a table says about a packet. A switch without a controller has one table with one rule or none; the rest
 * of OpenFlow (tables, priorities, groups, the wire's actions) fits behind `RuleTable` and into `RuleAction`.
 */
import type { Ms, OfPort } from '../base/units.ts';

/** What a rule does, in order. An empty list drops. */
export type RuleAction =
  | { readonly do: 'normal' }
  | { readonly do: 'output'; readonly port: OfPort }
  /** To whoever controls the switch; today nobody does. */
  | { readonly do: 'controller' };

export interface Rule {
  readonly table: number;
  readonly priority: number;
  /** The match as ovs-ofctl writes it; empty for "all". */
  readonly match: string;
  readonly actions: readonly RuleAction[];
  readonly createdAt: Ms;
  packetCount: number;
  byteCount: number;
}

export interface RuleTable {
  /** The rule for a packet; bits that had to be looked at are set in `mask`. undefined is a table miss. */
  lookup(flow: Uint32Array, mask: Uint32Array): Rule | undefined;
  rules(): Iterable<Rule>;
}

/** Number of the table that holds the switch's own rules. */
const internalTable = 254;

/** What is not the user's: rules that the switch itself needs. Shown by `bridge/dump-flows` only. */
export interface InternalRules {
  readonly recirculationDrop: Rule;
  /** A table miss that the controller would be told of. */
  readonly missToController: Rule;
  /** A table miss that nobody is told of. */
  readonly missDrop: Rule;
  readonly fragmentDrop: Rule;
}

export function makeInternalRules(now: Ms): InternalRules {
  const rule = (priority: number, match: string, actions: readonly RuleAction[]): Rule =>
    makeRule(internalTable, priority, match, actions, now);
  return {
    recirculationDrop: rule(2, 'recirc_id=0', []),
    missToController: rule(0, 'reg0=0x1', [{ do: 'controller' }]),
    missDrop: rule(0, 'reg0=0x2', []),
    fragmentDrop: rule(0, 'reg0=0x3', []),
  };
}

function makeRule(
  table: number,
  priority: number,
  match: string,
  actions: readonly RuleAction[],
  createdAt: Ms,
): Rule {
  return { table, priority, match, actions, createdAt, packetCount: 0, byteCount: 0 };
}

/** Of a switch without controller: standalone forwards like any Ethernet switch, secure does nothing. */
export class DefaultTable implements RuleTable {
  readonly #rule: Rule | undefined;

  constructor(failMode: 'standalone' | 'secure', now: Ms) {
    this.#rule = failMode === 'standalone' ? makeRule(0, 0, '', [{ do: 'normal' }], now) : undefined;
  }

  lookup(): Rule | undefined {
    return this.#rule;
  }

  rules(): Iterable<Rule> {
    return this.#rule === undefined ? [] : [this.#rule];
  }
}
