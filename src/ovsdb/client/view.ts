/** The tables of a live view and how an update from the server changes them. Owned by `OvsdbClient`. */
import { Malformed } from '../../base/errors.ts';
import { type Uuid, uuid } from '../../base/units.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isObject } from '../../rpc/json-value.ts';
import type { Table, Value } from '../schema-types.ts';
import { declaredTable, typeOfColumn } from './names.ts';
import { RowIndex } from './row-index.ts';
import { type AnyRow, applyValueDiff, brief, defaultValue, isEqualValue, readValue } from './values.ts';

/** `old` undefined: added; `new` undefined: removed. Never both. */
interface AnyDelta {
  readonly id: Uuid;
  readonly old: AnyRow | undefined;
  readonly new: AnyRow | undefined;
}
/** Changes of one update by table; tables without any are absent. */
export type Deltas = Map<string, AnyDelta[]>;

/** `update`: RFC 7047 section 4.1.6; `update2`: ovsdb-server(7) section 4.1.14. */
export type UpdateFormat = 'update' | 'update2';

interface LiveTable {
  readonly declared: Table;
  readonly defaults: AnyRow;
  rows: Map<Uuid, AnyRow>;
  readonly indexes: RowIndex[];
}

export class LiveTables {
  readonly #tables = new Map<string, LiveTable>();

  constructor(declared: Readonly<Record<string, Table>>) {
    for (const [name, table] of Object.entries(declared)) {
      const defaults: Record<string, Value> = {};
      for (const [column, { type }] of Object.entries(table.columns)) defaults[column] = defaultValue(type);
      this.#tables.set(name, { declared: table, defaults, rows: new Map(), indexes: [] });
    }
  }

  rows(table: string): ReadonlyMap<Uuid, AnyRow> {
    return this.#named(table).rows;
  }

  /** Follows the table for as long as this lives. */
  index(name: string, columns: readonly string[]): RowIndex {
    const table = this.#named(name);
    for (const column of columns) typeOfColumn(name, table.declared, column);
    const index = new RowIndex(columns, table.rows.values());
    table.indexes.push(index);
    return index;
  }

  /** Takes an update in; throws Malformed, then with none of it applied. */
  apply(updates: Json, format: UpdateFormat): Deltas {
    return this.#commit(this.#read(updates, format, false));
  }

  /** Takes `updates` as the whole content: what they do not name is gone. */
  replace(updates: Json, format: UpdateFormat): Deltas {
    const deltas = this.#read(updates, format, true);
    for (const [name, { rows }] of this.#tables) {
      const news = new Set(deltas.get(name)?.map((d) => d.id));
      for (const [id, old] of rows) {
        if (!news.has(id)) pushDelta(deltas, name, { id, old, new: undefined });
      }
    }
    return this.#commit(deltas);
  }

  #read(updates: Json, format: UpdateFormat, isWhole: boolean): Deltas {
    const deltas: Deltas = new Map();
    for (const [name, rows] of Object.entries(objectOf(updates, 'table updates'))) {
      const table = this.#tables.get(name);
      if (table === undefined) throw bad(`update of table ${name}, which was not asked for`);
      for (const [id, update] of Object.entries(objectOf(rows, 'row updates'))) {
        const old = table.rows.get(uuid(id));
        const base = isWhole ? undefined : old;
        const change = objectOf(update, 'a row update');
        const row =
          format === 'update' ? fromUpdate(table, change, id) : fromUpdate2(table, change, id, base);
        if (old === undefined && row === undefined) continue;
        if (old !== undefined && row !== undefined && isEqualRow(old, row)) {
          if (isWhole) pushDelta(deltas, name, { id: uuid(id), old, new: old });
          continue;
        }
        pushDelta(deltas, name, { id: uuid(id), old, new: row });
      }
    }
    return deltas;
  }

  #commit(deltas: Deltas): Deltas {
    for (const [name, list] of deltas) {
      const changed = list.filter((d) => d.old !== d.new);
      if (changed.length === 0) deltas.delete(name);
      else deltas.set(name, changed);
      const { rows, indexes } = this.#named(name);
      for (const { id, old, new: row } of changed) {
        for (const index of indexes) index.change(old, row);
        if (row === undefined) rows.delete(id);
        else rows.set(id, row);
      }
    }
    return deltas;
  }

  #named(name: string): LiveTable {
    const found = this.#tables.get(name);
    return found ?? declaredTable<LiveTable>(Object.fromEntries(this.#tables), name);
  }
}

function fromUpdate(table: LiveTable, update: JsonObject, id: string): AnyRow | undefined {
  const { new: row } = update;
  return row === undefined || row === null ? undefined : readRow(table, row, id);
}

function fromUpdate2(
  table: LiveTable,
  update: JsonObject,
  id: string,
  old: AnyRow | undefined,
): AnyRow | undefined {
  const { initial, insert, modify } = update;
  if ('delete' in update) return undefined;
  const whole = initial ?? insert;
  if (whole !== undefined) return readRow(table, whole, id);
  if (modify === undefined) throw bad(`row update ${brief(update)} is of no known kind`);
  if (old === undefined) throw bad(`modify of row ${id}, which is not known`);
  const row: Record<string, Value> = { ...old };
  for (const [column, json] of Object.entries(objectOf(modify, 'a row'))) {
    const { type } = declaredColumn(table, column);
    row[column] = applyValueDiff(type, old[column], readValue(type, json));
  }
  return row;
}

function readRow(table: LiveTable, json: Json, id: string): AnyRow {
  // What is spread comes last: objects extended after a spread would each have a hidden class of their own.
  const row: Record<string, Value> = { _uuid: id, ...table.defaults };
  for (const [column, value] of Object.entries(objectOf(json, 'a row'))) {
    row[column] = readValue(declaredColumn(table, column).type, value);
  }
  return row;
}

function declaredColumn(table: LiveTable, column: string) {
  const found = table.declared.columns[column];
  if (found === undefined) throw bad(`column ${column}, which was not asked for`);
  return found;
}

function isEqualRow(a: AnyRow, b: AnyRow): boolean {
  return Object.keys(a).every((column) => isEqualValue(a[column], b[column]));
}

function pushDelta(deltas: Deltas, table: string, delta: AnyDelta): void {
  const list = deltas.get(table);
  if (list === undefined) deltas.set(table, [delta]);
  else list.push(delta);
}

export function objectOf(json: Json | undefined, what: string): JsonObject {
  if (!isObject(json)) throw bad(`${what}: expected an object, got ${brief(json)}`);
  return json;
}

export function bad(why: string): Malformed {
  return new Malformed('ovsdb update', 0, why);
}
