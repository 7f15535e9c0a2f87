/**
 * Collects the operations of one transaction, merged by row and cut to what differs from the view, and reads the
 * server's answer to them (RFC 7047 section 4.1.3 and 5.2). Made by `OvsdbClient.transact`.
 */

import { Malformed } from '../../base/errors.ts';
import type { Uuid } from '../../base/units.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isInteger, isObject } from '../../rpc/json-value.ts';
import type { Integer, Table, Value } from '../schema-types.ts';
import { checkText, emitValue, uuidToJson } from './given-values.ts';
import { declaredColumn, declaredTable } from './names.ts';
import type { Outcome } from './types.ts';
import { type AnyRow, brief, isEqualValue } from './values.ts';

/** What a collector knows of the database. */
export interface Base {
  readonly tables: Readonly<Record<string, Table>>;
  row(table: string, id: Uuid): AnyRow | undefined;
  /** Rows that are written must be there, or nothing is done. */
  readonly requiresRows: boolean;
}

interface RowName {
  readonly table: string;
  readonly id: Uuid;
}

/** What to ask of the server. */
interface Operations {
  readonly list: readonly JsonObject[];
  /** The rows that must be there, by the place in the list of the operation that asks for them. */
  readonly required: ReadonlyMap<number, RowName>;
}

/** What is to become of one row. */
interface RowPlan {
  readonly table: string;
  readonly id: Uuid;
  readonly kind: 'insert' | 'update' | 'delete';
  readonly values: Map<string, Value>;
}

type AnyValues = Readonly<Record<string, Value>>;
type AnyMutations = Readonly<Record<string, { insert?: Value; delete?: Value } | undefined>>;

/** The untyped twin of `Transaction`; the client hands it out under that type. */
export class TransactionCollector {
  readonly #base: Base;
  readonly #newUuid: () => Uuid;
  readonly #plans = new Map<Uuid, RowPlan>();
  readonly #waits: JsonObject[] = [];
  readonly #mutations: { readonly row: RowName; readonly operation: JsonObject }[] = [];
  readonly #comments: string[] = [];
  #increment: (RowName & { readonly column: string }) | undefined;

  constructor(base: Base, newUuid: () => Uuid) {
    this.#base = base;
    this.#newUuid = newUuid;
  }

  insert(table: string, values: AnyValues): Uuid {
    const id = this.#newUuid();
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    this.#plans.set(id, { table, id, kind: 'insert', values: new Map(given) });
    return id;
  }

  update(table: string, id: Uuid, change: AnyValues): void {
    let plan = this.#plans.get(id);
    if (plan?.kind === 'delete') return;
    const row = this.#base.row(table, id);
    for (const [column, value] of Object.entries(change)) {
      if (plan?.kind !== 'insert' && row !== undefined && isEqualValue(row[column], value)) {
        plan?.values.delete(column);
        continue;
      }
      if (plan === undefined) {
        plan = { table, id, kind: 'update', values: new Map() };
        this.#plans.set(id, plan);
      }
      plan.values.set(column, value);
    }
  }

  mutate(table: string, id: Uuid, mutations: AnyMutations): void {
    const list: Json[] = [];
    for (const [column, change] of Object.entries(mutations)) {
      const { type } = this.#column(table, column);
      if (change?.delete !== undefined && sizeOf(change.delete) > 0) {
        const isKeys = type.value !== undefined && !(change.delete instanceof Map);
        const deleted = isKeys ? { key: type.key, min: 0, max: 'unlimited' as const } : type;
        list.push([column, 'delete', emitValue(`${table}.${column}`, deleted, change.delete)]);
      }
      if (change?.insert !== undefined && sizeOf(change.insert) > 0) {
        list.push([column, 'insert', emitValue(`${table}.${column}`, type, change.insert)]);
      }
    }
    if (list.length === 0) return;
    const operation = { op: 'mutate', table, where: rowIs(table, id), mutations: list };
    this.#mutations.push({ row: { table, id }, operation });
  }

  delete(table: string, id: Uuid): void {
    if (this.#plans.get(id)?.kind === 'insert') this.#plans.delete(id);
    else this.#plans.set(id, { table, id, kind: 'delete', values: new Map() });
  }

  verify(table: string, id: Uuid, ...columns: string[]): void {
    const row = this.#base.row(table, id);
    const rows =
      row === undefined
        ? []
        : [
            this.#emitRow(
              table,
              columns.map((c) => [c, row[c]]),
            ),
          ];
    this.#waits.push({ op: 'wait', timeout: 0, table, where: rowIs(table, id), columns, until: '==', rows });
  }

  increment(table: string, id: Uuid, column: string): void {
    this.#increment = { table, id, column };
  }

  comment(text: string): void {
    this.#comments.push(checkText('comment', text));
  }

