/** `Client` over an `OvsdbClient`: promises, loops and errors where that one has outcomes and listeners. */
import type { Uuid } from '../../base/units.ts';
import type { WaitOptions } from '../../base/waiting.ts';
import { waitFor } from '../../base/waiting.ts';
import { OvsdbError } from '../engine/errors.ts';
import type { Row, Schema } from '../schema-types.ts';
import type { ChangesOptions, Client, ViewOptions } from './api.ts';
import { OvsdbClient, typedChanges } from './client.ts';
import { Disconnected } from './errors.ts';
import { declaredTable, typeOfColumn } from './names.ts';
import { PendingChanges } from './pending-changes.ts';
import type { RowIndex } from './row-index.ts';
import type { SessionOptions } from './session.ts';
import type {
  ChangeSet,
  Conditions,
  Outcome,
  Seen,
  TableName,
  Tables,
  Transaction,
  View,
  Wanted,
} from './types.ts';
import { type AnyRow, canonicalValue } from './values.ts';

export interface OpenClientOptions<T extends Tables, W extends Wanted<T>>
  extends ViewOptions<T, W>,
    Omit<SessionOptions, 'database'> {
  readonly schema: Schema<T>;
  /** Of new rows; random unless given. */
  readonly newUuid?: () => Uuid;
  /** Go on trying when none of the remotes can be reached at first. */
  readonly keepTrying: boolean;
  /** Aborted with a Disconnected when the client is closed, and closes the client when it is aborted. */
  readonly closing: AbortController;
}

/** Resolves when the view shows the database; rejects as `connect` does. */
export async function openClient<T extends Tables, W extends Wanted<T>>(
  options: OpenClientOptions<T, W>,
): Promise<Client<T, Seen<T, W>>> {
  const { schema, closing, signal, keepTrying, remotes, tables } = options;
  let fail = (_why: Error): void => {};
  try {
    const client = new OvsdbClient<T>({
      ...options,
      requiresRows: true,
      // What is asked for may only be less precisely typed than here.
      tables:
        tables ?? (Object.fromEntries(Object.keys(schema.tables).map((name) => [name, true])) as Wanted<T>),
      failed: (why, count) => {
        if (!keepTrying && count >= remotes.length) fail(withRemotes(why, remotes));
      },
    });
    const opened = new LibraryClient<T, Seen<T, W>>(client, schema, closing);
    await waitFor<void>([signal, closing.signal], (resolve, reject) => {
      fail = reject;
      return client.onState(() => {
        if (client.isSynced) resolve();
      });
    });
    return opened;
  } catch (why) {
    closing.abort(new Disconnected('the client was not opened'));
    throw why;
  }
}

class LibraryClient<T extends Tables, V extends Tables> implements Client<T, V> {
  readonly schema: Schema<T>;
  readonly #client: OvsdbClient<T>;
  readonly #view: View<V>;
  readonly #closing: AbortController;
  /** Made when first asked for, by the table and columns. */
  readonly #indexes = new Map<string, Pick<RowIndex, 'find'>>();

  constructor(client: OvsdbClient<T>, schema: Schema<T>, closing: AbortController) {
    this.#client = client;
    this.schema = schema;
    this.#closing = closing;
    // `V` has the tables and columns of `T` that the client was told to show.
    this.#view = client.view as unknown as View<V>;
    if (closing.signal.aborted) client.close();
    else closing.signal.addEventListener('abort', () => client.close(), { once: true });
  }

  get isConnected(): boolean {
    return this.#client.isConnected;
  }

  get hasLock(): boolean {
    return this.#client.hasLock;
  }

  rows<K extends TableName<V>>(table: K): ReadonlyMap<Uuid, Row<V[K]>> {
    return this.#view.rows(table);
  }

  row<K extends TableName<V>>(table: K, id: Uuid): Row<V[K]> | undefined {
    return this.#view.row(table, id);
  }

