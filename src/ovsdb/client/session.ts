/**
 * One database on one of several servers: connects, goes on to the next remote when a server is gone, has not the
 * database or is not the leader of its cluster (the `_Server` database, ovsdb-server(7) section 4.2), waits longer
 * each time, answers and sends probes, and pairs requests with replies.
 * Used by `OvsdbClient` and by the command line tools; knows nothing of tables other than those of `_Server`.
 */
import { syscallFailed } from '../../base/errno.ts';
import { Malformed, Refused, VswitchError } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import { ConnectionLog, defaultBackoff, reasonOf } from '../../net/connection-log.ts';
import { isPassiveName } from '../../net/remote.ts';
import type { Channel, Json, Message } from '../../rpc/channel.ts';
import { DatabaseStatus } from './database-status.ts';
import { Disconnected } from './errors.ts';
import { brief } from './values.ts';
import { waitFor } from './waiting.ts';

const log = logger('reconnect');
const ETIMEDOUT = 110;
const shortestAttempt = 1000;

/**
 * Opens a connection to one remote ("unix:...", "tcp:...", or any name that means something to it). Gives up when
 * `signal` is aborted; what is opened later all the same is closed at once.
 */
export type Connector = (remote: string, signal?: AbortSignal) => Promise<Channel>;

export interface SessionOptions {
  readonly database: string;
  readonly connect: Connector;
  /** What `connect` is given, in turn. One alone is enough for an in-process server. */
  readonly remotes: readonly string[];
  readonly timers: Timers;
  /** False: any member of the cluster will do. True by default; a standalone server is always good. */
  readonly leaderOnly?: boolean;
  /**
   * After so long without a word from the server it is asked whether it lives; as long again, and it is left. 0: never.
   * Unless given, 5 s for servers over a network: the end of one on this host is seen at once.
   */
  readonly probeInterval?: Ms | undefined;
  readonly backoff?: { readonly min: Ms; readonly max: Ms };
  /**
   * An attempt gets a second, or as long as the wait after it would be, so that a host that is gone does not hold up the
   * others; false for who tries once. Nobody is given up who is to call here ("ptcp:").
   */
  readonly limitsAttempts?: boolean;
}

export interface SessionEvents {
  /** The server is there and is the one wanted. */
  up(): void;
  /** After `up`. Requests under way have failed with Disconnected already. */
  down(why: string): void;
  /** `count` attempts in a row have failed, the last for this reason. Another follows unless the session is closed now. */
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

export class Session {
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #pending = new Map<number, Pending>();
  #channel: Channel | undefined;
  #status: DatabaseStatus | undefined;
  #isUp = false;
  #isClosed = false;
  #remoteAt = -1;
  #failedCount = 0;
  #upSince = ms(0);
  #backoff: number;
  #nextId = 1;
  #retry: Timer | undefined;
  #attempt: AbortController | undefined;
  #probe: Timer | undefined;
  #isProbing = false;
  readonly #log: ConnectionLog;

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#log = new ConnectionLog({ min: options.backoff?.min, max: options.backoff?.max });
    this.#events = events;
    this.#backoff = this.#minBackoff;
    this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** The remote in use or being tried. */
  get remote(): string {
    return this.#options.remotes[this.#remoteAt] ?? '';
  }

