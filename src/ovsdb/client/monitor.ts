/**
 * Keeps the live tables fed: asks the server for the wanted columns and rows by the best method it knows
 * (monitor_cond_since, monitor_cond, monitor), takes the updates in, and changes the conditions at run time.
 * Used by `OvsdbClient`. ovsdb-server(7) sections 4.1.12 to 4.1.15, RFC 7047 section 4.1.5.
 */

import { Refused } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { type Uuid, uuid } from '../../base/units.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { zeroUuid } from '../atom.ts';
import { bad, objectOf, type UpdateFormat } from './view.ts';

const log = logger('ovsdb_idl');

/** The id before all transactions: who saw that last is told everything. */
export const noTransaction = uuid(zeroUuid);

/** RFC 7047 `<condition>`s of which a row meets any one; `true` is all rows, `false` or an empty list none. */
export type JsonConditions = boolean | readonly Json[];

export interface MonitoredTable {
  readonly name: string;
  readonly columns: readonly string[];
  conditions: JsonConditions;
}

/** What the updates go into: the live tables of a typed client, or the copy that a relay holds. */
export interface MonitoredView<Deltas> {
  /** Takes an update in; throws Malformed, then with none of it applied. `id`: the transaction, where it has one. */
  apply(updates: Json, format: UpdateFormat, id: Uuid | undefined): Deltas;
  /** The same with `updates` as the whole content: what they do not name is gone. */
  replace(updates: Json, format: UpdateFormat, id: Uuid | undefined): Deltas;
}

export interface MonitorEvents<Deltas> {
  /** After the initial content and after each update. */
  applied(deltas: Deltas): void;
}

export type RequestFunction = (method: string, params: readonly Json[]) => Promise<Json>;

interface Change {
  readonly table: MonitoredTable;
  readonly conditions: JsonConditions;
  isCancelled: boolean;
  done(): void;
  failed(why: Error): void;
}

/** Other conditions that were asked for. */
export interface ConditionChange {
  /** Resolves when the view shows those rows; rejects with Refused when the server does not take the conditions. */
  readonly done: Promise<void>;
  /** Until it is done: leaves the conditions as they were, or puts them back, unless others were asked for meanwhile. */
  cancel(): void;
}

export class Monitor<Deltas> {
  readonly #database: string;
  readonly #tables: readonly MonitoredTable[];
  readonly #view: MonitoredView<Deltas>;
  readonly #events: MonitorEvents<Deltas>;
  /** Undefined while there is no connection. */
  #request: RequestFunction | undefined;
  #format: UpdateFormat | undefined;
  /** Updates that came in one go with the first contents, before those were dealt with. */
  #early: { readonly method: string; readonly params: readonly Json[] }[] = [];
  #isConditional = false;
  /** The last transaction seen; the server resumes there if it still knows it. */
  #lastTransaction = noTransaction;
  #changes: Change[] = [];
  /** What was asked for and not given up, by table. */
  readonly #wanted: Map<MonitoredTable, JsonConditions>;
  #isChanging = false;
  #monitorNumber = 0;

  constructor(
    database: string,
    tables: readonly MonitoredTable[],
    view: MonitoredView<Deltas>,
    events: MonitorEvents<Deltas>,
  ) {
    this.#database = database;
    this.#tables = tables;
    this.#wanted = new Map(tables.map((table) => [table, table.conditions]));
    this.#view = view;
    this.#events = events;
  }

  /** The view holds the content and follows it. */
  get isRunning(): boolean {
    return this.#format !== undefined;
  }

