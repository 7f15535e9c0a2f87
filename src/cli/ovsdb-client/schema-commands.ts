/** ovsdb-client's commands on schemas: get-schema and its parts, list-tables, list-columns, convert, needs-conversion. */

import { orderAsHashed } from '../../base/hash-order.ts';
import { compiledSchemaToJson, compileSchema, equalSchemas } from '../../ovsdb/engine/schema.ts';
import type { DatabaseSchema } from '../../ovsdb/engine/types.ts';
import type { Json } from '../../rpc/channel.ts';
import { isObject } from '../../rpc/json-value.ts';
import { type Cell, TablePrinter } from '../table.ts';
import type { ClientContext } from './context.ts';
import type { Rpc } from './rpc.ts';
import { fetchDatabaseInfo } from './target.ts';

/** Throws CommandFailed, or OvsdbError for a bad schema. */
export async function fetchSchema(rpc: Rpc, database: string): Promise<DatabaseSchema> {
  return compileSchema(await rpc.call('get_schema', [database]));
}

export async function getSchema(context: ClientContext): Promise<void> {
  const { rpc, database } = context.target;
  context.printJson(compiledSchemaToJson(await fetchSchema(rpc, database)));
}

export async function getSchemaVersion(context: ClientContext): Promise<void> {
  const { rpc, database } = context.target;
  context.print((await fetchSchema(rpc, database)).version);
}

export async function getSchemaChecksum(context: ClientContext): Promise<void> {
  const { rpc, database } = context.target;
  context.print((await fetchSchema(rpc, database)).cksum);
}

export async function listTables(context: ClientContext): Promise<void> {
  const { rpc, database } = context.target;
  const schema = await fetchSchema(rpc, database);
  const names = hashedTwice([...schema.tables.keys()]);
  const printer = new TablePrinter(context.style);
  context.write(printer.format({ headings: ['Table'], rows: names.map((text) => [{ text }]) }));
}

export async function listColumns(context: ClientContext): Promise<void> {
  const { rpc, database, args } = context.target;
  const [only] = args;
  const schema = await fetchSchema(rpc, database);
  const rows: Cell[][] = [];
  for (const name of hashedTwice([...schema.tables.keys()])) {
    const table = schema.tables.get(name);
    if (table === undefined || (only !== undefined && only !== name)) continue;
    const json = columnTypes(schema, name);
    for (const column of hashedTwice(
      table.columns.map((one) => one.name),
      ['_uuid', '_version'],
    )) {
      const type = { json: json.get(column) ?? 'uuid', type: undefined };
      rows.push(only === undefined ? [{ text: name }, { text: column }, type] : [{ text: column }, type]);
    }
  }
  const headings = only === undefined ? ['Table', 'Column', 'Type'] : ['Column', 'Type'];
  context.write(new TablePrinter(context.style).format({ headings, rows }));
}

/** Names pass through two tables in the reference: that of the JSON object, then that of the schema. */
function hashedTwice(names: readonly string[], first: readonly string[] = []): string[] {
  const once = orderAsHashed(names, (name) => name);
  return orderAsHashed([...first, ...once], (name) => name);
}

/** The types of a table's columns as the schema's JSON has them. */
function columnTypes(schema: DatabaseSchema, table: string): Map<string, Json> {
  const { tables } = compiledSchemaToJson(schema);
  const found = isObject(tables) ? tables[table] : undefined;
  const columns = isObject(found) ? found.columns : undefined;
  const types = new Map<string, Json>();
  if (!isObject(columns)) return types;
  for (const [name, column] of Object.entries(columns)) {
    if (isObject(column) && column.type !== undefined) types.set(name, column.type);
  }
  return types;
}

export async function convertDatabase(context: ClientContext): Promise<void> {
  const { rpc, database } = context.target;
  const schema = await persisted(rpc, context.fileSchema ?? (await fetchSchema(rpc, database)));
  await context.setChangeAware(rpc);
  await rpc.call('convert', [schema.name, compiledSchemaToJson(schema)]);
}

export async function needsConversion(context: ClientContext): Promise<void> {
  const { rpc, database } = context.target;
  const online = await fetchSchema(rpc, database);
  const wanted = await persisted(rpc, context.fileSchema ?? online);
  context.print(equalSchemas(wanted, online) ? 'no' : 'yes');
}

/** A cluster keeps ephemeral columns too, since every member must show the same. */
async function persisted(rpc: Rpc, schema: DatabaseSchema): Promise<DatabaseSchema> {
  const info = await fetchDatabaseInfo(rpc, schema.name);
  if (info?.model !== 'clustered') return schema;
  return compileSchema(withoutEphemeral(compiledSchemaToJson(schema)));
}

function withoutEphemeral(json: Json): Json {
  if (Array.isArray(json)) return json.map(withoutEphemeral);
  if (!isObject(json)) return json;
  const kept = Object.entries(json).filter(([name, value]) => !(name === 'ephemeral' && value === true));
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutEphemeral(value)]));
}
