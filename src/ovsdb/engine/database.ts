/**
 * A database: tables of rows, transactions, commits. The server gives it the "transact" requests of all sessions;
 * monitors and replication listen to its commits; a journal keeps them. RFC 7047 sections 4.1.3 and 5.2.
 */

import type { Timers } from '../../base/timers.ts';
import { type Uuid, uuid } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import { isArray } from '../../rpc/json-value.ts';
import { checkCommit, finishCommit, prepareCommit, revertCommit } from './commit.ts';
import { convertTables } from './convert.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import { execute, type ReadyOutcome } from './execute.ts';
import { StoredTable } from './table.ts';
import { OpenTransaction } from './transaction.ts';
import type {
  Commit,
  DatabaseSchema,
  Forwarder,
  Journal,
  PendingTransaction,
  RowVersion,
  TableSchema,
  TransactionContext,
  TransactReply,
} from './types.ts';
import { type WaitingTransaction, WaitingTransactions } from './waiting-transactions.ts';

export interface DatabaseDeps {
  readonly timers: Timers;
  /** A fresh random uuid (version 4), lower case. */
  readonly newUuid: () => Uuid;
}

/** One table's rows, to read. */
export interface TableView {
  readonly schema: TableSchema;
  readonly size: number;
  get(uuid: string): RowVersion | undefined;
  rows(): Iterable<RowVersion>;
}

/** A transaction that has run, with what it came to. Unless it failed or changed nothing it is in memory now. */
interface Finished {
  readonly waiting: WaitingTransaction;
  readonly result: Json;
  readonly commit: Commit | undefined;
}

/** Transactions that are written together at most. */
const groupLimit = 256;

export class Database {
  readonly #deps: DatabaseDeps;
  #schema: DatabaseSchema;
  #tables: ReadonlyMap<string, StoredTable>;
  #journal: Journal | undefined;
  readonly #forwarder: Forwarder | undefined;
  readonly #listeners = new Set<(commit: Commit) => void>();
  readonly #replaceListeners = new Set<() => void>();
  readonly #waiting: WaitingTransactions;
  #isRetrying = false;
  /** Nobody has heard of these yet: they wait to be written to the journal, all at once. */
  #group: Finished[] = [];
  /** They are written, and are told of in this order. */
  readonly #written: Finished[] = [];
  #replayVersions: (() => Uuid) | undefined;

