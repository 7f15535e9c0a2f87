/**
 * Collects what has to be written back and writes it in batches: one transaction under way, the rest waits for it.
 * What could not be written for lack of a connection, or because somebody else wrote meanwhile, is written later.
 */
import { logger } from '../base/log.ts';
import type { Uuid } from '../base/units.ts';
import type { OvsdbClient, Transaction } from '../ovsdb/client/index.ts';
import type { OvsChange, OvsTables } from './schema/index.ts';

const log = logger('bridge');

type StatusTable = 'Open_vSwitch' | 'Bridge' | 'Interface';
type Changes = { readonly [T in StatusTable]: Map<Uuid, OvsChange<T>> };

function noChanges(): Changes {
  return { Open_vSwitch: new Map(), Bridge: new Map(), Interface: new Map() };
}

type Client = Pick<OvsdbClient<OvsTables>, 'transact' | 'view' | 'hasLock' | 'shows'>;

export class StatusWriter {
  readonly #client: Client;
  #waiting = noChanges();
  #underWay: Changes | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Is anything not yet in the database? */
  get isIdle(): boolean {
    return this.#underWay === undefined && sizeOf(this.#waiting) === 0;
  }

  /** Later values of a column replace earlier ones. What the database has already is not kept. */
  put<T extends StatusTable>(table: T, id: Uuid, change: OvsChange<T>): void {
    const hasOlder = this.#underWay !== undefined || this.#waiting[table].has(id);
    if (hasOlder || !this.#client.shows(table, id, change)) merge(this.#waiting[table], id, change);
  }

  /** Writes nothing of this any more: somebody else says now what is. */
  forget(): void {
    this.#waiting = noChanges();
    this.#underWay = undefined;
  }

  /** Starts a transaction if there is anything to write and none is under way. */
  flush(): void {
    if (this.#underWay !== undefined || !this.#client.hasLock || sizeOf(this.#waiting) === 0) return;
    const batch = this.#waiting;
    this.#waiting = noChanges();
    this.#underWay = batch;
    void this.#write(batch);
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
        log.err(`could not write status: ${outcome.tag}: ${outcome.details ?? ''}`);
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
    const newer = this.#waiting;
    this.#waiting = batch;
    for (const [id, change] of newer.Interface) merge(batch.Interface, id, change);
    for (const [id, change] of newer.Bridge) merge(batch.Bridge, id, change);
    for (const [id, change] of newer.Open_vSwitch) merge(batch.Open_vSwitch, id, change);
  }
}

function merge<C extends object>(into: Map<Uuid, C>, id: Uuid, change: C): void {
  into.set(id, { ...into.get(id), ...change });
}

function sizeOf(changes: Changes): number {
  return changes.Open_vSwitch.size + changes.Bridge.size + changes.Interface.size;
}
