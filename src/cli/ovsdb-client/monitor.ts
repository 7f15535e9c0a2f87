/** ovsdb-client's monitor commands: prints a table of what is there, and one for every change. */

import { systemClock } from '../../base/clock.ts';
import { strftime } from '../../base/strftime.ts';
import { compareBytes } from '../../base/text.ts';
import { printError } from '../../daemon/output.ts';
import { isUuid, zeroUuid } from '../../ovsdb/atom.ts';
import { conditionFromJson } from '../../ovsdb/engine/condition.ts';
import type { ColumnSchema, DatabaseSchema, TableSchema } from '../../ovsdb/engine/types.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { emitJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { type Cell, TablePrinter, type TextTable } from '../table.ts';
import { BackgroundControl } from './background.ts';
import type { ClientContext } from './context.ts';
import { parseArgument } from './data-commands.ts';
import { fetchSchema } from './schema-commands.ts';

/** The three generations of the method, by the notification that each sends. */
const methods = {
  monitor: 'update',
  monitor_cond: 'update2',
  monitor_cond_since: 'update3',
} as const;
type Method = keyof typeof methods;

interface MonitoredTable {
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
  readonly requests: readonly JsonObject[];
}

interface Wanted {
  readonly method: Method;
  /** TABLE or ALL, then lists of columns. */
  readonly args: readonly string[];
  readonly condition: Json | undefined;
  readonly lastId: string;
}

export function monitorTables(context: ClientContext): Promise<void> {
  return run(context, {
    method: 'monitor',
    args: context.target.args,
    condition: undefined,
    lastId: zeroUuid,
  });
}

export function monitorCond(context: ClientContext): Promise<void> {
  const [condition = '', ...args] = context.target.args;
  return run(context, {
    method: 'monitor_cond',
    args,
    condition: parseArgument(condition),
    lastId: zeroUuid,
  });
}

export function monitorCondSince(context: ClientContext): Promise<void> {
  const { args } = context.target;
  const hasId = isUuid(args[0] ?? '');
  const lastId = hasId ? (args[0] ?? zeroUuid) : zeroUuid;
  const [condition = '', ...rest] = hasId ? args.slice(1) : args;
  return run(context, {
    method: 'monitor_cond_since',
    args: rest,
    condition: parseArgument(condition),
    lastId,
  });
}

async function run(context: ClientContext, wanted: Wanted): Promise<void> {
  const { rpc, database } = context.target;
  const schema = await fetchSchema(rpc, database);
  const tables = monitoredTables(context, schema, wanted);
  await context.setChangeAware(rpc);
  const printer = new UpdatePrinter(context, tables);
  const control = new BackgroundControl(context, {
    condChange: (table, where) =>
      rpc.notify('monitor_cond_change', [null, null, { [table]: [{ where }] }], 'cond'),
  });
  rpc.events = {
    notification: (method, params) =>
      control.whenOpen(() => notified(context, wanted, printer, method, params)),
  };
  const requests = Object.fromEntries(tables.map((table) => [table.name, table.requests]));
  const since = wanted.method === 'monitor_cond_since' ? [wanted.lastId] : [];
  const { result, error } = await rpc.request(wanted.method, [database, null, requests, ...since]);
  if (error !== null) throw new CommandFailed(`${rpc.name}: ${emitJson(error)}`);
  control.whenOpen(() => printer.first(wanted.method, result));
  await finish(context, control);
}

/** Says "ready" and serves until `exit` or the end of the connection. */
async function finish(context: ClientContext, control: BackgroundControl): Promise<void> {
  await control.listen();
  context.daemon?.ready();
  await Promise.race([control.exited, context.target.rpc.untilEnd()]);
}

function notified(
  context: ClientContext,
  wanted: Wanted,
  printer: UpdatePrinter,
  method: string,
  params: readonly Json[],
): void {
  const { rpc, database } = context.target;
  if (method === 'monitor_canceled') {
    printError(`ovsdb-client: ${rpc.name}: ${database} database was removed\n`);
    process.exit(1);
  }
  if (params[0] !== null) return;
  if (method === 'update') printer.updates(params[1], false);
  else if (method === methods[wanted.method] && method === 'update2') printer.updates2(params[1]);
  else if (method === methods[wanted.method] && method === 'update3') {
    context.write(`\nlast_id: ${String(params[1])}`);
    printer.updates2(params[2]);
  }
}

function monitoredTables(
  context: ClientContext,
  schema: DatabaseSchema,
  { args, condition }: Wanted,
): MonitoredTable[] {
  const { rpc, database } = context.target;
  const [name = '', ...lists] = args;
  if (condition !== undefined) checkCondition(schema, database, name, condition);
  if (name === 'ALL') {
    const tables = [...schema.tables.values()].sort((a, b) => compareBytes(a.name, b.name));
    return tables.map((one) => monitoredTable(context, one, lists, undefined));
  }
  const table = schema.tables.get(name);
  if (table === undefined)
    throw new CommandFailed(`${rpc.name}: ${database} does not have a table named "${name}"`);
  return [monitoredTable(context, table, lists, condition)];
}

