/**
 * A database as the server offers it: the engine's database, who monitors it, and the latest transactions by id for
 * clients that come back and ask only for what they missed.
 */
import type { Timers } from '../../base/timers.ts';
import type { Uuid } from '../../base/units.ts';
import { noTransaction } from '../client/monitor.ts';
import type { Database } from '../engine/database.ts';
import type { Commit, RowUpdate } from '../engine/types.ts';
import { type MonitorChanges, Tracker } from './monitor/changes.ts';
import { Snapshots } from './monitor/snapshot.ts';
import type { TablePlan } from './monitor/table-plan.ts';

/** Together the transactions that are remembered may have so many changed rows. */
const maxRememberedChanges = 10_000;

interface PastTransaction {
  readonly id: Uuid;
  readonly changes: readonly RowUpdate[];
}

export interface ServedDeps {
  readonly timers: Timers;
  /** How many transactions are remembered for clients that come back. */
  readonly historySize: number;
  /** A transaction without an id is not remembered, nor told as the last one. */
  readonly idOf: (commit: Commit) => Uuid | undefined;
  /** The last transaction so far. */
  readonly lastId?: Uuid | undefined;
  /** Some monitor may have something to tell. */
  readonly changed: () => void;
}

export class ServedDatabase {
  readonly db: Database;
  /** By the keys of their plans. */
  readonly #trackers = new Map<string, Tracker>();
  readonly snapshots: Snapshots;
  readonly #deps: ServedDeps;
  readonly #history: PastTransaction[] = [];
  #historySize = 0;
  #lastId: Uuid;
  readonly #stopListening: () => void;

  constructor(db: Database, deps: ServedDeps) {
    this.db = db;
    this.#deps = deps;
    this.snapshots = new Snapshots(db, deps.timers);
    this.#lastId = deps.lastId ?? noTransaction;
    this.#stopListening = db.onCommit((commit) => this.#committed(commit));
  }

  get trackerCount(): number {
    return this.#trackers.size;
  }

  /** Id of the last transaction that changed something. */
  get lastTransaction(): Uuid {
    return this.#lastId;
  }

  /** The tracker that monitors of these plans share. */
  trackerOf(plans: ReadonlyMap<string, TablePlan>): Tracker {
    const key = trackerKey(plans);
    let tracker = this.#trackers.get(key);
    if (tracker === undefined) {
      tracker = new Tracker(plans);
      this.#trackers.set(key, tracker);
    }
    return tracker;
  }

  /** A monitor has left; forgets what nobody uses any more. */
  release(tracker: Tracker): void {
    if (!tracker.isUnused) return;
    this.#trackers.delete(trackerKey(tracker.plans));
    if (this.#trackers.size === 0) this.snapshots.clear();
  }

  /** The changes after transaction `id`; undefined when it is not known (any more). */
  changesSince(id: string, tracker: Tracker): MonitorChanges | undefined {
    if (id === this.#lastId && id !== noTransaction) return tracker.enter();
    const at = this.#history.findIndex((past) => past.id === id);
    if (at < 0) return undefined;
    return tracker.enterPast(this.#history.slice(at + 1).flatMap((past) => past.changes));
  }

  /** The database was replaced: nothing that was known of it holds. */
  forgetAll(): void {
    this.#trackers.clear();
    this.snapshots.clear();
    this.#history.length = 0;
    this.#historySize = 0;
    this.#lastId = noTransaction;
  }

  close(): void {
    this.#stopListening();
    this.forgetAll();
  }

  #committed(commit: Commit): void {
    const { changes } = commit;
    if (changes.length === 0) return;
    const id = this.#deps.idOf(commit);
    if (id !== undefined) this.#remember({ id, changes });
    if (this.snapshots.size > 0) for (const { table } of changes) this.snapshots.forget(table.name);
    let isAnyTold = false;
    for (const tracker of this.#trackers.values()) if (tracker.add(changes)) isAnyTold = true;
    if (isAnyTold) this.#deps.changed();
  }

  #remember(past: PastTransaction): void {
    this.#lastId = past.id;
    this.#history.push(past);
    this.#historySize += past.changes.length;
    while (this.#history.length > this.#deps.historySize || this.#historySize > maxRememberedChanges) {
      this.#historySize -= this.#history.shift()?.changes.length ?? 0;
    }
  }
}

function trackerKey(plans: ReadonlyMap<string, TablePlan>): string {
  return [...plans.values()]
    .map((plan) => plan.key)
    .sort()
    .join(';');
}
