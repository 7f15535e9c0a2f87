/**
 * One try at a line of commands: the rows as the snapshot has them with the commands' own changes on top, and in the
 * end the operations of the transaction. Thrown away and made anew when the commands start over.
 */
import { systemRandom } from '../../base/random.ts';
import { elementsType, keysType } from '../../ovsdb/engine/column-type.ts';
import {
  atomsOf,
  datumToJson,
  defaultDatum,
  equalDatums,
  keysOf,
  makeDatum,
  pairsOf,
} from '../../ovsdb/engine/datum.ts';
import { differenceOf, unionOf, valueUnder } from '../../ovsdb/engine/datum-algebra.ts';
import type { ColumnType, Datum } from '../../ovsdb/engine/types.ts';
import type { Scalar } from '../../ovsdb/schema-types.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { makeRowUuid } from './row-name.ts';
import { orderRows } from './row-order.ts';
import { type CtlColumn, type CtlSchema, type CtlTable, columnNamed, tableNamed } from './schema.ts';
import type { RowClause, Snapshot, StoredRow } from './snapshot.ts';

/** What the commands did to one column. `added` are elements (of a map pairs), `removed` elements (of a map keys). */
type Change =
  | { readonly kind: 'whole'; readonly datum: Datum }
  | { readonly kind: 'partial'; readonly added: Datum; readonly removed: Datum };
type PartialChange = Omit<Extract<Change, { kind: 'partial' }>, 'kind'>;

/** A row as the commands see it. */
export class WorkRow {
  readonly table: CtlTable;
  readonly id: string;
  readonly isNew: boolean;
  /** The server is to use `id`, rather than choose one. */
  readonly isIdKept: boolean;
  readonly changes = new Map<string, Change>();
  readonly verified = new Set<string>();
  isDeleted = false;
  readonly #work: Work;

  constructor(work: Work, table: CtlTable, id: string, kind: 'old' | 'new' | 'newWithId') {
    this.#work = work;
    this.table = table;
    this.id = id;
    this.isNew = kind !== 'old';
    this.isIdKept = kind === 'newWithId';
  }

