/**
 * Applies a record of the log to a database in memory. Used when a file is opened, and by ovsdb-tool to convert one.
 */

import { uuid as asUuid, type Uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import { JsonError } from '../../rpc/json.ts';
import { isInteger, isObject } from '../../rpc/json-value.ts';
import { readUuid } from '../atom.ts';
import type { Database } from '../engine/database.ts';
import { datumFromJson, equalDatums } from '../engine/datum.ts';
import { applyDiff, differenceType } from '../engine/datum-algebra.ts';
import { OvsdbError, syntaxError } from '../engine/errors.ts';
import { valuesOf } from '../engine/row.ts';
import type { StoredTable } from '../engine/table.ts';
import type { OpenTransaction } from '../engine/transaction.ts';
import type { Datum, TableSchema } from '../engine/types.ts';
import type { LogFile } from './log-file.ts';
import { type RecordView, scanRecord, viewOf } from './record-scan.ts';

export interface ReplayOptions {
  /** Tables and columns that the schema does not have are left out instead of refused. */
  readonly isConverting: boolean;
}

/** What a record came to: applied; not understood; or understood, but against the schema's constraints. */
export type Replayed =
  | { readonly kind: 'applied' }
  | { readonly kind: 'unreadable' | 'inconsistent'; readonly error: OvsdbError };

/** Applies the record whose bytes `file` has read. Unless it is applied, nothing of it is. */
export function replayRecord(
  database: Database,
  file: Pick<LogFile, 'parse'>,
  data: Buffer,
  options: ReplayOptions,
): Replayed {
  let kind: 'unreadable' | 'inconsistent' = 'unreadable';
  try {
    database.replay((transaction) => {
      const isTable = (name: string) => transaction.tables.has(name);
      const record = scanRecord(data, isTable) ?? viewOf(file.parse(data), isTable);
      replayRows(transaction, record, file, data, options);
      kind = 'inconsistent';
    });
    return { kind: 'applied' };
  } catch (error) {
    if (error instanceof OvsdbError) return { kind, error };
    throw error;
  }
}

interface Replay extends ReplayOptions {
  readonly transaction: OpenTransaction;
  readonly isDiff: boolean;
}

function replayRows(
  transaction: OpenTransaction,
  record: RecordView,
  file: Pick<LogFile, 'parse'>,
  data: Buffer,
  options: ReplayOptions,
): void {
  const isDiff = record.notes.get('_is_diff') === true;
  const replay: Replay = { isConverting: options.isConverting, transaction, isDiff };
  for (const [name, value] of record.notes) {
    if (options.isConverting || isNote(name, value)) continue;
    throw syntaxError(file.parse(data), `No table named ${name}.`, 'unknown table');
  }
  try {
    record.forEachRow((name, text, json) => {
      const uuid = readUuid(text);
      if (uuid === undefined) throw syntaxError(file.parse(data)[name], `"${text}" is not a valid UUID`);
      const table = transaction.tables.get(name);
      if (table !== undefined) replayRow(replay, table, asUuid(uuid), json);
    });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    file.parse(data); // says where in the record it is not JSON
    throw error;
  }
}

/** Members that are no tables. */
function isNote(name: string, value: Json): boolean {
  if (name === '_comment') return true;
  return (name === '_date' && isInteger(value)) || (name === '_is_diff' && typeof value === 'boolean');
}

function replayRow(replay: Replay, table: StoredTable, uuid: Uuid, json: Json): void {
  const { transaction } = replay;
  const slot = table.slot(uuid);
  if (json === null) {
    if (slot === undefined)
      throw syntaxError(undefined, `transaction deletes row ${uuid} that does not exist`);
    transaction.delete(slot);
  } else if (slot?.row !== undefined) {
    transaction.modify(slot, readValues(replay, table.schema, slot.row.values.slice(), json));
  } else {
    transaction.insert(table, uuid, readValues(replay, table.schema, valuesOf(table.schema, []), json));
  }
}

/** Puts the columns of `json` into `values`. */
function readValues(replay: Replay, table: TableSchema, values: Datum[], json: Json): Datum[] {
  if (!isObject(json)) throw syntaxError(json, 'row must be JSON object');
  for (const name of Object.keys(json)) {
    const column = table.columnsByName.get(name);
    if (column === undefined) {
      if (replay.isConverting) continue;
      throw syntaxError(json, `No column ${name} in table ${table.name}.`, 'unknown column');
    }
    if (column.index < 0) continue;
    const before = values[column.index];
    const isChange = replay.isDiff && before !== undefined && !equalDatums(before, column.defaultValue);
    const value = datumFromJson(isChange ? differenceType(column.type) : column.type, json[name] ?? null);
    values[column.index] = isChange ? applyDiff(column.type, before, value) : value;
  }
  return values;
}
