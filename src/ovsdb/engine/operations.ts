/**
 * The operations of a "transact" request (RFC 7047 section 5.2), one function each. Run by `execute.ts`.
 */
import { orderAsHashed } from '../../base/hash-order.ts';
import { uuid as asUuid, type Uuid } from '../../base/units.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { readUuid } from '../atom.ts';
import { checkAtom, type UuidNames } from './atom.ts';
import { conditionFromJson } from './condition.ts';
import { atomsOf, compareDatums, equalDatums } from './datum.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import type { MemberReader } from './member-reader.ts';
import { mutationFromJson } from './mutation.ts';
import { findSlots } from './query.ts';
import { cell, keyOf, readRowJson, rowToJson, valuesOf } from './row.ts';
import { readColumnNames } from './schema.ts';
import type { Slot, StoredTable } from './table.ts';
import type { OpenTransaction } from './transaction.ts';
import type {
  AccessRules,
  ColumnSchema,
  Datum,
  RowVersion,
  TableSchema,
  TransactionContext,
} from './types.ts';

/** What one run of a request carries from operation to operation. */
export interface Execution {
  readonly transaction: OpenTransaction;
  readonly context: TransactionContext;
  readonly uuidNames: NamedUuids;
  /** Milliseconds since the request came. */
  readonly elapsed: number;
  isDurable: boolean;
  isWrite: boolean;
  /** The smallest timeout of the "wait" operations so far. */
  timeout: number;
}

/** Thrown by a "wait" that does not hold and may hold later. */
export class Blocked extends Error {}

/** The "uuid-name"s of one transaction. */
export class NamedUuids implements UuidNames {
  readonly #uuids = new Map<string, { uuid: Uuid; isCreated: boolean }>();
  readonly #newUuid: () => Uuid;

  constructor(newUuid: () => Uuid) {
    this.#newUuid = newUuid;
  }

  uuidOf(name: string): Uuid {
    return this.#entry(name).uuid;
  }

  /** Takes `name` for a row with the uuid `given`, or one made up. Undefined when it is taken already. */
  create(name: string, given: Uuid | undefined): Uuid | undefined {
    const entry = this.#entry(name);
    if (entry.isCreated) return undefined;
    entry.isCreated = true;
    entry.uuid = given ?? entry.uuid;
    return entry.uuid;
  }

  #entry(name: string): { uuid: Uuid; isCreated: boolean } {
    let entry = this.#uuids.get(name);
    if (entry === undefined) {
      entry = { uuid: this.#newUuid(), isCreated: false };
      this.#uuids.set(name, entry);
    }
    return entry;
  }
}

export interface Operation {
  /** Whether a read-only session may do it. */
  readonly isReadOnly: boolean;
  /** Returns the operation's result. Throws OvsdbError or Blocked. */
  run(execution: Execution, members: MemberReader): JsonObject;
}

export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['insert', { isReadOnly: false, run: insert }],
  ['select', { isReadOnly: true, run: select }],
  ['update', { isReadOnly: false, run: update }],
  ['mutate', { isReadOnly: false, run: mutate }],
  ['delete', { isReadOnly: false, run: deleteRows }],
  ['wait', { isReadOnly: true, run: wait }],
  ['commit', { isReadOnly: false, run: commit }],
  ['abort', { isReadOnly: true, run: abort }],
  ['comment', { isReadOnly: true, run: comment }],
  ['assert', { isReadOnly: true, run: assertLock }],
]);

function tableOf(execution: Execution, members: MemberReader): StoredTable | undefined {
  const name = members.id('table');
  if (name === undefined) return undefined;
  const table = execution.transaction.tables.get(name);
  if (table === undefined) members.raise(`No table named ${name}.`);
  return table;
}

/** After all members were asked for: throws what was wrong with them. */
function checked<T>(members: MemberReader, value: T | undefined): T {
  members.check();
  if (value === undefined) throw new OvsdbError('internal error', 'a member is missing');
  return value;
}

function insert(execution: Execution, members: MemberReader): JsonObject {
  const maybeTable = tableOf(execution, members);
  const uuidText = members.string('uuid', true);
  const uuidName = members.id('uuid-name', true);
  const rowJson = checked(members, members.object('row'));
  const table = checked(members, maybeTable);
  const { transaction, context } = execution;
  const uuid = chooseUuid(execution, table, uuidText, uuidName);
  const given = readRowJson(table.schema, rowJson, execution.uuidNames);
  checkDefaults(table.schema, given);
  const values = valuesOf(table.schema, given);
  const row = transaction.insert(table, uuid, values);
  if (context.access?.mayInsert(table.schema, row) === false) {
    throw refusedBy(context.access, `row insertion into table "${table.schema.name}"`);
  }
  return { uuid: ['uuid', uuid] };
}

