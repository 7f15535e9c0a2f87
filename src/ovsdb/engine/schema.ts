/**
 * Compiles a database schema (RFC 7047 section 3.2) and gives it back as JSON in the reference's form. Used by the
 * engine, the log file, the server's "get_schema" and "convert", and ovsdb-tool.
 */

import { orderAsHashed } from '../../base/hash-order.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { columnTypeFromJson, columnTypeToJson, uuidType } from './column-type.ts';
import { defaultDatum } from './datum.ts';
import { syntaxError } from './errors.ts';
import { isId, MemberReader } from './member-reader.ts';
import type { BaseType, ColumnSchema, DatabaseSchema, TableSchema } from './types.ts';

export const uuidIndex = -1;

const standardColumns: readonly ColumnSchema[] = [
  {
    name: '_uuid',
    type: uuidType,
    index: uuidIndex,
    isMutable: false,
    isPersistent: true,
    defaultValue: defaultDatum(uuidType),
  },
  {
    name: '_version',
    type: uuidType,
    index: -2,
    isMutable: false,
    isPersistent: false,
    defaultValue: defaultDatum(uuidType),
  },
];

/** Throws OvsdbError. */
export function compileSchema(json: Json): DatabaseSchema {
  const reader = new MemberReader(json, () => 'database schema');
  const name = reader.id('name') ?? '';
  const version = reader.string('version', true);
  const cksum = reader.string('cksum', true) ?? '';
  const tablesJson = reader.object('tables') ?? {};
  failed(reader);
  if (version !== undefined && !isVersion(version)) {
    throw syntaxError(json, `schema version "${version}" not in format x.y.z`);
  }
  const drafts = new Map<string, TableDraft>();
  for (const [tableName, tableJson] of Object.entries(tablesJson)) {
    checkName(tableName, json);
    drafts.set(tableName, readTable(tableJson, tableName));
  }
  // Before "isRoot" existed there was no garbage collection, and every table was a root.
  const hasRoot = [...drafts.values()].some((table) => table.isRoot);
  if (!hasRoot) for (const table of drafts.values()) table.isRoot = true;
  for (const table of drafts.values()) for (const column of table.columns) checkReferences(column, drafts);
  const tables = byHash(byHash([...drafts.values()])).map(
    (draft) => [draft.name, compileTable(draft)] as const,
  );
  return { name, version: version ?? '', cksum, tables: new Map(tables) };
}

/** The schema as JSON; members in the order in which the reference documents them. */
export function compiledSchemaToJson(schema: DatabaseSchema): JsonObject {
  const isEveryTableRoot = [...schema.tables.values()].every((table) => table.isRoot);
  return {
    name: schema.name,
    ...(schema.version !== '' && { version: schema.version }),
    ...(schema.cksum !== '' && { cksum: schema.cksum }),
    tables: Object.fromEntries(
      [...schema.tables].map(([name, table]) => [name, tableToJson(table, isEveryTableRoot)]),
    ),
  };
}

export function equalSchemas(a: DatabaseSchema, b: DatabaseSchema): boolean {
  const text = (schema: DatabaseSchema) => formatJson(compiledSchemaToJson(schema), { isSorted: true });
  return text(a) === text(b);
}

/** "x.y.z", three decimal numbers. */
function isVersion(text: string): boolean {
  return /^[ \t-\r]*\+?[0-9]+\.[ \t-\r]*\+?[0-9]+\.[ \t-\r]*\+?[0-9]+$/.test(text);
}

interface ColumnDraft {
  readonly name: string;
  readonly type: ColumnSchema['type'];
  readonly isMutable: boolean;
  isPersistent: boolean;
}

interface TableDraft {
  readonly name: string;
  readonly columns: readonly ColumnDraft[];
  readonly isMutable: boolean;
  readonly maxRows: number;
  readonly indexes: readonly (readonly string[])[];
  isRoot: boolean;
}

function failed(reader: MemberReader): void {
  const error = reader.finish();
  if (error !== undefined) throw error;
}

function checkName(name: string, json: Json): void {
  if (name.startsWith('_')) throw syntaxError(json, 'names beginning with "_" are reserved');
  if (!isId(name)) throw syntaxError(json, 'name must be a valid id');
}

function readTable(json: Json, name: string): TableDraft {
  const reader = new MemberReader(json, () => `table schema for table ${name}`);
  const columnsJson = reader.object('columns') ?? {};
  const isMutable = reader.boolean('mutable', true) ?? true;
  const maxRows = reader.integer('maxRows', true);
  const isRoot = reader.boolean('isRoot', true) ?? false;
  const indexes = reader.array('indexes', true) ?? [];
  failed(reader);
  if (maxRows !== undefined && maxRows <= 0) throw syntaxError(json, 'maxRows must be at least 1');
  const columnEntries = Object.entries(columnsJson);
  if (columnEntries.length === 0) throw syntaxError(json, 'table must have at least one column');
  const columns = columnEntries.map(([columnName, columnJson]) => {
    checkName(columnName, json);
    return readColumn(columnJson, columnName);
  });
  return {
    name,
    columns,
    isMutable,
    maxRows: maxRows === undefined || maxRows >= 4294967295 ? Number.POSITIVE_INFINITY : Number(maxRows),
    indexes: indexes.map((index) => readIndex(index, columns, json)),
    isRoot,
  };
}

