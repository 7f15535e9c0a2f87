/**
 * The OVSDB server: databases on one side, clients on the other. Knows channels, not sockets; `remotes.ts` opens
 * those. Embedded by the daemon, run by `ovsdb-server`, and made by tests.
 */
import type { Defer } from '../../base/defer.ts';
import type { Timers } from '../../base/timers.ts';
import type { Uuid } from '../../base/units.ts';
import type { ReliableConnection } from '../../net/reliable-connection.ts';
import type { Channel } from '../../rpc/channel.ts';
import { channelPair } from '../../rpc/pair.ts';
import type { Database } from '../engine/database.ts';
import type { Commit } from '../engine/types.ts';
import { defaultLimits, type ServedClient, type ServerContext, type ServerLimits } from './context.ts';
import { LockTable } from './locks.ts';
import { ServedDatabase } from './served.ts';
import { ServerDatabase } from './server-database.ts';
import { type ServeOptions, ServerSession } from './session.ts';

export interface OvsdbServerDeps {
  readonly timers: Timers;
  readonly defer: Defer;
  /** A fresh random uuid. */
  readonly newUuid: () => Uuid;
  readonly limits?: Partial<ServerLimits>;
  /**
   * Transactions that are remembered for clients that come back (`monitor_cond_since`); 100 when absent. With 0
   * transactions have no ids and such clients are told everything again, as the reference's standalone server does.
   */
  readonly historySize?: number;
  /** Nothing is done by the clock, so that the same requests have the same effects: no probes, no status of remotes. */
  readonly isReplayable?: boolean;
}

/** What `memory/show` tells of a server. */
export interface ServerUsage {
  readonly sessions: number;
  readonly monitors: number;
  readonly jsonCaches: number;
  readonly triggers: number;
  readonly backlog: number;
}

const defaultHistorySize = 100;
const alwaysThere = { model: 'standalone', connected: true, leader: true } as const;

export class OvsdbServer implements ServerContext {
  readonly id: Uuid;
  readonly timers: Timers;
  readonly defer: Defer;
  readonly limits: ServerLimits;
  readonly locks = new LockTable<ServedClient>();
  readonly isReplayable: boolean;
  isReadOnly = false;
  hasMonitorCond = true;
  readonly #deps: OvsdbServerDeps;
  readonly #databases = new Map<string, ServedDatabase>();
  /** Copies of other servers' databases, there or still to come. */
  readonly #relayed = new Set<string>();
  readonly #sessions = new Set<ServerSession>();
  readonly #status: ServerDatabase;
  #isFlushDue = false;

  constructor(deps: OvsdbServerDeps) {
    this.#deps = deps;
    this.timers = deps.timers;
    this.defer = deps.defer;
    this.limits = { ...defaultLimits, ...deps.limits };
    this.isReplayable = deps.isReplayable ?? false;
    this.id = deps.newUuid();
    this.#status = new ServerDatabase(deps);
    this.#serveDatabase(this.#status.db);
    this.#status.add('_Server', { ...alwaysThere, schema: this.#status.db.schema });
  }

  /** By name, `_Server` included. */
  get databases(): ReadonlyMap<string, ServedDatabase> {
    return this.#databases;
  }

