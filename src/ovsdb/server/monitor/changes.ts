/**
 * What has happened since a client was last told. Clients that are up to date share one set of changes; one that
 * reads slowly keeps its own, in which later changes of a row are merged, so it never holds a queue of messages.
 */
import { atomsOf } from '../../engine/datum.ts';
import type { RowUpdate, RowVersion } from '../../engine/types.ts';
import { SharedText } from './pieces.ts';
import type { RowFilter, RowPair, TablePlan } from './table-plan.ts';

/** 1: `update`, 2: `update2`, 3: `update3`. */
export type UpdateVersion = 1 | 2 | 3;

/** By table name; a table that is missing has no filter. */
export type Filters = ReadonlyMap<string, RowFilter>;

const pairCost = 256;
const atomCost = 16;

function rowCost(row: RowVersion): number {
  let bytes = 0;
  for (const value of row.values) {
    for (const atom of atomsOf(value)) bytes += atomCost + (typeof atom === 'string' ? atom.length : 0);
  }
  return bytes;
}

export class MonitorChanges {
  readonly #plans: ReadonlyMap<string, TablePlan>;
  readonly #rows = new Map<string, Map<string, RowPair>>();
  /** By version and filters. */
  readonly #texts = new Map<string, SharedText | undefined>();
  /** How many monitors start from here. */
  users = 0;

  constructor(plans: ReadonlyMap<string, TablePlan>) {
    this.#plans = plans;
  }

  /** Bytes that are only kept for who stands here, roughly: the rows as they were, and their places in the maps. */
  get cost(): number {
    let bytes = 0;
    for (const rows of this.#rows.values()) {
      for (const { before } of rows.values())
        bytes += pairCost + (before === undefined ? 0 : rowCost(before));
    }
    return bytes;
  }

  add(change: RowUpdate): void {
    if (this.#texts.size > 0) this.#texts.clear();
    const { name } = change.table;
    let rows = this.#rows.get(name);
    if (rows === undefined) {
      rows = new Map();
      this.#rows.set(name, rows);
    }
    const earlier = rows.get(change.uuid);
    const before = earlier === undefined ? change.before : earlier.before;
    if (before === undefined && change.after === undefined) {
      rows.delete(change.uuid);
      return;
    }
    rows.set(change.uuid, { before, after: change.after });
  }

  /** The `<table-updates>`, made once for all monitors of the same version and filters. Undefined: nothing to tell. */
  text(version: UpdateVersion, filters: Filters, filterKey: string): SharedText | undefined {
    const key = version === 1 ? '1' : `2${filterKey}`;
    const known = this.#texts.get(key);
    if (known !== undefined || this.#texts.has(key)) return known;
    const text = this.#write(version, filters);
    const made = text === '' ? undefined : new SharedText(`{${text}}`);
    this.#texts.set(key, made);
    return made;
  }

  #write(version: UpdateVersion, filters: Filters): string {
    let out = '';
    for (const [name, rows] of this.#rows) {
      const plan = this.#plans.get(name);
      if (plan === undefined) continue;
      const filter = filters.get(name);
      let table = '';
      for (const [uuid, pair] of rows) {
        const update =
          version === 1 ? plan.writeUpdate(pair, false) : plan.writeUpdate2(pair, false, filter, filter);
        if (update !== undefined) table += `${table === '' ? '' : ','}"${uuid}":${update}`;
      }
      if (table !== '') out += `${out === '' ? '' : ','}${JSON.stringify(name)}:{${table}}`;
    }
    return out;
  }
}

/** All monitors that want the same columns of the same tables share one of these. */
export class Tracker {
  readonly plans: ReadonlyMap<string, TablePlan>;
  /** Changes of these columns matter, by table: what is monitored and what filters look at. */
  readonly #columns = new Map<string, Set<number>>();
  readonly #sets = new Set<MonitorChanges>();
  #current: MonitorChanges | undefined;

  constructor(plans: ReadonlyMap<string, TablePlan>) {
    this.plans = plans;
    for (const [name, plan] of plans) {
      this.#columns.set(name, new Set(plan.columns.map((wanted) => wanted.column.index)));
    }
  }

  get isUnused(): boolean {
    return this.#sets.size === 0;
  }

  /** Filters look at these columns too; they are watched from now on. */
  watchColumnsOf(filters: Filters): void {
    for (const [name, filter] of filters) {
      for (const column of filter.columns) this.#columns.get(name)?.add(column.index);
    }
  }

  /** Where a monitor that knows everything up to now continues. */
  enter(): MonitorChanges {
    if (this.#current === undefined) {
      this.#current = new MonitorChanges(this.plans);
      this.#sets.add(this.#current);
    }
    this.#current.users++;
    return this.#current;
  }

  /** A set that starts in the past. */
  enterPast(changes: Iterable<RowUpdate>): MonitorChanges {
    const past = new MonitorChanges(this.plans);
    for (const change of changes) if (this.#isRelevant(change)) past.add(change);
    past.users++;
    this.#sets.add(past);
    return past;
  }

  leave(set: MonitorChanges): void {
    if (--set.users > 0) return;
    this.#sets.delete(set);
    if (this.#current === set) this.#current = undefined;
  }

  /** Is there nothing new for a monitor that stands at `set`? */
  isCurrent(set: MonitorChanges): boolean {
    return set === this.#current;
  }

  /** True when some monitor may have to be told. */
  add(changes: readonly RowUpdate[]): boolean {
    let hasAdded = false;
    for (const change of changes) {
      if (!this.#isRelevant(change)) continue;
      for (const set of this.#sets) set.add(change);
      hasAdded = true;
    }
    if (hasAdded) this.#current = undefined;
    return hasAdded;
  }

  #isRelevant(change: RowUpdate): boolean {
    const columns = this.#columns.get(change.table.name);
    if (columns === undefined) return false;
    if (change.before === undefined || change.after === undefined) return true;
    return change.changed.some((index) => columns.has(index));
  }
}
