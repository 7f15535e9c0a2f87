/**
 * What the parts of the server see of each other: sessions of the server, methods of the session; and the limits that
 * keep one client from harming the others.
 */
import type { Defer } from '../../base/defer.ts';
import type { Timers } from '../../base/timers.ts';
import type { Uuid } from '../../base/units.ts';
import type { BackPressureLimits } from '../../net/back-pressure.ts';
import type { Channel, Json, RpcMessage } from '../../rpc/channel.ts';
import type { Database } from '../engine/database.ts';
import type { PendingTransaction } from '../engine/types.ts';
import type { LockTable } from './locks.ts';
import type { SessionMonitor } from './monitor/session-monitor.ts';
import type { ServedDatabase } from './served.ts';

export interface ServerLimits extends BackPressureLimits {
  /** Sessions at once; further ones are closed as they come. */
  readonly maxSessions: number;
  /** Operations in one transaction. */
  readonly maxOperations: number;
  /** Monitors of one session. */
  readonly maxMonitors: number;
  /** Transactions of one session that wait for a condition. */
  readonly maxWaiting: number;
}

export const defaultLimits: ServerLimits = {
  maxSessions: 16_384,
  maxOperations: 1_000_000,
  maxMonitors: 16_384,
  maxWaiting: 16_384,
  highWater: 65_536,
  maxStalled: 16 * 1024 * 1024,
  stallTime: 3_000,
  maxStalls: 10,
};

/** The part of `OvsdbServer` that sessions use. */
export interface ServerContext {
  readonly id: Uuid;
  readonly databases: ReadonlyMap<string, ServedDatabase>;
  /** Of these, and of those that are still to come. */
  readonly databaseNames: readonly string[];
  readonly locks: LockTable<ServedClient>;
  readonly limits: ServerLimits;
  readonly timers: Timers;
  readonly defer: Defer;
  /** Nobody may write: the databases follow another server's. */
  readonly isReadOnly: boolean;
  /** No peer is asked whether it still lives. */
  readonly isReplayable: boolean;
  /** False after `ovsdb-server/disable-monitor-cond`. */
  readonly hasMonitorCond: boolean;
  /** Writes and answers the transactions that were received and are not settled yet. */
  settle(): void;
  /** Its locks go to whoever waits for them. */
  sessionClosed(session: ServedClient): void;
  /** Ends the sessions that do not watch `_Server`, so that they look at the databases anew. */
  reconnect(isForced: boolean, comment: string | undefined): void;
}

/** What becomes of a request. */
export type Answer =
  | { readonly result: Json }
  | { readonly error: Json }
  /** The JSON text of the result, in pieces; `isShared` says whether other sessions hold the same bytes. */
  | { readonly pieces: readonly Uint8Array[]; readonly isShared: boolean };

/** A transaction whose answer is not known yet. */
export interface Waiting {
  readonly db: Database;
  readonly pending: PendingTransaction;
  /** The client itself gave it up. */
  isCancelAsked: boolean;
}

/** The part of `ServerSession` that the methods use. */
export interface ServedClient {
  readonly channel: Channel;
  readonly server: ServerContext;
  /** By `jsonKey` of the client's monitor id. */
  readonly monitors: Map<string, SessionMonitor>;
  /** Transactions whose `wait` is not satisfied yet, by `jsonKey` of the request id. */
  readonly waiting: Map<string, Waiting>;
  /** It watches `_Server` itself and need not be disconnected when the set of databases changes. */
  isDbChangeAware: boolean;
  readonly isReadOnly: boolean;
  readonly role: string | undefined;
  reply(id: Json, answer: Answer): void;
  notify(method: string, params: readonly Json[]): void;
  /** `isShared`: other sessions hold the same bytes, so they are not this one's cost. */
  send(message: RpcMessage | string | readonly Uint8Array[], isShared?: boolean): void;
}
