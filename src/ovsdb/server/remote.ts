/**
 * The server's remotes: listeners, whose clients come and go, and outgoing connections, which are made again when
 * they break. The sockets are passed in, so tests have none. ovsdb-server(1), "--remote"; reconnection as in ovsdb(7).
 */
import { SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import { connectionReason, endOfFile } from '../../net/connection-log.ts';
import { ReliableConnection } from '../../net/reliable-connection.ts';
import type { Channel } from '../../rpc/channel.ts';
import { echoProbe } from '../../rpc/session.ts';
import type { OvsdbServer } from './server.ts';
import { probeInterval, type ServeOptions, type ServerSession } from './session.ts';

const log = logger('ovsdb_jsonrpc_server');
const listenFailed = new LimitedSite({ perMinute: 1, burst: 5 });

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
  connect(target: string, dscp: number, signal?: AbortSignal): Promise<Channel>;
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

export interface ServerRemote {
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
): Promise<ServerRemote> {
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

class PassiveRemote implements ServerRemote {
  readonly #server: OvsdbServer;
  readonly #sessions = new Set<ServerSession>();
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

/** An outgoing connection that is kept up. */
export class ConnectingRemote implements ServerRemote {
  readonly #deps: RemoteDeps;
  readonly #link: ReliableConnection<Channel>;
  #options: RemoteOptions;
  #session: ServerSession | undefined;
  #lastError: string | undefined;

  constructor(target: string, options: RemoteOptions, deps: RemoteDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#link = new ReliableConnection<Channel>({
      remotes: [target],
      timers: deps.timers,
      maxBackoff: ms(options.maxBackoff),
      probeInterval: probeInterval(deps.server, options),
      connect: (remote, signal) => deps.sockets.connect(remote, this.#options.dscp, signal),
      events: {
        connected: (channel) => this.#connected(channel),
        probe: (channel) => channel.send(echoProbe),
        failed: (why) => {
          this.#lastError = connectionReason(why);
        },
        disconnected: (why) => this.#disconnected(why),
      },
    });
    this.#link.start();
  }

  get options(): RemoteOptions {
    return this.#options;
  }

  setOptions(options: RemoteOptions): void {
    this.#options = options;
    this.#link.setBackoff(undefined, ms(options.maxBackoff));
    this.#link.setProbeInterval(probeInterval(this.#deps.server, options));
    this.#session?.setOptions(options);
  }

  status(): RemoteStatus {
    const now = this.#deps.timers.clock.now();
    const session = this.#session;
    const { state, connectedAt, disconnectedAt } = this.#link.machine;
    return {
      isConnected: session !== undefined,
      state: state.toUpperCase(),
      connectionCount: 1,
      ...(connectedAt !== undefined && { secondsSinceConnect: secondsBetween(connectedAt, now) }),
      ...(disconnectedAt !== undefined && { secondsSinceDisconnect: secondsBetween(disconnectedAt, now) }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...(session !== undefined && { locks: this.#deps.server.locks.heldBy(session) }),
    };
  }

  close(): void {
    this.#link.stop();
    this.#session?.disconnect(undefined);
  }

  #connected(channel: Channel): void {
    this.#session = this.#deps.server.serve(channel, this.#options, this.#link);
    if (this.#session === undefined) this.#link.restart(new Error('too many sessions'), false);
  }

  #disconnected(why: Error | undefined): void {
    this.#lastError = why === undefined ? endOfFile : connectionReason(why);
    this.#session?.disconnect(undefined);
    this.#session = undefined;
  }
}

function secondsBetween(from: Ms, to: Ms): number {
  return Math.floor((to - from) / 1000);
}
