/** ovsdb-client backup and restore: a database's content as a database file, and back. */

import { isatty } from 'node:tty';
import { systemClock } from '../../base/clock.ts';
import { defer } from '../../base/defer.ts';
import { readFileSync } from '../../base/files.ts';
import { logger } from '../../base/log.ts';
import { randomUuid, systemRandom } from '../../base/random.ts';
import { decodeText } from '../../base/text.ts';
import { Timers } from '../../base/timers.ts';
import { MemoryFile } from '../../daemon/memory-file.ts';
import type { Database } from '../../ovsdb/engine/database.ts';
import { datumToJson, isDefaultDatum } from '../../ovsdb/engine/datum.ts';
import { compiledSchemaToJson, equalSchemas } from '../../ovsdb/engine/schema.ts';
import type { ColumnSchema, DatabaseSchema, RowVersion } from '../../ovsdb/engine/types.ts';
import { emitRecord } from '../../ovsdb/storage/record.ts';
import { openStore } from '../../ovsdb/storage/store.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import type { ClientContext } from './context.ts';
import { rowsOf } from './data-commands.ts';
import { fetchSchema } from './schema-commands.ts';
import { checkResults } from './wait.ts';

const log = logger('ovsdb_client');

export async function backup(context: ClientContext): Promise<void> {
  if (isatty(1))
    throw new CommandFailed('not writing backup to a terminal; please redirect stdout to a file');
  const { rpc, database } = context.target;
  const schema = await fetchSchema(rpc, database);
  const tables = [...schema.tables.values()];
  const selects = tables.map((table) => ({
    op: 'select',
    table: table.name,
    where: [],
    columns: ['_uuid', ...table.columns.filter((column) => column.isPersistent).map(({ name }) => name)],
  }));
  const results = await rpc.call('transact', [database, ...selects]);
  if (!Array.isArray(results) || results.length !== tables.length) {
    throw new CommandFailed(`reply is not array of ${tables.length} elements: ${formatJson(results)}`);
  }
  const contents: Record<string, Json> = {};
  for (const [i, { name }] of tables.entries()) {
    const rows = rowsOf(name, results[i]);
    if (rows.length > 0) contents[name] = Object.fromEntries(rows.map((row) => storedRow(name, row)));
  }
  const annotated = {
    ...contents,
    _comment: 'produced by "ovsdb-client backup"',
    _date: Math.round(systemClock.wall()),
    _is_diff: true,
  };
  context.write(decodeText(emitRecord(formatJson(compiledSchemaToJson(schema)))));
  context.write(decodeText(emitRecord(formatJson(annotated))));
}

function storedRow(table: string, row: JsonObject): [string, JsonObject] {
  const { _uuid: id, ...columns } = row;
  if (!Array.isArray(id) || typeof id[1] !== 'string') {
    throw new CommandFailed(`${table} table reply row lacks _uuid member: ${formatJson(row)}`);
  }
  return [id[1], columns];
}

export async function restore(context: ClientContext): Promise<void> {
  if (isatty(0))
    throw new CommandFailed('not reading backup from a terminal; please redirect stdin from a file');
  const { rpc, database } = context.target;
  const saved = readBackup();
  const online = await fetchSchema(rpc, database);
  if (!equalSchemas(saved.schema, online)) checkDifference(context, saved.schema, online);
  const operations = saved
    .tables()
    .flatMap((table) => [
      { op: 'delete', table: table.schema.name, where: [] },
      ...[...table.rows()].map((row) => insertOperation(table.schema.name, table.schema.columns, row)),
    ]);
  checkResults(await rpc.call('transact', [saved.schema.name, ...operations]));
}

/** Standard input as a database. It may be a pipe, and a log is read in places: so it goes through a file. */
function readBackup(): Database {
  using file = MemoryFile.create();
  file.write(readFileSync(0));
  const deps = { timers: new Timers(systemClock), newUuid: randomUuid, random: systemRandom, defer };
  return openStore(file.path, deps, { isReadOnly: true }).database;
}

function checkDifference(context: ClientContext, saved: DatabaseSchema, online: DatabaseSchema): void {
  const difference =
    saved.version === online.version
      ? `backup schema and database schema are both version ${saved.version} but still differ`
      : `backup schema has version "${saved.version}" but database schema has version "${online.version}"`;
  if (context.isForced) {
    log.info(difference);
    return;
  }
  throw new CommandFailed(
    `${difference} (use --force to override differences, or "ovsdb-client convert" to change the schema)`,
  );
}

function insertOperation(table: string, columns: readonly ColumnSchema[], row: RowVersion): JsonObject {
  const values: Record<string, Json> = {};
  for (const column of columns) {
    const datum = row.values[column.index];
    if (!column.isPersistent || datum === undefined || isDefaultDatum(column.type, datum)) continue;
    values[column.name] = withRowNames(datumToJson(column.type, datum));
  }
  return { op: 'insert', table, 'uuid-name': rowName(row.uuid), row: values };
}

/** References become names, since the server gives the rows new uuids. */
function withRowNames(json: Json): Json {
  if (!Array.isArray(json)) return json;
  const [kind, id] = json;
  if (kind === 'uuid' && typeof id === 'string' && json.length === 2) return ['named-uuid', rowName(id)];
  return json.map(withRowNames);
}

function rowName(id: string): string {
  return `row${id.replaceAll('-', '_')}`;
}
