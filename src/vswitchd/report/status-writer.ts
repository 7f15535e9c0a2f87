/**
 * Collects what has to be written back and writes it in batches: one transaction under way, the rest waits for it.
 * What could not be written for lack of a connection, or because somebody else wrote meanwhile, is written later. A row
 * that the database refuses is dropped alone: a refused batch is tried again in two halves.
 */
import { logger } from '../../base/log.ts';
import type { Uuid } from '../../base/units.ts';
import type { OvsdbClient, Transaction } from '../../ovsdb/client/index.ts';
import type { OvsChange, OvsTables } from '../schema/index.ts';

const log = logger('bridge');

/** Errors (RFC 7047, section 3.1) of the server as a whole, not of a row. */
const refusesAll: ReadonlySet<string> = new Set(['I/O error', 'resources exhausted']);

type StatusTable = 'Open_vSwitch' | 'Bridge' | 'Port' | 'Interface' | 'Controller' | 'Mirror' | 'Datapath';

/** What one row is to get. */
interface RowStatus<T extends StatusTable = StatusTable> {
  readonly table: T;
  readonly change: OvsChange<T>;
}
/** By the row's uuid. */
type Batch = Map<Uuid, RowStatus>;

type Client = Pick<OvsdbClient<OvsTables>, 'transact' | 'view' | 'hasLock' | 'shows'>;

export class StatusWriter {
  readonly #client: Client;
  #waiting: Batch = new Map();
  /** Parts of a refused batch, to be written before what waits. */
  #parts: Batch[] = [];
  #underWay: Batch | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Is anything not yet in the database? */
  get isIdle(): boolean {
    return !this.#hasOlder && this.#waiting.size === 0;
  }

  get #hasOlder(): boolean {
    return this.#underWay !== undefined || this.#parts.length > 0;
  }

  /** Later values of a column replace earlier ones. What the database has already is not kept. */
  put<T extends StatusTable>(table: T, id: Uuid, change: OvsChange<T>): void {
    if (this.#hasOlder || this.#waiting.has(id) || !this.#client.shows(table, id, change))
      merge(this.#waiting, id, { table, change });
  }

  /** Writes nothing of this any more: somebody else says now what is. */
  forget(): void {
    this.#waiting = new Map();
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

  #takeWaiting(): Batch {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    return waiting;
  }

  async #write(batch: Batch): Promise<void> {
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
        if (batch.size > 1 && !refusesAll.has(outcome.tag)) this.#parts.unshift(...halves(batch));
        else log.err(`could not write status of ${nameOf(batch)}: ${outcome.tag}: ${outcome.details ?? ''}`);
        return this.flush();
    }
  }

  #build(tx: Transaction<OvsTables>, batch: Batch): void {
    const { view } = this.#client;
    for (const [id, { table, change }] of batch)
      if (view.row(table, id) !== undefined) tx.update(table, id, change);
  }

  /** What came meanwhile is newer. */
  #putBack(batch: Batch): void {
    const newer = [...this.#parts, this.#waiting];
    this.#parts = [];
    this.#waiting = batch;
    for (const later of newer) for (const [id, status] of later) merge(batch, id, status);
  }
}

function merge(into: Batch, id: Uuid, { table, change }: RowStatus): void {
  into.set(id, { table, change: { ...into.get(id)?.change, ...change } });
}

function halves(batch: Batch): [Batch, Batch] {
  const rows = [...batch];
  const middle = rows.length >> 1;
  return [new Map(rows.slice(0, middle)), new Map(rows.slice(middle))];
}

function nameOf(batch: Batch): string {
  const [first, ...others] = batch;
  if (first === undefined || others.length > 0) return `${batch.size} rows`;
  const [id, { table }] = first;
  return `${table} ${id}`;
}
