/**
 * The rows of one table while transactions run on them: found by uuid and by the schema's indexes, with their
 * reference counts. Only `OpenTransaction` changes them.
 */
import type { Uuid } from '../../base/units.ts';
import type { Scalar } from '../schema-types.ts';
import { cell, keyOf } from './row.ts';
import type { ColumnSchema, Datum, RowVersion, TableSchema } from './types.ts';

/** A row's place: it stays while the rows in it come and go. */
export class Slot {
  readonly table: StoredTable;
  readonly uuid: Uuid;
  /** Undefined while deleted. */
  row: RowVersion | undefined;
  /** Strong references from other rows. */
  references = 0;
  /** `references` before the running transaction touched them. */
  referencesBefore: number | undefined;
  /** Rows with weak references to this one, and how many they have. */
  weakReferrers: Map<Slot, number> | undefined;
  /** The running transaction has changed this row: what was there before. */
  edit: Edit | undefined;

  constructor(table: StoredTable, row: RowVersion) {
    this.table = table;
    this.uuid = row.uuid;
    this.row = row;
  }
}

/** A change that the running transaction made to a slot. */
export interface Edit {
  readonly slot: Slot;
  /** Undefined: the row is new. */
  readonly before: RowVersion | undefined;
}

/** A key of an index: the atom itself where one scalar column is indexed, a text otherwise. */
type IndexKey = Scalar;

/** Which slots hold which values. Several only within a transaction that will fail, or that is not done yet. */
class Index {
  readonly columns: readonly ColumnSchema[];
  readonly #slots = new Map<IndexKey, Slot | Set<Slot>>();

  constructor(columns: readonly ColumnSchema[]) {
    this.columns = columns;
  }

  keyOfRow(row: RowVersion): IndexKey {
    return this.keyOfValues(this.columns.map((column) => cell(row, column)));
  }

  keyOfValues(values: readonly Datum[]): IndexKey {
    const [first] = values;
    return values.length === 1 && first !== undefined && typeof first !== 'object' ? first : keyOf(values);
  }

  slotsAt(key: IndexKey): readonly Slot[] {
    const found = this.#slots.get(key);
    if (found === undefined) return [];
    return found instanceof Slot ? [found] : [...found];
  }

  add(key: IndexKey, slot: Slot): void {
    const found = this.#slots.get(key);
    if (found === undefined) this.#slots.set(key, slot);
    else if (found instanceof Slot) this.#slots.set(key, new Set([found, slot]));
    else found.add(slot);
  }

  remove(key: IndexKey, slot: Slot): void {
    const found = this.#slots.get(key);
    if (found === slot) {
      this.#slots.delete(key);
    } else if (found instanceof Set) {
      found.delete(slot);
      const [only] = found;
      if (found.size === 1 && only !== undefined) this.#slots.set(key, only);
    }
  }
}

export class StoredTable {
  readonly schema: TableSchema;
  readonly indexes: readonly Index[];
  /** Columns that hold strong or weak references, which commits look at. */
  readonly strongColumns: readonly ColumnSchema[];
  readonly weakColumns: readonly ColumnSchema[];
  /** What a row that comes or goes changes. */
  readonly allColumns: readonly number[];
  readonly #slots = new Map<string, Slot>();
  /** Slots that the running transaction emptied, for messages about references to them. */
  readonly deleted = new Map<string, Slot>();

  constructor(schema: TableSchema) {
    this.schema = schema;
    this.indexes = schema.indexes.map((columns) => new Index(columns));
    this.strongColumns = schema.columns.filter((column) => hasReference(column, 'strong'));
    this.allColumns = schema.columns.map((column) => column.index);
    this.weakColumns = schema.columns.filter((column) => hasReference(column, 'weak'));
  }

  get size(): number {
    return this.#slots.size;
  }

  get(uuid: string): RowVersion | undefined {
    return this.#slots.get(uuid)?.row;
  }

  slot(uuid: string): Slot | undefined {
    return this.#slots.get(uuid);
  }

  slots(): Iterable<Slot> {
    return this.#slots.values();
  }

  *rows(): Iterable<RowVersion> {
    for (const slot of this.#slots.values()) if (slot.row !== undefined) yield slot.row;
  }

  /** Puts `row` where `slot` says, or nothing, and keeps the indexes. */
  put(slot: Slot, row: RowVersion | undefined): void {
    const before = slot.row;
    slot.row = row;
    if (row === undefined) this.#slots.delete(slot.uuid);
    else if (before === undefined) this.#slots.set(slot.uuid, slot);
    for (const index of this.indexes) moveInIndex(index, slot, before, row);
  }

  /** A slot that holds `row`, new to the table. */
  add(row: RowVersion): Slot {
    const slot = new Slot(this, row);
    this.#slots.set(row.uuid, slot);
    for (const index of this.indexes) index.add(index.keyOfRow(row), slot);
    return slot;
  }
}

function moveInIndex(
  index: Index,
  slot: Slot,
  before: RowVersion | undefined,
  after: RowVersion | undefined,
): void {
  const from = before === undefined ? undefined : index.keyOfRow(before);
  const to = after === undefined ? undefined : index.keyOfRow(after);
  if (from === to) return;
  if (from !== undefined) index.remove(from, slot);
  if (to !== undefined) index.add(to, slot);
}

function hasReference(column: ColumnSchema, strength: 'strong' | 'weak'): boolean {
  const { key, value } = column.type;
  const has = (base: typeof key) => base.refTable !== undefined && base.refType === strength;
  return has(key) || (value !== undefined && has(value));
}
