/**
 * Collects the operations of one transaction, merged by row and cut to what differs from the view, and reads the
 * server's answer to them (RFC 7047 section 4.1.3 and 5.2). Made by `OvsdbClient.transact`.
 */

import { Malformed } from '../../base/errors.ts';
import type { Uuid } from '../../base/units.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isInteger, isObject } from '../../rpc/json-value.ts';
import type { Integer, Table, Value } from '../schema-types.ts';
import { columnNamed, tableNamed } from './names.ts';
import type { Outcome } from './types.ts';
import { type AnyRow, brief, emitValue, isEqualValue } from './values.ts';

/** What a collector knows of the database. */
export interface Base {
  readonly tables: Readonly<Record<string, Table>>;
  row(table: string, id: Uuid): AnyRow | undefined;
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
  readonly #mutations: JsonObject[] = [];
  readonly #comments: string[] = [];
  #increment: { table: string; id: Uuid; column: string } | undefined;

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
        list.push([column, 'delete', emitValue(isKeys ? { key: type.key } : type, change.delete)]);
      }
      if (change?.insert !== undefined && sizeOf(change.insert) > 0) {
        list.push([column, 'insert', emitValue(type, change.insert)]);
      }
    }
    if (list.length > 0) this.#mutations.push({ op: 'mutate', table, where: rowIs(id), mutations: list });
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
    this.#waits.push({ op: 'wait', timeout: 0, table, where: rowIs(id), columns, until: '==', rows });
  }

  increment(table: string, id: Uuid, column: string): void {
    this.#increment = { table, id, column };
  }

  comment(text: string): void {
    this.#comments.push(text);
  }

  /** The operations in the order of RFC 7047; none when nothing would change. */
  operations(lock: string | undefined): JsonObject[] {
    const changes = [
      ...[...this.#plans.values()].flatMap((plan) => this.#operationsOf(plan)),
      ...this.#mutations,
    ];
    if (changes.length === 0) return [];
    return [
      ...(lock === undefined ? [] : [{ op: 'assert', lock }]),
      ...this.#waits,
      ...changes,
      ...(this.#comments.length === 0 ? [] : [{ op: 'comment', comment: this.#comments.join('\n') }]),
      ...this.#incrementOperations(),
    ];
  }

  #operationsOf({ table, id, kind, values }: RowPlan): JsonObject[] {
    if (kind === 'delete') return [{ op: 'delete', table, where: rowIs(id) }];
    const row = this.#emitRow(table, [...values]);
    if (kind === 'insert') return [{ op: 'insert', table, uuid: id, row }];
    return values.size === 0 ? [] : [{ op: 'update', table, where: rowIs(id), row }];
  }

  /** Last, so that the new value is the result of the last operation. */
  #incrementOperations(): JsonObject[] {
    if (this.#increment === undefined) return [];
    const { table, id, column } = this.#increment;
    return [
      { op: 'mutate', table, where: rowIs(id), mutations: [[column, '+=', 1]] },
      { op: 'select', table, where: rowIs(id), columns: [column] },
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
    return Object.fromEntries(values.map(([c, v]) => [c, emitValue(this.#column(table, c).type, v)]));
  }

  #column(table: string, column: string) {
    return columnNamed(table, tableNamed(this.#base.tables, table), column);
  }
}

/** What the answers to a transaction's operations amount to; throws Malformed. */
export function readOutcome(results: Json, operationCount: number): Outcome {
  if (!Array.isArray(results))
    throw new Malformed('ovsdb reply', 0, `expected an array, got ${brief(results)}`);
  let isTryAgain = false;
  for (const result of results) {
    const tag = isObject(result) ? result.error : undefined;
    if (result === null || tag === undefined) continue;
    if (tag === 'not owner') return { status: 'notLocked' };
    if (typeof tag !== 'string' || !isObject(result)) throw new Malformed('ovsdb reply', 0, brief(result));
    if (tag === 'timed out' || tag === 'unknown database') isTryAgain = true;
    else {
      const { details } = result;
      return { status: 'error', tag, details: typeof details === 'string' ? details : undefined };
    }
  }
  if (isTryAgain) return { status: 'tryAgain' };
  if (results.length < operationCount) throw new Malformed('ovsdb reply', 0, 'fewer results than operations');
  return { status: 'committed', incremented: undefined };
}

function rowIs(id: Uuid): Json {
  return [['_uuid', '==', ['uuid', id]]];
}

function sizeOf(value: Value): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 1;
}