  /** With a forwarder the database is a copy, which only `apply` changes. */
  constructor(schema: DatabaseSchema, deps: DatabaseDeps, forwarder?: Forwarder) {
    this.#schema = schema;
    this.#deps = deps;
    this.#forwarder = forwarder;
    this.#tables = makeTables(schema);
    this.#waiting = new WaitingTransactions(deps.timers, (waiting) => {
      this.#try(waiting);
      this.#retry();
    });
  }

  /** Replaced by `convert`. */
  get schema(): DatabaseSchema {
    return this.#schema;
  }

  get isCopy(): boolean {
    return this.#forwarder !== undefined;
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
   * its "wait" operations came true or timed out, or after the journal has it, which for a durable commit means that
   * the disk has it. Commit listeners hear of the changes before.
   */
  submit(
    params: readonly Json[],
    context: TransactionContext,
    done: (reply: TransactReply) => void,
  ): PendingTransaction {
    return this.#submit(params, context, done, true);
  }

  /** Runs a request to its end without ever waiting: neither for the disk, nor for a "wait", which then fails. */
  transact(params: Json, context: TransactionContext): Json {
    if (!isArray(params)) return syntaxError(params, 'array expected').toJson();
    let result: Json = [];
    const take = (reply: TransactReply) => {
      result = reply.result;
    };
    const pending = this.#submit(params, context, take, false);
    this.settle();
    if (pending.cancel()) return [new OvsdbError('not supported', 'triggers not supported').toJson()];
    return result;
  }

  /** Runs `change` as one transaction that no request made, such as those of replication. Throws OvsdbError. */
  apply(change: (transaction: OpenTransaction) => void, id?: Uuid): void {
    this.settle();
    const transaction = new OpenTransaction(this.#tables, this.#deps.newUuid);
    let commit: Commit;
    try {
      change(transaction);
      commit = { changes: prepareCommit(transaction), comment: transaction.comment, isDurable: false, id };
    } catch (error) {
      transaction.undo();
      throw error;
    }
    finishCommit(transaction);
    if (commit.changes.length === 0) return;
    try {
      this.#journal?.append(commit);
      this.#journal?.flush();
    } catch (error) {
      revertCommit(this.#tables, commit);
      throw error;
    }
    this.#publish(commit);
    this.#retry();
  }

  /**
   * Writes to the journal what has been committed in this turn of the event loop, tells everybody, and answers. Who
   * reads tables calls it first, or would see what may yet be taken back.
   */
  settle(): void {
    while (this.#group.length > 0) {
      this.#settleGroup(this.#takeGroup());
      this.#retry();
    }
  }

  /** The same as `apply` for what the journal itself has, while nobody listens yet. */
  replay(change: (transaction: OpenTransaction) => void): void {
    this.#replayVersions ??= successors(this.#deps.newUuid());
    const transaction = new OpenTransaction(this.#tables, this.#replayVersions);
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
    this.settle();
    const tables = makeTables(schema);
    convertTables(this.#tables, tables, this.#deps.newUuid);
    this.#journal?.replace(schema, [...tables.values()], 'converted by ovsdb-server');
    for (const waiting of [...this.#waiting.all]) this.#cancel(waiting);
    this.#schema = schema;
    this.#tables = tables;
    for (const listener of this.#replaceListeners) listener();
  }

  #submit(
    params: readonly Json[],
    context: TransactionContext,
    done: (reply: TransactReply) => void,
    isPatient: boolean,
  ): PendingTransaction {
    const waiting: WaitingTransaction = {
      params,
      context,
      created: this.#deps.timers.clock.now(),
      done,
      isPatient,
      tables: new Set(),
      timer: undefined,
      forwarded: undefined,
      isDue: false,
    };
    this.#try(waiting);
    this.#retry();
    return { cancel: () => this.#cancel(waiting) };
  }

  #try(waiting: WaitingTransaction): void {
    const elapsed = Math.round(this.#deps.timers.clock.now() - waiting.created);
    const { schema } = this;
    const deps = { schema, tables: this.#tables, newUuid: this.#deps.newUuid };
    const outcome = execute(deps, waiting.params, waiting.context, elapsed);
    if (outcome.kind === 'blocked') {
      this.#waiting.hold(waiting, outcome.timeout, outcome.tables);
      return;
    }
    this.#waiting.forget(waiting);
    if (outcome.kind === 'failed') {
      this.#finish({ waiting, result: outcome.results, commit: undefined });
    } else if (this.#forwarder !== undefined && outcome.isWrite) {
      outcome.transaction.undo();
      waiting.forwarded = this.#forwarder.forward(waiting.params, waiting.done);
    } else {
      this.#finish({ waiting, ...this.#commit(outcome) });
    }
  }

  /** Answers at once what depends on nothing that is still to be written. */
  #finish(finished: Finished): void {
    const { commit } = finished;
    if (this.#journal === undefined || (commit === undefined && this.#group.length === 0)) {
      this.#publishAndAnswer(finished);
      return;
    }
    if (commit !== undefined) this.#journal.append(commit);
    this.#group.push(finished);
    if (this.#group.length === 1) this.#journal.defer(() => this.settle());
    else if (this.#group.length >= groupLimit) this.settle();
  }

  #takeGroup(): readonly Finished[] {
    const group = this.#group;
    this.#group = [];
    return group;
  }

  #settleGroup(group: readonly Finished[]): void {
    try {
      this.#journal?.flush();
    } catch (error) {
      if (!(error instanceof OvsdbError)) throw error;
      this.#takeBack(group, error);
      return;
    }
    this.#written.push(...group);
    // Who hears of one may settle the next.
    for (let next = this.#written.shift(); next !== undefined; next = this.#written.shift())
      this.#publishAndAnswer(next);
  }

  /** None of the group is in the journal. Each may have relied on those before it, so all run again, one by one. */
  #takeBack(group: readonly Finished[], error: OvsdbError): void {
    for (const { commit } of [...group].reverse()) {
      if (commit !== undefined) revertCommit(this.#tables, commit);
    }
    this.#waiting.allTablesChanged();
    const [first] = group;
    if (first !== undefined && group.length === 1) {
      first.waiting.done(withError(first.result, error));
      return;
    }
    for (const { waiting } of group) {
      this.#try(waiting);
      this.#settleGroup(this.#takeGroup());
    }
  }

  #publishAndAnswer({ waiting, result, commit }: Finished): void {
    const reply = { result, error: null };
    if (commit !== undefined) this.#publish(commit);
    if (commit?.isDurable === true && waiting.isPatient && this.#journal !== undefined)
      this.#answerOnDisk(this.#journal, reply, waiting.done);
    else waiting.done(reply);
  }

  #cancel(waiting: WaitingTransaction): boolean {
    if (waiting.forwarded !== undefined) return waiting.forwarded.cancel();
    if (!this.#waiting.all.has(waiting)) return false;
    this.#waiting.forget(waiting);
    waiting.done({ result: null, error: 'canceled' });
    return true;
  }

  /** Answers once the disk has what was written. */
  #answerOnDisk(journal: Journal, reply: TransactReply, done: (reply: TransactReply) => void): void {
    journal.sync().then(
      () => done(reply),
      (error: unknown) => {
        if (!(error instanceof OvsdbError)) throw error;
        done(withError(reply.result, error));
      },
    );
  }

  /** Commits in memory, or adds the error that stopped it to the results. */
  #commit({ transaction, results, isDurable }: ReadyOutcome): Pick<Finished, 'result' | 'commit'> {
    let commit: Commit;
    try {
      commit = { changes: prepareCommit(transaction), comment: transaction.comment, isDurable };
    } catch (error) {
      transaction.undo();
      if (!(error instanceof OvsdbError)) throw error;
      results.push(error.toJson());
      return { result: results, commit: undefined };
    }
    finishCommit(transaction);
    return { result: results, commit: commit.changes.length === 0 ? undefined : commit };
  }

  #publish(commit: Commit): void {
    for (const listener of this.#listeners) listener(commit);
    if (this.#waiting.all.size > 0)
      this.#waiting.tablesChanged(new Set(commit.changes.map((change) => change.table.name)));
  }

  /** Runs the waiting transactions that a commit may have freed, and those that their commits free. */
  #retry(): void {
    if (this.#isRetrying || this.#waiting.all.size === 0) return;
    this.#isRetrying = true;
    try {
      for (let { due } = this.#waiting; due.length > 0; due = this.#waiting.due) {
        for (const waiting of due) {
          waiting.isDue = false;
          if (this.#waiting.all.has(waiting)) this.#try(waiting);
        }
      }
    } finally {
      this.#isRetrying = false;
    }
  }
}

/** The answer of a transaction whose operations went well and which failed all the same. */
function withError(results: Json, error: OvsdbError): TransactReply {
  return { result: [...(isArray(results) ? results : []), error.toJson()], error: null };
}

/** Uuids that count up from a random one: no two are the same, and each costs a fraction of a random one. */
function successors(first: Uuid): () => Uuid {
  const prefix = first.slice(0, -12);
  let last = Number.parseInt(first.slice(-12), 16);
  return () => {
    last = (last + 1) % 2 ** 48;
    return uuid(prefix + last.toString(16).padStart(12, '0'));
  };
}

function makeTables(schema: DatabaseSchema): ReadonlyMap<string, StoredTable> {
  return new Map([...schema.tables].map(([name, table]) => [name, new StoredTable(table)]));
}
