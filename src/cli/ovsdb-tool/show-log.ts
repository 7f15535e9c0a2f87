/** ovsdb-tool show-log: prints the records of a standalone database's file, with -m the rows, with -mm their columns. */

import { strftime } from '../../base/strftime.ts';
import { datumFromJson, formatDatum } from '../../ovsdb/engine/datum.ts';
import { OvsdbError } from '../../ovsdb/engine/errors.ts';
import { compileSchema } from '../../ovsdb/engine/schema.ts';
import type { DatabaseSchema } from '../../ovsdb/engine/types.ts';
import type { LogFile } from '../../ovsdb/storage/log-file.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import type { ToolContext } from './context.ts';

/** Throws OvsdbError at a record that cannot be read. */
export function showLog(file: LogFile, context: ToolContext): void {
  const printer = new LogPrinter(context);
  let number = 0;
  for (let record = file.read(); record !== undefined; record = file.read()) {
    context.print(`record ${number++}:`);
    printer.print(record);
    context.print('\n');
  }
}

class LogPrinter {
  readonly #context: ToolContext;
  #schema: DatabaseSchema | undefined;
  /** What rows are called: their "name" column, or the start of their uuid. */
  readonly #names = new Map<string, string>();

  constructor(context: ToolContext) {
    this.#context = context;
  }

  print(record: JsonObject): void {
    if (this.#schema === undefined) {
      this.#schema = compileSchema(record);
      const { name, version, cksum } = this.#schema;
      this.#context.print(` "${name}" schema, version="${version}", cksum="${cksum}"\n`);
      return;
    }
    const { _date: date, _comment: comment } = record;
    // Old versions wrote seconds.
    if (typeof date === 'number') {
      const wall = date < 2 ** 31 - 1 ? date * 1000 : date;
      this.#context.print(strftime(' %Y-%m-%d %H:%M:%S.###', wall, 'utc'));
    }
    if (typeof comment === 'string') this.#context.print(` "${comment}"`);
    if (this.#context.verbosity > 0) this.#printTables(record);
  }

  #printTables(record: JsonObject): void {
    const isDiff = record._is_diff === true;
    let isFirst = true;
    for (const [table, rows] of Object.entries(record)) {
      if (table.startsWith('_') || !isObject(rows)) continue;
      if (isFirst) this.#context.print('\n');
      isFirst = false;
      for (const [uuid, columns] of Object.entries(rows)) this.#printRow(table, uuid, columns, isDiff);
    }
  }

  #printRow(table: string, uuid: string, columns: Json, isDiff: boolean): void {
    const short = uuid.slice(0, 8);
    const oldName = this.#names.get(uuid);
    const nameJson = isObject(columns) ? columns.name : undefined;
    const newName = nameJson === undefined ? undefined : formatJson(nameJson, { isSorted: true });
    let what = ` row ${oldName} (${short})${isDiff ? ' diff' : ''}`;
    if (oldName === undefined)
      what = newName === undefined ? ` insert row ${short}` : ` insert row ${newName} (${short})`;
    this.#context.print(`  table ${table}${what}:\n`);
    if (isObject(columns)) {
      if (this.#context.verbosity > 1) this.#printColumns(table, columns);
      this.#names.set(uuid, newName ?? oldName ?? short);
    } else if (columns === null) {
      this.#context.print('    delete row\n');
      this.#names.delete(uuid);
    }
  }

  #printColumns(table: string, columns: JsonObject): void {
    for (const [column, value] of Object.entries(columns)) {
      this.#context.print(`    ${column}=${this.#format(table, column, value)}\n`);
    }
  }

  /** As the column's type prints it; as JSON where it does not fit the type. */
  #format(table: string, column: string, value: Json): string {
    const type = this.#schema?.tables.get(table)?.columnsByName.get(column)?.type;
    try {
      if (type !== undefined) return formatDatum(type, datumFromJson(type, value));
    } catch (error) {
      if (!(error instanceof OvsdbError)) throw error;
    }
    return formatJson(value, { isSorted: true });
  }
}