  /** Rejects with Malformed, Refused or Disconnected. */
  async start(request: RequestFunction): Promise<void> {
    this.#request = request;
    const schema = objectOf(await request('get_schema', [this.#database]), 'a schema');
    const columns = this.#knownColumns(schema);
    if (this.#request !== request) return;
    await this.#subscribe(request, columns);
    if (this.#request === request) this.#changeNext();
  }

  stop(): void {
    this.#request = undefined;
    this.#format = undefined;
    this.#isChanging = false;
  }

  /** Takes a notification in; throws Malformed. */
  receive(method: string, params: readonly Json[]): void {
    const format = this.#format;
    if (method === 'monitor_canceled') throw bad('the server cancelled the monitor');
    if (params[0] !== this.#id) return;
    if (format === undefined) this.#early.push({ method, params });
    else if (method === 'update' || method === 'update2') this.#apply(params[1], format);
    else if (method === 'update3' && typeof params[1] === 'string') {
      this.#apply(params[2], format, uuid(params[1]));
      this.#lastTransaction = uuid(params[1]);
    }
  }

  /** Throws Refused for a table that is not monitored. */
  setConditions(name: string, conditions: JsonConditions): ConditionChange {
    const table = this.#tables.find((t) => t.name === name);
    if (table === undefined)
      throw new Refused('unknown table', `table ${name} is not among those that are monitored`);
    let cancel = (): void => {};
    const done = new Promise<void>((resolve, reject) => {
      const change: Change = { table, conditions, isCancelled: false, done: resolve, failed: reject };
      cancel = () => this.#cancel(change);
      this.#changes.push(change);
      this.#changeNext();
    });
    return { done, cancel };
  }

  #cancel(change: Change): void {
    if (!this.#changes.includes(change)) return;
    change.isCancelled = true;
    if (this.#isChanging && this.#changes[0] === change) return; // put back when it is done
    this.#changes = this.#changes.filter((c) => c !== change);
    this.#putBack(change.table);
  }

  /** Unless others are asked for: the conditions that were wanted last. */
  #putBack(table: MonitoredTable): void {
    const conditions = this.#wanted.get(table) ?? true;
    if (table.conditions === conditions || this.#changes.some((change) => change.table === table)) return;
    this.#changes.push({ table, conditions, isCancelled: false, done() {}, failed() {} });
    this.#changeNext();
  }

  get #id(): string {
    return `monitor ${this.#monitorNumber}`;
  }

  async #subscribe(request: RequestFunction, columns: Map<string, readonly string[]>): Promise<void> {
    this.#monitorNumber++;
    this.#early = [];
    const params = [this.#database, this.#id, this.#requests(columns, true)];
    const since = await supported(request('monitor_cond_since', [...params, this.#lastTransaction]));
    if (since !== undefined) return this.#began(request, since, 'update2', true);
    const conditional = await supported(request('monitor_cond', params));
    if (conditional !== undefined) return this.#began(request, [false, '', conditional], 'update2', true);
    const plain = [this.#database, this.#id, this.#requests(columns, false)];
    return this.#began(request, [false, '', await request('monitor', plain)], 'update', false);
  }

  /** `reply` is what monitor_cond_since gives: was the last transaction known, the last one now, the updates. */
  #began(request: RequestFunction, reply: Json, format: UpdateFormat, isConditional: boolean): void {
    if (this.#request !== request) return;
    const [isResumed, lastTransaction, updates] = Array.isArray(reply) ? reply : [];
    if (updates === undefined || typeof lastTransaction !== 'string') throw bad('not a reply to monitor');
    const id = lastTransaction === '' ? undefined : uuid(lastTransaction);
    const deltas =
      isResumed === true ? this.#view.apply(updates, format, id) : this.#view.replace(updates, format, id);
    this.#format = format;
    this.#isConditional = isConditional;
    if (id !== undefined) this.#lastTransaction = id;
    this.#events.applied(deltas);
    for (const early of this.#early.splice(0)) this.receive(early.method, early.params);
  }

  #apply(updates: Json | undefined, format: UpdateFormat, id?: Uuid): void {
    this.#events.applied(this.#view.apply(updates ?? null, format, id));
  }

  /** An older server may lack a table or column: its rows then show the default. */
  #knownColumns(schema: JsonObject): Map<string, readonly string[]> {
    const known = new Map<string, readonly string[]>();
    const tables = objectOf(schema.tables, 'the schema\'s "tables"');
    for (const { name, columns } of this.#tables) {
      const declared = tables[name];
      if (declared === undefined) {
        log.warn(`${this.#database} database lacks ${name} table (database needs upgrade?)`);
        continue;
      }
      const has = objectOf(objectOf(declared, 'a table').columns, 'a table\'s "columns"');
      const missing = columns.filter((column) => !(column in has));
      for (const column of missing) {
        log.warn(
          `${name} table in ${this.#database} database lacks ${column} column (database needs upgrade?)`,
        );
      }
      known.set(
        name,
        columns.filter((column) => column in has),
      );
    }
    return known;
  }

  #requests(known: Map<string, readonly string[]>, isConditional: boolean): JsonObject {
    const requests: Record<string, Json> = {};
    for (const { name, conditions } of this.#tables) {
      const columns = known.get(name);
      if (columns === undefined) continue;
      requests[name] = [
        { columns, ...(isConditional && conditions !== true && { where: where(conditions) }) },
      ];
    }
    return requests;
  }

  /** One change at a time: the reply comes after the updates it causes. */
  #changeNext(): void {
    const request = this.#request;
    const [change] = this.#changes;
    if (request === undefined || !this.isRunning || this.#isChanging || change === undefined) return;
    const before = change.table.conditions;
    change.table.conditions = change.conditions;
    if (!this.#isConditional) {
      this.#changed(change);
      return;
    }
    this.#isChanging = true;
    const wanted = { [change.table.name]: [{ where: where(change.conditions) }] };
    request('monitor_cond_change', [this.#id, this.#id, wanted]).then(
      () => {
        if (this.#request === request) this.#changed(change);
      },
      (why: unknown) => {
        // After a reconnect the monitor starts with the new conditions, so the change is only over then.
        if (!(why instanceof Refused)) return;
        change.table.conditions = before;
        if (this.#request === request) this.#changed(change, why);
      },
    );
  }

  #changed(change: Change, why?: Refused): void {
    this.#isChanging = false;
    this.#changes = this.#changes.filter((c) => c !== change);
    if (why === undefined && !change.isCancelled) this.#wanted.set(change.table, change.conditions);
    if (why === undefined) change.done();
    else change.failed(why);
    this.#putBack(change.table);
    this.#changeNext();
  }
}

function where(conditions: JsonConditions): Json {
  if (conditions === true) return [true];
  return conditions === false || conditions.length === 0 ? [false] : conditions;
}

/** Undefined when the server does not know the method. */
async function supported(reply: Promise<Json>): Promise<Json | undefined> {
  try {
    return await reply;
  } catch (why) {
    if (why instanceof Refused && why.tag === 'unknown method') return undefined;
    throw why;
  }
}
