/**
 * Finds the rows that a "where" selects: by uuid or by an index where the condition allows, else by looking at all.
 */
import type { RowCondition } from './condition.ts';
import { uuidIndex } from './schema.ts';
import type { Slot, StoredTable } from './table.ts';
import type { ColumnSchema, Datum } from './types.ts';

/** The slots whose rows match every clause, gathered before the caller changes any. */
export function findSlots(table: StoredTable, condition: RowCondition): Slot[] {
  const found: Slot[] = [];
  for (const slot of candidates(table, condition)) {
    if (slot.row !== undefined && condition.matchesEvery(slot.row)) found.push(slot);
  }
  return found;
}

function candidates(table: StoredTable, condition: RowCondition): Iterable<Slot> {
  const wanted = wantedValues(condition);
  for (const [column, value] of wanted) {
    if (column.index !== uuidIndex) continue;
    const slot = typeof value === 'string' ? table.slot(value) : undefined;
    return slot === undefined ? [] : [slot];
  }
  for (const index of table.indexes) {
    const values = index.columns.map((column) => wanted.get(column));
    if (isComplete(values)) return index.slotsAt(index.keyOfValues(values));
  }
  return table.slots();
}

/** The columns that must have one certain value. */
function wantedValues(condition: RowCondition): Map<ColumnSchema, Datum> {
  const wanted = new Map<ColumnSchema, Datum>();
  for (const clause of condition.clauses) {
    if (clause.column === undefined) continue;
    const isExact =
      clause.function === '==' || (clause.function === 'includes' && clause.column.type.form === 'scalar');
    if (isExact) wanted.set(clause.column, clause.argument);
  }
  return wanted;
}

function isComplete(values: readonly (Datum | undefined)[]): values is readonly Datum[] {
  return !values.includes(undefined);
}
