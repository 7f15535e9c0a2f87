/** Which rules a request or a change is about: OpenFlow 1.5.1 section 6.4 and 7.3.5.2. */
import type { Match } from '../../flow/match.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { anyGroup } from '../../openflow/messages/flow-mod.ts';
import { allTables } from '../../openflow/messages/tables.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import { someAction } from './actions-within.ts';
import type { FlowTable } from './flow-table.ts';
import { type FlowTables, internalTable } from './flow-tables.ts';
import type { Rule } from './rule.ts';

export interface FlowQuery {
  /** 255 for all but that of the switch's own rules. */
  readonly table: number;
  /** Rules that match no other packets than this does. */
  readonly match: Match;
  /** Rules whose cookie has the bits of `cookie` under `cookieMask`. */
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  /** Rules that send packets there; ANY for all. */
  readonly outPort: number;
  readonly outGroup: number;
}

const wholeCookie = 0xffffffffffffffffn;

/** Those of a version, without the ones that users do not see. */
export function* findRules(tables: FlowTables, query: FlowQuery, version: number): IterableIterator<Rule> {
  for (const rule of candidates(tables, query)) {
    if (rule.isVisible(version) && !rule.isHidden && isAskedFor(rule, query)) yield rule;
  }
}

/** The one of exactly that match and priority in each table. */
export function* findRulesStrictly(
  tables: FlowTables,
  query: FlowQuery & { readonly priority: number },
  version: number,
): IterableIterator<Rule> {
  for (const { rules } of tablesOf(tables, query)) {
    const rule = rules.find(query.match, query.priority, version);
    if (rule !== undefined && isAskedFor(rule, query)) yield rule;
  }
}

function* candidates(tables: FlowTables, query: FlowQuery): IterableIterator<Rule> {
  const known = query.cookieMask === wholeCookie ? tables.cookies.find(query.cookie) : undefined;
  if (known === undefined) {
    for (const { rules } of tablesOf(tables, query)) yield* rules.within(query.match);
    return;
  }
  for (const rule of known) {
    const isInTable = query.table === allTables ? rule.table !== internalTable : rule.table === query.table;
    if (isInTable && tables.table(rule.table).rules.isWithin(rule, query.match)) yield rule;
  }
}

function* tablesOf(tables: FlowTables, { table }: FlowQuery): IterableIterator<FlowTable> {
  if (table !== allTables) yield tables.table(table);
  else for (const one of tables.tables()) if (one.number !== internalTable) yield one;
}

function isAskedFor(rule: Rule, query: FlowQuery): boolean {
  return ((rule.cookie ^ query.cookie) & query.cookieMask) === 0n && sendsTo(rule, query);
}

/** Does it send packets to that port and that group? Any will do where none is told. */
export function sendsTo(
  rule: Pick<Rule, 'actions'>,
  { outPort, outGroup }: Pick<FlowQuery, 'outPort' | 'outGroup'>,
): boolean {
  return (
    (outPort === reservedPorts.ANY || someAction(rule.actions, (action) => isOutputTo(action, outPort))) &&
    (outGroup === anyGroup ||
      someAction(rule.actions, (action) => action.do === 'group' && action.group === outGroup))
  );
}

function isOutputTo(action: Action, port: number): boolean {
  if (action.do === 'output' || action.do === 'enqueue') return action.port === port;
  return action.do === 'controller' && port === reservedPorts.CONTROLLER;
}
