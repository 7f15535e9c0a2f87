/**
 * The server's remotes: listeners, whose clients come and go, and outgoing connections, which are made again when
 * they break. The sockets are passed in, so tests have none. ovsdb-server(1), "--remote"; reconnection as in ovsdb(7).
 */
import { SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { Channel } from '../../rpc/channel.ts';
import type { OvsdbServer } from './server.ts';
import type { ServeOptions, Session } from './session.ts';

const log = logger('ovsdb_jsonrpc_server');
const reconnectLog = logger('reconnect');
const listenFailed = new LimitedSite({ perMinute: 1, burst: 5 });

const minBackoff = 1_000;
/** The class selector the reference marks control traffic with (CS6). */
export const defaultDscp = 48;

export interface RemoteOptions extends ServeOptions {
  /** Longest wait between two attempts to connect, in ms. */
  readonly maxBackoff: number;
  /** Differentiated services code point, 0..63. */
  readonly dscp: number;
}

/** An open listener. */
interface ServerListener {
  /** 0 where there is none. */
  readonly boundPort: number;
  close(): void;
}

export interface ServerSockets {
  /** "punix:", "ptcp:" and "pssl:"? Otherwise a name is one to connect to. */
  isPassive(target: string): boolean;
  /** Rejects with SyscallFailed. */
  listen(target: string, dscp: number, accept: (channel: Channel) => void): Promise<ServerListener>;
  /** Rejects with SyscallFailed. */
  connect(target: string, dscp: number): Promise<Channel>;
}

/** What `Manager.status` and `Manager.is_connected` tell. */
export interface RemoteStatus {
  readonly isConnected: boolean;
  readonly state?: string;
  readonly secondsSinceConnect?: number;
  readonly secondsSinceDisconnect?: number;
  readonly lastError?: string;
  readonly locks?: ReturnType<OvsdbServer['locks']['heldBy']>;
  readonly connectionCount: number;
  readonly boundPort?: number;
}

export interface Remote {
  readonly options: RemoteOptions;
  setOptions(options: RemoteOptions): void;
  status(): RemoteStatus;
  close(): void;
}

export interface RemoteDeps {
  readonly server: OvsdbServer;
  readonly sockets: ServerSockets;
  readonly timers: Timers;
}

/** Opens a listener. Throws SyscallFailed, after saying so in the log. */
export async function openListener(
  target: string,
  options: RemoteOptions,
  { server, sockets }: RemoteDeps,
): Promise<Remote> {
  const remote = new PassiveRemote(server, options);
  try {
    remote.listener = await sockets.listen(target, options.dscp, (channel) => remote.accept(channel));
  } catch (error) {
    const why = error instanceof SyscallFailed ? error.reason : String(error);
    log.limited('err', listenFailed, `${target}: listen failed: ${why}`);
    throw error;
  }
  return remote;
}

class PassiveRemote implements Remote {
  readonly #server: OvsdbServer;
  readonly #sessions = new Set<Session>();
  #options: RemoteOptions;
  listener: ServerListener | undefined;

  constructor(server: OvsdbServer, options: RemoteOptions) {
    this.#server = server;
    this.#options = options;
  }

  get options(): RemoteOptions {
    return this.#options;
  }

  accept(channel: Channel): void {
    const session = this.#server.serve(channel, this.#options);
    if (session === undefined) return;
    this.#sessions.add(session);
    session.addCloseListener(() => this.#sessions.delete(session));
  }

  setOptions(options: RemoteOptions): void {
    this.#options = options;
    for (const session of this.#sessions) session.setOptions(options);
  }

  status(): RemoteStatus {
    const connectionCount = this.#sessions.size;
    const boundPort = this.listener?.boundPort ?? 0;
    return { isConnected: connectionCount > 0, connectionCount, ...(boundPort !== 0 && { boundPort }) };
  }

  close(): void {
    this.listener?.close();
    for (const session of [...this.#sessions]) session.disconnect(undefined);
  }
}

/** An outgoing connection that is kept up: one second to the next attempt, then twice as long each time. */
export class ActiveRemote implements Remote {
  readonly #target: string;
  readonly #deps: RemoteDeps;
  #options: RemoteOptions;
  #session: Session | undefined;
  #state: 'CONNECT_IN_PROGRESS' | 'ACTIVE' | 'BACKOFF' = 'CONNECT_IN_PROGRESS';
  #backoff = 0;
  #connectedAt: Ms | undefined;
  #disconnectedAt: Ms | undefined;
  #lastError: string | undefined;
  #retry: Timer | undefined;
  #isClosed = false;

  constructor(target: string, options: RemoteOptions, deps: RemoteDeps) {
    this.#target = target;
    this.#options = options;
    this.#deps = deps;
    this.#connect();
  }

  get options(): RemoteOptions {
    return this.#options;
  }

  setOptions(options: RemoteOptions): void {
    this.#options = options;
    this.#backoff = Math.min(this.#backoff, options.maxBackoff);
    this.#session?.setOptions(options);
  }

  status(): RemoteStatus {
    const now = this.#deps.timers.clock.now();
    const session = this.#session;
    return {
      isConnected: session !== undefined,
      state: this.#state,
      connectionCount: 1,
      ...(this.#connectedAt !== undefined && { secondsSinceConnect: secondsBetween(this.#connectedAt, now) }),
      ...(this.#disconnectedAt !== undefined && {
        secondsSinceDisconnect: secondsBetween(this.#disconnectedAt, now),
      }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...(session !== undefined && { locks: this.#deps.server.locks.heldBy(session) }),
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#session?.disconnect(undefined);
  }

  #connect(): void {
    this.#state = 'CONNECT_IN_PROGRESS';
    reconnectLog.info(`${this.#target}: connecting...`);
    this.#deps.sockets.connect(this.#target, this.#options.dscp).then(
      (channel) => this.#connected(channel),
      (error: unknown) => {
        if (!(error instanceof SyscallFailed)) throw error;
        reconnectLog.info(`${this.#target}: connection attempt failed (${error.reason})`);
        this.#lastError = error.reason;
        this.#wait();
      },
    );
  }

  #connected(channel: Channel): void {
    if (this.#isClosed) {
      channel.close();
      return;
    }
    const session = this.#deps.server.serve(channel, this.#options);
    if (session === undefined) {
      this.#wait();
      return;
    }
    reconnectLog.info(`${this.#target}: connected`);
    this.#state = 'ACTIVE';
    this.#session = session;
    this.#connectedAt = this.#deps.timers.clock.now();
    session.addCloseListener((why) => this.#disconnected(why));
  }

  #disconnected(why: Error | undefined): void {
    const now = this.#deps.timers.clock.now();
    const reason = why instanceof SyscallFailed ? why.reason : why?.message;
    if (reason === undefined) reconnectLog.info(`${this.#target}: connection closed by peer`);
    else reconnectLog.warn(`${this.#target}: connection dropped (${reason})`);
    this.#session = undefined;
    this.#lastError = reason ?? 'End of file';
    this.#disconnectedAt = now;
    // A connection that held for a while starts over with short waits.
    if (this.#connectedAt !== undefined && now - this.#connectedAt > this.#backoff) this.#backoff = 0;
    this.#wait();
  }

  #wait(): void {
    if (this.#isClosed) return;
    const { maxBackoff } = this.#options;
    this.#backoff =
      this.#backoff === 0 ? Math.min(minBackoff, maxBackoff) : Math.min(this.#backoff * 2, maxBackoff);
    this.#state = 'BACKOFF';
    const seconds = this.#backoff / 1000;
    reconnectLog.info(`${this.#target}: waiting ${seconds} seconds before reconnect`);
    this.#retry = this.#deps.timers.after(ms(this.#backoff), () => this.#connect());
  }
}

function secondsBetween(from: Ms, to: Ms): number {
  return Math.floor((to - from) / 1000);
}
