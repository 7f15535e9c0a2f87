/** Change sets that wait to be read, joined into one: from what the reader has seen to what the view shows. */
import type { Uuid } from '../../base/units.ts';

/** `RowDelta` of rows of any table. */
interface AnyDelta {
  readonly id: Uuid;
  readonly old: unknown;
  readonly new: unknown;
}

export class PendingChanges {
  #tables = new Map<string, Map<Uuid, AnyDelta>>();

  add(table: string, deltas: readonly AnyDelta[]): void {
    let pending = this.#tables.get(table);
    if (pending === undefined) {
      pending = new Map();
      this.#tables.set(table, pending);
    }
    for (const delta of deltas) {
      const seen = pending.get(delta.id);
      const joined = seen === undefined ? delta : { id: delta.id, old: seen.old, new: delta.new };
      if (joined.old === undefined && joined.new === undefined) pending.delete(delta.id);
      else pending.set(delta.id, joined);
    }
    if (pending.size === 0) this.#tables.delete(table);
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0;
  }

  take(): ReadonlyMap<string, readonly AnyDelta[]> {
    const taken = new Map([...this.#tables].map(([table, deltas]) => [table, [...deltas.values()]]));
    this.#tables = new Map();
    return taken;
  }
}
