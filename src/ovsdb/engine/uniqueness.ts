/**
 * The limits a schema sets on a table as a whole: "maxRows" and "indexes" (RFC 7047 section 3.2). Checked when a
 * transaction commits.
 */
import { compareDatums, equalDatums, formatDatum } from './datum.ts';
import { OvsdbError } from './errors.ts';
import { cell } from './row.ts';
import type { Slot, StoredTable } from './table.ts';
import type { OpenTransaction } from './transaction.ts';
import type { ColumnSchema, RowVersion } from './types.ts';

/** Throws OvsdbError. */
export function checkRowCounts(transaction: OpenTransaction): void {
  for (const { table } of transaction.edited) {
    const { schema, size } = table;
    if (size <= schema.maxRows) continue;
    throw new OvsdbError(
      'constraint violation',
      `transaction causes "${schema.name}" table to contain ${size} rows, greater than the schema-defined limit of ${schema.maxRows} row(s)`,
    );
  }
}

/** Throws OvsdbError when rows share the values of an index. */
export function checkIndexes(transaction: OpenTransaction): void {
  for (const { table, row } of transaction.edited) {
    if (row === undefined) continue;
    for (const index of table.indexes) {
      const [a, b] = index.slotsAt(index.keyOfRow(row));
      if (a?.row !== undefined && b?.row !== undefined) throw duplicate(index.columns, a, a.row, b, b.row);
    }
  }
}

function duplicate(
  columns: readonly ColumnSchema[],
  a: Slot,
  rowA: RowVersion,
  b: Slot,
  rowB: RowVersion,
): OvsdbError {
  // The order is arbitrary; the reference's puts the greater first.
  const isSwapped = compareRows(rowA, rowB, a.table) < 0;
  const [first, second] = isSwapped ? [b, a] : [a, b];
  const values = formatColumns(rowA, columns);
  const what = `Transaction causes multiple rows in "${a.table.schema.name}" table to have identical values (${values})`;
  const why = `${what} for index on ${nameColumns(columns)}.  ${explain('First', first, columns)}  ${explain('Second', second, columns)}`;
  return new OvsdbError('constraint violation', why);
}

/** By every column, then by uuid. */
function compareRows(a: RowVersion, b: RowVersion, table: StoredTable): number {
  for (const column of table.schema.columns) {
    const order = compareDatums(column.type, cell(a, column), cell(b, column));
    if (order !== 0) return order;
  }
  return a.uuid < b.uuid ? -1 : 1;
}

function explain(title: string, slot: Slot, columns: readonly ColumnSchema[]): string {
  return `${title} row, with UUID ${slot.uuid}, ${history(slot, columns)}`;
}

function history(slot: Slot, columns: readonly ColumnSchema[]): string {
  if (slot.edit === undefined) {
    return 'existed in the database before this transaction and was not modified by the transaction.';
  }
  const { before } = slot.edit;
  const { row } = slot;
  if (before === undefined) return 'was inserted by this transaction.';
  if (row !== undefined && columns.every((column) => equalDatums(cell(before, column), cell(row, column)))) {
    return "existed in the database before this transaction, which modified some of the row's columns but not any columns in this index.";
  }
  return `had the following index values before the transaction: ${formatColumns(before, columns)}.`;
}

function formatColumns(row: RowVersion, columns: readonly ColumnSchema[]): string {
  return joinEnglish(columns.map((column) => formatDatum(column.type, cell(row, column))));
}

function nameColumns(columns: readonly ColumnSchema[]): string {
  return `column${columns.length > 1 ? 's' : ''} ${joinEnglish(columns.map((column) => `"${column.name}"`))}`;
}

/** "a", "a and b", "a, b, and c". */
function joinEnglish(items: readonly string[]): string {
  if (items.length < 3) return items.join(' and ');
  return `${items.slice(0, -1).join(', ')}, and ${items.at(-1) ?? ''}`;
}
