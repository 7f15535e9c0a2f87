/**
 * A database schema as TypeScript: `table`, `column` and `schema` declare it, row types are inferred from the
 * declaration, and the RFC 7047 section 3.2 JSON (the `.ovsschema` file) is computed from it.
 * Used by every typed client; the server itself reads the JSON form (`schema.ts`).
 */
import type { Uuid } from '../base/units.ts';

/** An integer of 64 bits: a `number` where that is exact (`Number.isSafeInteger`), else a `bigint`. */
export type Integer = number | bigint;

/** RFC 7047 `<base-type>`. */
export interface BaseTypeJson {
  readonly type: 'integer' | 'real' | 'boolean' | 'string' | 'uuid';
  readonly enum?: readonly ['set', readonly (string | Integer)[]];
  readonly minInteger?: Integer;
  readonly maxInteger?: Integer;
  readonly minReal?: number;
  readonly maxReal?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly refTable?: string;
  readonly refType?: 'strong' | 'weak';
}

/** RFC 7047 `<type>`, always in its long form. */
export interface TypeJson {
  readonly key: BaseTypeJson;
  readonly value?: BaseTypeJson;
  /** 0 or 1; 1 when absent. */
  readonly min?: number;
  /** 1 when absent. */
  readonly max?: number | 'unlimited';
}

/** One atom of a column as a row holds it. A uuid is its text; only an `Integer` is ever a bigint. */
export type Scalar = string | Integer | boolean;

/** What a column of any type holds: one atom, none or one, a sorted array of a set's atoms, or a map sorted by key. */
export type Value = Scalar | undefined | readonly Scalar[] | ReadonlyMap<Scalar, Scalar>;

/** One column; `T` is what a row holds: a scalar, `T | undefined`, a sorted array (set) or a `ReadonlyMap`. */
export interface Column<T> {
  readonly type: TypeJson;
  readonly isEphemeral: boolean;
  readonly isMutable: boolean;
  /** Exists only in the type system: carries T. */
  readonly valueType?: T;
}

export interface ColumnOptions {
  readonly ephemeral?: boolean;
  readonly immutable?: boolean;
}

/** What a set or map may hold: made by `atom.*`. */
export interface Atom<T> {
  readonly base: BaseTypeJson;
  readonly atomType?: T;
}

export const atom = {
  string: { base: { type: 'string' } } as Atom<string>,
  /** With so many characters at least and at most. */
  stringOfLength: (min?: number, max?: number): Atom<string> => ({
    base: {
      type: 'string',
      ...(min !== undefined && { minLength: min }),
      ...(max !== undefined && { maxLength: max }),
    },
  }),
  boolean: { base: { type: 'boolean' } } as Atom<boolean>,
  real: { base: { type: 'real' } } as Atom<number>,
  realBetween: (min?: number, max?: number): Atom<number> => ({
    base: {
      type: 'real',
      ...(min !== undefined && { minReal: min }),
      ...(max !== undefined && { maxReal: max }),
    },
  }),
  /** Between safe bounds it is always a number. */
  integer,
  /** A string, or a number, out of a closed set. */
  oneOf: <const S extends readonly string[] | readonly number[]>(...values: S): Atom<S[number]> => ({
    base: { type: typeOfEnum(values), enum: ['set', values] },
  }),
  /** Of anything but a row of this database. */
  uuid: { base: { type: 'uuid' } } as Atom<Uuid>,
  /** Rows that nothing refers to strongly are garbage, unless their table is a root. */
  ref: (table: string, strength: 'strong' | 'weak' = 'strong'): Atom<Uuid> => ({
    base: { type: 'uuid', refTable: table, ...(strength === 'weak' && { refType: 'weak' as const }) },
  }),
};

function integer(min: number, max: number): Atom<number>;
function integer(min?: Integer, max?: Integer): Atom<Integer>;
function integer(min?: Integer, max?: Integer): Atom<Integer> {
  return {
    base: {
      type: 'integer',
      ...(min !== undefined && { minInteger: min }),
      ...(max !== undefined && { maxInteger: max }),
    },
  };
}

function typeOfEnum(values: readonly (string | number)[]): BaseTypeJson['type'] {
  if (values.some((value) => typeof value === 'string')) return 'string';
  return values.every(Number.isInteger) ? 'integer' : 'real';
}

function make<T>(type: TypeJson, options: ColumnOptions = {}): Column<T> {
  return { type, isEphemeral: options.ephemeral === true, isMutable: options.immutable !== true };
}