function chooseUuid(
  execution: Execution,
  table: StoredTable,
  uuidText: string | undefined,
  uuidName: string | undefined,
): Uuid {
  let given: Uuid | undefined;
  if (uuidText !== undefined) {
    const read = readUuid(uuidText);
    if (read === undefined) throw syntaxError(uuidText, 'bad uuid');
    if (!execution.transaction.mayInsert(table, read)) {
      const why =
        'This UUID would duplicate a UUID already present within the table or deleted within the same transaction.';
      throw syntaxError(uuidText, why, 'duplicate uuid');
    }
    given = asUuid(read);
  }
  if (uuidName === undefined) return given ?? execution.transaction.newUuid();
  const named = execution.uuidNames.create(uuidName, given);
  if (named === undefined) {
    const why = 'This "uuid-name" appeared on an earlier "insert" operation.';
    throw syntaxError(uuidName, why, 'duplicate uuid-name');
  }
  return named;
}

/** Refuses an insert that leaves out a column whose default does not meet its own constraints. */
function checkDefaults(table: TableSchema, given: readonly (readonly [ColumnSchema, Datum])[]): void {
  for (const column of table.columns) {
    const { type } = column;
    if (type.min === 0 || !(type.key.hasConstraints || type.value?.hasConstraints)) continue;
    if (given.some(([present]) => present === column)) continue;
    const [key, value] = atomsOf(column.defaultValue);
    if (key !== undefined) checkAtom(type.key, key);
    if (value !== undefined && type.value !== undefined) checkAtom(type.value, value);
  }
}

function refusedBy(access: AccessRules, what: string): OvsdbError {
  return new OvsdbError(
    'permission error',
    `RBAC rules for client "${access.id}" role "${access.role}" prohibit ${what}.`,
  );
}

function select(execution: Execution, members: MemberReader): JsonObject {
  const maybeTable = tableOf(execution, members);
  const where = members.array('where');
  const columnsJson = members.array('columns', true);
  const sortJson = members.array('sort', true);
  const table = checked(members, maybeTable);
  const condition = conditionFromJson(table.schema, checked(members, where), execution.uuidNames);
  const columns = columnsOf(table.schema, columnsJson);
  const sort = sortJson === undefined ? [] : columnsOf(table.schema, sortJson);
  const rows = distinctRows(findSlots(table, condition), columns, columnsJson === undefined);
  sortRows(rows, sort);
  const ordered = orderAsHashed(columns, ({ name }) => name);
  return { rows: rows.map((row) => rowToJson(row, ordered)) };
}

function columnsOf(table: TableSchema, json: readonly Json[] | undefined): readonly ColumnSchema[] {
  if (json === undefined) return [...table.columnsByName.values()];
  const names = readColumnNames(json, (name) => table.columnsByName.has(name));
  return names.flatMap((name) => table.columnsByName.get(name) ?? []);
}

function distinctRows(
  slots: readonly Slot[],
  columns: readonly ColumnSchema[],
  hasUuid: boolean,
): RowVersion[] {
  const rows = slots.flatMap((slot) => slot.row ?? []);
  if (hasUuid || columns.some((column) => column.name === '_uuid')) return rows;
  const byKey = new Map<string, RowVersion>();
  for (const row of rows) {
    const key = keyOfColumns(row, columns);
    if (!byKey.has(key)) byKey.set(key, row);
  }
  return [...byKey.values()];
}

function keyOfColumns(row: RowVersion, columns: readonly ColumnSchema[]): string {
  return keyOf(columns.map((column) => cell(row, column)));
}

function sortRows(rows: RowVersion[], columns: readonly ColumnSchema[]): void {
  if (columns.length === 0) return;
  rows.sort((a, b) => {
    for (const column of columns) {
      const order = compareDatums(column.type, cell(a, column), cell(b, column));
      if (order !== 0) return order;
    }
    return 0;
  });
}

function update(execution: Execution, members: MemberReader): JsonObject {
  const maybeTable = tableOf(execution, members);
  const where = members.array('where');
  const rowJson = checked(members, members.object('row'));
  const table = checked(members, maybeTable);
  const { transaction, context, uuidNames } = execution;
  const given = readRowJson(table.schema, rowJson, uuidNames);
  for (const [column] of given) {
    if (column.isMutable) continue;
    const why = `Cannot update immutable column ${column.name} in table ${table.schema.name}.`;
    throw syntaxError(members.json, why, 'constraint violation');
  }
  const condition = conditionFromJson(table.schema, checked(members, where), uuidNames);
  const slots = findSlots(table, condition);
  const columns = given.map(([column]) => column);
  if (context.access?.mayUpdate(table.schema, columns, rowsOf(slots)) === false) {
    throw refusedBy(context.access, `modification of table "${table.schema.name}"`);
  }
  for (const slot of slots) {
    const { row } = slot;
    if (row === undefined || given.every(([column, value]) => equalDatums(cell(row, column), value)))
      continue;
    const values = row.values.slice();
    for (const [column, value] of given) values[column.index] = value;
    transaction.modify(slot, values);
  }
  return { count: slots.length };
}

