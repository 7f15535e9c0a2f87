/**
 * The commands that work on any table of any database: list, find, get, set, add, remove, clear, create, destroy,
 * wait-until, comment. ovs-vsctl(8) "Database Command Syntax".
 */
import { toLowerAscii } from '../../base/text.ts';
import { isUuid } from '../../ovsdb/atom.ts';
import { atomToJson, formatAtom } from '../../ovsdb/engine/atom.ts';
import { elementsType, keysType, uuidType } from '../../ovsdb/engine/column-type.ts';
import { datumToJson, elementCount, formatDatum } from '../../ovsdb/engine/datum.ts';
import { differenceOf, unionOf, valueUnder } from '../../ovsdb/engine/datum-algebra.ts';
import type { ColumnType, Datum } from '../../ovsdb/engine/types.ts';
import type { Json } from '../../rpc/channel.ts';
import type { TextTable } from '../table.ts';
import { columnOfArgument, isConditionMet, readAssignment, readColumnAndKey, readPair } from './arguments.ts';
import type { CommandDef, CommandUse, Context, Preparation } from './command.ts';
import { CommandFailed, readAtom, readDatum } from './datum-text.ts';
import { findRow, needRow, prepareRow } from './records.ts';
import { type CtlColumn, type CtlTable, findColumn, findTable } from './schema.ts';
import type { WorkRow } from './work.ts';

const many = Number.POSITIVE_INFINITY;

export const dbCommands: readonly CommandDef[] = [
  { name: 'comment', minArgs: 0, maxArgs: many, arguments: '[ARG]...', options: [], mayWrite: false },
  {
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
  },
  {
    name: 'list',
    minArgs: 1,
    maxArgs: many,
    arguments: 'TABLE [RECORD]...',
    options: ['--if-exists', '--columns='],
    mayWrite: false,
    prepare: prepareList,
    run: list,
  },
  {
    name: 'find',
    minArgs: 1,
    maxArgs: many,
    arguments: 'TABLE [COLUMN[:KEY]=VALUE]...',
    options: ['--columns='],
    mayWrite: false,
    prepare: prepareFind,
    run: find,
  },
  {
    name: 'set',
    minArgs: 3,
    maxArgs: many,
    arguments: 'TABLE RECORD COLUMN[:KEY]=VALUE...',
    options: ['--if-exists'],
    mayWrite: true,
    prepare: (command, prep) => prepareRecord(command, prep, command.args.slice(2)),
    run: set,
  },
  {
    name: 'add',
    minArgs: 4,
    maxArgs: many,
    arguments: 'TABLE RECORD COLUMN [KEY=]VALUE...',
    options: ['--if-exists'],
    mayWrite: true,
    prepare: prepareAdd,
    run: add,
  },
  {
    name: 'remove',
    minArgs: 4,
    maxArgs: many,
    arguments: 'TABLE RECORD COLUMN KEY|VALUE|KEY=VALUE...',
    options: ['--if-exists'],
    mayWrite: true,
    prepare: prepareAdd,
    run: remove,
  },
  {
    name: 'clear',
    minArgs: 3,
    maxArgs: many,
    arguments: 'TABLE RECORD COLUMN...',
    options: ['--if-exists'],
    mayWrite: true,
    prepare(command, { schema, snapshot }) {
      const table = findTable(schema, command.args[0] ?? '');
      const columns = command.args.slice(2).map((arg) => findColumn(table, arg).name);
      prepareRow(schema, snapshot, table, command.args[1] ?? '', columns);
    },
    run: clear,
  },
  {
    name: 'create',
    minArgs: 2,
    maxArgs: many,
    arguments: 'TABLE COLUMN[:KEY]=VALUE...',
    options: ['--id='],
    mayWrite: true,
    prepare(command, { schema, warn }) {
      const table = findTable(schema, command.args[0] ?? '');
      if (command.options.has('--id') || table.isRoot) return;
      warn(
        'db_ctl_base',
        `applying "create" command to table ${table.name} without --id option will have no effect`,
      );
    },
    run: create,
  },
  {
    name: 'destroy',
    minArgs: 1,
    maxArgs: many,
    arguments: 'TABLE [RECORD]...',
    options: ['--if-exists', '--all'],
    mayWrite: true,
    prepare(command, { schema, snapshot }) {
      const table = findTable(schema, command.args[0] ?? '');
      for (const record of command.args.slice(1)) prepareRow(schema, snapshot, table, record, []);
    },
    run: destroy,
  },
  {
    name: 'wait-until',
    minArgs: 2,
    maxArgs: many,
    arguments: 'TABLE RECORD [COLUMN[:KEY]=VALUE]...',
    options: [],
    mayWrite: false,
    prepare: (command, prep) => prepareRecord(command, prep, command.args.slice(2)),
    run: waitUntil,
  },
];

