/**
 * The relay service model: a database that is a copy of another server's. Monitors and transactions that only look are
 * served from the copy, the others are forwarded; their effects come back as updates. ovsdb(7), "Relay Service Model".
 */
import { Malformed, Refused } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { ms, type Uuid } from '../../base/units.ts';
import { Disconnected } from '../client/errors.ts';
import { Monitor, type RequestFunction } from '../client/monitor.ts';
import { ClientSession, type Connector } from '../client/session.ts';
import { Database } from '../engine/database.ts';
import { compileSchema, equalSchemas } from '../engine/schema.ts';
import type { DatabaseSchema } from '../engine/types.ts';
import { Forwarding } from './forwarding.ts';
import { RelayCopy } from './relay-copy.ts';
import type { OvsdbServer } from './server.ts';

const log = logger('relay');

/** A connection that is away for less long does not count as lost. */
const reconnectionTime = ms(30_000);

export interface RelayDeps {
  readonly server: OvsdbServer;
  readonly connect: Connector;
  readonly timers: Timers;
  readonly newUuid: () => Uuid;
  /** A copy is served from now on, the first or one with another schema. */
  readonly shown?: (database: Database) => void;
}

interface Source {
  /** Of the database. */
  readonly name: string;
  /** Of servers that have it, any of which will do. */
  readonly remotes: readonly string[];
}

/** One owner; `close` is the owner's duty. The owner has announced the database: `OvsdbServer.addRelay`. */
export class Relay {
  readonly #name: string;
  readonly #deps: RelayDeps;
  readonly #forwarding = new Forwarding();
  readonly #session: ClientSession;
  #copy: RelayCopy | undefined;
  #monitor: Monitor<void> | undefined;
  #isShown = false;
  #isConnected = false;
  #loss: Timer | undefined;

  constructor({ name, remotes }: Source, deps: RelayDeps) {
    this.#name = name;
    this.#deps = deps;
    const { connect, timers } = deps;
    this.#session = new ClientSession(
      { database: name, connect, remotes, timers, leaderOnly: false },
      {
        up: () => this.#up(),
        down: () => this.#down(),
        failed() {},
        notification: (method, params) => this.#monitor?.receive(method, params),
      },
    );
  }

  close(): void {
    this.#loss?.cancel();
    this.#session.close();
  }

  #up(): void {
    this.#follow((method, params) => this.#session.request(method, params)).catch((why: unknown) => {
      if (why instanceof Malformed || why instanceof Refused) this.#session.restart(why.message);
      else if (!(why instanceof Disconnected)) throw why;
    });
  }

  #down(): void {
    this.#monitor?.stop();
    this.#forwarding.stop();
    if (!this.#isConnected || this.#loss !== undefined) return;
    this.#loss = this.#deps.timers.after(reconnectionTime, () => {
      this.#loss = undefined;
      this.#setConnected(false);
    });
  }

  async #follow(request: RequestFunction): Promise<void> {
    const schema = compileSchema(await request('get_schema', [this.#name]));
    if (this.#copy === undefined || !equalSchemas(this.#copy.database.schema, schema)) this.#begin(schema);
    await this.#monitor?.start(request);
    this.#forwarding.start(request);
  }

  /** Clients go on seeing the copy before, if there is one, until this one has its contents. */
  #begin(schema: DatabaseSchema): void {
    const copy = new RelayCopy(new Database(schema, this.#deps, this.#forwarding));
    const tables = [...schema.tables].map(([name, { columns }]) => ({
      name,
      columns: columns.map((column) => column.name),
      conditions: true,
    }));
    this.#copy = copy;
    this.#isShown = false;
    this.#monitor = new Monitor(this.#name, tables, copy, { applied: () => this.#applied(copy) });
  }

  #applied({ database, lastId }: RelayCopy): void {
    if (!this.#isShown) {
      this.#isShown = true;
      log.dbg(`${this.#name}: serving a copy of ${this.#session.remote}`);
      this.#deps.server.showCopy(database, lastId);
      this.#deps.shown?.(database);
    }
    this.#loss?.cancel();
    this.#loss = undefined;
    if (!this.#isConnected) this.#setConnected(true);
  }

  #setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#deps.server.setRelayConnected(this.#name, isConnected);
  }
}
