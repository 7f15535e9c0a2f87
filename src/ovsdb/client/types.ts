/** What users of a client see of it: rows, changes, conditions, transactions and their outcomes. */
import type { Uuid } from '../../base/units.ts';
import type { Column, Integer, Row, RowChange, Table, Value } from '../schema-types.ts';

export type Tables = Readonly<Record<string, Table>>;
export type TableName<T extends Tables> = keyof T & string;
export type ColumnName<T extends Table> = keyof T['columns'] & string;

/** Tables of a schema that is known only when the program runs. */
export type AnyTables = Readonly<Record<string, Table<Readonly<Record<string, Column<Value>>>>>>;

/** What to see: columns of tables, or `true` for all of a table's. */
export type Wanted<T extends Tables> = {
  readonly [K in TableName<T>]?: readonly ColumnName<T[K]>[] | true;
};

/** Everything. */
export type All<T extends Tables> = { readonly [K in TableName<T>]: true };

/** The part of the tables `T` that `W` asks for: what is not seen is not in the type of a row. */
export type Seen<T extends Tables, W extends Wanted<T>> =
  All<T> extends W
    ? T
    : {
        readonly [K in keyof W & TableName<T>]: W[K] extends readonly (infer C extends ColumnName<T[K]>)[]
          ? Table<Pick<T[K]['columns'], C>>
          : T[K];
      };

/**
 * The rows as last heard of. A row object never changes: a changed row is another object, so identity tells
 * change. Columns that are not monitored hold their type's default.
 */
export interface View<T extends Tables> {
  rows<K extends TableName<T>>(table: K): ReadonlyMap<Uuid, Row<T[K]>>;
  row<K extends TableName<T>>(table: K, id: Uuid): Row<T[K]> | undefined;
}

/**
 * Finds rows by the values of all columns that it was made for: sets in the order in which rows hold them.
 * @internal
 */
export interface Index<R, C extends keyof R> {
  find(values: Pick<R, C>): readonly R[];
}

/** What became of one row: added where `old` is undefined, removed where `new` is, else changed. */
export type RowDelta<R> =
  | { readonly id: Uuid; readonly old: undefined; readonly new: R }
  | { readonly id: Uuid; readonly old: R; readonly new: R }
  | { readonly id: Uuid; readonly old: R; readonly new: undefined };

/** Changes of several tables that came about together; the view shows them already. */
export interface ChangeSet<T extends Tables> {
  /** Those that changed. */
  readonly tables: readonly TableName<T>[];
  /** Empty when the table did not change. */
  of<K extends TableName<T>>(table: K): readonly RowDelta<Row<T[K]>>[];
}

/**
 * RFC 7047 `<condition>`, with values as rows hold them: `['name', '==', 'br0']`, `['tag', '<', 100]`,
 * `['external_ids', 'includes', new Map([['owner', 'me']])]`.
 */
export type Condition<T extends Table> =
  | readonly [column: '_uuid', test: '==' | '!=' | 'includes' | 'excludes', value: Uuid]
  | { [C in ColumnName<T>]: ConditionOn<C, Row<T>[C]> }[ColumnName<T>];

/** A condition on the column `C`, which holds a `V`. */
export type ConditionOn<C extends string, V> =
  | readonly [column: C, test: '==' | '!=' | 'includes' | 'excludes', value: V]
  | readonly [
      column: C,
      test: '<' | '<=' | '>' | '>=',
      value: unknown extends V ? Integer : Extract<V, Integer>,
    ];

/** Rows that meet any one of the conditions; `true` is all rows, `false` or an empty list none. */
export type Conditions<T extends Table> = boolean | readonly Condition<T>[];

/** Adds to and removes from sets and maps, without naming (or knowing) the rest of them. */
export type Mutations<T extends Table> = {
  readonly [C in ColumnName<T>]?: {
    readonly insert?: RowChange<T>[C];
    /** Atoms of a set; for a map, keys as an array or pairs as a map. */
    readonly delete?: RowChange<T>[C] | readonly (string | Integer)[];
  };
};

/** Collects what one transaction does. Values equal to the view's are not sent. */
export interface Transaction<T extends Tables> {
  /** The new row's uuid, which is final and may be referred to at once. */
  insert<K extends TableName<T>>(table: K, values: RowChange<T[K]>): Uuid;
  update<K extends TableName<T>>(table: K, id: Uuid, change: RowChange<T[K]>): void;
  mutate<K extends TableName<T>>(table: K, id: Uuid, mutations: Mutations<T[K]>): void;
  delete<K extends TableName<T>>(table: K, id: Uuid): void;
  /** Nothing is done unless the row's columns are then still as the view shows them. */
  verify<K extends TableName<T>>(table: K, id: Uuid, ...columns: ColumnName<T[K]>[]): void;
  /** Adds one to an integer column if the transaction changes anything else. */
  increment<K extends TableName<T>>(table: K, id: Uuid, column: ColumnName<T[K]>): void;
  /** Recorded in the database's log if the transaction changes anything. */
  comment(text: string): void;
}

/** @internal */
export type Outcome =
  /** The view shows it already. `incremented` is the new value of the column given to `increment`. */
  | { readonly status: 'committed'; readonly incremented: Integer | undefined }
  /** There was nothing to do; nothing was sent. */
  | { readonly status: 'unchanged' }
  /** What was verified has changed meanwhile, or the server asks for another try: build it again from the new view. */
  | { readonly status: 'tryAgain' }
  /** Another client holds the lock. */
  | { readonly status: 'notLocked' }
  /** No connection, or it was lost before the answer came: it may or may not have been done. */
  | { readonly status: 'disconnected' }
  | {
      readonly status: 'error';
      readonly tag: string;
      readonly details: string | undefined;
      /** The row that was to be written and is not there. */
      readonly missing?: { readonly table: string; readonly id: Uuid };
    };
