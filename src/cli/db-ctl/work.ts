/**
 * One try at a line of commands: the rows as the snapshot has them with the commands' own changes on top, and in the
 * end the operations of the transaction. Thrown away and made anew when the commands start over.
 */
import { systemRandom } from '../../base/random.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import {
  type Datum,
  datumToJson,
  defaultDatum,
  emptyMap,
  emptySet,
  isEqualDatum,
  isMap,
  lookup,
  pairsOf,
  setOf,
  subtract,
  unite,
} from './datum.ts';
import { makeRowUuid } from './row-name.ts';
import { orderRows } from './row-order.ts';
import { type CtlColumn, type CtlSchema, type CtlTable, columnNamed, tableNamed } from './schema.ts';
import type { Clause, Snapshot, StoredRow } from './snapshot.ts';

/** What the commands did to one column. */
type Change =
  | { readonly kind: 'whole'; readonly datum: Datum }
  | { readonly kind: 'partial'; readonly added: Datum; readonly removed: Datum };

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
    return change === undefined ? base : subtract(unite(base, change.added), change.removed);
  }

  /** The one atom of a column that holds one at most, as text. */
  text(column: string): string | undefined {
    const [atom] = this.get(column).keys;
    return atom === undefined ? undefined : String(atom);
  }

  /** As in the database. Throws Missing. */
  base(column: string): Datum {
    if (this.isNew) return defaultDatum(columnNamed(this.table, column).type);
    const datum = this.#work.snapshot.column(this.table, this.id, column);
    return datum ?? defaultDatum(columnNamed(this.table, column).type);
  }

  /** Throws Missing, because what is equal already is not written. */
  set(column: string, datum: Datum): void {
    if (!this.isNew && isEqualDatum(this.base(column), datum)) this.changes.delete(column);
    else this.changes.set(column, { kind: 'whole', datum });
  }

  /** Puts elements into a set or map whose other elements need not be known. */
  add(column: string, datum: Datum): void {
    this.#change(
      column,
      (p) => ({ added: unite(p.added, datum), removed: subtract(p.removed, keysOf(datum)) }),
      (whole) => unite(whole, datum),
    );
  }

  /** Takes elements (of a map: keys) out. */
  remove(column: string, keys: Datum): void {
    this.#change(
      column,
      (p) => ({ added: subtract(p.added, keys), removed: unite(p.removed, keys) }),
      (whole) => subtract(whole, keys),
    );
  }

  /** The transaction fails unless the column is then what it is now. */
  verify(column: string): void {
    if (!this.isNew) this.verified.add(column);
  }

  #change(
    column: string,
    partial: (p: { added: Datum; removed: Datum }) => { added: Datum; removed: Datum },
    whole: (datum: Datum) => Datum,
  ): void {
    const empty = isMap(columnNamed(this.table, column).type) ? emptyMap : emptySet;
    const change = this.changes.get(column);
    if (this.isNew || change?.kind === 'whole') {
      this.changes.set(column, { kind: 'whole', datum: whole(this.get(column)) });
    } else {
      const before = change ?? { added: empty, removed: emptySet };
      this.changes.set(column, { kind: 'partial', ...partial(before) });
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
  where(tableName: string, clauses: readonly Clause[], columns: readonly string[] = []): WorkRow[] {
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
      if (change.kind === 'whole') values[name] = this.#emit(column, change.datum);
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
  #mutationsOf(row: WorkRow, column: CtlColumn, change: Extract<Change, { kind: 'partial' }>): Json[] {
    const { name, type } = column;
    const asMap = isMap(type);
    const base = asMap && change.added.keys.length > 0 ? row.base(name) : emptyMap;
    const pairs = pairsOf(change.added).filter(([key, value]) => !asMap || lookup(base, key) !== value);
    const added: Datum = asMap
      ? { keys: pairs.map(([k]) => k), values: pairs.map(([, v]) => v) }
      : change.added;
    const replaced = asMap ? added.keys.filter((key) => lookup(base, key) !== undefined) : [];
    const removed = unite(change.removed, setOf(...replaced));
    return [
      ...(removed.keys.length > 0 ? [[name, 'delete', this.#emitSet({ key: type.key }, removed)]] : []),
      ...(added.keys.length > 0 ? [[name, 'insert', this.#emitSet(type, added)]] : []),
    ];
  }

  /** A set of one is written as a set, too, so that the server's errors read like those to the reference. */
  #emitSet(type: CtlColumn['type'], datum: Datum): Json {
    const json = this.#emitTyped({ ...type, min: 0, max: 'unlimited' }, datum);
    return datum.keys.length === 1 && !isMap(type) ? ['set', [json]] : json;
  }

  #emit(column: CtlColumn, datum: Datum): Json {
    return this.#emitTyped(column.type, datum);
  }

  #emitTyped(type: CtlColumn['type'], datum: Datum): Json {
    return datumToJson(type, datum, (id) => this.#newRowName(id));
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
  #stillMeets(row: WorkRow, { column, value }: Clause): boolean {
    const change = row.changes.get(column);
    if (change === undefined) return true;
    return change.kind === 'whole' ? change.datum.keys.includes(value) : !change.removed.keys.includes(value);
  }

  /** For a row that did not meet the clauses in the database, or is not there yet. */
  #nowMeets(row: WorkRow, clauses: readonly Clause[]): boolean {
    if (row.isNew)
      return clauses.every((c) =>
        c.column === '_uuid' ? row.id === c.value : row.get(c.column).keys.includes(c.value),
      );
    return (
      clauses.some(({ column }) => row.changes.has(column)) &&
      clauses.every((c) => this.#meetsChanged(row, c))
    );
  }

  #meetsChanged(row: WorkRow, { column, value }: Clause): boolean {
    if (column === '_uuid') return row.id === value;
    const change = row.changes.get(column);
    if (change?.kind === 'whole') return change.datum.keys.includes(value);
    if (change?.kind === 'partial') return change.added.keys.includes(value);
    return row.base(column).keys.includes(value);
  }
}

function keysOf(datum: Datum): Datum {
  return { keys: datum.keys, values: undefined };
}

function rowIs(id: string): Json {
  return [['_uuid', '==', ['uuid', id]]];
}

/** The name under which other operations of the transaction refer to a new row. */
function rowName(id: string): string {
  return `row${id.replaceAll('-', '_')}`;
}
