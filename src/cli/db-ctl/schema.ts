/**
 * The tables that database commands may name, how a command line refers to their rows, and names by abbreviation.
 * Made once a program from its schema; ovs-vsctl(8) "Identifying Tables, Records, and Columns".
 */
import { Malformed } from '../../base/errors.ts';
import { compareBytes, toLowerAscii } from '../../base/text.ts';
import type { BaseTypeJson, ColumnJson, Integer, SchemaJson, TypeJson } from '../../ovsdb/schema-types.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isInteger, isObject, numberOf } from '../../rpc/json-value.ts';
import { CommandFailed } from './datum-text.ts';

export interface CtlColumn {
  readonly name: string;
  readonly type: TypeJson;
  readonly isMutable: boolean;
}

export interface CtlTable {
  readonly name: string;
  readonly isRoot: boolean;
  /** There is one row at most: "." names it. */
  readonly isSingleton: boolean;
  /** Sorted by name; without _uuid. */
  readonly columns: readonly CtlColumn[];
  readonly rowIds: readonly RowId[];
}

/** A way to name a row other than its uuid: by a column of its own, or by a row that refers to it. */
export interface RowId {
  /** The table that has `nameColumn`: the row's own, or that of the row that refers to it. */
  readonly table: string;
  readonly nameColumn: string;
  /** Compares the value of this key of a map instead. */
  readonly key?: string;
  /** The referring row's column that holds the row; absent when the name is the row's own. */
  readonly uuidColumn?: string;
}

export interface CtlSchema {
  readonly database: string;
  readonly version: string;
  /** Sorted by name. */
  readonly tables: readonly CtlTable[];
}

export function makeSchema(json: SchemaJson, rowIds: Readonly<Record<string, readonly RowId[]>>): CtlSchema {
  const tables = Object.entries(json.tables).map(
    ([name, table]): CtlTable => ({
      name,
      isRoot: table.isRoot === true,
      isSingleton: table.maxRows === 1,
      columns: Object.entries(table.columns)
        .map(([column, declared]) => makeColumn(column, declared))
        .sort((a, b) => compareBytes(a.name, b.name)),
      rowIds: rowIds[name] ?? [],
    }),
  );
  tables.sort((a, b) => compareBytes(a.name, b.name));
  return { database: json.name, version: json.version, tables };
}

export function tableNamed(schema: CtlSchema, name: string): CtlTable {
  const found = schema.tables.find((table) => table.name === name);
  if (found === undefined) throw new Error(`no table ${name} in the schema`);
  return found;
}

export function columnNamed(table: CtlTable, name: string): CtlColumn {
  const found = table.columns.find((column) => column.name === name);
  if (found === undefined) throw new Error(`no column ${name} in table ${table.name}`);
  return found;
}

/** By unique abbreviation. Throws CommandFailed. */
export function findTable(schema: CtlSchema, given: string): CtlTable {
  const matches = bestMatches(schema.tables, given);
  const [match] = matches;
  if (match === undefined) throw new CommandFailed(`unknown table "${given}"`);
  if (matches.length === 1) return match;
  throw new CommandFailed(`"${given}" matches multiple table names: ${listNames(matches)}`);
}

/** By unique abbreviation. Throws CommandFailed. */
export function findColumn(table: CtlTable, given: string): CtlColumn {
  const matches = bestMatches(table.columns, given);
  const [match] = matches;
  if (match === undefined) {
    throw new CommandFailed(`${table.name} does not contain a column whose name matches "${given}"`);
  }
  if (matches.length === 1) return match;
  throw new CommandFailed(
    `${table.name} contains more than one column whose name matches "${given}": ${listNames(matches)}`,
  );
}

function listNames(matches: readonly { name: string }[]): string {
  return matches
    .map((m) => m.name)
    .sort(compareBytes)
    .join(', ');
}

/** An exact name beats one that differs in case or dashes, which beats abbreviations. */
function bestMatches<T extends { readonly name: string }>(all: readonly T[], given: string): T[] {
  const exact = all.find((one) => one.name === given);
  if (exact !== undefined) return [exact];
  const wanted = fold(given);
  const same = all.filter((one) => fold(one.name) === wanted);
  if (same.length > 0) return same;
  return wanted === '' ? [] : all.filter((one) => fold(one.name).startsWith(wanted));
}

function fold(name: string): string {
  return toLowerAscii(name).replaceAll('-', '_');
}

function makeColumn(name: string, declared: ColumnJson): CtlColumn {
  return {
    name,
    type: typeof declared.type === 'string' ? longType(declared.type) : declared.type,
    isMutable: declared.mutable !== false,
  };
}

/** A type in its long form. A schema's text may write types and base types by name. Throws Malformed. */
export function longType(json: Json): TypeJson {
  if (typeof json === 'string') return { key: { type: typeName(json) } };
  const { key, value, min, max } = objectOf(json);
  return {
    key: longBase(key),
    ...(value !== undefined && { value: longBase(value) }),
    ...(typeof min === 'number' && { min }),
    ...((typeof max === 'number' || max === 'unlimited') && { max }),
  };
}

function longBase(json: Json | undefined): BaseTypeJson {
  if (typeof json === 'string') return { type: typeName(json) };
  const base = objectOf(json);
  const allowed = enumOf(base.enum);
  return {
    type: typeName(base.type),
    ...(allowed !== undefined && { enum: ['set', allowed] as const }),
    ...bounds(base),
    ...(typeof base.refTable === 'string' && { refTable: base.refTable }),
    ...((base.refType === 'strong' || base.refType === 'weak') && { refType: base.refType }),
  };
}

function bounds(base: JsonObject): Partial<BaseTypeJson> {
  const found: { -readonly [N in keyof BaseTypeJson]?: BaseTypeJson[N] } = {};
  for (const name of ['minInteger', 'maxInteger'] as const) {
    const value = base[name] ?? null;
    if (isInteger(value)) found[name] = value;
  }
  for (const name of ['minReal', 'maxReal', 'minLength', 'maxLength'] as const) {
    const value = numberOf(base[name] ?? null);
    if (value !== undefined) found[name] = Number(value);
  }
  return found;
}

/** The atoms of an enum, which may be a single one. */
function enumOf(json: Json | undefined): (string | Integer)[] | undefined {
  if (json === undefined) return undefined;
  const atoms: readonly Json[] = Array.isArray(json) && Array.isArray(json[1]) ? json[1] : [json];
  return atoms.flatMap((atom) => (typeof atom === 'string' ? atom : (numberOf(atom) ?? [])));
}

function typeName(json: Json | undefined): BaseTypeJson['type'] {
  switch (json) {
    case 'integer':
    case 'real':
    case 'boolean':
    case 'string':
    case 'uuid':
      return json;
    default:
      throw new Malformed('ovsdb schema', 0, 'unknown type');
  }
}

function objectOf(json: Json | undefined): JsonObject {
  if (isObject(json)) return json;
  throw new Malformed('ovsdb schema', 0, 'expected an object');
}
