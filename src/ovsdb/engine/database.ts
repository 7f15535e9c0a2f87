/**
 * A database: tables of rows, transactions, commits. The server gives it the "transact" requests of all sessions;
 * monitors and replication listen to its commits; a journal keeps them. RFC 7047 section 4.1.3 and 5.2.
 */
import type { Timers } from '../../base/timers.ts';
import type { Uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import { OvsdbError } from './errors.ts';
import type {
  Commit,
  DatabaseSchema,
  Journal,
  PendingTransaction,
  Row,
  TableSchema,
  TransactionContext,
  TransactReply,
} from './types.ts';

export interface DatabaseDeps {
  readonly timers: Timers;
  /** A fresh random uuid (version 4), lower case. */
  readonly newUuid: () => Uuid;
}

/** One table's rows, to read. */
export interface TableView {
  readonly schema: TableSchema;
  readonly size: number;
  get(uuid: string): Row | undefined;
  rows(): Iterable<Row>;
}

export class Database {
  #schema: DatabaseSchema;
  readonly #listeners = new Set<(commit: Commit) => void>();
  readonly #replaceListeners = new Set<() => void>();

  constructor(schema: DatabaseSchema, _deps: DatabaseDeps) {
    this.#schema = schema;
  }

  /** Replaced by `convert`. */
  get schema(): DatabaseSchema {
    return this.#schema;
  }

  table(_name: string): TableView | undefined {
    return undefined;
  }

  /** Where commits are kept from now on; undefined for a database in memory. */
  setJournal(_journal: Journal | undefined): void {}

  /**
   * Runs a "transact" request (`params` starts with the database's name). `done` is called once: at once, or after
   * its "wait" operations came true or timed out, or after the disk has a durable commit. Commit listeners hear of
   * the changes before.
   */
  submit(
    _params: readonly Json[],
    _context: TransactionContext,
    done: (reply: TransactReply) => void,
  ): PendingTransaction {
    done({ result: null, error: new OvsdbError('not supported').toJson() });
    return { cancel: () => false };
  }

  /** Called after each commit that changed something, with immutable rows. Returns how to stop listening. */
  onCommit(listener: (commit: Commit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called when schema and contents were replaced (a conversion). Returns how to stop listening. */
  onReplace(listener: () => void): () => void {
    this.#replaceListeners.add(listener);
    return () => this.#replaceListeners.delete(listener);
  }

  /** Converts schema and contents, on disk too. Throws OvsdbError; nothing has then changed. */
  convert(_schema: DatabaseSchema): void {
    throw new OvsdbError('not supported');
  }
}