function readColumn(json: Json, name: string): ColumnDraft {
  const reader = new MemberReader(json, () => `schema for column ${name}`);
  const isMutable = reader.boolean('mutable', true) ?? true;
  const isEphemeral = reader.boolean('ephemeral', true) ?? false;
  const typeJson = reader.member('type', false, isTypeJson) ?? null;
  failed(reader);
  const type = columnTypeFromJson(typeJson);
  // A weak reference changes when its row is deleted, so it cannot be immutable.
  const hasWeakReference = isWeak(type.key) || (type.value !== undefined && isWeak(type.value));
  return { name, type, isMutable: isMutable || hasWeakReference, isPersistent: !isEphemeral };
}

function isTypeJson(json: Json): json is string | JsonObject {
  return typeof json === 'string' || isObject(json);
}

function isWeak(base: BaseType): boolean {
  return base.refTable !== undefined && base.refType === 'weak';
}

function readIndex(json: Json, columns: readonly ColumnDraft[], tableJson: Json): readonly string[] {
  const names = readColumnNames(json, (name) => name.startsWith('_') || columns.some((c) => c.name === name));
  if (names.length === 0) throw syntaxError(tableJson, 'index must have at least one column');
  for (const name of names) {
    const column = columns.find((c) => c.name === name);
    const isPersistent = column?.isPersistent ?? name === '_uuid';
    if (!isPersistent) {
      throw syntaxError(tableJson, `ephemeral columns (such as ${name}) may not be indexed`);
    }
  }
  return names;
}

/** An array of distinct column names, each of which `isColumn` knows. Throws OvsdbError. */
export function readColumnNames(json: Json, isColumn: (name: string) => boolean): readonly string[] {
  const why = 'array of distinct column names expected';
  if (!Array.isArray(json)) throw syntaxError(json, why);
  const names: string[] = [];
  for (const name of json) {
    if (typeof name !== 'string') throw syntaxError(json, why);
    if (!isColumn(name)) throw syntaxError(json, `${name} is not a valid column name`);
    if (names.includes(name)) throw syntaxError(json, why);
    names.push(name);
  }
  return names;
}

function checkReferences(column: ColumnDraft, tables: ReadonlyMap<string, TableDraft>): void {
  checkReference(column, column.type.key, 'key', tables);
  if (column.type.value !== undefined) checkReference(column, column.type.value, 'value', tables);
}

function checkReference(
  column: ColumnDraft,
  base: BaseType,
  baseName: string,
  tables: ReadonlyMap<string, TableDraft>,
): void {
  if (base.refTable === undefined) return;
  const target = tables.get(base.refTable);
  if (target === undefined) {
    throw syntaxError(
      undefined,
      `column ${column.name} ${baseName} refers to undefined table ${base.refTable}`,
    );
  }
  // If such a reference were not stored, replaying the log would lose rows that only it keeps alive.
  if (base.refType === 'strong' && !target.isRoot) column.isPersistent = true;
}

/** Tables and columns stand in the reference's hash tables, into which they come from those of JSON objects. */
function byHash<T extends { readonly name: string }>(list: readonly T[]): T[] {
  return orderAsHashed(list, ({ name }) => name);
}

function compileTable(draft: TableDraft): TableSchema {
  const columns = draft.columns.map(
    (column, index): ColumnSchema => ({ ...column, index, defaultValue: defaultDatum(column.type) }),
  );
  const every = byHash([...standardColumns, ...byHash(columns)]);
  const columnsByName = new Map(every.map((column) => [column.name, column]));
  const indexes = draft.indexes.map((names) => names.flatMap((name) => columnsByName.get(name) ?? []));
  const { name, isRoot, isMutable, maxRows } = draft;
  return { name, columns, columnsByName, isRoot, isMutable, maxRows, indexes };
}

function tableToJson(table: TableSchema, isEveryTableRoot: boolean): JsonObject {
  return {
    ...(!table.isMutable && { mutable: false }),
    ...(table.isRoot !== isEveryTableRoot && { isRoot: table.isRoot }),
    columns: Object.fromEntries(
      [...table.columnsByName.values()]
        .filter((column) => column.index >= 0)
        .map((column) => [column.name, columnToJson(column)]),
    ),
    ...(table.maxRows !== Number.POSITIVE_INFINITY && { maxRows: table.maxRows }),
    ...(table.indexes.length > 0 && {
      indexes: table.indexes.map((index) => index.map((column) => column.name)),
    }),
  };
}

function columnToJson(column: ColumnSchema): JsonObject {
  return {
    ...(!column.isMutable && { mutable: false }),
    ...(!column.isPersistent && { ephemeral: true }),
    type: columnTypeToJson(column.type),
  };
}