/** TABLE RECORD, and arguments that begin with columns. */
function prepareRecord(
  command: CommandUse,
  { schema, snapshot }: Preparation,
  args: readonly string[],
): void {
  const table = findTable(schema, command.args[0] ?? '');
  const columns = args.map((arg) => columnOfArgument(arg, table).name);
  prepareRow(schema, snapshot, table, command.args[1] ?? '', columns);
}

function prepareAdd(command: CommandUse, { schema, snapshot }: Preparation): void {
  const table = findTable(schema, command.args[0] ?? '');
  const column = findColumn(table, command.args[2] ?? '');
  prepareRow(schema, snapshot, table, command.args[1] ?? '', [column.name]);
}

function isUuidColumn(arg: string): boolean {
  return /^[_-]uuid$/i.test(arg);
}

/** The row of TABLE RECORD; undefined when there is none and --if-exists allows it. */
function recordOf(context: Context, table: CtlTable, columns: readonly string[]): WorkRow | undefined {
  const record = context.arg(1);
  return context.has('--if-exists')
    ? findRow(context.work, table, record, columns)
    : needRow(context.work, table, record, columns);
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

function set(context: Context): void {
  const table = findTable(context.work.schema, context.arg(0));
  const row = recordOf(context, table, []);
  if (row === undefined) return;
  for (const arg of context.command.args.slice(2)) setColumn(context, table, row, arg);
}

/** COLUMN[:KEY]=VALUE applied to a row. Throws CommandFailed. */
export function setColumn(context: Context, table: CtlTable, row: WorkRow, arg: string): void {
  const { column, key, value } = readAssignment(arg, table);
  checkMutable(table, column, row);
  if (key === undefined) {
    row.set(column.name, context.readDatum(value, column));
    return;
  }
  put(context, row, column, readPair(column, key, value, context.symbols, 'set'));
}

function checkMutable(table: CtlTable, column: CtlColumn, row: WorkRow): void {
  if (column.isMutable || row.isNew) return;
  throw new CommandFailed(`cannot modify read-only column ${column.name} in table ${table.name}`);
}

function columnToChange(context: Context, table: CtlTable): { row: WorkRow; column: CtlColumn } | undefined {
  const column = findColumn(table, context.arg(2));
  const row = recordOf(context, table, [column.name]);
  if (row === undefined) return undefined;
  checkMutable(table, column, row);
  return { row, column };
}

function add(context: Context): void {
  const table = findTable(context.work.schema, context.arg(0));
  const target = columnToChange(context, table);
  if (target === undefined) return;
  const { row, column } = target;
  const type = { ...elementsType(column.type), min: 1 };
  let added: Datum = [];
  for (const arg of context.command.args.slice(3)) {
    added = unionOf(type, readDatum(arg, type, context.symbols), added);
  }
  const { max } = column.type;
  if (!context.isLast) {
    const count = elementCount(type, unionOf(type, added, row.get(column.name)));
    if (count > max)
      throw new CommandFailed(sizeMessage('add', count, table, column, `maximum number is ${max}`));
  }
  put(context, row, column, added);
}

/** The last command need not know what is there already; those before leave the whole value to the ones after. */
function put(context: Context, row: WorkRow, column: CtlColumn, datum: Datum): void {
  if (context.isLast) {
    row.add(column.name, datum);
    return;
  }
  row.verify(column.name);
  row.set(column.name, unionOf(elementsType(column.type), datum, row.get(column.name)));
}

function remove(context: Context): void {
  const table = findTable(context.work.schema, context.arg(0));
  const target = columnToChange(context, table);
  if (target === undefined) return;
  const { row, column } = target;
  const type = { ...elementsType(column.type), min: 1 };
  let left = row.get(column.name);
  for (const arg of context.command.args.slice(3)) {
    const { less, isKeys } = readRemoved(context, type, arg);
    left = differenceOf(type, left, less, isKeys);
  }
  const count = elementCount(type, left);
  const { min } = column.type;
  if (count < min)
    throw new CommandFailed(sizeMessage('remove', count, table, column, `minimum number is ${min}`));
  row.verify(column.name);
  row.set(column.name, left);
}

/** Of a map, pairs or bare keys. */
function readRemoved({ symbols }: Context, type: ColumnType, arg: string): { less: Datum; isKeys: boolean } {
  try {
    return { less: readDatum(arg, type, symbols), isKeys: false };
  } catch (why) {
    if (type.value === undefined || !(why instanceof CommandFailed)) throw why;
    return { less: readDatum(arg, { ...keysType(type), min: 1 }, symbols), isKeys: true };
  }
}

function sizeMessage(
  operation: string,
  count: number,
  table: CtlTable,
  column: CtlColumn,
  bound: string,
): string {
  const what = column.type.form === 'map' ? 'pairs' : 'values';
  return `"${operation}" operation would put ${count} ${what} in column ${column.name} of table ${table.name} but the ${bound}`;
}

function clear(context: Context): void {
  const table = findTable(context.work.schema, context.arg(0));
  const row = recordOf(context, table, []);
  if (row === undefined) return;
  for (const arg of context.command.args.slice(2)) {
    const column = findColumn(table, arg);
    checkMutable(table, column, row);
    if (column.type.min > 0) {
      throw new CommandFailed(
        `"clear" operation cannot be applied to column ${column.name} of table ${table.name}, which is not allowed to be empty`,
      );
    }
    row.set(column.name, []);
  }
}

function create(context: Context): void {
  const { work, command, symbols } = context;
  const table = findTable(work.schema, context.arg(0));
  const id = command.options.get('--id');
  const isIdKept = id !== undefined && isUuid(id);
  const uuid = id === undefined || isIdKept ? id : symbols.define(id, table.isRoot);
  const row = work.insert(table.name, {}, uuid, isIdKept);
  for (const arg of command.args.slice(1)) setColumn(context, table, row, arg);
  context.insertedRow = row.id;
}

function destroy(context: Context): void {
  const { work, command } = context;
  const table = findTable(work.schema, context.arg(0));
  const records = command.args.slice(1);
  const isAll = context.has('--all');
  if (isAll && records.length > 0)
    throw new CommandFailed('--all and records argument should not be specified together');
  if (isAll && context.has('--if-exists'))
    throw new CommandFailed('--all and --if-exists should not be specified together');
  if (!isAll && records.length === 0) {
    context.warn('db_ctl_base', 'either --all or records argument should be specified');
    return;
  }
  const rows = isAll
    ? work.rows(table.name)
    : records.map((record) =>
        context.has('--if-exists') ? findRow(work, table, record) : needRow(work, table, record),
      );
  for (const row of rows) if (row !== undefined) work.delete(row);
}

function waitUntil(context: Context): void {
  const { work, command, symbols } = context;
  const table = findTable(work.schema, context.arg(0));
  const row = findRow(work, table, context.arg(1));
  context.isWaiting =
    row === undefined || !command.args.slice(2).every((arg) => isConditionMet(arg, table, row, symbols));
}
