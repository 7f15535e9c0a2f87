/**
 * Runs a line of commands as one transaction: asks what they need, runs them, commits, and starts over when the
 * database was changed in between or a command waits for something. Used by every program of database commands.
 */

import { Refused } from '../../base/errors.ts';
import type { Integer } from '../../ovsdb/schema-types.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { emitJson, formatJson } from '../../rpc/json.ts';
import { isInteger, isObject } from '../../rpc/json-value.ts';
import type { TextTable } from '../table.ts';
import { type CommandUse, Context } from './command.ts';
import type { DatabaseConnection } from './connection.ts';
import { CommandFailed } from './datum-text.ts';
import type { CtlSchema } from './schema.ts';
import { Missing, type Snapshot } from './snapshot.ts';
import { SymbolTable } from './symbols.ts';
import { Work, type WorkRow } from './work.ts';

export interface ExecuteOptions {
  readonly schema: CtlSchema;
  readonly commands: readonly CommandUse[];
  /** Prepared already. */
  readonly snapshot: Snapshot;
  /** For the log of the database. */
  readonly comment: string;
  /** The server checks the transaction, but does not do it. */
  readonly isDryRun: boolean;
  /** Done before the first command. */
  begin(work: Work): WorkRow;
  /** An integer column of the row of `begin` to add one to if anything changes. */
  readonly incremented: string | undefined;
  warn(module: string, text: string): void;
}

export interface Executed {
  readonly outputs: readonly {
    readonly text: string;
    readonly value: Json;
    readonly table: TextTable | undefined;
  }[];
  readonly isChanged: boolean;
  /** The new value of `incremented`, if it was. */
  readonly incremented: Integer | undefined;
  /** The uuids of the rows that commands expect to hear of. */
  readonly expected: readonly string[];
}

/** So many times in a row the database may be changed under us. */
const maxTries = 1000;

/** Throws CommandFailed, ExitEarly, or Refused. */
export async function executeLine(
  connection: DatabaseConnection,
  options: ExecuteOptions,
): Promise<Executed> {
  const { snapshot } = options;
  let isWatching = false;
  await load(connection, options);
  for (let tries = 0; tries < maxTries; ) {
    const attempt = runOnce(options);
    if (attempt === 'missing') await load(connection, options);
    else if (attempt === 'waiting') {
      if (isWatching) await connection.changed();
      await connection.watch(snapshot.watched(), false);
      isWatching = true;
      await load(connection, options);
    } else {
      for (const [module, text] of attempt.warnings) options.warn(module, text);
      const executed = await commit(connection, options, attempt);
      if (executed !== undefined) return executed;
      tries++;
      await load(connection, options);
    }
  }
  throw new CommandFailed('transaction error: the database keeps changing');
}

/** Throws CommandFailed. A server of another version may lack tables or columns; then it is asked what it has. */
async function load(
  connection: DatabaseConnection,
  { snapshot, schema, warn }: ExecuteOptions,
): Promise<void> {
  let results = await connection.transact(snapshot.operations());
  if (results.some((result) => errorOf(result) === 'syntax error')) {
    snapshot.limitTo(await fetchTables(connection, schema));
    for (const text of snapshot.lacking(schema.database)) warn('ovsdb_idl', text);
    results = await connection.transact(snapshot.operations());
  }
  const failed = results.find((result) => errorOf(result) !== undefined);
  if (failed !== undefined) {
    throw new CommandFailed(`transaction error: ${formatJson(failed, { isSorted: true })}`);
  }
  snapshot.answer(results);
}

async function fetchTables(
  connection: DatabaseConnection,
  schema: CtlSchema,
): Promise<Map<string, Set<string>>> {
  const json = await connection.request('get_schema', [schema.database]);
  const tables = isObject(json) && isObject(json.tables) ? json.tables : {};
  return new Map(
    Object.entries(tables).map(([name, table]) => {
      const columns = isObject(table) && isObject(table.columns) ? table.columns : {};
      return [name, new Set(Object.keys(columns))];
    }),
  );
}

interface Attempt {
  readonly work: Work;
  readonly root: WorkRow;
  readonly contexts: readonly Context[];
  readonly changes: readonly JsonObject[];
  readonly warnings: readonly (readonly [string, string])[];
}

