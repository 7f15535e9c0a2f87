/**
 * A typed client of one OVSDB database: a live view of the tables it asked for, change sets, transactions.
 *
 *   ClientSession (connection, leader) -> Monitor (which rows) -> LiveTables (view) -> listeners
 *
 * Used by the daemon over sockets and, with an in-process channel, over its embedded database. While the connection is
 * away the view stays as last heard; afterwards it is brought up to date by one change set.
 */
import { type Counter, coverageCounter } from '../../base/coverage.ts';
import { Malformed, Refused } from '../../base/errors.ts';
import { randomUuid } from '../../base/random.ts';
import type { Uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import { isId } from '../engine/member-reader.ts';
import type { Row, RowChange, Schema, Table, Value } from '../schema-types.ts';
import { Disconnected } from './errors.ts';
import { emitValue } from './given-values.ts';
import { type ConditionChange, type JsonConditions, Monitor, type MonitoredTable } from './monitor.ts';
import { declaredColumn, declaredTable, typeOfColumn } from './names.ts';
import type { RowIndex } from './row-index.ts';
import { ClientSession, type SessionOptions } from './session.ts';
import { readOutcome, TransactionCollector } from './transaction.ts';
import type {
  ChangeSet,
  ColumnName,
  Conditions,
  Index,
  Outcome,
  RowDelta,
  TableName,
  Tables,
  Transaction,
  View,
  Wanted,
} from './types.ts';
import { type AnyRow, isEqualValue } from './values.ts';
import { type Deltas, LiveTables } from './view.ts';

/** How often transactions ended in which way. */
const outcomes: Record<Outcome['status'], Counter> = {
  committed: coverageCounter('txn_success'),
  unchanged: coverageCounter('txn_unchanged'),
  tryAgain: coverageCounter('txn_try_again'),
  notLocked: coverageCounter('txn_not_locked'),
  disconnected: coverageCounter('txn_try_again'),
  error: coverageCounter('txn_error'),
};

export interface ClientOptions<T extends Tables> extends Omit<SessionOptions, 'database'> {
  readonly schema: Schema<T>;
  /** What to see: columns of tables, or `true` for all of a table's. */
  readonly tables: Wanted<T>;
  /** Which rows to see; all unless given. */
  readonly conditions?: { readonly [K in TableName<T>]?: Conditions<T[K]> };
  /** A lock to hold: transactions are refused unless this client has it. */
  readonly lock?: string;
  /** Transactions are refused whole when a row that they write is not there; otherwise that row is passed over. */
  readonly requiresRows?: boolean;
  /** Where new rows' uuids come from; for tests. */
  readonly newUuid?: () => Uuid;
  /** `count` attempts to connect in a row have failed, the last for this reason. */
  readonly failed?: (why: Error, count: number) => void;
}

export class OvsdbClient<T extends Tables> {
  readonly view: View<T>;
  readonly #options: ClientOptions<T>;
  readonly #tables: LiveTables;
  readonly #session: ClientSession;
  readonly #monitor: Monitor<Deltas>;
  readonly #listeners = new Set<(changes: ChangeSet<T>) => void>();
  readonly #stateListeners = new Set<() => void>();
  #changeNumber = 0;
  #isSynced = false;
  #hasLock = false;

  constructor(options: ClientOptions<T>) {
    this.#options = options;
    if (options.lock !== undefined && !isId(options.lock))
      throw new Refused(
        'bad value',
        `lock: ${JSON.stringify(options.lock)} is not a name of letters, digits and _`,
      );
    this.#tables = new LiveTables(options.schema.tables);
    this.view = typedView(this.#tables);
    this.#monitor = new Monitor(options.schema.name, monitoredTables(options), this.#tables, {
      applied: (deltas) => this.#applied(deltas),
    });
    this.#session = new ClientSession(
      { ...options, database: options.schema.name },
      {
        up: () => this.#up(),
        down: () => this.#down(),
        failed: (why, count) => options.failed?.(why, count),
        notification: (method, params) => this.#notified(method, params),
      },
    );
  }

  /** The view holds the whole content as last heard, be the connection there now or not. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** There is a connection and the view follows it. */
  get isConnected(): boolean {
    return this.#session.isUp && this.#monitor.isRunning;
  }

  get hasLock(): boolean {
    return this.#hasLock;
  }

  /** Grows with every applied update. */
  get changeNumber(): number {
    return this.#changeNumber;
  }

  /** Calls `listener` after each applied update; the first is the whole content. Returns what ends it. */
  onChange(listener: (changes: ChangeSet<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` after `isConnected` or `hasLock` may have changed. Returns what ends it. */
  onState(listener: () => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /**
   * Rows of a table by the values of some columns, as the view shows them at each moment. Make it once, for as long as
   * the client lives.
   */
  index<K extends TableName<T>, C extends ColumnName<T[K]> & keyof Row<T[K]>>(
    table: K,
    ...columns: readonly C[]
  ): Index<Row<T[K]>, C> {
    // The rows were read by the types that the schema declares: as `typedView`.
    return this.anyIndex(table, columns) as unknown as Index<Row<T[K]>, C>;
  }

  /** The same without types. */
  anyIndex(table: string, columns: readonly string[]): RowIndex {
    return this.#tables.index(table, columns);
  }

  /** Asks for other rows of a table; once it is done, those no longer asked for are gone. Throws Refused. */
  setConditions<K extends TableName<T>>(table: K, conditions: Conditions<T[K]>): ConditionChange {
    return this.#monitor.setConditions(
      table,
      jsonConditions(table, declaredTable(this.#options.schema.tables, table), conditions),
    );
  }

  /** Does the view show these values of a row that is there? Then writing them would change nothing. */
  shows<K extends TableName<T>>(table: K, id: Uuid, values: RowChange<T[K]>): boolean {
    const row = this.#tables.rows(table).get(id);
    // The declared type only narrows what callers may ask, as in `transact`.
    const asked = Object.entries(values as AnyRow);
    return row !== undefined && asked.every(([column, value]) => isEqualValue(row[column], value));
  }

  async transact(build: (tx: Transaction<T>) => void): Promise<Outcome> {
    const outcome = await this.#transact(build);
    outcomes[outcome.status].total++;
    return outcome;
  }

  async #transact(build: (tx: Transaction<T>) => void): Promise<Outcome> {
    const { schema, lock, newUuid } = this.#options;
    const base = {
      tables: schema.tables,
      row: (table: string, id: Uuid) => this.#tables.rows(table).get(id),
      requiresRows: this.#options.requiresRows === true,
    };
    const collector = new TransactionCollector(base, newUuid ?? randomUuid);
    // The collector takes any table and values; the declared type only narrows what callers may give it.
    build(collector as unknown as Transaction<T>);
    const operations = collector.operations(lock);
    if (operations.list.length === 0) return { status: 'unchanged' };
    if (!this.#session.isUp) return { status: 'disconnected' };
    if (lock !== undefined && !this.#hasLock) return { status: 'notLocked' };
    try {
      const results = await this.#session.request('transact', [schema.name, ...operations.list]);
      const outcome = readOutcome(results, operations);
      if (outcome.status !== 'committed') return outcome;
      return { status: 'committed', incremented: collector.readIncremented(resultList(results)) };
    } catch (why) {
      return this.#failedOutcome(why);
    }
  }

  /**
   * `transact`, built anew from the changed view for as long as the outcome is `tryAgain` and `signal` is not aborted.
   */
  async transactPatiently(build: (tx: Transaction<T>) => void, signal?: AbortSignal): Promise<Outcome> {
    for (;;) {
      const before = this.#changeNumber;
      const outcome = await this.transact(build);
      if (!this.#mayDoBetter(outcome)) return outcome;
      if (this.#changeNumber === before) await this.#nextChange();
      if (signal?.aborted === true) return outcome;
    }
  }

  /** A row that the view still shows is about to go from there, and then the transaction may be another. */
  #mayDoBetter(outcome: Outcome): boolean {
    if (outcome.status !== 'error') return outcome.status === 'tryAgain';
    const { missing } = outcome;
    return missing !== undefined && this.#tables.rows(missing.table).has(missing.id);
  }

  close(): void {
    this.#session.close();
    this.#listeners.clear();
    this.#stateListeners.clear();
  }

  #failedOutcome(why: unknown): Outcome {
    if (why instanceof Disconnected) return { status: 'disconnected' };
    if (why instanceof Refused) return { status: 'error', tag: why.tag, details: undefined };
    if (!(why instanceof Malformed)) throw why;
    this.#session.restart(why.message);
    return { status: 'disconnected' };
  }

  #up(): void {
    const { lock } = this.#options;
    this.#monitor
      .start((method, params) => this.#session.request(method, params))
      .catch((why: unknown) => {
        if (why instanceof Malformed || why instanceof Refused) this.#session.restart(why.message);
        else if (!(why instanceof Disconnected)) throw why;
      });
    if (lock === undefined) return;
    this.#session.request('lock', [lock]).then(
      (result) => this.#setLock(isLockedReply(result)),
      (why: unknown) => {
        if (why instanceof Refused) this.#session.restart(`lock ${lock}: ${why.message}`);
        else if (!(why instanceof Disconnected)) throw why;
      },
    );
  }

  #down(): void {
    this.#monitor.stop();
    this.#hasLock = false;
    this.#tellState();
  }

  /** A Malformed thrown here makes the session reconnect. */
  #notified(method: string, params: readonly Json[]): void {
    if (params[0] === this.#options.lock && (method === 'locked' || method === 'stolen')) {
      this.#setLock(method === 'locked');
    } else this.#monitor.receive(method, params);
  }

  #setLock(hasLock: boolean): void {
    this.#hasLock = hasLock;
    this.#tellState();
  }

  #applied(deltas: Deltas): void {
    const isFirst = !this.#isSynced;
    this.#isSynced = true;
    if (deltas.size > 0 || isFirst) {
      this.#changeNumber++;
      const changes = typedChanges<T>(deltas);
      for (const listener of [...this.#listeners]) listener(changes);
    }
    this.#tellState();
  }

  #tellState(): void {
    for (const listener of [...this.#stateListeners]) listener();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const ends = [this.onChange(() => done()), this.onState(() => done())];
      const done = () => {
        for (const end of ends) end();
        resolve();
      };
    });
  }
}

/** `Conditions` of any table. */
type AnyConditions = boolean | readonly (readonly [column: string, test: string, value: unknown])[];

/** Throws Refused for a table or column that the schema does not have. */
function monitoredTables<T extends Tables>(options: ClientOptions<T>): MonitoredTable[] {
  const { tables } = options.schema;
  const wanted: Readonly<Record<string, readonly string[] | true | undefined>> = options.tables;
  const conditions: Readonly<Record<string, AnyConditions | undefined>> = options.conditions ?? {};
  for (const name of Object.keys(conditions)) {
    if (wanted[name] === undefined)
      throw new Refused(
        'unknown table',
        `conditions on table ${name}, which is not among the tables asked for`,
      );
  }
  return Object.entries(wanted).flatMap(([name, columns]) => {
    if (columns === undefined) return [];
    const declared = declaredTable(tables, name);
    const list = columns === true ? Object.keys(declared.columns) : columns;
    for (const column of list) declaredColumn(name, declared, column);
    return [{ name, columns: list, conditions: jsonConditions(name, declared, conditions[name] ?? true) }];
  });
}

function jsonConditions(name: string, declared: Table, conditions: AnyConditions): JsonConditions {
  if (typeof conditions === 'boolean') return conditions;
  return conditions.map(([column, test, value]) => [
    column,
    test,
    // The declared type only narrows what callers may give, as in `transact`.
    emitValue(`${name}.${column}`, typeOfColumn(name, declared, column), value as Value),
  ]);
}

/** The rows were read by the types that the schema declares, from which `Row<T[K]>` is inferred. */
function typedView<T extends Tables>(tables: LiveTables): View<T> {
  return {
    rows: <K extends TableName<T>>(table: K) => tables.rows(table) as unknown as ReadonlyMap<Uuid, Row<T[K]>>,
    row: <K extends TableName<T>>(table: K, id: Uuid) =>
      tables.rows(table).get(id) as unknown as Row<T[K]> | undefined,
  };
}

/** As `typedView`. */
export function typedChanges<T extends Tables>(
  deltas: ReadonlyMap<string, readonly unknown[]>,
): ChangeSet<T> {
  return {
    tables: [...deltas.keys()] as unknown as TableName<T>[],
    of: <K extends TableName<T>>(table: K) =>
      (deltas.get(table) ?? []) as unknown as readonly RowDelta<Row<T[K]>>[],
  };
}

function resultList(results: Json): readonly Json[] {
  return Array.isArray(results) ? results : [];
}

function isLockedReply(result: Json): boolean {
  return typeof result === 'object' && result !== null && 'locked' in result && result.locked === true;
}