  find<K extends TableName<V>>(table: K, values: Partial<Row<V[K]>>): readonly Row<V[K]>[] {
    const declared = declaredTable(this.schema.tables, table);
    const wanted = Object.entries(values as AnyRow).map(
      ([name, value]) => [name, canonicalValue(typeOfColumn(table, declared, name), value)] as const,
    );
    const columns = wanted.map(([name]) => name).sort();
    const key = JSON.stringify([table, ...columns]);
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.#client.anyIndex(table, columns);
      this.#indexes.set(key, index);
    }
    // As for the view.
    return index.find(Object.fromEntries(wanted)) as unknown as readonly Row<V[K]>[];
  }

  changes(options: ChangesOptions = {}): AsyncIterable<ChangeSet<V>> {
    return { [Symbol.asyncIterator]: () => this.#collect(options) };
  }

  #collect({ initial = false, signal }: ChangesOptions): AsyncIterator<ChangeSet<V>, void> {
    const pending = new PendingChanges();
    const stop = this.#client.onChange((changes) => {
      for (const table of changes.tables) pending.add(table, changes.of(table));
    });
    if (initial) {
      for (const table of Object.keys(this.schema.tables)) {
        const rows: ReadonlyMap<Uuid, unknown> = this.#client.view.rows(table);
        pending.add(
          table,
          [...rows].map(([id, row]) => ({ id, old: undefined, new: row })),
        );
      }
    }
    const read = this.#read(pending, initial, signal, stop);
    const end = (): Promise<IteratorResult<ChangeSet<V>, void>> => {
      stop(); // a generator that has not begun does not run its `finally`
      return read.return();
    };
    return { next: () => read.next(), return: end };
  }

  async *#read(
    pending: PendingChanges,
    isFirstDue: boolean,
    signal: AbortSignal | undefined,
    stop: () => void,
  ): AsyncGenerator<ChangeSet<V>, void> {
    try {
      if (isFirstDue) yield typedChanges<V>(pending.take());
      for (;;) {
        const isChanged = await this.#nextOf(pending, signal);
        if (!isChanged) return;
        yield typedChanges<V>(pending.take());
      }
    } finally {
      stop();
    }
  }

  /** False when the client was closed. */
  async #nextOf(pending: PendingChanges, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.until(() => !pending.isEmpty, { signal });
      return true;
    } catch (why) {
      if (why === this.#closing.signal.reason) return false;
      throw why;
    }
  }

  until<R>(look: () => R, { signal }: WaitOptions = {}): Promise<Exclude<R, undefined | false>> {
    return waitFor([signal, this.#closing.signal], (resolve, reject) => {
      const check = (): void => {
        try {
          const found = look();
          // `Exclude` says in types what this asks.
          if (found !== undefined && found !== false) resolve(found as Exclude<R, undefined | false>);
        } catch (why) {
          reject(why);
        }
      };
      const ends = [this.#client.onChange(check), this.#client.onState(check)];
      check();
      return () => {
        for (const end of ends) end();
      };
    });
  }

  setConditions<K extends TableName<V> & TableName<T>>(
    table: K,
    conditions: Conditions<T[K]>,
    { signal }: WaitOptions = {},
  ): Promise<void> {
    return waitFor([signal, this.#closing.signal], (resolve, reject) => {
      const change = this.#client.setConditions(table, conditions);
      change.done.then(resolve, reject);
      return change.cancel;
    });
  }

  async transact<R>(build: (tx: Transaction<T>) => R, { signal }: WaitOptions = {}): Promise<R> {
    let built: { readonly value: R } | undefined;
    const buildOnce = (tx: Transaction<T>): void => {
      built = { value: build(tx) };
      if (built.value instanceof Promise)
        throw new TypeError('transact: the function given must not be async, since it may be called again');
    };
    const outcome = await waitFor<Outcome>([signal, this.#closing.signal], (resolve, reject) => {
      this.#client.transactPatiently(buildOnce, signal).then(resolve, reject);
      return () => {};
    });
    const failure = failureOf(outcome);
    if (failure !== undefined) throw failure;
    return (built as unknown as { readonly value: R }).value;
  }

  close(): void {
    this.#closing.abort(new Disconnected('the client is closed'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

function failureOf(outcome: Outcome): Error | undefined {
  switch (outcome.status) {
    case 'committed':
    case 'unchanged':
      return undefined;
    case 'notLocked':
      return new OvsdbError('not owner', 'the client does not hold its lock');
    case 'error':
      return new OvsdbError(outcome.tag, outcome.details);
    case 'disconnected':
    case 'tryAgain':
      return new Disconnected('transact: there is no connection, or it was lost before the answer came');
  }
}

/** What a server said of itself does not tell which one it was. */
export function withRemotes(why: Error, remotes: readonly string[]): Error {
  return why instanceof Disconnected ? new Disconnected(`${remotes.join(',')}: ${why.message}`) : why;
}
