/**
 * Active-backup: while this server is a backup it holds its databases equal to those of another server and lets
 * nobody else write them. ovsdb-server(1), "Active-Backup Options"; ovsdb(7).
 */

import { logger } from '../../base/log.ts';
import type { Timers } from '../../base/timers.ts';
import type { Json, RpcMessage } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { JsonRpcSession } from '../../rpc/session.ts';
import type { Database } from '../engine/database.ts';
import { OvsdbError } from '../engine/errors.ts';
import { compileSchema, equalSchemas } from '../engine/schema.ts';
import type { TransactionContext } from '../engine/types.ts';
import { defaultDscp, type ServerSockets } from './remote.ts';
import { planReset, planUpdates, whyNotReplicable } from './replication-plan.ts';
import type { OvsdbServer } from './server.ts';
import { probeInterval } from './session.ts';

const log = logger('replication');

export const defaultReplicationProbe = 60_000;

/** By database: the tables that are left alone. */
type ExcludedTables = ReadonlyMap<string, ReadonlySet<string>>;

export interface ReplicationDeps {
  readonly server: OvsdbServer;
  readonly sockets: ServerSockets;
  readonly timers: Timers;
  /** The connection cannot be used for this: the server stops being a backup. */
  readonly failed: () => void;
}

const asReplica: TransactionContext = {
  isReadOnly: false,
  access: undefined,
  isInternal: true,
  holdsLock: () => false,
};

interface Target {
  readonly remote: string;
  readonly excluded: ExcludedTables;
  readonly probeInterval: number;
}

/** One attempt at replication, from `start` to `stop` or failure. */
/** How far a backup is. */
export type ReplicationStatus =
  | { readonly progress: 'connecting' | 'not connected'; readonly remote: string }
  | { readonly progress: 'replicating'; readonly remote: string; readonly databases: readonly string[] };

export class Replicator {
  readonly #deps: ReplicationDeps;
  readonly #target: Target;
  readonly #session: JsonRpcSession;
  #nextId = 0;
  readonly #pending = new Map<number, (result: Json) => void>();
  /** Databases whose contents follow the other server's; those still to be answered for are in `#awaited`. */
  readonly #followed = new Set<string>();
  readonly #awaited = new Set<string>();

  constructor(deps: ReplicationDeps, target: Target) {
    this.#deps = deps;
    this.#target = target;
    const { server, sockets, timers } = deps;
    this.#session = new JsonRpcSession({
      remotes: [target.remote],
      connect: (remote, signal) => sockets.connect(remote, defaultDscp, signal),
      timers,
      probeInterval: probeInterval(server, target),
      events: { connected: () => this.#connected(), message: (message) => this.#receive(message) },
    });
    this.#session.start();
  }

  /** What `sync-status` says of a backup. */
  get status(): ReplicationStatus {
    const { remote } = this.#target;
    const databases = [...this.#followed];
    if (!this.#session.isConnected && databases.length > 0) return { progress: 'not connected', remote };
    const isComplete = databases.length > 0 && this.#awaited.size === 0;
    return isComplete ? { progress: 'replicating', remote, databases } : { progress: 'connecting', remote };
  }

  setProbeInterval(interval: number): void {
    this.#session.setProbeInterval(probeInterval(this.#deps.server, { probeInterval: interval }));
  }

  stop(): void {
    this.#session.stop();
  }

  #connected(): void {
    this.#pending.clear();
    this.#followed.clear();
    this.#awaited.clear();
    this.#request('get_server_id', [], (id) => this.#checkServer(id));
  }

  #request(method: string, params: readonly Json[], done: (result: Json) => void): void {
    const id = this.#nextId++;
    this.#pending.set(id, done);
    this.#session.send({ method, params, id });
  }

  #receive(message: RpcMessage): void {
    if ('method' in message) {
      if (message.id === null && message.method === 'update') this.#update(message.params);
      return;
    }
    const done = typeof message.id === 'number' ? this.#pending.get(message.id) : undefined;
    if (done === undefined || typeof message.id !== 'number') {
      log.warn('received unexpected reply');
      return;
    }
    this.#pending.delete(message.id);
    this.#guard(() => {
      if (message.error !== null) throw new OvsdbError('replication', formatJson([message.error]));
      done(message.result);
    });
  }

  #checkServer(id: Json): void {
    if (typeof id !== 'string') throw new OvsdbError('get_server_id failed', 'Server ID is not valid UUID');
    if (id === this.#deps.server.id) {
      throw new OvsdbError('Server ID check failed', 'Self replicating is not allowed');
    }
    this.#request('list_dbs', [], (names) => this.#askSchemas(names));
  }

  #askSchemas(names: Json): void {
    if (!Array.isArray(names)) throw new OvsdbError('list_dbs failed', 'list_dbs response is not array');
    const local = names.filter((name) => typeof name === 'string' && this.#database(name) !== undefined);
    let left = local.length;
    for (const name of local) {
      this.#request('get_schema', [name], (schema) => {
        this.#askContents(schema);
        left--;
        if (left === 0 && this.#awaited.size === 0 && this.#followed.size === 0) this.#nothingToDo();
      });
    }
    if (left === 0) this.#nothingToDo();
  }

  #nothingToDo(): void {
    log.warn('Nothing to replicate.');
    this.#fail();
  }

  #askContents(json: Json): void {
    const schema = compileSchema(json);
    const db = this.#database(schema.name);
    if (db === undefined) return;
    if (!equalSchemas(schema, db.schema)) {
      log.info(`Schema version mismatch, checking if ${schema.name} can still be replicated or not.`);
      const why = whyNotReplicable(db.schema, schema);
      if (why !== undefined) log.info(why);
      log.info(`${schema.name} ${why === undefined ? 'can' : 'cannot'} be replicated.`);
      if (why !== undefined) return;
    }
    const excluded = this.#target.excluded.get(schema.name);
    const tables = [...schema.tables.keys()].filter((table) => excluded?.has(table) !== true).sort();
    const requests = Object.fromEntries(tables.map((table) => [table, [{}]]));
    this.#awaited.add(schema.name);
    this.#request('monitor', [schema.name, schema.name, requests], (contents) => {
      log.info('Monitor request received. Resetting the database');
      this.#transact(db, planReset(db, contents, tables));
      this.#awaited.delete(schema.name);
      this.#followed.add(schema.name);
    });
  }

  #update([name, updates]: readonly Json[]): void {
    const db = typeof name === 'string' && this.#followed.has(name) ? this.#database(name) : undefined;
    if (db === undefined || updates === undefined) return;
    this.#guard(() => this.#transact(db, planUpdates(db, updates)));
  }

  #transact(db: Database, operations: readonly Json[]): void {
    if (operations.length === 0) return;
    const results = db.transact([db.schema.name, ...operations], asReplica);
    const failure = Array.isArray(results)
      ? results.find((one: Json) => isObject(one) && one.error !== undefined)
      : results;
    if (failure !== undefined) throw new OvsdbError('replication', formatJson([failure]));
  }

  #database(name: string): Database | undefined {
    return name.startsWith('_') ? undefined : this.#deps.server.databases.get(name)?.db;
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof OvsdbError)) throw error;
      log.err(error.message);
      this.#fail();
    }
  }

  #fail(): void {
    this.stop();
    this.#deps.failed();
  }
}