export const column = {
  /** Exactly one. */
  one: <T>(a: Atom<T>, options?: ColumnOptions): Column<T> => make({ key: a.base }, options),
  /** None or one. */
  optional: <T>(a: Atom<T>, options?: ColumnOptions): Column<T | undefined> =>
    make({ key: a.base, min: 0, max: 1 }, options),
  set: <T>(a: Atom<T>, options?: ColumnOptions & { min?: 0 | 1; max?: number }): Column<readonly T[]> =>
    make({ key: a.base, min: options?.min ?? 0, max: options?.max ?? 'unlimited' }, options),
  map: <K, V>(
    key: Atom<K>,
    value: Atom<V>,
    options?: ColumnOptions & { min?: 0 | 1; max?: number },
  ): Column<ReadonlyMap<K, V>> =>
    make(
      { key: key.base, value: value.base, min: options?.min ?? 0, max: options?.max ?? 'unlimited' },
      options,
    ),
};

export type Columns = Readonly<Record<string, Column<unknown>>>;

export interface Table<C extends Columns = Columns> {
  readonly columns: C;
  readonly isRoot: boolean;
  readonly maxRows: number | undefined;
  /** Sets of columns whose values together are unique. */
  readonly indexes: readonly (readonly string[])[];
}

export function table<C extends Columns>(
  columns: C,
  options: { root?: boolean; maxRows?: number; indexes?: (keyof C & string)[][] } = {},
): Table<C> {
  return {
    columns,
    isRoot: options.root === true,
    maxRows: options.maxRows,
    indexes: options.indexes ?? [],
  };
}

export interface Schema<T extends Readonly<Record<string, Table>> = Readonly<Record<string, Table>>> {
  readonly name: string;
  /** x.y.z */
  readonly version: string;
  readonly tables: T;
  /** Of the text of the published schema, as cksum(1) prints it; '' when there is none. */
  readonly cksum: string;
}

export function schema<T extends Readonly<Record<string, Table>>>(
  name: string,
  version: string,
  tables: T,
  cksum = '',
): Schema<T> {
  return { name, version, tables, cksum };
}

/** What rows hold in a column. */
export type ColumnValue<C> = C extends Column<infer V> ? V : never;

/** A row as a client sees it. */
export type Row<T extends Table> = { readonly _uuid: Uuid } & {
  readonly [K in keyof T['columns']]: ColumnValue<T['columns'][K]>;
};

/** What may be written: any of the columns. */
export type RowChange<T extends Table> = {
  readonly [K in keyof T['columns']]?: ColumnValue<T['columns'][K]>;
};

/** The schema in RFC 7047 section 3.2 form, as an `.ovsschema` file holds it. */
export function schemaToJson(declared: Schema): SchemaJson {
  const tables: Record<string, TableJson> = {};
  for (const [name, t] of Object.entries(declared.tables)) {
    const columns: Record<string, ColumnJson> = {};
    for (const [columnName, c] of Object.entries(t.columns)) {
      columns[columnName] = {
        type: shortType(c.type),
        ...(c.isEphemeral && { ephemeral: true }),
        ...(!c.isMutable && { mutable: false }),
      };
    }
    tables[name] = {
      columns,
      ...(t.isRoot && { isRoot: true }),
      ...(t.maxRows !== undefined && { maxRows: t.maxRows }),
      ...(t.indexes.length > 0 && { indexes: t.indexes }),
    };
  }
  const { name, version, cksum } = declared;
  return { name, version, ...(cksum !== '' && { cksum }), tables };
}

export interface SchemaJson {
  readonly name: string;
  readonly version: string;
  readonly cksum?: string;
  readonly tables: Readonly<Record<string, TableJson>>;
}

export interface TableJson {
  readonly columns: Readonly<Record<string, ColumnJson>>;
  readonly isRoot?: boolean;
  readonly maxRows?: number;
  readonly indexes?: readonly (readonly string[])[];
}

export interface ColumnJson {
  readonly type: string | TypeJson;
  readonly ephemeral?: boolean;
  readonly mutable?: boolean;
}

/** RFC 7047: a type that is one atom without constraints may be given by its name. */
function shortType(type: TypeJson): string | TypeJson {
  const isPlain = Object.keys(type).length === 1 && Object.keys(type.key).length === 1;
  return isPlain ? type.key.type : type;
}
