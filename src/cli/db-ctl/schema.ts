/**
 * The tables that database commands may name, how a command line refers to their rows, and names by abbreviation.
 * Made once a program from its schema; ovs-vsctl(8) "Identifying Tables, Records, and Columns".
 */
import { compareBytes, toLowerAscii } from '../../base/text.ts';
import { compileType } from '../../ovsdb/engine/column-type.ts';
import type { ColumnType } from '../../ovsdb/engine/types.ts';
import type { ColumnJson, SchemaJson } from '../../ovsdb/schema-types.ts';
import { CommandFailed } from './datum-text.ts';

export class CtlColumn {
  readonly name: string;
  readonly isMutable: boolean;
  readonly #declared: ColumnJson['type'];
  #type: ColumnType | undefined;

  constructor(name: string, { type, mutable }: ColumnJson) {
    this.name = name;
    this.isMutable = mutable !== false;
    this.#declared = type;
  }

  /** Compiled when first asked for: a command needs few of the columns. */
  get type(): ColumnType {
    this.#type ??= compileType(this.#declared);
    return this.#type;
  }
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
        .map(([column, declared]) => new CtlColumn(column, declared))
        .sort((a, b) => compareBytes(a.name, b.name)),
      rowIds: (Object.hasOwn(rowIds, name) ? rowIds[name] : undefined) ?? [],
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
