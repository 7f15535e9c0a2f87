/**
 * A database: tables of rows, transactions, commits. The server gives it the "transact" requests of all sessions;
 * monitors and replication listen to its commits; a journal keeps them. RFC 7047 sections 4.1.3 and 5.2.
 */
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms, type Uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import { checkCommit, finishCommit, prepareCommit } from './commit.ts';
import { convertTables } from './convert.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import { execute } from './execute.ts';
import { isArray } from './member-reader.ts';
import { Table } from './table.ts';
import { Transaction } from './transaction.ts';
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

/** A transaction that a "wait" holds up. */
interface Waiting {
  readonly params: readonly Json[];
  readonly context: TransactionContext;
  readonly created: Ms;
  readonly done: (reply: TransactReply) => void;
  /** Only a change in one of these can end the wait. */
  tables: ReadonlySet<string>;
  timer: Timer | undefined;
  isDue: boolean;
}

export class Database {
  readonly #deps: DatabaseDeps;
  #schema: DatabaseSchema;
  #tables: ReadonlyMap<string, Table>;
  #journal: Journal | undefined;
  readonly #listeners = new Set<(commit: Commit) => void>();
  readonly #replaceListeners = new Set<() => void>();
  readonly #waiting = new Set<Waiting>();
  #isRetrying = false;
  #firstVersion: Uuid | undefined;

  constructor(schema: DatabaseSchema, deps: DatabaseDeps) {
    this.#schema = schema;
    this.#deps = deps;
    this.#tables = makeTables(schema);
  }

  /** Replaced by `convert`. */
  get schema(): DatabaseSchema {
    return this.#schema;
  }

  table(name: string): TableView | undefined {
    return this.#tables.get(name);
  }

