/**
 * Row filters of conditional monitors: a row is wanted when any clause of "where" holds, or when there is none.
 * Clients such as ovn-controller send thousands of clauses `column == value`; those are answered by a look-up.
 */
import type { Json } from '../../../rpc/channel.ts';
import { formatJson } from '../../../rpc/json.ts';
import { type Clause, conditionFromJson, RowCondition } from '../../engine/condition.ts';
import { cell } from '../../engine/row.ts';
import type { ColumnSchema, RowVersion, TableSchema } from '../../engine/types.ts';
import type { Scalar } from '../../schema-types.ts';
import type { RowFilter } from './table-plan.ts';

/** Throws OvsdbError. */
export function readFilter(table: TableSchema, where: readonly Json[]): RowFilter {
  const condition = conditionFromJson(table, where);
  const columns = new Set<ColumnSchema>();
  const wantedValues = new Map<ColumnSchema, Set<Scalar>>();
  const others: Clause[] = [];
  for (const clause of condition.clauses) {
    const { column, argument } = clause;
    if (column !== undefined) columns.add(column);
    if (column === undefined || clause.function !== '==' || typeof argument === 'object') {
      others.push(clause);
      continue;
    }
    const values = wantedValues.get(column) ?? new Set();
    wantedValues.set(column, values.add(argument));
  }
  const key = where.length === 0 ? '' : formatJson(where, { isSorted: true });
  const isAlways = where.length === 0;
  const rest = new RowCondition(others);
  return {
    key,
    columns: [...columns],
    matches: (row) => isAlways || isAmong(row, wantedValues) || (others.length > 0 && rest.matchesAny(row)),
  };
}

function isAmong(row: RowVersion, wanted: ReadonlyMap<ColumnSchema, ReadonlySet<Scalar>>): boolean {
  for (const [column, values] of wanted) {
    const value = cell(row, column);
    if (typeof value !== 'object' && values.has(value)) return true;
  }
  return false;
}
