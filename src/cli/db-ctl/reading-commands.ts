/** Commands that show what any table has, or wait until it has something. ovs-vsctl(8) "Database Command Syntax". */
import { toLowerAscii } from '../../base/text.ts';
import { atomToJson, formatAtom } from '../../ovsdb/engine/atom.ts';
import { uuidType } from '../../ovsdb/engine/column-type.ts';
import { datumToJson, formatDatum } from '../../ovsdb/engine/datum.ts';
import { valueUnder } from '../../ovsdb/engine/datum-algebra.ts';
import type { Json } from '../../rpc/channel.ts';
import type { TextTable } from '../table.ts';
import { columnOfArgument, isConditionMet, readColumnAndKey } from './arguments.ts';
import type { CommandDef, CommandUse, Context, Preparation } from './command.ts';
import { many, prepareRecord, recordOf } from './command-record.ts';
import { CommandFailed, readAtom } from './datum-text.ts';
import { findRow, needRow, prepareRow } from './records.ts';
import { type CtlColumn, type CtlTable, findColumn, findTable } from './schema.ts';
import type { WorkRow } from './work.ts';

export const dbGet: CommandDef = {
  name: 'get',
  minArgs: 2,
  maxArgs: many,
  arguments: 'TABLE RECORD [COLUMN[:KEY]]...',
  options: ['--if-exists', '--id='],
  mayWrite: false,
  prepare: (command, prep) =>
    prepareRecord(
      command,
      prep,
      command.args.slice(2).filter((arg) => !isUuidColumn(arg)),
    ),
  run: get,
};

export const dbList: CommandDef = {
  name: 'list',
  minArgs: 1,
  maxArgs: many,
  arguments: 'TABLE [RECORD]...',
  options: ['--if-exists', '--columns='],
  mayWrite: false,
  prepare: prepareList,
  run: list,
};

export const dbFind: CommandDef = {
  name: 'find',
  minArgs: 1,
  maxArgs: many,
  arguments: 'TABLE [COLUMN[:KEY]=VALUE]...',
  options: ['--columns='],
  mayWrite: false,
  prepare: prepareFind,
  run: find,
};

export const dbWaitUntil: CommandDef = {
  name: 'wait-until',
  minArgs: 2,
  maxArgs: many,
  arguments: 'TABLE RECORD [COLUMN[:KEY]=VALUE]...',
  options: [],
  mayWrite: false,
  prepare: (command, prep) => prepareRecord(command, prep, command.args.slice(2)),
  run: waitUntil,
};

function isUuidColumn(arg: string): boolean {
  return /^[_-]uuid$/i.test(arg);
}

function get(context: Context): void {
  const { args, options } = context.command;
  const id = options.get('--id');
  if (id !== undefined && context.has('--if-exists')) {
    throw new CommandFailed('--if-exists and --id may not be specified together');
  }
  const table = findTable(context.work.schema, context.arg(0));
  const row = recordOf(context, table, []);
  if (row === undefined) return;
  if (id !== undefined) context.symbols.defineAs(id, row.id);
  const got = args
    .slice(2)
    .map((arg) =>
      isUuidColumn(arg)
        ? { text: row.id, value: atomToJson('uuid', row.id) }
        : getColumn(context, table, row, arg),
    );
  context.printList(
    got.map(({ text }) => text),
    got.map(({ value }) => value),
  );
}

/** As text and as the database's JSON. */
interface Got {
  readonly text: string;
  readonly value: Json;
}

function getColumn(context: Context, table: CtlTable, row: WorkRow, arg: string): Got {
  const { column, key } = readColumnAndKey(arg, table);
  row.verify(column.name);
  const datum = row.get(column.name);
  const { type } = column;
  if (key === undefined) return { text: formatDatum(type, datum), value: datumToJson(type, datum) };
  if (type.value === undefined)
    throw new CommandFailed(`cannot specify key to get for non-map column ${column.name}`);
  const value = valueUnder(type, datum, readAtom(key, type.key, context.symbols));
  if (value === undefined && !context.has('--if-exists')) {
    throw new CommandFailed(
      `no key "${key}" in ${table.name} record "${context.arg(1)}" column ${column.name}`,
    );
  }
  return value === undefined
    ? { text: '', value: null }
    : { text: formatAtom(type.value.type, value), value: atomToJson(type.value.type, value) };
}

/** The columns of --columns, or all; undefined stands for _uuid. */
function listedColumns(table: CtlTable, command: CommandUse): (CtlColumn | undefined)[] {
  const given = command.options.get('--columns');
  if (given === undefined) return [undefined, ...table.columns];
  const names = given.split(/[, ]/).filter((name) => name !== '');
  if (names.length === 0) throw new CommandFailed('must specify at least one column name');
  return names.map((name) => (toLowerAscii(name) === '_uuid' ? undefined : findColumn(table, name)));
}

function columnNames(columns: readonly (CtlColumn | undefined)[]): string[] {
  return columns.flatMap((column) => (column === undefined ? [] : [column.name]));
}

function prepareList(command: CommandUse, { schema, snapshot }: Preparation): void {
  const table = findTable(schema, command.args[0] ?? '');
  const columns = columnNames(listedColumns(table, command));
  const records = command.args.slice(1);
  if (records.length === 0) snapshot.prepare(table, [], columns);
  for (const record of records) prepareRow(schema, snapshot, table, record, columns);
}

function list(context: Context): void {
  const { work, command } = context;
  const table = findTable(work.schema, context.arg(0));
  const columns = listedColumns(table, command);
  const records = command.args.slice(1);
  const names = columnNames(columns);
  const rows =
    records.length === 0
      ? work.rows(table.name, names)
      : records.flatMap((record) => {
          const row = context.has('--if-exists')
            ? findRow(work, table, record, names)
            : needRow(work, table, record, names);
          return row === undefined ? [] : [row];
        });
  context.table = tableOf(columns, rows);
}

function prepareFind(command: CommandUse, { schema, snapshot }: Preparation): void {
  const table = findTable(schema, command.args[0] ?? '');
  const shown = columnNames(listedColumns(table, command));
  const tested = command.args.slice(1).map((arg) => columnOfArgument(arg, table).name);
  snapshot.prepare(table, [], [...shown, ...tested]);
}

function find(context: Context): void {
  const { work, command, symbols } = context;
  const table = findTable(work.schema, context.arg(0));
  const columns = listedColumns(table, command);
  const conditions = command.args.slice(1);
  const rows = work
    .rows(table.name, columnNames(columns))
    .filter((row) => conditions.every((arg) => isConditionMet(arg, table, row, symbols)));
  context.table = tableOf(columns, rows);
}

function tableOf(columns: readonly (CtlColumn | undefined)[], rows: readonly WorkRow[]): TextTable {
  return {
    headings: columns.map((column) => column?.name ?? '_uuid'),
    rows: rows.map((row) =>
      columns.map((column) =>
        column === undefined
          ? { json: ['uuid', row.id], type: uuidType }
          : { json: datumToJson(column.type, row.get(column.name)), type: column.type },
      ),
    ),
  };
}

function waitUntil(context: Context): void {
  const { work, command, symbols } = context;
  const table = findTable(work.schema, context.arg(0));
  const row = findRow(work, table, context.arg(1));
  context.isWaiting =
    row === undefined || !command.args.slice(2).every((arg) => isConditionMet(arg, table, row, symbols));
}
