/** ovsdb-client's commands that read or write rows once: transact, query, dump, list-dbs. */

import { compareBytes } from '../../base/text.ts';
import { uuidType } from '../../ovsdb/engine/column-type.ts';
import { compareDatums, datumFromJson, datumToJson } from '../../ovsdb/engine/datum.ts';
import type { ColumnType, Datum, TableSchema } from '../../ovsdb/engine/types.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson, JsonError, parseJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { TablePrinter } from '../table.ts';
import type { ClientContext } from './context.ts';
import { fetchSchema } from './schema-commands.ts';
import { fetchDatabases } from './target.ts';

export async function listDatabases(context: ClientContext): Promise<void> {
  for (const name of await fetchDatabases(context.target.rpc)) context.print(name);
}

/** Throws CommandFailed. */
export function parseArgument(text: string): Json {
  try {
    return parseJson(text);
  } catch (why) {
    if (!(why instanceof JsonError)) throw why;
    throw new CommandFailed(`"${text}": ${why.reason}`);
  }
}

/** The transaction of a command line, and the database that it names. Throws CommandFailed. */
export function readTransaction(text: string): { database: string; params: readonly Json[] } {
  const params = parseArgument(text);
  if (!Array.isArray(params) || typeof params[0] !== 'string')
    throw new CommandFailed('not a valid OVSDB query');
  return { database: params[0], params };
}

export async function transact(context: ClientContext): Promise<void> {
  const { params } = readTransaction(context.target.args.at(-1) ?? '');
  context.printJson(await runTransaction(context, params));
}

/** The same with an "abort" at the end, so that nothing is changed. */
export async function query(context: ClientContext): Promise<void> {
  const { params } = readTransaction(context.target.args.at(-1) ?? '');
  const results = await runTransaction(context, [...params, { op: 'abort' }]);
  context.printJson(withoutAbort(results, params.length));
}

async function runTransaction(context: ClientContext, params: readonly Json[]): Promise<Json> {
  const { rpc } = context.target;
  if (context.changeAware === true) await context.setChangeAware(rpc);
  context.daemon?.ready();
  return rpc.call('transact', params);
}

function withoutAbort(results: Json, count: number): Json {
  if (!Array.isArray(results) || results.length !== count) return results;
  const last: Json | undefined = results.at(-1);
  return isObject(last) && last.error === 'aborted' ? results.slice(0, -1) : results;
}

interface DumpColumn {
  readonly name: string;
  readonly type: ColumnType;
}

export async function dumpTables(context: ClientContext): Promise<void> {
  const { rpc, database, args } = context.target;
  const schema = await fetchSchema(rpc, database);
  const [only, ...wanted] = args;
  if (only !== undefined && !schema.tables.has(only)) throw new CommandFailed(`No table "${only}" found.`);
  const tables = [...schema.tables.values()]
    .filter(({ name }) => only === undefined || name === only)
    .sort((a, b) => compareBytes(a.name, b.name))
    .map((table) => ({ name: table.name, columns: dumpColumns(table, wanted) }));
  const results = await rpc.call('transact', [
    database,
    ...tables.map(({ name, columns }) => ({
      op: 'select',
      table: name,
      where: [],
      columns: columns.map((c) => c.name),
    })),
  ]);
  if (!Array.isArray(results) || results.length !== tables.length) {
    throw new CommandFailed(`reply is not array of ${tables.length} elements: ${formatJson(results)}`);
  }
  const printer = new TablePrinter(context.style);
  for (const [i, { name, columns }] of tables.entries()) {
    context.write(printer.format(dumpTable(name, columns, rowsOf(name, results[i]))));
  }
}

/** All but _version, or those wanted. Throws CommandFailed. */
function dumpColumns(table: TableSchema, wanted: readonly string[]): DumpColumn[] {
  const all = [...table.columnsByName.values()].filter(({ name }) => name !== '_version');
  for (const name of wanted) {
    if (!all.some((column) => column.name === name))
      throw new CommandFailed(`Table "${table.name}" has no column ${name}.`);
  }
  return all
    .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
    .sort((a, b) => compareBytes(a.name, b.name));
}

/** The rows of a "select" of one table. Throws CommandFailed. */
export function rowsOf(table: string, result: Json | undefined): JsonObject[] {
  const rows = isObject(result) ? result.rows : undefined;
  if (!Array.isArray(rows)) {
    throw new CommandFailed(
      `${table} table reply is not an object with a "rows" member array: ${formatJson(result ?? null)}`,
    );
  }
  return rows.map((row: Json, i) => {
    if (isObject(row)) return row;
    throw new CommandFailed(`row ${i} in table ${table} response is not a JSON object: ${formatJson(row)}`);
  });
}

function dumpTable(table: string, columns: readonly DumpColumn[], rows: readonly JsonObject[]) {
  const data = rows.map((row, i) =>
    columns.map(({ name, type }) => {
      const json = row[name];
      if (json === undefined)
        throw new CommandFailed(`row ${i} in table ${table} response lacks ${name} column`);
      return datumFromJson(type, json);
    }),
  );
  data.sort((a, b) => compareRows(columns, a, b));
  return {
    caption: `${table} table`,
    headings: columns.map(({ name }) => name),
    rows: data.map((row) =>
      row.map((datum, i) => {
        const type = columns[i]?.type ?? uuidType;
        return { json: datumToJson(type, datum), type };
      }),
    ),
  };
}

/** By the columns without uuids first, since those differ from one database to the next. */
function compareRows(columns: readonly DumpColumn[], a: readonly Datum[], b: readonly Datum[]): number {
  for (const isUuid of [false, true]) {
    for (const [i, { type }] of columns.entries()) {
      const [x, y] = [a[i], b[i]];
      if ((type.key.type === 'uuid') !== isUuid || x === undefined || y === undefined) continue;
      const order = compareDatums(type, x, y);
      if (order !== 0) return order;
    }
  }
  return 0;
}
