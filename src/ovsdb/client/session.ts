/**
 * One database on one of several servers: connects, goes on to the next remote when a server is gone, has not the
 * database or is not the leader of its cluster (the `_Server` database, ovsdb-server(7) section 4.2), and pairs
 * requests with replies.
 * Used by `OvsdbClient` and by the command line tools; knows nothing of tables other than those of `_Server`.
 */
import { Malformed, Refused, VswitchError } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { ms } from '../../base/units.ts';
import { connectionReason } from '../../net/connection-log.ts';
import type { Channel, Json, RpcMessage } from '../../rpc/channel.ts';
import { JsonRpcSession, type JsonRpcSessionOptions } from '../../rpc/session.ts';
import { DatabaseStatus } from './database-status.ts';
import { Disconnected } from './errors.ts';
import { brief } from './values.ts';

const log = logger('reconnect');
/** Milliseconds; a server that falls sooner after rising was not good. */
const goodTime = 1000;

/**
 * Opens a connection to one remote ("unix:...", "tcp:...", or any name that means something to it). Gives up when
 * `signal` is aborted; what is opened later all the same is closed at once.
 */
export type Connector = (remote: string, signal?: AbortSignal) => Promise<Channel>;

export interface SessionOptions extends Omit<JsonRpcSessionOptions, 'events'> {
  readonly database: string;
  readonly connect: Connector;
  /** False: any member of the cluster will do. True by default; a standalone server is always good. */
  readonly leaderOnly?: boolean;
}

export interface SessionEvents {
  /** The server is there and is the one wanted. */
  up(): void;
  /** After `up`. Requests under way have failed with Disconnected already. */
  down(why: string): void;
  /**
   * `count` attempts in a row have failed, the last for this reason. Another follows unless the session is closed now.
   */
  failed(why: Error, count: number): void;
  notification(method: string, params: readonly Json[]): void;
}

/** The server answered with an error. */
export class RequestRefused extends Refused {
  override readonly name = 'RequestRefused';
  readonly error: Json;

  constructor(method: string, error: Json) {
    const text = typeof error === 'string' ? error : brief(error);
    super(text, `${method}: ${text}`);
    this.error = error;
  }
}

interface Pending {
  readonly method: string;
  resolve(result: Json): void;
  reject(why: Error): void;
}

export class ClientSession {
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #rpc: JsonRpcSession;
  readonly #pending = new Map<number, Pending>();
  #status: DatabaseStatus | undefined;
  #isUp = false;
  #isClosed = false;
  #failedCount = 0;
  #upSince = ms(0);
  #nextId = 1;

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#events = events;
    this.#rpc = new JsonRpcSession({
      ...options,
      events: {
        connected: () => this.#askStatus(),
        message: (message) => this.#guard(() => this.#receive(message)),
        failed: (why) => this.#failed(why),
        disconnected: (why) =>
          this.#disconnected(why === undefined ? 'connection closed by peer' : connectionReason(why)),
      },
    });
    this.#rpc.start();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** The remote in use or being tried. */
  get remote(): string {
    return this.#rpc.remote;
  }

  /** Rejects with RequestRefused or Disconnected. */
  request(method: string, params: readonly Json[]): Promise<Json> {
    if (!this.#rpc.isConnected) return Promise.reject(new Disconnected(`${method}: not connected`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject });
      this.#rpc.send({ method, params, id });
    });
  }

  /** Leaves this server (with the reason in the log) and goes on to the next remote. */
  restart(why: string): void {
    if (this.#isClosed || !this.#rpc.isConnected) return;
    log.warn(`${this.remote}: ${why}; reconnecting`);
    this.#leave(why);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#rpc.stop();
    this.#forget('closed');
  }

  /** Old servers have no `_Server`; they hold standalone databases only. */
  #askStatus(): void {
    const status = new DatabaseStatus(this.#options.database, this.#options.leaderOnly ?? true);
    this.#status = status;
    this.request('monitor_cond', status.monitorParams()).then(
      (initial) =>
        this.#guard(() => {
          if (this.#status !== status) return;
          status.apply(initial);
          this.request('set_db_change_aware', [true]).catch(ignoreFailure);
          this.#judge(status);
        }),
      (why: unknown) => {
        if (!(why instanceof Refused) || this.#status !== status) return ignoreFailure(why);
        this.#status = undefined;
        this.#goUp();
      },
    );
  }

  #judge(status: DatabaseStatus): void {
    const objection = status.objection();
    if (objection !== undefined) {
      log.info(`${this.remote}: ${objection}; trying another server`);
      this.#leave(objection);
      return;
    }
    const isSchemaChanged = status.takeSchemaChange();
    if (!this.#isUp) this.#goUp();
    else if (isSchemaChanged) {
      log.info(`${this.remote}: the schema of ${this.#options.database} changed; reconnecting`);
      this.#leave('schema changed');
    }
  }

  #goUp(): void {
    this.#isUp = true;
    this.#upSince = this.#options.timers.clock.now();
    this.#events.up();
  }

  #receive(message: RpcMessage): void {
    if ('method' in message) {
      const { method, params, id } = message;
      if (id !== null) this.#rpc.send({ result: null, error: 'unknown method', id });
      else if (this.#status?.isOwnUpdate(method, params) === true) {
        this.#status.apply(params[1]);
        this.#judge(this.#status);
      } else this.#events.notification(method, params);
      return;
    }
    const id = typeof message.id === 'number' ? message.id : Number.NaN;
    const pending = this.#pending.get(id);
    if (pending === undefined)
      throw new Malformed('json-rpc', 0, `reply to no request of ours: ${brief(message.id)}`);
    this.#pending.delete(id);
    if (message.error === null) pending.resolve(message.result);
    else pending.reject(new RequestRefused(pending.method, message.error));
  }

  /** What the server says wrong costs the connection, never the process. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (why) {
      if (!(why instanceof Malformed)) throw why;
      this.restart(why.message);
    }
  }

  #leave(why: string): void {
    this.#rpc.restart(new Disconnected(why), this.#isGood);
  }

  /** A server that was good for a while is left for the next at once; one that falls right after rising is not. */
  get #isGood(): boolean {
    return this.#isUp && this.#options.timers.clock.now() - this.#upSince >= goodTime;
  }

  #disconnected(why: string): void {
    const [wasUp, wasGood] = [this.#isUp, this.#isGood];
    this.#forget(why);
    if (wasGood) this.#failedCount = -1;
    if (wasUp) this.#events.down(why);
    this.#failed(new Disconnected(why));
  }

  #failed(why: Error): void {
    if (this.#isClosed) return;
    this.#failedCount++;
    this.#events.failed(why, this.#failedCount);
  }

  #forget(why: string): void {
    this.#status = undefined;
    this.#isUp = false;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { method, reject } of pending) reject(new Disconnected(`${method}: ${why}`));
  }
}

function ignoreFailure(why: unknown): void {
  if (!(why instanceof VswitchError)) throw why;
}
