/**
 * One running transaction: changes rows in place, remembers what was there, and either becomes a commit (`commit.ts`)
 * or undoes everything. So its cost follows what it changes. Used by the operations and by the replay of the log.
 */
import type { Uuid } from '../../base/units.ts';
import { equalDatums } from './datum.ts';
import type { Slot, StoredTable } from './table.ts';
import type { Datum, RowUpdate, RowVersion } from './types.ts';

export class OpenTransaction {
  readonly tables: ReadonlyMap<string, StoredTable>;
  readonly #newUuid: () => Uuid;
  /** In the order of their first change. */
  readonly #edited: Slot[] = [];
  /** Slots whose reference counts have moved. */
  readonly #counted: Slot[] = [];
  readonly #comments: string[] = [];

  constructor(tables: ReadonlyMap<string, StoredTable>, newUuid: () => Uuid) {
    this.tables = tables;
    this.#newUuid = newUuid;
  }

  newUuid(): Uuid {
    return this.#newUuid();
  }

  addComment(comment: string): void {
    this.#comments.push(comment);
  }

  get comment(): string | undefined {
    return this.#comments.length === 0 ? undefined : this.#comments.join('\n');
  }

  /** Slots that were changed so far; grows while commit checks run. */
  get edited(): readonly Slot[] {
    return this.#edited;
  }

  get counted(): readonly Slot[] {
    return this.#counted;
  }

  /** Whether a row with that uuid may be inserted: none is there, nor was deleted in this transaction. */
  mayInsert(table: StoredTable, uuid: string): boolean {
    return table.slot(uuid) === undefined && !table.deleted.has(uuid);
  }

  /** The caller has asked `mayInsert`, or made the uuid. */
  insert(table: StoredTable, uuid: Uuid, values: readonly Datum[]): RowVersion {
    const row = { uuid, version: this.#newUuid(), values };
    this.#edit(table.add(row), undefined);
    return row;
  }

  /** Gives the row new values. Its version changes when the transaction commits. */
  modify(slot: Slot, values: readonly Datum[]): void {
    const { row } = slot;
    if (row === undefined) return;
    this.#remember(slot);
    slot.table.put(slot, { uuid: row.uuid, version: row.version, values });
  }

  delete(slot: Slot): void {
    this.#remember(slot);
    slot.table.put(slot, undefined);
    if (slot.edit?.before !== undefined) slot.table.deleted.set(slot.uuid, slot);
  }

  /** Puts a row that a commit changed back to what it was before; undefined: there was none. */
  putBack(table: StoredTable, uuid: string, before: RowVersion | undefined): void {
    const slot = table.slot(uuid);
    if (slot !== undefined) {
      this.#remember(slot);
      table.put(slot, before);
      if (before === undefined) table.deleted.set(uuid, slot);
    } else if (before !== undefined) {
      this.#edit(table.add(before), undefined);
    }
  }

  /** Moves the count of strong references to the row in `slot`. */
  addReferences(slot: Slot, count: number): void {
    if (slot.referencesBefore === undefined) {
      slot.referencesBefore = slot.references;
      this.#counted.push(slot);
    }
    slot.references += count;
  }

  /** Makes the changes final: see `commit.ts`. */
  finish(): void {
    for (const slot of this.#edited) {
      slot.edit = undefined;
      if (slot.row === undefined) slot.table.deleted.delete(slot.uuid);
    }
    for (const slot of this.#counted) slot.referencesBefore = undefined;
  }

  undo(): void {
    for (let i = this.#edited.length - 1; i >= 0; i--) {
      const slot = this.#edited[i];
      if (slot !== undefined) restore(slot);
    }
    for (const slot of this.#counted) {
      slot.references = slot.referencesBefore ?? slot.references;
      slot.referencesBefore = undefined;
    }
  }

  #remember(slot: Slot): void {
    if (slot.edit === undefined) this.#edit(slot, slot.row);
  }

  #edit(slot: Slot, before: RowVersion | undefined): void {
    slot.edit = { slot, before };
    this.#edited.push(slot);
  }

  /** Rows that are what they were are no part of the transaction, nor are those inserted and deleted in it. */
  forgetUnchanged(): void {
    let kept = 0;
    for (const slot of this.#edited) {
      const before = slot.edit?.before;
      const isSame = before === undefined ? slot.row === undefined : isEqualRow(before, slot.row);
      if (isSame) restore(slot);
      else this.#edited[kept++] = slot;
    }
    this.#edited.length = kept;
  }

  /** What the transaction changed; rows get their new versions. */
  changes(): readonly RowUpdate[] {
    const changes: RowUpdate[] = [];
    for (const slot of this.#edited) {
      const before = slot.edit?.before;
      const { table, row } = slot;
      if (before === undefined || row === undefined) {
        if (before === undefined && row === undefined) continue;
        changes.push({
          table: table.schema,
          uuid: slot.uuid,
          before,
          after: row,
          changed: table.allColumns,
        });
        continue;
      }
      const changed = changedColumns(before, row);
      if (changed.length === 0) continue;
      const after = { uuid: row.uuid, version: this.#newUuid(), values: row.values };
      slot.row = after;
      changes.push({ table: table.schema, uuid: slot.uuid, before, after, changed });
    }
    return changes;
  }
}

/** Puts back what was there before the transaction. */
function restore(slot: Slot): void {
  const { edit, table } = slot;
  slot.edit = undefined;
  table.deleted.delete(slot.uuid);
  if (edit !== undefined && slot.row !== edit.before) table.put(slot, edit.before);
}

function isEqualRow(a: RowVersion, b: RowVersion | undefined): boolean {
  return b !== undefined && (a.values === b.values || changedColumns(a, b).length === 0);
}

function changedColumns(a: RowVersion, b: RowVersion): number[] {
  const changed: number[] = [];
  for (let i = 0; i < a.values.length; i++) {
    const x = a.values[i];
    const y = b.values[i];
    if (x !== y && (x === undefined || y === undefined || !equalDatums(x, y))) changed.push(i);
  }
  return changed;
}
