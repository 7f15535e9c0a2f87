/**
 * Rows: reading their columns, making them from JSON and back. Used throughout the engine, by monitors and the log.
 */

import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isObject } from '../../rpc/json-value.ts';
import type { UuidNames } from './atom.ts';
import { datumFromJson, datumToJson } from './datum.ts';
import { syntaxError } from './errors.ts';
import type { ColumnSchema, Datum, RowVersion, TableSchema } from './types.ts';

/** The value of `column`, which may be _uuid or _version. */
export function cell(row: RowVersion, column: ColumnSchema): Datum {
  const { index } = column;
  if (index >= 0) return row.values[index] ?? column.defaultValue;
  return index === -1 ? row.uuid : row.version;
}

export function rowToJson(row: RowVersion, columns: Iterable<ColumnSchema>): JsonObject {
  const json: Record<string, Json> = {};
  for (const column of columns) json[column.name] = datumToJson(column.type, cell(row, column));
  return json;
}

/** The columns that `json` names, with their values; _uuid and _version among them when it names those. */
export function readRowJson(table: TableSchema, json: Json, uuidNames?: UuidNames): [ColumnSchema, Datum][] {
  if (!isObject(json)) throw syntaxError(json, 'row must be JSON object');
  const read: [ColumnSchema, Datum][] = [];
  for (const name of Object.keys(json)) {
    const column = table.columnsByName.get(name);
    if (column === undefined)
      throw syntaxError(json, `No column ${name} in table ${table.name}.`, 'unknown column');
    read.push([column, datumFromJson(column.type, json[name] ?? null, uuidNames)]);
  }
  return read;
}

/** Default values with `given` put in; what it gives for _uuid and _version has no place in them. */
export function valuesOf(table: TableSchema, given: readonly (readonly [ColumnSchema, Datum])[]): Datum[] {
  const values: Datum[] = [];
  for (const column of table.columns) values.push(column.defaultValue);
  for (const [column, value] of given) if (column.index >= 0) values[column.index] = value;
  return values;
}

/** A text that two values, or lists of values, share only when they are equal. */
export function keyOf(values: readonly Datum[]): string {
  return JSON.stringify(values, (_, value: unknown) =>
    typeof value === 'bigint' ? { bigint: String(value) } : value,
  );
}
