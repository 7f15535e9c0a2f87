/** What users of the typed client see of it: views, changes, conditions, transactions and their outcomes. */
import type { Uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import type { Row, RowChange, Table } from '../schema-types.ts';

export type Tables = Readonly<Record<string, Table>>;
export type TableName<T extends Tables> = keyof T & string;
export type ColumnName<T extends Table> = keyof T['columns'] & string;

/**
 * The rows as last heard of. A row object never changes: a changed row is another object, so identity tells
 * change. Columns that are not monitored hold their type's default.
 */
export interface View<T extends Tables> {
  rows<K extends TableName<T>>(table: K): ReadonlyMap<Uuid, Row<T[K]>>;
  row<K extends TableName<T>>(table: K, id: Uuid): Row<T[K]> | undefined;
}

/** Finds rows by the values of all columns that it was made for: sets in the order in which rows hold them. */
export interface Index<R, C extends keyof R> {
  find(values: Pick<R, C>): readonly R[];
}

/** `old` undefined: added; `new` undefined: removed. Never both. */
export interface RowDelta<R> {
  readonly id: Uuid;
  readonly old: R | undefined;
  readonly new: R | undefined;
}

/** All that one applied update did; the view shows it already. */
export interface ChangeSet<T extends Tables> {
  readonly tables: readonly TableName<T>[];
  /** Empty when the table did not change. */
  of<K extends TableName<T>>(table: K): readonly RowDelta<Row<T[K]>>[];
}

/** RFC 7047 `<condition>`, the value in JSON form: `['name', '==', 'br0']`. */
export type Condition = readonly [
  column: string,
  test: '==' | '!=' | '<' | '<=' | '>' | '>=' | 'includes' | 'excludes',
  value: Json,
];
/** Rows that meet any one of the conditions; `true` is all rows, `false` or an empty list none. */
export type Conditions = boolean | readonly Condition[];

/** Adds to and removes from sets and maps, without naming (or knowing) the rest of them. */
export type Mutations<T extends Table> = {
  readonly [C in ColumnName<T>]?: {
    readonly insert?: RowChange<T>[C];
    /** Atoms of a set; for a map, keys as an array or pairs as a map. */
    readonly delete?: RowChange<T>[C] | readonly (string | number)[];
  };
};

/** Collects what one transaction does. Values equal to the view's are not sent. */
export interface Transaction<T extends Tables> {
  /** The new row's uuid, which is final and may be referred to at once. */
  insert<K extends TableName<T>>(table: K, values: RowChange<T[K]>): Uuid;
  update<K extends TableName<T>>(table: K, id: Uuid, change: RowChange<T[K]>): void;
  mutate<K extends TableName<T>>(table: K, id: Uuid, mutations: Mutations<T[K]>): void;
  delete<K extends TableName<T>>(table: K, id: Uuid): void;
  /** Makes the transaction end with `tryAgain` unless the row's columns are still as the view shows them. */
  verify<K extends TableName<T>>(table: K, id: Uuid, ...columns: ColumnName<T[K]>[]): void;
  /** Adds one to an integer column if the transaction changes anything else; the outcome tells the new value. */
  increment<K extends TableName<T>>(table: K, id: Uuid, column: ColumnName<T[K]>): void;
  /** Recorded in the database's log if the transaction changes anything. */
  comment(text: string): void;
}

export type Outcome =
  /** The view shows it already. `incremented` is the new value of the column given to `increment`. */
  | { readonly status: 'committed'; readonly incremented: number | undefined }
  /** There was nothing to do; nothing was sent. */
  | { readonly status: 'unchanged' }
  /** What was verified has changed meanwhile, or the server asks for another try: build it again from the new view. */
  | { readonly status: 'tryAgain' }
  /** Another client holds the lock. */
  | { readonly status: 'notLocked' }
  /** No connection, or it was lost before the answer came: it may or may not have been done. */
  | { readonly status: 'disconnected' }
  | { readonly status: 'error'; readonly tag: string; readonly details: string | undefined };