  /** Names of all databases, also of those that are still to come. */
  get databaseNames(): string[] {
    return [...new Set([...this.#databases.keys(), ...this.#relayed])];
  }

  get sessions(): ReadonlySet<ServerSession> {
    return this.#sessions;
  }

  /** False when a database of that name is served already. Clients that cannot know of it are disconnected. */
  addDatabase(db: Database): boolean {
    const { name } = db.schema;
    if (this.databaseNames.includes(name)) return false;
    this.reconnect(false, `adding ${name} database`);
    this.#serveDatabase(db);
    this.#status.add(name, { ...alwaysThere, schema: db.schema });
    db.onReplace(() => this.#replaced(name));
    return true;
  }

  /** The same for a copy of another server's database, which is to come: `showCopy`. */
  addRelay(name: string): boolean {
    if (this.databaseNames.includes(name)) return false;
    this.reconnect(false, `adding ${name} database`);
    this.#relayed.add(name);
    this.#status.add(name, { model: 'relay', connected: false, leader: false });
    return true;
  }

  /** Serves the copy, or another in its place since the schema has changed. `lastId`: what it is a copy of. */
  showCopy(db: Database, lastId: Uuid | undefined): void {
    const { name } = db.schema;
    const before = this.#databases.get(name);
    if (before !== undefined) this.#stopServing(before);
    const what = before === undefined ? 'connected to storage' : 'schema changed';
    this.reconnect(false, `database ${name} ${what}`);
    this.#serveDatabase(db, lastId);
    this.#status.update(name, { schema: db.schema });
  }

  setRelayConnected(name: string, connected: boolean): void {
    this.#status.update(name, { connected });
  }

  /** Stops serving; the database itself stays open. `comment` says in the log why clients are disconnected. */
  removeDatabase(name: string, comment?: string): void {
    const served = this.#databases.get(name);
    if (served === undefined && !this.#relayed.delete(name)) return;
    if (served !== undefined) this.#stopServing(served);
    this.reconnect(false, comment);
    this.#relayed.delete(name);
    this.#status.remove(name);
  }

  /**
   * Takes a connected channel over, one that `link` keeps up when we connected. Undefined when there are too many
   * sessions: the channel is closed then.
   */
  serve(
    channel: Channel,
    options: ServeOptions = {},
    link?: ReliableConnection<Channel>,
  ): ServerSession | undefined {
    if (this.#sessions.size >= this.limits.maxSessions) {
      channel.abort(new Error(`${channel.name}: refused, ${this.#sessions.size} sessions are open already`));
      return undefined;
    }
    const session = new ServerSession(this, channel, options, link);
    this.#sessions.add(session);
    session.addCloseListener(() => this.#sessions.delete(session));
    return session;
  }

  /** A connection from inside this process. */
  connect(options: ServeOptions = {}): Channel {
    const [ours, theirs] = channelPair();
    this.serve(ours, options);
    return theirs;
  }

  usage(): ServerUsage {
    let monitors = 0;
    let jsonCaches = 0;
    for (const served of this.#databases.values()) {
      monitors += served.trackerCount;
      jsonCaches += served.snapshots.size;
    }
    let triggers = 0;
    let backlog = 0;
    for (const session of this.#sessions) {
      triggers += session.waiting.size;
      backlog += session.channel.backlog;
    }
    return { sessions: this.#sessions.size, monitors, jsonCaches, triggers, backlog };
  }

  settle(): void {
    for (const { db } of this.#databases.values()) db.settle();
  }

  reconnect(isForced: boolean, comment: string | undefined): void {
    for (const session of [...this.#sessions]) {
      if (isForced || !session.isDbChangeAware) session.disconnect(comment);
    }
  }

  sessionClosed(session: ServedClient): void {
    for (const { name } of this.locks.heldBy(session)) {
      this.locks.unlock(name, session)?.notify('locked', [name]);
    }
  }

  /** Ends all sessions. The databases stay open: they have owners. */
  close(): void {
    this.reconnect(true, undefined);
    for (const served of this.#databases.values()) served.close();
    this.#databases.clear();
  }

  #serveDatabase(db: Database, lastId?: Uuid): void {
    const { timers, newUuid, historySize = defaultHistorySize } = this.#deps;
    const changed = () => this.#flushSoon();
    const deps = db.isCopy
      ? { historySize: defaultHistorySize, idOf: (commit: Commit) => commit.id, lastId }
      : { historySize, idOf: () => (historySize > 0 ? newUuid() : undefined) };
    this.#databases.set(db.schema.name, new ServedDatabase(db, { timers, changed, ...deps }));
  }

  #stopServing(served: ServedDatabase): void {
    for (const session of this.#sessions) session.forgetDatabase(served);
    served.close();
    this.#databases.delete(served.db.schema.name);
  }

  #replaced(name: string): void {
    const served = this.#databases.get(name);
    if (served === undefined) return;
    for (const session of this.#sessions) session.forgetMonitors(served);
    served.forgetAll();
    this.#status.update(name, { schema: served.db.schema });
  }

  /** One round of updates for all commits that come together. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.defer(() => {
      this.#isFlushDue = false;
      for (const session of this.#sessions) session.flush();
    });
  }
}
