/**
 * Configuration that is read from a database: `db:DB,TABLE,COLUMN` names a column of targets, of references to rows
 * like those of the Manager table, or of file names for SSL. ovsdb-server(1).
 */
import { LimitedSite, logger } from '../../base/log.ts';
import type { TableView } from '../engine/database.ts';
import { atomsOf } from '../engine/datum.ts';
import { cell } from '../engine/row.ts';
import type { ColumnSchema, RowVersion } from '../engine/types.ts';
import type { Scalar } from '../schema-types.ts';
import type { ServerContext } from './context.ts';
import type { ServedDatabase } from './served.ts';

const log = logger('ovsdb_server');
const missingTarget = new LimitedSite({ perMinute: 1, burst: 1 });

export interface NamedColumn {
  readonly served: ServedDatabase;
  readonly table: TableView;
  readonly column: ColumnSchema;
}

/** A row of a table like Manager, as far as it says something. */
export interface ManagerOptions {
  readonly target: string;
  readonly maxBackoff?: number;
  readonly probeInterval?: number;
  readonly isReadOnly?: boolean;
  readonly role?: string;
  readonly dscp?: number;
}

type Databases = Pick<ServerContext, 'databases'>;

export function isDbName(name: string): boolean {
  return name.startsWith('db:');
}

/** What `name` stands for, or what is wrong with it. */
export function resolveColumn({ databases }: Databases, name: string): NamedColumn | string {
  const [dbName, tableName, columnName] = name
    .slice('db:'.length)
    .split(',')
    .filter((part) => part !== '');
  if (dbName === undefined || tableName === undefined || columnName === undefined) {
    return `"${name}": invalid syntax`;
  }
  const served = databases.get(dbName);
  if (served === undefined) return `"${name}": no database named ${dbName}`;
  const table = served.db.table(tableName);
  if (table === undefined) return `"${name}": no table named ${tableName}`;
  const column = table.schema.columnsByName.get(columnName);
  if (column === undefined) return `"${name}": table "${tableName}" has no column "${columnName}"`;
  return { served, table, column };
}

/** The strings in a column of strings; none in a column of another type. */
export function readStrings({ table, column }: NamedColumn): string[] {
  if (column.type.key.type !== 'string' || column.type.value !== undefined) return [];
  return [...table.rows()].flatMap((row) => atomsOf(cell(row, column)).map(String));
}

/** The first string that is not empty, of the column that `name` names; `name` itself when it names none. */
export function readSetting(databases: Databases, name: string | undefined): string | undefined {
  if (name === undefined || !isDbName(name)) return name;
  const column = resolveColumn(databases, name);
  return typeof column === 'string' ? undefined : readStrings(column).find((value) => value !== '');
}

/** What is wrong with a name that must stand for strings; undefined when nothing is. */
export function settingProblem(databases: Databases, name: string | undefined): string | undefined {
  if (name === undefined || !isDbName(name)) return undefined;
  const named = resolveColumn(databases, name);
  if (typeof named === 'string') return named;
  const { key, value } = named.column.type;
  if (key.type === 'string' && value === undefined) return undefined;
  return `"${name}": table "${named.table.schema.name}" column "${named.column.name}" is not string or set of strings`;
}

/** The rows that a column of references refers to, with the view of their table. */
export function rowsReferredBy({
  served,
  table,
  column,
}: NamedColumn): { table: TableView; rows: RowVersion[] } | undefined {
  const { key, value } = column.type;
  const target =
    key.refTable === undefined || value !== undefined ? undefined : served.db.table(key.refTable);
  if (target === undefined) return undefined;
  const rows: RowVersion[] = [];
  for (const row of table.rows()) {
    for (const uuid of atomsOf(cell(row, column))) {
      const referred = target.get(String(uuid));
      if (referred !== undefined) rows.push(referred);
    }
  }
  return { table: target, rows };
}

export function readManagers(column: NamedColumn): ManagerOptions[] {
  const referred = rowsReferredBy(column);
  if (referred === undefined) return [];
  return referred.rows.flatMap((row) => readManager(referred.table, row) ?? []);
}

function readManager(table: TableView, row: RowVersion): ManagerOptions | undefined {
  const target = readAtom(table, row, 'target', 'string');
  if (typeof target !== 'string') {
    const name = table.schema.name;
    log.limited('info', missingTarget, `Table \`${name}' has missing or invalid \`target' column`);
    return undefined;
  }
  const maxBackoff = readAtom(table, row, 'max_backoff', 'integer');
  const probeInterval = readAtom(table, row, 'inactivity_probe', 'integer');
  const isReadOnly = readAtom(table, row, 'read_only', 'boolean');
  const role = readAtom(table, row, 'role', 'string');
  const dscp = readDscp(table, row);
  return {
    target,
    ...(maxBackoff !== undefined && { maxBackoff: Number(maxBackoff) }),
    ...(probeInterval !== undefined && { probeInterval: Number(probeInterval) }),
    ...(isReadOnly !== undefined && { isReadOnly: isReadOnly === true }),
    ...(role !== undefined && { role: String(role) }),
    ...(dscp !== undefined && { dscp }),
  };
}

/** The value of a column that holds at most one atom of that type. */
function readAtom(table: TableView, row: RowVersion, name: string, type: string): Scalar | undefined {
  const column = table.schema.columnsByName.get(name);
  if (column === undefined || column.type.key.type !== type) return undefined;
  if (column.type.value !== undefined || column.type.max !== 1) return undefined;
  return atomsOf(cell(row, column))[0];
}

function readDscp(table: TableView, row: RowVersion): number | undefined {
  const column = table.schema.columnsByName.get('other_config');
  if (column === undefined || column.type.form !== 'map') return undefined;
  const pairs = atomsOf(cell(row, column));
  const at = pairs.findIndex((atom, i) => i % 2 === 0 && atom === 'dscp');
  const dscp = at < 0 ? Number.NaN : Number.parseInt(String(pairs[at + 1]), 10);
  return dscp >= 0 && dscp <= 63 ? dscp : undefined;
}
