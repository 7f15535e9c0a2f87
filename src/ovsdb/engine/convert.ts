/**
 * Conversion to another schema: every row whose table still exists, every column whose name still exists, read anew as
 * the new type. Used by the "convert" request.
 */
import type { Uuid } from '../../base/units.ts';
import { finishCommit, prepareCommit } from './commit.ts';
import { datumFromJson, datumToJson } from './datum.ts';
import { cell, valuesOf } from './row.ts';
import type { StoredTable } from './table.ts';
import { OpenTransaction } from './transaction.ts';
import type { ColumnSchema, Datum } from './types.ts';

/** Fills the empty tables `to` with what fits of `from`. Throws OvsdbError. */
export function convertTables(
  from: ReadonlyMap<string, StoredTable>,
  to: ReadonlyMap<string, StoredTable>,
  newUuid: () => Uuid,
): void {
  const transaction = new OpenTransaction(to, newUuid);
  for (const [name, source] of from) {
    const target = to.get(name);
    if (target !== undefined) convertTable(transaction, source, target);
  }
  prepareCommit(transaction);
  finishCommit(transaction);
}

function convertTable(transaction: OpenTransaction, source: StoredTable, target: StoredTable): void {
  for (const row of source.rows()) {
    const given: [ColumnSchema, Datum][] = [];
    for (const column of source.schema.columns) {
      const next = target.schema.columnsByName.get(column.name);
      if (next === undefined) continue;
      given.push([next, datumFromJson(next.type, datumToJson(column.type, cell(row, column)))]);
    }
    transaction.insert(target, row.uuid, valuesOf(target.schema, given));
  }
}