  /** In the order of RFC 7047; none when nothing would change. */
  operations(lock: string | undefined): Operations {
    const changes = [
      ...[...this.#plans.values()].flatMap((plan) => this.#operationsOf(plan)),
      ...this.#mutations.map(({ operation }) => operation),
    ];
    if (changes.length === 0) return { list: [], required: new Map() };
    const before = [...(lock === undefined ? [] : [{ op: 'assert', lock }]), ...this.#waits];
    const rows = this.#requiredRows();
    const list = [
      ...before,
      ...rows.map(isThere),
      ...changes,
      ...(this.#comments.length === 0 ? [] : [{ op: 'comment', comment: this.#comments.join('\n') }]),
      ...this.#incrementOperations(),
    ];
    return { list, required: new Map(rows.map((row, n) => [before.length + n, row])) };
  }

  /** Those that are written and were there before. */
  #requiredRows(): RowName[] {
    if (!this.#base.requiresRows) return [];
    const written = [...this.#plans.values()].filter(
      ({ kind, values }) => kind === 'delete' || values.size > 0,
    );
    const rows: RowName[] = [
      ...written,
      ...this.#mutations.map(({ row }) => row),
      this.#increment ?? [],
    ].flat();
    const byId = new Map(rows.map((row) => [row.id, row]));
    return [...byId.values()].filter(({ id }) => this.#plans.get(id)?.kind !== 'insert');
  }

  #operationsOf({ table, id, kind, values }: RowPlan): JsonObject[] {
    if (kind === 'delete') return [{ op: 'delete', table, where: rowIs(table, id) }];
    const row = this.#emitRow(table, [...values]);
    if (kind === 'insert') return [{ op: 'insert', table, uuid: id, row }];
    return values.size === 0 ? [] : [{ op: 'update', table, where: rowIs(table, id), row }];
  }

  /** Last, so that the new value is the result of the last operation. */
  #incrementOperations(): JsonObject[] {
    if (this.#increment === undefined) return [];
    const { table, id, column } = this.#increment;
    return [
      { op: 'mutate', table, where: rowIs(table, id), mutations: [[column, '+=', 1]] },
      { op: 'select', table, where: rowIs(table, id), columns: [column] },
    ];
  }

  /** The value of the incremented column in the answers to `operations`. */
  readIncremented(results: readonly Json[]): Integer | undefined {
    if (this.#increment === undefined) return undefined;
    const last = results.at(-1);
    const rows = isObject(last) ? last.rows : undefined;
    const row = Array.isArray(rows) ? rows[0] : undefined;
    const value = isObject(row) ? row[this.#increment.column] : undefined;
    if (value === undefined || !isInteger(value))
      throw new Malformed('ovsdb reply', 0, `no incremented value in ${brief(last)}`);
    return value;
  }

  #emitRow(table: string, values: readonly (readonly [string, Value])[]): JsonObject {
    const emit = (c: string, v: Value): Json => emitValue(`${table}.${c}`, this.#column(table, c).type, v);
    return Object.fromEntries(values.map(([c, v]) => [c, emit(c, v)]));
  }

  #column(table: string, column: string) {
    return declaredColumn(table, declaredTable(this.#base.tables, table), column);
  }
}

/** What the answers to a transaction's `operations` amount to; throws Malformed. */
export function readOutcome(results: Json, operations: Operations): Outcome {
  if (!Array.isArray(results))
    throw new Malformed('ovsdb reply', 0, `expected an array, got ${brief(results)}`);
  let isTryAgain = false;
  for (const [at, result] of results.entries()) {
    const tag = isObject(result) ? result.error : undefined;
    if (result === null || tag === undefined) continue;
    if (tag === 'not owner') return { status: 'notLocked' };
    if (typeof tag !== 'string' || !isObject(result)) throw new Malformed('ovsdb reply', 0, brief(result));
    const missing = tag === 'timed out' ? operations.required.get(at) : undefined;
    if (missing !== undefined) {
      const details = `the row ${missing.id} of ${missing.table} is not there, and nothing was done`;
      return { status: 'error', tag: 'no such row', details, missing };
    }
    if (tag === 'timed out' || tag === 'unknown database') isTryAgain = true;
    else {
      const { details } = result;
      return { status: 'error', tag, details: typeof details === 'string' ? details : undefined };
    }
  }
  if (isTryAgain) return { status: 'tryAgain' };
  if (results.length < operations.list.length)
    throw new Malformed('ovsdb reply', 0, 'fewer results than operations');
  return { status: 'committed', incremented: undefined };
}

/** An operation that fails unless the row is there. */
function isThere({ table, id }: RowName): JsonObject {
  const rows = [{ _uuid: uuidToJson(`a row of ${table}`, id) }];
  return { op: 'wait', timeout: 0, table, where: rowIs(table, id), columns: ['_uuid'], until: '==', rows };
}

function rowIs(table: string, id: Uuid): Json {
  return [['_uuid', '==', uuidToJson(`a row of ${table}`, id)]];
}

function sizeOf(value: Value): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 1;
}
