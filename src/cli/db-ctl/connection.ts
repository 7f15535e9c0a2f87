/**
 * A tool's connection to its database, as promises: one transaction after another, and a watch on tables. Without
 * `mayReconnect` the first failure is the last; with it, what was lost is done again.
 */
import { Malformed, type VswitchError } from '../../base/errors.ts';
import { connectionReason } from '../../net/connection-log.ts';
import { Disconnected } from '../../ovsdb/client/errors.ts';
import { ClientSession, type SessionOptions } from '../../ovsdb/client/session.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { CommandFailed } from './datum-text.ts';

export interface DatabaseConnectionOptions extends SessionOptions {
  /** As the user gave it, for messages. */
  readonly remoteText: string;
  readonly mayReconnect: boolean;
}

export class DatabaseConnection {
  mayReconnect: boolean;
  readonly #options: DatabaseConnectionOptions;
  readonly #session: ClientSession;
  #number = 0;
  #isUp = false;
  #failure: VswitchError | undefined;
  #wakers: (() => void)[] = [];
  #isChanged = false;
  #watchNumber = 0;

  constructor(options: DatabaseConnectionOptions) {
    this.#options = options;
    this.mayReconnect = options.mayReconnect;
    this.#session = new ClientSession(
      { ...options, limitsAttempts: options.mayReconnect },
      {
        up: () => {
          this.#isUp = true;
          this.#number++;
          this.#wake();
        },
        down: (why) => {
          this.#isUp = false;
          this.#isChanged = true;
          if (!this.mayReconnect) this.#fail(why);
          this.#wake();
        },
        failed: (why, count) => {
          if (!options.mayReconnect && count >= options.remotes.length) this.#fail(connectionReason(why));
        },
        notification: (method) => {
          if (!method.startsWith('update')) return;
          this.#isChanged = true;
          this.#wake();
        },
      },
    );
  }

  /** Counts the connections that were made; a watch lives only as long as its connection. */
  get number(): number {
    return this.#number;
  }

  /** The results of the operations, as many as there are until the first error. Throws CommandFailed. */
  async transact(operations: readonly JsonObject[]): Promise<readonly Json[]> {
    const results = await this.request('transact', [this.#options.database, ...operations]);
    if (!Array.isArray(results)) throw new Malformed('ovsdb reply', 0, 'expected an array');
    return results;
  }

  /** Throws Refused with the server's error, or CommandFailed when there is no connection to be had. */
  async request(method: string, params: readonly Json[]): Promise<Json> {
    for (;;) {
      await this.#ready();
      try {
        return await this.#session.request(method, params);
      } catch (why) {
        if (!(why instanceof Disconnected)) throw why;
        if (!this.mayReconnect) await this.#ready();
      }
    }
  }

  /** From now on `changed` resolves when one of these columns changes, or the connection is lost. */
  async watch(columns: ReadonlyMap<string, ReadonlySet<string>>, initial: boolean): Promise<Json> {
    const requests: Record<string, Json> = {};
    for (const [table, names] of columns) requests[table] = { columns: [...names], select: { initial } };
    this.#isChanged = false;
    return this.request('monitor', [this.#options.database, `watch ${this.#watchNumber++}`, requests]);
  }

  async changed(): Promise<void> {
    while (!this.#isChanged) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#wakers.push(resolve));
    }
    this.#isChanged = false;
  }

  close(): void {
    this.#session.close();
  }

  async #ready(): Promise<void> {
    while (!this.#isUp) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#wakers.push(resolve));
    }
  }

  #fail(why: string): void {
    const reason = why === 'connection closed by peer' ? 'End of file' : why;
    this.#failure = new CommandFailed(`${this.#options.remoteText}: database connection failed (${reason})`);
    this.#session.close();
    this.#wake();
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }
}
