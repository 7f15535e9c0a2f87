/**
 * What a monitor wants of one table, compiled: which columns, at which kinds of change, and the functions that write
 * `<row-update>` (RFC 7047 section 4.1.6) and `<row-update2>` (ovsdb-server(7)) as JSON text.
 */
import { orderAsHashed } from '../../../base/hash-order.ts';
import { equalDatums } from '../../engine/datum.ts';
import { cell } from '../../engine/row.ts';
import type { ColumnSchema, Datum, RowVersion, TableSchema } from '../../engine/types.ts';
import { datumWriter, differenceWriter } from './datum-text.ts';

/** Kinds of change as bits, so that a column can want several. */
export const Kind = { initial: 1, insert: 2, delete: 4, modify: 8 } as const;
export const everyKind = Kind.initial | Kind.insert | Kind.delete | Kind.modify;

export interface WantedColumn {
  readonly column: ColumnSchema;
  /** Bits of `Kind`. */
  readonly kinds: number;
}

/** A row before and after; both undefined never occurs. */
export interface RowPair {
  readonly before: RowVersion | undefined;
  readonly after: RowVersion | undefined;
}

/** A row filter; what a conditional monitor says with "where". */
export interface RowFilter {
  /** Canonical text: equal filters have equal keys. */
  readonly key: string;
  readonly columns: readonly ColumnSchema[];
  matches(row: RowVersion): boolean;
}

interface ColumnText {
  /** `"name":`, with the comma of all but the first left to the writer. */
  readonly label: string;
  readonly write: (datum: Datum) => string;
  readonly writeDifference: (before: Datum, after: Datum) => string;
}

type ColumnPlan = WantedColumn & ColumnText;

/** Of columns that somebody watched. */
const columnTexts = new WeakMap<ColumnSchema, ColumnText>();

function textOf(column: ColumnSchema): ColumnText {
  const known = columnTexts.get(column) ?? {
    label: `${JSON.stringify(column.name)}:`,
    write: datumWriter(column.type),
    writeDifference: differenceWriter(column.type),
  };
  columnTexts.set(column, known);
  return known;
}

export class TablePlan {
  readonly schema: TableSchema;
  /** All kinds that any column or request asked for. */
  readonly kinds: number;
  /** Equal for plans that produce equal text. */
  readonly key: string;
  /** By name, as the reference sorts what it sends of `<row-update2>`. */
  readonly #columns: readonly ColumnPlan[];
  /** As the reference has the members of `<row-update>` in a hash table; made when the first is written. */
  #hashed: readonly ColumnPlan[] | undefined;

  constructor(schema: TableSchema, columns: readonly WantedColumn[], kinds: number) {
    this.schema = schema;
    this.kinds = kinds;
    const sorted = [...columns].sort((a, b) => (a.column.name < b.column.name ? -1 : 1));
    this.key = `${schema.name}:${kinds}:${sorted.map((c) => `${c.column.name}=${c.kinds}`).join(',')}`;
    this.#columns = sorted.map((wanted) => ({ ...wanted, ...textOf(wanted.column) }));
  }

  get #inHashOrder(): readonly ColumnPlan[] {
    this.#hashed ??= orderAsHashed(this.#columns, ({ column }) => column.name);
    return this.#hashed;
  }

  get columns(): readonly WantedColumn[] {
    return this.#columns;
  }

  wants(kind: number): boolean {
    return (this.kinds & kind) !== 0;
  }

  /** The `<row-update>`, or undefined when there is nothing to tell. */
  writeUpdate(pair: RowPair, isInitial: boolean): string | undefined {
    const { before, after } = pair;
    const kind = kindOf(pair, isInitial);
    if (!this.wants(kind)) return undefined;
    if (after === undefined) return before && `{"old":{${members(this.#inHashOrder, before, kind)}}}`;
    const all = `"new":{${members(this.#inHashOrder, after, kind)}}`;
    if (before === undefined || kind !== Kind.modify) return `{${all}}`;
    if (!this.#hasChanged(before, after)) return undefined;
    return `{${all},"old":{${this.#oldMembers(before, after)}}}`;
  }

  /**
   * The `<row-update2>`, or undefined when there is nothing to tell. The filters say what the client knows and is to
   * know.
   */
  writeUpdate2(
    pair: RowPair,
    isInitial: boolean,
    known: RowFilter | undefined,
    wanted: RowFilter | undefined,
  ): string | undefined {
    const { before, after } = pair;
    const wasSeen = before !== undefined && (known === undefined || known.matches(before));
    const isSeen = after !== undefined && (wanted === undefined || wanted.matches(after));
    if (!wasSeen && !isSeen) return undefined;
    if (!isSeen) return this.wants(Kind.delete) ? '{"delete":null}' : undefined;
    if (!wasSeen || isInitial) {
      const kind = isInitial ? Kind.initial : Kind.insert;
      return this.wants(kind)
        ? `{"${isInitial ? 'initial' : 'insert'}":{${members(this.#columns, after, kind, true)}}}`
        : undefined;
    }
    if (!this.wants(Kind.modify)) return undefined;
    const changes = this.#differences(before, after);
    return changes === '' ? undefined : `{"modify":{${changes}}}`;
  }

  #hasChanged(before: RowVersion, after: RowVersion): boolean {
    return this.#columns.some(({ column }) => !equalDatums(cell(before, column), cell(after, column)));
  }

  #oldMembers(before: RowVersion, after: RowVersion): string {
    let out = '';
    for (const { column, kinds, label, write } of this.#inHashOrder) {
      const old = cell(before, column);
      if ((kinds & Kind.modify) === 0 || equalDatums(old, cell(after, column))) continue;
      out += out === '' ? label + write(old) : `,${label}${write(old)}`;
    }
    return out;
  }

  #differences(before: RowVersion, after: RowVersion): string {
    let out = '';
    for (const { column, kinds, label, writeDifference } of this.#columns) {
      const old = cell(before, column);
      const now = cell(after, column);
      if ((kinds & Kind.modify) === 0 || equalDatums(old, now)) continue;
      const text = label + writeDifference(old, now);
      out += out === '' ? text : `,${text}`;
    }
    return out;
  }
}

function members(
  columns: readonly ColumnPlan[],
  row: RowVersion,
  kind: number,
  isDefaultLeftOut = false,
): string {
  let out = '';
  for (const { column, kinds, label, write } of columns) {
    if ((kinds & kind) === 0) continue;
    const value = cell(row, column);
    if (isDefaultLeftOut && equalDatums(value, column.defaultValue)) continue;
    out += out === '' ? label + write(value) : `,${label}${write(value)}`;
  }
  return out;
}

function kindOf({ before, after }: RowPair, isInitial: boolean): number {
  if (isInitial) return Kind.initial;
  if (before === undefined) return Kind.insert;
  return after === undefined ? Kind.delete : Kind.modify;
}