  tables(): readonly TableView[] {
    return [...this.#tables.values()];
  }

  /** Where commits are kept from now on; undefined for a database in memory. */
  setJournal(journal: Journal | undefined): void {
    this.#journal = journal;
  }

  /**
   * Runs a "transact" request (`params` starts with the database's name). `done` is called once: at once, or after
   * its "wait" operations came true or timed out, or after the disk has a durable commit. Commit listeners hear of
   * the changes before.
   */
  submit(
    params: readonly Json[],
    context: TransactionContext,
    done: (reply: TransactReply) => void,
  ): PendingTransaction {
    const waiting: Waiting = {
      params,
      context,
      created: this.#deps.timers.clock.now(),
      done,
      tables: new Set(),
      timer: undefined,
      isDue: false,
    };
    this.#try(waiting);
    this.#retry();
    return { cancel: () => this.#cancel(waiting) };
  }

  /** Runs a request to its end without ever waiting: a "wait" that does not hold fails. */
  transact(params: Json, context: TransactionContext): Json {
    if (!isArray(params)) return syntaxError(params, 'array expected').toJson();
    const outcome = execute(this.#executionDeps(), params, context, 0);
    if (outcome.kind === 'failed') return outcome.results;
    if (outcome.kind === 'blocked') {
      const error = new OvsdbError('not supported', 'triggers not supported').toJson();
      return [error];
    }
    this.#commit(outcome.transaction, outcome.results, outcome.isDurable);
    this.#retry();
    return outcome.results;
  }

  /** Runs `change` as one transaction that no request made, such as those of replication. Throws OvsdbError. */
  apply(change: (transaction: Transaction) => void): void {
    const transaction = new Transaction(this.#tables, this.#deps.newUuid);
    let commit: Commit;
    try {
      change(transaction);
      commit = { changes: prepareCommit(transaction), comment: transaction.comment, isDurable: false };
      if (commit.changes.length > 0) this.#journal?.append(commit);
    } catch (error) {
      transaction.undo();
      throw error;
    }
    finishCommit(transaction);
    if (commit.changes.length > 0) this.#publish(commit);
    this.#retry();
  }

  /** The same for what the journal itself has, while nobody listens yet: all rows start with the same version. */
  replay(change: (transaction: Transaction) => void): void {
    this.#firstVersion ??= this.#deps.newUuid();
    const version = this.#firstVersion;
    const transaction = new Transaction(this.#tables, () => version);
    try {
      change(transaction);
      checkCommit(transaction);
    } catch (error) {
      transaction.undo();
      throw error;
    }
    finishCommit(transaction);
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
  convert(schema: DatabaseSchema): void {
    const tables = makeTables(schema);
    convertTables(this.#tables, tables, this.#deps.newUuid);
    this.#journal?.replace(schema, [...tables.values()], 'converted by ovsdb-server');
    for (const waiting of [...this.#waiting]) this.#cancel(waiting);
    this.#schema = schema;
    this.#tables = tables;
    for (const listener of this.#replaceListeners) listener();
  }

  #executionDeps(): Parameters<typeof execute>[0] {
    return { schema: this.#schema, tables: this.#tables, newUuid: this.#deps.newUuid };
  }

  #try(waiting: Waiting): void {
    const elapsed = Math.round(this.#deps.timers.clock.now() - waiting.created);
    const outcome = execute(this.#executionDeps(), waiting.params, waiting.context, elapsed);
    if (outcome.kind === 'blocked') {
      this.#wait(waiting, outcome.timeout, outcome.tables);
      return;
    }
    this.#forget(waiting);
    if (outcome.kind === 'failed') {
      waiting.done({ result: outcome.results, error: null });
      return;
    }
    const { transaction, results, isDurable } = outcome;
    const hasWritten = this.#commit(transaction, results, isDurable);
    const reply = { result: results, error: null };
    if (hasWritten && isDurable && this.#journal !== undefined)
      this.#reply(this.#journal, reply, waiting.done);
    else waiting.done(reply);
  }

  #wait(waiting: Waiting, timeout: number, tables: ReadonlySet<string>): void {
    waiting.tables = tables;
    this.#waiting.add(waiting);
    if (waiting.timer !== undefined || timeout === Number.POSITIVE_INFINITY) return;
    waiting.timer = this.#deps.timers.at(ms(waiting.created + timeout), () => {
      waiting.timer = undefined;
      if (!this.#waiting.has(waiting)) return;
      this.#try(waiting);
      this.#retry();
    });
  }

  #forget(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    waiting.timer?.cancel();
    waiting.timer = undefined;
  }

  #cancel(waiting: Waiting): boolean {
    if (!this.#waiting.has(waiting)) return false;
    this.#forget(waiting);
    waiting.done({ result: null, error: 'canceled' });
    return true;
  }

  /** Answers once the disk has what was written. */
  #reply(
    journal: Journal,
    reply: { result: Json[]; error: null },
    done: (reply: TransactReply) => void,
  ): void {
    journal.sync().then(
      () => done(reply),
      (error: unknown) => {
        if (!(error instanceof OvsdbError)) throw error;
        reply.result.push(error.toJson());
        done(reply);
      },
    );
  }

  /** Commits, or adds the error that stopped it to `results`. True when the journal has something to sync. */
  #commit(transaction: Transaction, results: Json[], isDurable: boolean): boolean {
    let commit: Commit;
    try {
      commit = { changes: prepareCommit(transaction), comment: transaction.comment, isDurable };
      if (commit.changes.length > 0) this.#journal?.append(commit);
    } catch (error) {
      transaction.undo();
      if (!(error instanceof OvsdbError)) throw error;
      results.push(error.toJson());
      return false;
    }
    finishCommit(transaction);
    if (commit.changes.length === 0) return false;
    this.#publish(commit);
    return true;
  }

  #publish(commit: Commit): void {
    for (const listener of this.#listeners) listener(commit);
    if (this.#waiting.size === 0) return;
    const changed = new Set(commit.changes.map((change) => change.table.name));
    for (const waiting of this.#waiting) {
      if (!waiting.isDue) waiting.isDue = [...waiting.tables].some((name) => changed.has(name));
    }
  }

  /** Runs the waiting transactions that a commit may have freed, and those that their commits free. */
  #retry(): void {
    if (this.#isRetrying || this.#waiting.size === 0) return;
    this.#isRetrying = true;
    try {
      for (let due = this.#due(); due.length > 0; due = this.#due()) {
        for (const waiting of due) {
          waiting.isDue = false;
          if (this.#waiting.has(waiting)) this.#try(waiting);
        }
      }
    } finally {
      this.#isRetrying = false;
    }
  }

  #due(): Waiting[] {
    return [...this.#waiting].filter((waiting) => waiting.isDue);
  }
}

function makeTables(schema: DatabaseSchema): ReadonlyMap<string, Table> {
  return new Map([...schema.tables].map(([name, table]) => [name, new Table(table)]));
}