/** Throws CommandFailed, or OvsdbError for a condition that the table cannot have. */
function checkCondition(schema: DatabaseSchema, database: string, name: string, condition: Json): void {
  const table: TableSchema | undefined = schema.tables.get(name);
  if (table === undefined) throw new CommandFailed(`${database} does not have a table named "${name}"`);
  if (!Array.isArray(condition)) throw new CommandFailed('array expected');
  conditionFromJson(table, condition);
}

const kinds = ['initial', 'insert', 'delete', 'modify'] as const;

function monitoredTable(
  context: ClientContext,
  { name, columnsByName }: TableSchema,
  lists: readonly string[],
  condition: Json | undefined,
): MonitoredTable {
  const { rpc, database } = context.target;
  const columns: ColumnSchema[] = [];
  const add = (column: string): string => {
    const found = columnsByName.get(column);
    if (found === undefined) {
      throw new CommandFailed(
        `${rpc.name}: table "${name}" in ${database} does not have a column named "${column}"`,
      );
    }
    if (columns.some((one) => one.name === column)) {
      throw new CommandFailed(`${rpc.name}: column "${column}" mentioned multiple times`);
    }
    columns.push(found);
    return column;
  };
  const requests = (lists.length === 0 ? [''] : lists).map((list, i) => {
    const words = list.split(',').filter((word) => word !== '');
    const given = words.filter((word) => !kinds.some((kind) => word === `!${kind}`));
    const wanted = given.length > 0 ? given : [...allColumns(columnsByName), '_version'];
    const isLimited = given.length < words.length;
    return {
      columns: wanted.map(add),
      ...(isLimited && {
        select: Object.fromEntries(kinds.map((kind) => [kind, !words.includes(`!${kind}`)])),
      }),
      ...(condition !== undefined && i === 0 && { where: condition }),
    };
  });
  return { name, columns, requests };
}

function allColumns(columns: ReadonlyMap<string, ColumnSchema>): string[] {
  return [...columns.keys()].filter((name) => !name.startsWith('_')).sort(compareBytes);
}

/** Turns updates into printed tables. */
class UpdatePrinter {
  readonly #context: ClientContext;
  readonly #tables: readonly MonitoredTable[];
  readonly #printer: TablePrinter;

  constructor(context: ClientContext, tables: readonly MonitoredTable[]) {
    this.#context = context;
    this.#tables = tables;
    this.#printer = new TablePrinter(context.style);
  }

  /** The reply to the request. */
  first(method: Method, result: Json): void {
    if (method === 'monitor') this.updates(result, true);
    else if (method === 'monitor_cond') this.updates2(result);
    else {
      const [isFound, lastId, updates] = Array.isArray(result) ? result : [];
      this.#context.write(`found: ${String(isFound)}, last_id: ${String(lastId)}\n`);
      this.updates2(updates);
    }
  }

  /** RFC 7047 `<table-updates>`. */
  updates(updates: Json | undefined, isInitial: boolean): void {
    this.#each(updates, 'table-updates', (table, id, update) => {
      const { old, new: row } = update;
      if (isInitial) return [this.#row(table, id, 'initial', row)];
      if (old === undefined) return [this.#row(table, id, 'insert', row)];
      if (row === undefined) return [this.#row(table, id, 'delete', old)];
      return [this.#row(table, id, 'old', old), this.#row(table, '', 'new', row)];
    });
  }

  /** ovsdb-server(7) `<table-updates2>`. */
  updates2(updates: Json | undefined): void {
    this.#each(updates, 'table-updates2', (table, id, update) => {
      for (const kind of ['delete', 'initial', 'modify', 'insert']) {
        const row = update[kind];
        if (row !== undefined) return [this.#row(table, id, kind, kind === 'delete' ? {} : row)];
      }
      return [];
    });
  }

  #each(
    updates: Json | undefined,
    what: string,
    rowsOf: (table: MonitoredTable, id: string, update: JsonObject) => Cell[][],
  ): void {
    if (!isObject(updates)) {
      printError(`ovsdb-client: <${what}> is not object\n`);
      return;
    }
    for (const table of this.#tables) {
      const update = updates[table.name];
      if (!isObject(update)) continue;
      const rows = Object.entries(update).flatMap(([id, row]) =>
        isObject(row) ? rowsOf(table, id, row) : [],
      );
      this.#context.write(this.#printer.format(this.#tableOf(table, rows)));
    }
  }

  #tableOf(table: MonitoredTable, rows: readonly Cell[][]): TextTable {
    return {
      ...(this.#tables.length > 1 && { caption: table.name }),
      ...(this.#context.hasTimestamps && { timestamp: timestamp() }),
      headings: ['row', 'action', ...table.columns.map(({ name }) => name)],
      rows,
    };
  }

  #row(table: MonitoredTable, id: string, action: string, row: Json | undefined): Cell[] {
    const values = isObject(row) ? row : {};
    const cells = table.columns.map(({ name, type }): Cell => {
      const json = values[name];
      return json === undefined ? undefined : { json, type };
    });
    return [{ text: id }, { text: action }, ...cells];
  }
}

function timestamp(): string {
  return strftime('%Y-%m-%d %H:%M:%S.###', systemClock.wall(), 'utc');
}