function rowsOf(slots: readonly Slot[]): RowVersion[] {
  return slots.flatMap((slot) => slot.row ?? []);
}

function mutate(execution: Execution, members: MemberReader): JsonObject {
  const maybeTable = tableOf(execution, members);
  const where = members.array('where');
  const mutationsJson = checked(members, members.array('mutations'));
  const table = checked(members, maybeTable);
  const { transaction, context, uuidNames } = execution;
  const mutations = mutationsJson.map((json) => mutationFromJson(table.schema, json, uuidNames));
  const condition = conditionFromJson(table.schema, checked(members, where), uuidNames);
  const slots = findSlots(table, condition);
  const columns = mutations.map((mutation) => mutation.column);
  if (context.access?.mayMutate(table.schema, columns, rowsOf(slots)) === false) {
    throw refusedBy(context.access, `mutate operation on table "${table.schema.name}"`);
  }
  for (const slot of slots) {
    if (slot.row === undefined) continue;
    const values = slot.row.values.slice();
    for (const { column, apply } of mutations) {
      values[column.index] = apply(values[column.index] ?? column.defaultValue);
    }
    transaction.modify(slot, values);
  }
  return { count: slots.length };
}

function deleteRows(execution: Execution, members: MemberReader): JsonObject {
  const where = members.array('where');
  const table = checked(members, tableOf(execution, members));
  const { transaction, context, uuidNames } = execution;
  const condition = conditionFromJson(table.schema, checked(members, where), uuidNames);
  const slots = findSlots(table, condition);
  if (context.access?.mayDelete(table.schema, rowsOf(slots)) === false) {
    throw refusedBy(context.access, `row deletion from table "${table.schema.name}"`);
  }
  for (const slot of slots) transaction.delete(slot);
  return { count: slots.length };
}

function wait(execution: Execution, members: MemberReader): JsonObject {
  const timeoutJson = members.integer('timeout', true);
  const where = members.array('where');
  const columnsJson = members.array('columns', true);
  const until = members.string('until');
  const rowsJson = members.array('rows');
  const table = checked(members, tableOf(execution, members));
  const condition = conditionFromJson(table.schema, checked(members, where), execution.uuidNames);
  const columns = columnsOf(table.schema, columnsJson);
  const timeout = readTimeout(execution, timeoutJson);
  if (until !== '==' && until !== '!=') throw syntaxError(until, '"until" must be "==" or "!="');
  const expected = checked(members, rowsJson).map((json) => {
    const byColumn = new Map(readRowJson(table.schema, json, execution.uuidNames));
    return columns.map((column) => byColumn.get(column) ?? column.defaultValue);
  });
  if (holds(findSlots(table, condition), columns, expected) === (until === '==')) return {};
  const { elapsed } = execution;
  if (elapsed < timeout) throw new Blocked();
  throw new OvsdbError(
    'timed out',
    elapsed > 0 ? `"wait" timed out after ${elapsed} ms` : '"where" clause test failed',
  );
}

/** Milliseconds; Infinity where none is given. */
function readTimeout(execution: Execution, json: number | bigint | undefined): number {
  if (json === undefined) return Number.POSITIVE_INFINITY;
  if (json < 0) throw syntaxError(json, 'timeout must be nonnegative');
  const timeout = Number(json);
  execution.timeout = Math.min(execution.timeout, timeout);
  return timeout;
}

/** Whether the distinct rows, as far as `columns` go, are those expected. */
function holds(
  slots: readonly Slot[],
  columns: readonly ColumnSchema[],
  expected: readonly (readonly Datum[])[],
): boolean {
  const rows = rowsOf(slots);
  const [row] = rows;
  const [only] = expected;
  // Clients wait for thousands of single rows at once.
  if (rows.length === 1 && expected.length === 1 && row !== undefined && only !== undefined)
    return columns.every((column, n) => equalDatums(cell(row, column), only[n] ?? column.defaultValue));
  const wanted = new Set(expected.map((values) => keyOf(values)));
  const actual = new Set(rows.map((each) => keyOfColumns(each, columns)));
  return actual.size === wanted.size && [...actual].every((key) => wanted.has(key));
}

function commit(execution: Execution, members: MemberReader): JsonObject {
  if (members.boolean('durable') === true) execution.isDurable = true;
  return {};
}

function abort(): never {
  throw new OvsdbError('aborted', 'aborted by request');
}

function comment(execution: Execution, members: MemberReader): JsonObject {
  const text = members.string('comment');
  if (text !== undefined) execution.transaction.addComment(text);
  return {};
}

function assertLock(execution: Execution, members: MemberReader): JsonObject {
  const lock = members.id('lock');
  if (lock !== undefined && !execution.context.holdsLock(lock)) {
    throw new OvsdbError('not owner', `Asserted lock ${lock} not held.`);
  }
  return {};
}
