/** Tables and columns by the names that a program gives, which need not be those of the schema. */
import { Refused } from '../../base/errors.ts';
import type { Column, Table, TypeJson } from '../schema-types.ts';

const uuidType: TypeJson = { key: { type: 'uuid' } };

/** Throws Refused when there is none of that name. */
export function declaredTable<T>(tables: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(tables, name) ? tables[name] : undefined;
  if (found !== undefined) return found;
  throw new Refused(
    'unknown table',
    `no table ${name} in the schema, which has: ${Object.keys(tables).join(', ')}`,
  );
}

/** Throws Refused when there is none of that name. */
export function declaredColumn(tableName: string, table: Table, name: string): Column<unknown> {
  const found = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
  if (found !== undefined) return found;
  throw new Refused(
    'unknown column',
    `no column ${name} in table ${tableName}, which has: ${Object.keys(table.columns).join(', ')}`,
  );
}

/** The type of a column, `_uuid` included. Throws Refused when there is none of that name. */
export function typeOfColumn(tableName: string, table: Table, name: string): TypeJson {
  return name === '_uuid' ? uuidType : declaredColumn(tableName, table, name).type;
}
