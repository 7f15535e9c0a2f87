/**
 * Reads `<monitor-requests>` (RFC 7047 section 4.1.5) and its conditional form (ovsdb-server(7)) into plans and
 * filters. Throws OvsdbError with the reference's complaints.
 */

import type { Json, JsonObject } from '../../../rpc/channel.ts';
import { emitJson } from '../../../rpc/json.ts';
import { isArray, isObject } from '../../../rpc/json-value.ts';
import { OvsdbError, syntaxError } from '../../engine/errors.ts';
import { MemberReader } from '../../engine/member-reader.ts';
import type { DatabaseSchema, TableSchema } from '../../engine/types.ts';
import type { Filters, UpdateVersion } from './changes.ts';
import { readFilter } from './filter.ts';
import type { MonitorWish } from './session-monitor.ts';
import { everyKind, Kind, type RowFilter, TablePlan, type WantedColumn } from './table-plan.ts';

export function readMonitorRequests(
  schema: DatabaseSchema,
  requests: JsonObject,
  version: UpdateVersion,
): MonitorWish {
  const plans = new Map<string, TablePlan>();
  const filters = new Map<string, RowFilter>();
  for (const [name, request] of Object.entries(requests)) {
    const table = schema.tables.get(name);
    if (table === undefined) throw syntaxError(undefined, `no table named ${name}`);
    const wish = new TableWish(table, version > 1);
    for (const one of isArray(request) ? request : [request]) wish.add(one);
    plans.set(name, wish.plan());
    if (wish.filter !== undefined) filters.set(name, wish.filter);
  }
  return { version, plans, filters };
}

/** Reads `<monitor-cond-update-requests>`. */
export function readFilterChanges(
  schema: DatabaseSchema,
  plans: ReadonlyMap<string, TablePlan>,
  requests: Json | undefined,
): Filters {
  if (!isObject(requests)) {
    throw syntaxError(undefined, 'monitor-cond-change-requests must be object');
  }
  const filters = new Map<string, RowFilter>();
  for (const [name, list] of Object.entries(requests)) {
    const table = schema.tables.get(name);
    if (table === undefined) throw syntaxError(undefined, `no table named ${name}`);
    if (!plans.has(name)) throw syntaxError(undefined, `no table named ${name} in monitor session`);
    if (!isArray(list)) {
      throw syntaxError(undefined, `table ${name} no monitor-cond-change JSON array`);
    }
    for (const request of list) filters.set(name, readFilterChange(table, request));
  }
  return filters;
}

function readFilterChange(table: TableSchema, request: Json): RowFilter {
  const reader = new MemberReader(request, () => `table ${table.name}`);
  const columns = reader.array('columns', true);
  const where = reader.array('where', true);
  finish(reader);
  if (columns !== undefined) throw syntaxError(request, 'changing columns is unsupported');
  return readFilter(table, where ?? []);
}

/** The requests for one table, put together. */
class TableWish {
  readonly #table: TableSchema;
  readonly #isConditional: boolean;
  readonly #columns = new Map<string, WantedColumn>();
  #kinds = 0;
  filter: RowFilter | undefined;

  constructor(table: TableSchema, isConditional: boolean) {
    this.#table = table;
    this.#isConditional = isConditional;
  }

  plan(): TablePlan {
    return new TablePlan(this.#table, [...this.#columns.values()], this.#kinds);
  }

  add(request: Json): void {
    const reader = new MemberReader(request, () => `table ${this.#table.name}`);
    const where = this.#isConditional ? reader.array('where', true) : undefined;
    const columns = reader.array('columns', true);
    const select = reader.object('select', true);
    finish(reader);
    const kinds = select === undefined ? everyKind : this.#readSelect(select);
    this.#kinds |= kinds;
    if (columns === undefined) this.#addAll(kinds);
    else for (const name of columns) this.#addNamed(name, kinds, columns);
    if (where !== undefined) this.filter = readFilter(this.#table, where);
  }

  #readSelect(select: Json): number {
    const reader = new MemberReader(select, () => `table ${this.#table.name} select`);
    let kinds = 0;
    if (reader.boolean('initial', true) ?? true) kinds |= Kind.initial;
    if (reader.boolean('insert', true) ?? true) kinds |= Kind.insert;
    if (reader.boolean('delete', true) ?? true) kinds |= Kind.delete;
    if (reader.boolean('modify', true) ?? true) kinds |= Kind.modify;
    finish(reader);
    return kinds;
  }

  #addAll(kinds: number): void {
    for (const [name, column] of this.#table.columnsByName) {
      if (name === '_uuid') continue;
      this.#add({ column, kinds }, undefined);
    }
  }

  #addNamed(name: Json, kinds: number, columns: Json): void {
    if (typeof name !== 'string') throw syntaxError(columns, 'array of column names expected');
    const column = this.#table.columnsByName.get(name);
    if (column === undefined) throw syntaxError(columns, `${name} is not a valid column name`);
    this.#add({ column, kinds }, columns);
  }

  #add(wanted: WantedColumn, columns: Json | undefined): void {
    const { name } = wanted.column;
    if (this.#columns.has(name)) throw syntaxError(columns, `column ${name} mentioned more than once`);
    this.#columns.set(name, wanted);
  }
}

function finish(reader: MemberReader): void {
  const error = reader.finish();
  if (error !== undefined) throw error;
}

/** The last argument of monitor_cond_since. Undefined: everything is to be told. */
export function readLastTransaction(json: Json | undefined): string | undefined {
  if (typeof json !== 'string') throw syntaxError(json, 'last-txn-id must be string');
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(json)) {
    throw new OvsdbError('syntax error', 'last-txn-id must be UUID format.', {
      syntax: emitJson(json),
    });
  }
  const id = json.toLowerCase();
  return /^[0-]*$/.test(id) ? undefined : id;
}
