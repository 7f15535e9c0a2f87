/** Rows of one table by the values of some of its columns, kept up to date by `LiveTables`. */
import type { Json } from '../../rpc/channel.ts';
import { emitJson } from '../../rpc/json.ts';
import type { Scalar, Value } from '../schema-types.ts';
import type { AnyRow } from './values.ts';

export class RowIndex {
  readonly #columns: readonly string[];
  readonly #rows = new Map<string, Set<AnyRow>>();

  constructor(columns: readonly string[], rows: Iterable<AnyRow>) {
    this.#columns = columns;
    for (const row of rows) this.change(undefined, row);
  }

  /** Rows whose columns have exactly these values; sets in the order in which rows hold them. */
  find(values: AnyRow): readonly AnyRow[] {
    return [...(this.#rows.get(this.#keyOf(values)) ?? [])];
  }

  change(before: AnyRow | undefined, after: AnyRow | undefined): void {
    if (before !== undefined) this.#remove(before);
    if (after === undefined) return;
    const key = this.#keyOf(after);
    const known = this.#rows.get(key);
    if (known === undefined) this.#rows.set(key, new Set([after]));
    else known.add(after);
  }

  #remove(row: AnyRow): void {
    const key = this.#keyOf(row);
    const known = this.#rows.get(key);
    known?.delete(row);
    if (known?.size === 0) this.#rows.delete(key);
  }

  #keyOf(row: AnyRow): string {
    return emitJson(this.#columns.map((column) => plain(row[column])));
  }
}

/** A column has one type, so a map's pairs are never taken for a set. */
function plain(value: Value): Json {
  if (value instanceof Map) return [...value];
  // Null is no value of a column.
  return value === undefined ? null : (value as Scalar | readonly Scalar[]);
}
