/**
 * What the engine's files share with the server, the log file and the tools: compiled types, values, rows, commits.
 * Follows RFC 7047 section 3; made for tables of a hundred thousand rows, so values have no wrappers.
 */
import type { Uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import type { AtomType } from '../atom.ts';
import type { Scalar } from '../schema-types.ts';

/**
 * The value of a column: one atom (integers beyond 2^53 bigint, others number; a uuid in lower case) where the type is
 * a scalar; a sorted array for a set; for a map [k1, v1, k2, v2...] sorted by key. Never modified once made.
 */
export type Datum = Scalar | readonly Scalar[];

export interface BaseType {
  readonly type: AtomType;
  readonly enum: readonly Scalar[] | undefined;
  /** Bounds of integers and reals, undefined where there are none. */
  readonly min: number | bigint | undefined;
  readonly max: number | bigint | undefined;
  /** Characters of a string. */
  readonly minLength: number;
  readonly maxLength: number;
  readonly refTable: string | undefined;
  readonly refType: 'strong' | 'weak';
  readonly hasConstraints: boolean;
}

export interface ColumnType {
  readonly key: BaseType;
  /** Present for maps. */
  readonly value: BaseType | undefined;
  readonly min: number;
  /** Infinity when unlimited. */
  readonly max: number;
  readonly form: 'scalar' | 'set' | 'map';
}

export interface ColumnSchema {
  readonly name: string;
  readonly type: ColumnType;
  /** Its place in `RowVersion.values`; -1 for _uuid and -2 for _version, which every table has. */
  readonly index: number;
  readonly isMutable: boolean;
  /** False for ephemeral columns, which are not stored on disk. */
  readonly isPersistent: boolean;
  readonly defaultValue: Datum;
}

export interface TableSchema {
  readonly name: string;
  /** Columns of the schema, in the order of `RowVersion.values`; neither _uuid nor _version. */
  readonly columns: readonly ColumnSchema[];
  /** By name, with _uuid and _version. */
  readonly columnsByName: ReadonlyMap<string, ColumnSchema>;
  readonly isRoot: boolean;
  /** The schema's word about the table, kept for its JSON form; nothing enforces it. */
  readonly isMutable: boolean;
  /** Infinity when unlimited. */
  readonly maxRows: number;
  readonly indexes: readonly (readonly ColumnSchema[])[];
}

export interface DatabaseSchema {
  readonly name: string;
  readonly version: string;
  readonly cksum: string;
  readonly tables: ReadonlyMap<string, TableSchema>;
}

/** A row at one moment; a change makes a new one. */
export interface RowVersion {
  readonly uuid: Uuid;
  readonly version: Uuid;
  /** By `ColumnSchema.index`. */
  readonly values: readonly Datum[];
}

export interface RowUpdate {
  readonly table: TableSchema;
  readonly uuid: Uuid;
  /** Undefined: inserted. */
  readonly before: RowVersion | undefined;
  /** Undefined: deleted. */
  readonly after: RowVersion | undefined;
  /** Indexes of the columns whose values differ, for a modified row; all columns otherwise. */
  readonly changed: readonly number[];
}

export interface Commit {
  readonly changes: readonly RowUpdate[];
  readonly comment: string | undefined;
  readonly isDurable: boolean;
  /** What the server that this database is a copy of calls the transaction. */
  readonly id?: Uuid | undefined;
}

/** What a transaction may do, asked at each operation (RBAC). All true when a session has none. */
export interface AccessRules {
  mayInsert(table: TableSchema, row: RowVersion): boolean;
  mayUpdate(table: TableSchema, columns: readonly ColumnSchema[], rows: readonly RowVersion[]): boolean;
  mayMutate(table: TableSchema, columns: readonly ColumnSchema[], rows: readonly RowVersion[]): boolean;
  mayDelete(table: TableSchema, rows: readonly RowVersion[]): boolean;
  /** For the message of a refusal. */
  readonly role: string;
  readonly id: string;
}

/** Who runs a transaction. */
export interface TransactionContext {
  readonly isReadOnly: boolean;
  /** The server itself, which alone may write to a database whose name starts with "_". */
  readonly isInternal?: boolean;
  readonly access: AccessRules | undefined;
  /** For the "assert" operation. */
  holdsLock(name: string): boolean;
}

/** The reply to a "transact" request: `result` of RFC 7047 section 4.1.3, or `error` when the request itself failed. */
export interface TransactReply {
  readonly result: Json;
  readonly error: Json;
  /** The transaction went to another server, and the connection ended before its answer came. */
  readonly isLost?: boolean;
}

/** Takes the transactions that would change a database which is a copy of another server's. */
export interface Forwarder {
  /** `done` is called once, later. */
  forward(params: readonly Json[], done: (reply: TransactReply) => void): PendingTransaction;
}

/** A transaction that was submitted. */
export interface PendingTransaction {
  /** Gives it up, if it still waits; `done` is then called with the error "canceled". True when it did. */
  cancel(): boolean;
}

/** A table's rows as they are now. */
export interface TableContents {
  readonly schema: TableSchema;
  rows(): Iterable<RowVersion>;
}

/** Where commits go to be kept: the log file, or nowhere for a database in memory. */
export interface Journal {
  /** Takes the commit, to be written by the next `flush`. */
  append(commit: Commit): void;
  /** Writes what was appended since, as one. Throws OvsdbError ("I/O error"); nothing is then kept of it. */
  flush(): void;
  /** Runs `action` at the end of this turn of the event loop, when more may have come to be written. */
  defer(action: () => void): void;
  /** Resolves when all that was flushed is safe on the disk; rejects with OvsdbError when it cannot be made so. */
  sync(): Promise<void>;
  /** Starts over with a new schema and contents (a conversion). Throws OvsdbError. */
  replace(schema: DatabaseSchema, tables: Iterable<TableContents>, comment: string): void;
}
