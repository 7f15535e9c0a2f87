/** Rows as they are when nothing is set. For tests. */
import { type AnyRow, defaultValue } from '../../ovsdb/client/values.ts';
import type { Columns } from '../../ovsdb/schema-types.ts';
import { type OvsTables, openVswitch } from './index.ts';

export function emptyRow(table: keyof OvsTables): AnyRow {
  const columns: Columns = openVswitch.tables[table].columns;
  return Object.fromEntries(Object.entries(columns).map(([name, { type }]) => [name, defaultValue(type)]));
}