  /** With the changes so far. Throws Missing. */
  get(column: string): Datum {
    const change = this.changes.get(column);
    if (change?.kind === 'whole') return change.datum;
    const base = this.base(column);
    if (change === undefined) return base;
    const type = elementsType(this.#type(column));
    return differenceOf(type, unionOf(type, change.added, base), change.removed, true);
  }

  /** The elements of a set, the keys of a map. Throws Missing. */
  keys(column: string): readonly Scalar[] {
    return keysOf(this.#type(column), this.get(column));
  }

  /** The same as text. */
  texts(column: string): string[] {
    return this.keys(column).map(String);
  }

  /** The one atom of a column that holds one at most, as text. */
  text(column: string): string | undefined {
    return this.texts(column)[0];
  }

  /** Of a map. Throws Missing. */
  pairs(column: string): [key: Scalar, value: Scalar][] {
    return pairsOf(this.get(column));
  }

  /** Of a map. Throws Missing. */
  valueUnder(column: string, key: Scalar): Scalar | undefined {
    return valueUnder(this.#type(column), this.get(column), key);
  }

  /** As in the database. Throws Missing. */
  base(column: string): Datum {
    const found = this.isNew ? undefined : this.#work.snapshot.column(this.table, this.id, column);
    return found ?? defaultDatum(this.#type(column));
  }

  /**
   * Atoms in any order, keys and values in turn for a map. Throws Missing, because what is equal already is not
   * written.
   */
  set(column: string, atoms: Datum): void {
    const datum = makeDatum(this.#type(column), atomsOf(atoms));
    if (!this.isNew && equalDatums(this.base(column), datum)) this.changes.delete(column);
    else this.changes.set(column, { kind: 'whole', datum });
  }

  /** Puts elements (of a map: keys and values in turn) into a set or map whose other elements need not be known. */
  add(column: string, elements: Datum): void {
    const type = elementsType(this.#type(column));
    const more = makeDatum(type, atomsOf(elements));
    this.#change(
      column,
      ({ added, removed }) => ({
        added: unionOf(type, more, added),
        removed: differenceOf(keysType(type), removed, keysOf(type, more)),
      }),
      (whole) => unionOf(type, more, whole),
    );
  }

  /** Takes elements (of a map: keys) out. */
  remove(column: string, keys: Datum): void {
    const type = elementsType(this.#type(column));
    const less = makeDatum(keysType(type), atomsOf(keys));
    this.#change(
      column,
      ({ added, removed }) => ({
        added: differenceOf(type, added, less, true),
        removed: unionOf(keysType(type), removed, less),
      }),
      (whole) => differenceOf(type, whole, less, true),
    );
  }

  /** The transaction fails unless the column is then what it is now. */
  verify(column: string): void {
    if (!this.isNew) this.verified.add(column);
  }

  #type(column: string): ColumnType {
    return columnNamed(this.table, column).type;
  }

  #change(
    column: string,
    partial: (change: PartialChange) => PartialChange,
    whole: (datum: Datum) => Datum,
  ): void {
    const change = this.changes.get(column);
    if (this.isNew || change?.kind === 'whole') {
      this.changes.set(column, { kind: 'whole', datum: whole(this.get(column)) });
    } else {
      this.changes.set(column, { kind: 'partial', ...partial(change ?? { added: [], removed: [] }) });
    }
  }
}

export class Work {
  readonly schema: CtlSchema;
  readonly snapshot: Snapshot;
  /** New rows whose fate is to be told once the daemon has seen them. */
  readonly expected: WorkRow[] = [];
  /** By table and uuid: every row that a command has seen. */
  readonly #rows = new Map<string, Map<string, WorkRow>>();

  constructor(schema: CtlSchema, snapshot: Snapshot) {
    this.schema = schema;
    this.snapshot = snapshot;
  }

  table(name: string): CtlTable {
    return tableNamed(this.schema, name);
  }

  /** All rows of a table. Throws Missing. */
  rows(tableName: string, columns: readonly string[] = []): WorkRow[] {
    return this.where(tableName, [], columns);
  }

  row(tableName: string, id: string, columns: readonly string[] = []): WorkRow | undefined {
    return this.where(tableName, [{ column: '_uuid', test: '==', value: id }], columns)[0];
  }

  /** The rows that meet all clauses, as changed by the commands so far. Throws Missing. */
  where(tableName: string, clauses: readonly RowClause[], columns: readonly string[] = []): WorkRow[] {
    const table = this.table(tableName);
    const known = this.#knownRows(table);
    const isAboutNewRow = clauses.some(({ value }) => typeof value === 'string' && this.#isNewId(value));
    const stored = isAboutNewRow ? [] : this.snapshot.ask(table, clauses, columns);
    const found = orderRows(stored)
      .map((row) => this.#seen(table, row))
      .filter((row) => !row.isDeleted && clauses.every((clause) => this.#stillMeets(row, clause)));
    const others = [...known.values()].filter(
      (row) => !row.isDeleted && !found.includes(row) && this.#nowMeets(row, clauses),
    );
    return others.length === 0 ? found : [...found, ...others];
  }

  insert(tableName: string, values: Readonly<Record<string, Datum>>, id?: string, isIdKept = false): WorkRow {
    const table = this.table(tableName);
    const row = new WorkRow(this, table, id ?? makeRowUuid(systemRandom), isIdKept ? 'newWithId' : 'new');
    this.#knownRows(table).set(row.id, row);
    for (const [column, datum] of Object.entries(values)) row.set(column, datum);
    return row;
  }

  delete(row: WorkRow): void {
    row.isDeleted = true;
  }

  /** What the commands changed; empty when nothing. `guards` and such are the caller's to add. */
  changes(): JsonObject[] {
    const all = [...this.#rows.values()].flatMap((rows) => [...rows.values()]);
    return all.flatMap((row) => this.#operationsOf(row));
  }

  /** "wait" operations for the columns that commands verified. */
  waits(): JsonObject[] {
    const all = [...this.#rows.values()].flatMap((rows) => [...rows.values()]);
    return all
      .filter((row) => row.verified.size > 0)
      .map((row) => ({
        op: 'wait',
        timeout: 0,
        table: row.table.name,
        where: rowIs(row.id),
        columns: [...row.verified],
        until: '==',
        rows: [
          Object.fromEntries(
            [...row.verified].map((c) => [c, datumToJson(columnNamed(row.table, c).type, row.base(c))]),
          ),
        ],
      }));
  }

  /** The row's uuid as a transaction's operations name it. */
  reference(row: WorkRow): Json {
    return row.isNew && !row.isIdKept ? ['named-uuid', rowName(row.id)] : ['uuid', row.id];
  }

  /** The rows that `changes` inserts, in the order of its operations. */
  get insertedRows(): WorkRow[] {
    return [...this.#rows.values()]
      .flatMap((rows) => [...rows.values()])
      .filter((row) => row.isNew && !row.isDeleted);
  }

  #operationsOf(row: WorkRow): JsonObject[] {
    const table = row.table.name;
    if (row.isDeleted) {
      // Rows of other tables vanish by themselves when nothing refers to them any more.
      return row.isNew || !row.table.isRoot ? [] : [{ op: 'delete', table, where: rowIs(row.id) }];
    }
    const values: Record<string, Json> = {};
    const mutations: Json[] = [];
    for (const [name, change] of row.changes) {
      const column = columnNamed(row.table, name);
      if (change.kind === 'whole') values[name] = this.#emit(column.type, change.datum);
      else mutations.push(...this.#mutationsOf(row, column, change));
    }
    if (row.isNew) {
      const naming = row.isIdKept ? { uuid: row.id } : { 'uuid-name': rowName(row.id) };
      return [{ op: 'insert', table, row: values, ...naming }];
    }
    const where = rowIs(row.id);
    return [
      ...(Object.keys(values).length > 0 ? [{ op: 'update', table, where, row: values }] : []),
      ...(mutations.length > 0 ? [{ op: 'mutate', table, where, mutations }] : []),
    ];
  }

  /** "insert" leaves the value of a map's key as it is, so keys are deleted first. */
  #mutationsOf(row: WorkRow, { name, type }: CtlColumn, change: PartialChange): Json[] {
    const keys = keysType(type);
    let { added, removed } = change;
    if (type.form === 'map' && atomsOf(added).length > 0) {
      const base = row.base(name);
      added = differenceOf(type, added, base);
      const replaced = keysOf(type, added).filter((key) => valueUnder(type, base, key) !== undefined);
      removed = unionOf(keys, removed, replaced);
    }
    return [
      ...(atomsOf(removed).length > 0 ? [[name, 'delete', this.#emitElements(keys, removed)]] : []),
      ...(atomsOf(added).length > 0 ? [[name, 'insert', this.#emitElements(elementsType(type), added)]] : []),
    ];
  }

  /** A set of one is written as a set, too, so that the server's errors read like those to the reference. */
  #emitElements(type: ColumnType, datum: Datum): Json {
    const json = this.#emit(type, datum);
    return type.form === 'set' && atomsOf(datum).length === 1 ? ['set', [json]] : json;
  }

  #emit(type: ColumnType, datum: Datum): Json {
    return datumToJson(type, datum, (id) => this.#newRowName(String(id)));
  }

  #newRowName(id: string): string | undefined {
    for (const rows of this.#rows.values()) {
      const row = rows.get(id);
      if (row?.isNew === true && !row.isIdKept) return rowName(id);
    }
    return undefined;
  }

  #isNewId(id: string): boolean {
    for (const rows of this.#rows.values()) if (rows.get(id)?.isNew === true) return true;
    return false;
  }

  #knownRows(table: CtlTable): Map<string, WorkRow> {
    const rows = this.#rows.get(table.name) ?? new Map<string, WorkRow>();
    this.#rows.set(table.name, rows);
    return rows;
  }

  #seen(table: CtlTable, { id }: StoredRow): WorkRow {
    const rows = this.#knownRows(table);
    const row = rows.get(id) ?? new WorkRow(this, table, id, 'old');
    rows.set(id, row);
    return row;
  }

  /** For a row that met the clause in the database. */
  #stillMeets(row: WorkRow, { column, value }: RowClause): boolean {
    const change = row.changes.get(column);
    if (change === undefined) return true;
    if (change.kind === 'partial') return !atomsOf(change.removed).includes(value);
    return row.keys(column).includes(value);
  }

  /** For a row that did not meet the clauses in the database, or is not there yet. */
  #nowMeets(row: WorkRow, clauses: readonly RowClause[]): boolean {
    if (row.isNew)
      return clauses.every((c) =>
        c.column === '_uuid' ? row.id === c.value : row.keys(c.column).includes(c.value),
      );
    return (
      clauses.some(({ column }) => row.changes.has(column)) &&
      clauses.every((c) => this.#meetsChanged(row, c))
    );
  }

  #meetsChanged(row: WorkRow, { column, value }: RowClause): boolean {
    if (column === '_uuid') return row.id === value;
    const change = row.changes.get(column);
    // What else the column holds need not be known: such a row did not meet the clause in the database.
    if (change?.kind === 'partial')
      return keysOf(columnNamed(row.table, column).type, change.added).includes(value);
    return row.keys(column).includes(value);
  }
}

function rowIs(id: string): Json {
  return [['_uuid', '==', ['uuid', id]]];
}

/** The name under which other operations of the transaction refer to a new row. */
function rowName(id: string): string {
  return `row${id.replaceAll('-', '_')}`;
}