function runOnce(options: ExecuteOptions): Attempt | 'missing' | 'waiting' {
  const warnings: [string, string][] = [];
  const warn = (module: string, text: string) => void warnings.push([module, text]);
  try {
    const work = new Work(options.schema, options.snapshot);
    const symbols = new SymbolTable();
    const root = options.begin(work);
    const contexts: Context[] = [];
    for (const [i, command] of options.commands.entries()) {
      const context = new Context(command, work, symbols, i === options.commands.length - 1, warn);
      command.def.run?.(context);
      if (context.isWaiting) return 'waiting';
      contexts.push(context);
    }
    for (const text of symbols.check()) warn('vsctl', text);
    return { work, root, contexts, changes: work.changes(), warnings };
  } catch (why) {
    if (why instanceof Missing) return 'missing';
    for (const [module, text] of warnings) options.warn(module, text);
    throw why;
  }
}

/** Undefined when it must be tried again. */
async function commit(
  connection: DatabaseConnection,
  options: ExecuteOptions,
  attempt: Attempt,
): Promise<Executed | undefined> {
  const { work, root, contexts, changes } = attempt;
  const outputs = (idOf: (id: string) => string) =>
    contexts.map(({ insertedRow, output, value, table }) => {
      if (insertedRow === undefined) return { text: output, value, table };
      const id = idOf(insertedRow);
      return { text: `${id}\n`, value: id, table };
    });
  if (changes.length === 0) {
    return { outputs: outputs((id) => id), isChanged: false, incremented: undefined, expected: [] };
  }
  const before = [...options.snapshot.guards(), ...work.waits()];
  const increment =
    options.incremented === undefined ? [] : incrementOperations(work, root, options.incremented);
  const operations = [
    ...before,
    ...changes,
    ...increment,
    { op: 'comment', comment: options.comment },
    ...(options.isDryRun ? [{ op: 'abort' }] : []),
  ];
  const results = await transact(connection, operations);
  if (!isDone(results, options)) return undefined;
  const inserted = insertedIds(work, changes, results.slice(before.length));
  const realId = (id: string) => [...inserted].find(([row]) => row.id === id)?.[1] ?? id;
  const at = before.length + changes.length + 1;
  return {
    outputs: outputs(realId),
    isChanged: true,
    incremented:
      options.incremented === undefined ? undefined : incrementedValue(results[at], options.incremented),
    expected: work.expected.flatMap((row) => inserted.get(row) ?? []),
  };
}

async function transact(
  connection: DatabaseConnection,
  operations: readonly JsonObject[],
): Promise<readonly Json[]> {
  try {
    return await connection.transact(operations);
  } catch (why) {
    if (!(why instanceof Refused) || why instanceof CommandFailed) throw why;
    throw new CommandFailed(`transaction error: ${emitJson(why.tag)}`);
  }
}

/** False when it must be tried again. Throws CommandFailed for the server's errors. */
function isDone(results: readonly Json[], options: ExecuteOptions): boolean {
  let isTryAgain = false;
  for (const result of results) {
    const error = errorOf(result);
    if (result === null) isTryAgain = true;
    if (error === undefined || error === 'aborted') continue;
    if (error === 'timed out' || error === 'unknown database') isTryAgain = true;
    else {
      const text = `transaction error: ${formatJson(result, { isSorted: true })}`;
      if (error !== 'not allowed') options.warn('ovsdb_idl', text);
      throw new CommandFailed(text);
    }
  }
  return !isTryAgain;
}

function incrementOperations(work: Work, root: WorkRow, column: string): JsonObject[] {
  const where = [['_uuid', '==', work.reference(root)]];
  return [
    { op: 'mutate', table: root.table.name, where, mutations: [[column, '+=', 1]] },
    { op: 'select', table: root.table.name, where, columns: [column] },
  ];
}

function incrementedValue(result: Json | undefined, column: string): Integer | undefined {
  const rows = isObject(result) ? result.rows : undefined;
  const row = Array.isArray(rows) ? rows[0] : undefined;
  const value = isObject(row) ? row[column] : undefined;
  return value !== undefined && isInteger(value) ? value : undefined;
}

function insertedIds(
  work: Work,
  changes: readonly JsonObject[],
  results: readonly Json[],
): Map<WorkRow, string> {
  const rows = work.insertedRows;
  const ids = new Map<WorkRow, string>();
  for (const [i, change] of changes.entries()) {
    const result = results[i];
    const uuid = isObject(result) ? result.uuid : undefined;
    if (change.op !== 'insert' || !Array.isArray(uuid)) continue;
    const row = rows[ids.size];
    if (row !== undefined) ids.set(row, String(uuid[1]));
  }
  return ids;
}

function errorOf(result: Json | undefined): Json | undefined {
  return isObject(result) ? result.error : undefined;
}
