/** A client as programs that use the library see it: what `connect` and an embedded database give. */
import type { WaitOptions } from '../../base/waiting.ts';
import type { Row, Schema } from '../schema-types.ts';
import type { ChangeSet, Conditions, TableName, Tables, Transaction, View, Wanted } from './types.ts';

/** What of a database a client shows. */
export interface ViewOptions<T extends Tables, W extends Wanted<T>> extends WaitOptions {
  /** Which tables and columns; all unless given. Fewer cost less, and rows have no others. */
  readonly tables?: W & { readonly [K in Exclude<keyof W, TableName<T>>]: never };
  /** Which rows of a table; all unless given. */
  readonly conditions?: { readonly [K in keyof W & TableName<T>]?: Conditions<T[K]> };
  /** A lock to ask for and hold: transactions are refused while this client does not have it (`hasLock`). */
  readonly lock?: string;
}

export interface ChangesOptions extends WaitOptions {
  /** Begin with all rows that are there, as added ones. */
  readonly initial?: boolean;
}

/**
 * A live view of a database, and transactions on it. While the connection is away the view stays as last heard; the
 * client connects again by itself, and one change set then brings the view up to date. `T`: the tables of the schema;
 * `V`: what of them it shows.
 */
export interface Client<T extends Tables, V extends Tables = T> extends View<V>, AsyncDisposable {
  readonly schema: Schema<T>;
  /** There is a connection and the view follows the database. */
  readonly isConnected: boolean;
  /** This client holds the lock that it was made with. */
  readonly hasLock: boolean;

  /**
   * The rows that have all of these values: `client.find('Bridge', { name: 'br0' })`. Takes the same time however many
   * rows there are, from the second call with the same columns on.
   */
  find<K extends TableName<V>>(table: K, values: Partial<Row<V[K]>>): readonly Row<V[K]>[];

  /**
   * Change sets from the start of a loop over them, until it or the client ends. The view shows them already. What comes about while the loop's
   * body waits is joined into one, so a slow reader sees fewer, larger ones.
   *
   * ```ts
   * for await (const changes of client.changes({ initial: true })) {
   *   for (const { old, new: port } of changes.of('Port')) console.log(old?.name, '->', port?.name);
   * }
   * ```
   */
  changes(options?: ChangesOptions): AsyncIterable<ChangeSet<V>>;

  /**
   * Calls `look` now and after each change of the view, the connection or the lock until it returns something other than
   * `undefined` or `false`, and resolves with that. Rejects with Disconnected when the client is closed.
   *
   * ```ts
   * const { ofport } = await client.until(() => client.find('Interface', { name: 'eth1' }).find((i) => i.ofport));
   * ```
   */
  until<R>(look: () => R, options?: WaitOptions): Promise<Exclude<R, undefined | false>>;

  /**
   * Asks for other rows of a table. Resolves when the view shows them; then those no longer asked for are gone. Rejects
   * with Refused when the server does not take the conditions, and with the signal's reason: then they are as before.
   */
  setConditions<K extends TableName<V> & TableName<T>>(
    table: K,
    conditions: Conditions<T[K]>,
    options?: WaitOptions,
  ): Promise<void>;

  /**
   * Does all that `build` says, or nothing. Resolves with what `build` returned when the database has it and the view
   * shows it. `build` must not wait for anything; it is called again, with the newest view, when what it verified has
   * changed meanwhile.
   *
   * Rejects with OvsdbError when the server refuses (`tag` and `details` say why; "not owner" without the lock, "no such
   * row" where one that is updated, mutated or deleted is not there any more), with Refused for a value that its column
   * cannot hold, with Disconnected while there is no connection, or when it is lost before the answer came. Whether a transaction was done
   * that was under way then, or when the signal was aborted, is not known.
   *
   * ```ts
   * const port = await client.transact((tx) => {
   *   const port = tx.insert('Port', { name: 'eth1', tag: 10 });
   *   tx.mutate('Bridge', bridge._uuid, { ports: { insert: [port] } });
   *   return port;
   * });
   * ```
   */
  transact<R>(build: (tx: Transaction<T>) => R, options?: WaitOptions): Promise<R>;

  /** Ends the connection, all waits and all loops over changes. A second time does nothing. */
  close(): void;
}
