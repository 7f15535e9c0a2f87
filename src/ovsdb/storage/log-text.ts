/**
 * What the log's records say: a commit as its JSON text, and the whole contents of a database as one. The form is that
 * of ovsdb(5) as the reference 3.1 writes it: "_is_diff" means that changed sets and maps are given by their
 * differences. Used by `store.ts` and ovsdb-tool.
 */
import { encodeText } from '../../base/text.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { emitJson } from '../../rpc/json.ts';
import { datumToJson, equalDatums } from '../engine/datum.ts';
import { diffForLog } from '../engine/datum-algebra.ts';
import type { ColumnSchema, Commit, RowUpdate, RowVersion, TableContents } from '../engine/types.ts';

/** The JSON text of a commit; undefined when it has nothing to store (ephemeral columns only). */
export function emitCommit(commit: Commit, wall: number): string | undefined {
  const diffs = rowsOf(commit, true);
  const tables = diffs ?? rowsOf(commit, false);
  if (tables === undefined || tables.size === 0) return undefined;
  // By hand: an object whose keys are the uuids would be slow to make and to print.
  let text = '{';
  for (const [table, rows] of tables) text += `${JSON.stringify(table)}:{${rows}},`;
  if (commit.comment !== undefined) text += `"_comment":${emitJson(commit.comment)},`;
  if (diffs !== undefined) text += '"_is_diff":true,';
  return `${text}"_date":${Math.floor(wall)}}`;
}

/**
 * The changed rows of each table as the members of a JSON object. Undefined when `isDiff` is wanted but a difference
 * would be read wrongly.
 */
function rowsOf(commit: Commit, isDiff: boolean): ReadonlyMap<string, string> | undefined {
  const tables = new Map<string, string>();
  for (const change of commit.changes) {
    const row = rowOf(change, isDiff);
    if (row === undefined) return undefined;
    if (row === 'nothing') continue;
    const { name } = change.table;
    const before = tables.get(name);
    const member = `"${change.uuid}":${row === null ? 'null' : emitJson(row)}`;
    tables.set(name, before === undefined ? member : `${before},${member}`);
  }
  return tables;
}

function rowOf(change: RowUpdate, isDiff: boolean): JsonObject | null | 'nothing' | undefined {
  const { before, after, table } = change;
  if (after === undefined) return null;
  if (before === undefined) return newRow(after, table.columns);
  const json: Record<string, Json> = {};
  let isEmpty = true;
  for (const index of change.changed) {
    const column = table.columns[index];
    if (column?.isPersistent !== true) continue;
    const value = isDiff ? differenceIn(before, after, column) : (after.values[index] ?? column.defaultValue);
    if (value === undefined) return undefined;
    json[column.name] = datumToJson(column.type, value);
    isEmpty = false;
  }
  return isEmpty ? 'nothing' : json;
}

function differenceIn(
  before: RowVersion,
  after: RowVersion,
  column: ColumnSchema,
): ReturnType<typeof diffForLog> {
  const { type, index, defaultValue } = column;
  return diffForLog(
    type,
    before.values[index] ?? defaultValue,
    after.values[index] ?? defaultValue,
    defaultValue,
  );
}

/** Only what differs from the defaults. */
function newRow(row: RowVersion, columns: readonly ColumnSchema[]): JsonObject {
  const json: Record<string, Json> = {};
  for (const column of columns) {
    const value = row.values[column.index];
    if (!column.isPersistent || value === undefined || equalDatums(value, column.defaultValue)) continue;
    json[column.name] = datumToJson(column.type, value);
  }
  return json;
}

export interface SnapshotOptions {
  readonly comment: string;
  readonly wall: number;
  /** The server marks its snapshots as it does every record; ovsdb-tool does not. */
  readonly isDiff: boolean;
}

/** The contents of a database as the text of one record, in pieces of about `pieceSize` bytes. */
export function* emitSnapshot(
  tables: Iterable<TableContents>,
  options: SnapshotOptions,
  pieceSize = 256 * 1024,
): Generator<Buffer> {
  let text = '{';
  for (const { schema, rows } of contentsOf(tables)) {
    let isFirst = true;
    for (const row of rows) {
      text += isFirst ? `${JSON.stringify(schema.name)}:{` : ',';
      isFirst = false;
      text += `"${row.uuid}":${emitJson(newRow(row, schema.columns))}`;
      if (text.length < pieceSize) continue;
      yield encodeText(text);
      text = '';
    }
    if (!isFirst) text += '},';
  }
  const isDiff = options.isDiff ? '"_is_diff":true,' : '';
  yield encodeText(
    `${text}"_comment":${emitJson(options.comment)},${isDiff}"_date":${Math.floor(options.wall)}}`,
  );
}

/** The rows as they are now, whatever happens while the text is made. */
function contentsOf(
  tables: Iterable<TableContents>,
): { schema: TableContents['schema']; rows: RowVersion[] }[] {
  return [...tables].map((table) => ({ schema: table.schema, rows: [...table.rows()] }));
}