  /** Rejects with RequestRefused or Disconnected. */
  request(method: string, params: readonly Json[]): Promise<Json> {
    const channel = this.#channel;
    if (channel === undefined) return Promise.reject(new Disconnected(`${method}: not connected`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject });
      channel.send({ method, params, id });
    });
  }

  /** Leaves this server (with the reason in the log) and goes on to the next remote. */
  restart(why: string): void {
    if (this.#isClosed || this.#channel === undefined) return;
    log.warn(`${this.remote}: ${why}; reconnecting`);
    this.#drop(why);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#attempt?.abort(new Disconnected('closed'));
    this.#leave('closed');
  }

  get #minBackoff(): number {
    return this.#options.backoff?.min ?? defaultBackoff.min;
  }

  #connect(): void {
    this.#remoteAt = (this.#remoteAt + 1) % this.#options.remotes.length;
    const { remote } = this;
    this.#log.connecting(remote);
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#open(remote, attempt).then(
      (channel) => this.#attach(channel),
      (why: unknown) => {
        if (!(why instanceof Error)) throw why;
        if (this.#isClosed) return;
        this.#log.failed(remote, attempt.signal.aborted ? '' : reasonOf(why));
        this.#failedAttempt(why);
      },
    );
  }

  #open(remote: string, attempt: AbortController): Promise<Channel> {
    const { connect, timers, limitsAttempts } = this.#options;
    const isLimited = limitsAttempts !== false && !isPassiveName(remote);
    const limit = isLimited
      ? timers.after(ms(Math.max(shortestAttempt, this.#backoff)), () =>
          attempt.abort(syscallFailed('connect', ETIMEDOUT, remote)),
        )
      : undefined;
    return waitFor([attempt.signal], (resolve, reject) => {
      connect(remote, attempt.signal).then((channel) => {
        if (attempt.signal.aborted) channel.close();
        else resolve(channel);
      }, reject);
      return () => limit?.cancel();
    });
  }

  #attach(channel: Channel): void {
    this.#channel = channel;
    this.#log.connected(this.remote);
    channel.events = {
      message: (message) => {
        if (this.#channel === channel) this.#guard(() => this.#receive(message));
      },
      closed: (why) => {
        if (this.#channel !== channel) return;
        this.#log.ended(this.remote, reasonOf(why));
        this.#drop(why === undefined ? 'connection closed by peer' : reasonOf(why));
      },
    };
    this.#isProbing = false;
    this.#heard();
    this.#status = new DatabaseStatus(this.#options.database, this.#options.leaderOnly ?? true);
    this.#askStatus(this.#status);
  }

  /** Old servers have no `_Server`; they hold standalone databases only. */
  #askStatus(status: DatabaseStatus): void {
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
      this.#drop(objection);
      return;
    }
    const isSchemaChanged = status.takeSchemaChange();
    if (!this.#isUp) this.#goUp();
    else if (isSchemaChanged) {
      log.info(`${this.remote}: the schema of ${this.#options.database} changed; reconnecting`);
      this.#drop('schema changed');
    }
  }

  #goUp(): void {
    this.#isUp = true;
    this.#upSince = this.#options.timers.clock.now();
    this.#events.up();
  }

  #receive(message: Message): void {
    this.#heard();
    if ('method' in message) {
      const { method, params, id } = message;
      if (id !== null) this.#answer(method, params, id);
      else if (this.#status?.isOwnUpdate(method, params) === true) {
        this.#status.apply(params[1]);
        this.#judge(this.#status);
      } else this.#events.notification(method, params);
      return;
    }
    const id = typeof message.id === 'number' ? message.id : Number.NaN;
    const pending = this.#pending.get(id);
    if (pending === undefined) {
      if (message.id !== 'echo')
        throw new Malformed('json-rpc', 0, `reply to no request of ours: ${brief(message.id)}`);
      return;
    }
    this.#pending.delete(id);
    if (message.error === null) pending.resolve(message.result);
    else pending.reject(new RequestRefused(pending.method, message.error));
  }

  #answer(method: string, params: readonly Json[], id: Json): void {
    if (method === 'echo') this.#channel?.send({ result: params, error: null, id });
    else this.#channel?.send({ result: null, error: 'unknown method', id });
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

  #heard(): void {
    this.#isProbing = false;
    this.#probe?.cancel();
    const isRemote = /^(tcp|ssl):/.test(this.remote);
    const interval = this.#options.probeInterval ?? (isRemote ? 5000 : 0);
    if (interval > 0) this.#probe = this.#options.timers.after(ms(interval), () => this.#silence());
  }

  #silence(): void {
    if (this.#isProbing) {
      this.restart('no response to inactivity probe');
      return;
    }
    this.#heard();
    this.#isProbing = true;
    this.#channel?.send({ method: 'echo', params: [], id: 'echo' });
  }

  #drop(why: string): void {
    const wasUp = this.#isUp;
    this.#leave(why);
    if (this.#isClosed) return;
    if (wasUp) {
      // A server that was good for a while is tried again at once; one that falls right after rising is not.
      if (this.#options.timers.clock.now() - this.#upSince >= this.#minBackoff) {
        this.#failedCount = -1;
        this.#backoff = this.#minBackoff;
      }
      this.#events.down(why);
    }
    this.#failedAttempt(new Disconnected(why));
  }

  #leave(why: string): void {
    const channel = this.#channel;
    this.#channel = undefined;
    this.#status = undefined;
    this.#isUp = false;
    this.#probe?.cancel();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    channel?.close();
    for (const { method, reject } of pending) reject(new Disconnected(`${method}: ${why}`));
  }

  /** The first round through all remotes goes without a pause; then each failure waits twice as long as the last. */
  #failedAttempt(why: Error): void {
    if (this.#isClosed) return;
    this.#failedCount++;
    this.#events.failed(why, this.#failedCount);
    if (this.#isClosed) return;
    const isFirstRound = this.#failedCount < this.#options.remotes.length;
    const delay = isFirstRound ? 0 : this.#backoff;
    if (!isFirstRound)
      this.#backoff = Math.min(2 * this.#backoff, this.#options.backoff?.max ?? defaultBackoff.max);
    this.#log.waits(this.remote, delay);
    this.#retry = this.#options.timers.after(ms(delay), () => {
      if (!this.#isClosed) this.#connect();
    });
  }
}

function ignoreFailure(why: unknown): void {
  if (!(why instanceof VswitchError)) throw why;
}
