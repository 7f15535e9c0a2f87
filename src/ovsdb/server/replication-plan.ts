/**
 * What replication has to do to a database, as operations of one transaction: pure, from the other server's
 * `<table-updates>` (RFC 7047 section 4.1.6).
 */

import type { Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { columnTypeToJson } from '../engine/column-type.ts';
import type { Database } from '../engine/database.ts';
import { OvsdbError } from '../engine/errors.ts';
import { rowToJson } from '../engine/row.ts';
import type { DatabaseSchema } from '../engine/types.ts';

/** Makes `tables` of `db` hold exactly what `contents`, the first answer to a monitor, says. */
export function planReset(db: Database, contents: Json, tables: readonly string[]): JsonObject[] {
  if (!isObject(contents)) throw new OvsdbError('Not a JSON object', '<table-updates> is not object');
  const operations: JsonObject[] = [];
  for (const table of tables) {
    const wanted = contents[table] ?? {};
    if (!isObject(wanted))
      throw new OvsdbError('Not a JSON object', '<table-update> for table is not object');
    for (const row of db.table(table)?.rows() ?? []) {
      if (!Object.hasOwn(wanted, row.uuid)) operations.push(remove(table, row.uuid));
    }
    for (const [uuid, update] of Object.entries(wanted)) operations.push(...planRow(db, table, uuid, update));
  }
  return operations;
}

/** What an `update` notification asks for. */
export function planUpdates(db: Database, updates: Json): JsonObject[] {
  if (!isObject(updates)) return [];
  return Object.entries(updates).flatMap(([table, rows]) => {
    if (!isObject(rows)) throw new OvsdbError('Not a JSON object', '<table-update> for table is not object');
    return Object.entries(rows).flatMap(([uuid, update]) => planRow(db, table, uuid, update));
  });
}

/** Why `remote` cannot be followed in a database of schema `local`; undefined when it can. */
export function whyNotReplicable(local: DatabaseSchema, remote: DatabaseSchema): string | undefined {
  for (const [name, table] of remote.tables) {
    const ours = local.tables.get(name);
    if (ours === undefined) return `Table ${name} not present in the local db schema`;
    for (const column of table.columns) {
      const known = ours.columnsByName.get(column.name);
      if (known === undefined)
        return `Column ${column.name} not present in the local db schema table ${name}.`;
      const isSame =
        known.isMutable === column.isMutable &&
        known.isPersistent === column.isPersistent &&
        formatJson([columnTypeToJson(known.type)]) === formatJson([columnTypeToJson(column.type)]);
      if (!isSame) return `Column ${column.name} mismatch in local db schema table ${name}.`;
    }
  }
  return undefined;
}

function planRow(db: Database, table: string, uuid: string, update: Json): JsonObject[] {
  const view = db.table(table);
  if (view === undefined) throw new OvsdbError('unknown table', `unknown table ${table}`);
  if (!isObject(update)) throw new OvsdbError('Not a JSON object', '<row-update> is not object');
  const row = view.get(uuid);
  const { new: wanted } = update;
  if (wanted === undefined) return row === undefined ? [] : [remove(table, uuid)];
  if (!isObject(wanted)) throw new OvsdbError('Not a JSON object', '<row> is not object');
  const { _version: _, ...columns } = wanted;
  if (row === undefined) return [{ op: 'insert', table, uuid, row: columns }];
  const present = rowToJson(row, view.schema.columns);
  const changed = Object.entries(columns).filter(([name, value]) => !isSameJson(value, present[name]));
  if (changed.length === 0) return [];
  return [{ op: 'update', table, where: whereUuid(uuid), row: Object.fromEntries(changed) }];
}

function remove(table: string, uuid: string): JsonObject {
  return { op: 'delete', table, where: whereUuid(uuid) };
}

function whereUuid(uuid: string): Json {
  return [['_uuid', '==', ['uuid', uuid]]];
}

function isSameJson(a: Json, b: Json | undefined): boolean {
  return b !== undefined && formatJson([a]) === formatJson([b]);
}
