/**
 * Collects what has to be written back and writes it in batches: one transaction under way, the rest waits for it.
 * What could not be written for lack of a connection, or because somebody else wrote meanwhile, is written later. A row
 * that the database refuses is dropped alone: a refused batch is tried again in two halves.
 */
import { logger } from '../base/log.ts';
import type { Uuid } from '../base/units.ts';
import type { OvsdbClient, Transaction } from '../ovsdb/client/index.ts';
import type { OvsChange, OvsTables } from './schema/index.ts';

const log = logger('bridge');

/** Errors (RFC 7047, section 3.1) of the server as a whole, not of a row. */
const refusesAll: ReadonlySet<string> = new Set(['I/O error', 'resources exhausted']);

type StatusTable = 'Open_vSwitch' | 'Bridge' | 'Interface';
type Changes = { readonly [T in StatusTable]: Map<Uuid, OvsChange<T>> };

function noChanges(): Changes {
  return { Open_vSwitch: new Map(), Bridge: new Map(), Interface: new Map() };
}

type Client = Pick<OvsdbClient<OvsTables>, 'transact' | 'view' | 'hasLock' | 'shows'>;

export class StatusWriter {
  readonly #client: Client;
  #waiting = noChanges();
  /** Parts of a refused batch, to be written before what waits. */
  #parts: Changes[] = [];
  #underWay: Changes | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Is anything not yet in the database? */
  get isIdle(): boolean {
    return !this.#hasOlder && sizeOf(this.#waiting) === 0;
  }

  get #hasOlder(): boolean {
    return this.#underWay !== undefined || this.#parts.length > 0;
  }

  /** Later values of a column replace earlier ones. What the database has already is not kept. */
  put<T extends StatusTable>(table: T, id: Uuid, change: OvsChange<T>): void {
    if (this.#hasOlder || this.#waiting[table].has(id) || !this.#client.shows(table, id, change))
      merge(this.#waiting[table], id, change);
  }

  /** Writes nothing of this any more: somebody else says now what is. */
  forget(): void {
    this.#waiting = noChanges();
    this.#parts = [];
    this.#underWay = undefined;
  }

  /** Starts a transaction if there is anything to write and none is under way. */
  flush(): void {
    if (this.isIdle || this.#underWay !== undefined || !this.#client.hasLock) return;
    const batch = this.#parts.shift() ?? this.#takeWaiting();
    this.#underWay = batch;
    void this.#write(batch);
  }

  #takeWaiting(): Changes {
    const waiting = this.#waiting;
    this.#waiting = noChanges();
    return waiting;
  }

  async #write(batch: Changes): Promise<void> {
    const outcome = await this.#client.transact((tx) => this.#build(tx, batch));
    if (this.#underWay !== batch) return; // forgotten
    this.#underWay = undefined;
    switch (outcome.status) {
      case 'committed':
      case 'unchanged':
        return this.flush();
      case 'tryAgain':
        this.#putBack(batch);
        return this.flush();
      case 'disconnected':
      case 'notLocked':
        return this.#putBack(batch);
      case 'error':
        if (sizeOf(batch) > 1 && !refusesAll.has(outcome.tag)) this.#parts.unshift(...halves(batch));
        else log.err(`could not write status of ${nameOf(batch)}: ${outcome.tag}: ${outcome.details ?? ''}`);
        return this.flush();
    }
  }

  #build(tx: Transaction<OvsTables>, batch: Changes): void {
    const { view } = this.#client;
    const update = <T extends StatusTable>(table: T, changes: ReadonlyMap<Uuid, OvsChange<T>>): void => {
      for (const [id, change] of changes) if (view.row(table, id) !== undefined) tx.update(table, id, change);
    };
    update('Interface', batch.Interface);
    update('Bridge', batch.Bridge);
    update('Open_vSwitch', batch.Open_vSwitch);
  }

  /** What came meanwhile is newer. */
  #putBack(batch: Changes): void {
    const newer = [...this.#parts, this.#waiting];
    this.#parts = [];
    this.#waiting = batch;
    for (const changes of newer) {
      for (const [id, change] of changes.Interface) merge(batch.Interface, id, change);
      for (const [id, change] of changes.Bridge) merge(batch.Bridge, id, change);
      for (const [id, change] of changes.Open_vSwitch) merge(batch.Open_vSwitch, id, change);
    }
  }
}

function merge<C extends object>(into: Map<Uuid, C>, id: Uuid, change: C): void {
  into.set(id, { ...into.get(id), ...change });
}

function sizeOf(changes: Changes): number {
  return changes.Open_vSwitch.size + changes.Bridge.size + changes.Interface.size;
}

function halves(changes: Changes): [Changes, Changes] {
  const middle = sizeOf(changes) >> 1;
  const both: [Changes, Changes] = [noChanges(), noChanges()];
  let index = 0;
  const deal = <T extends StatusTable>(table: T): void => {
    for (const [id, change] of changes[table]) merge(both[index++ < middle ? 0 : 1][table], id, change);
  };
  deal('Interface');
  deal('Bridge');
  deal('Open_vSwitch');
  return both;
}

function nameOf(changes: Changes): string {
  const rows = Object.entries(changes).flatMap(([table, ids]) =>
    [...ids.keys()].map((id) => `${table} ${id}`),
  );
  return rows.length === 1 ? `${rows[0]}` : `${rows.length} rows`;
}
