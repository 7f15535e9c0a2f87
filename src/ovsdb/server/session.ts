/**
 * One client of the server: reads its requests, answers them in order, and sends what its monitors owe it. Knows
 * no sockets: a `Channel` carries the messages. RFC 7047 section 4.1 and ovsdb-server(7).
 */

import { LimitedSite, logger } from '../../base/log.ts';
import { encodeText } from '../../base/text.ts';
import { type Ms, ms } from '../../base/units.ts';
import { BackPressure } from '../../net/back-pressure.ts';
import { logVisit } from '../../net/connection-log.ts';
import { ReliableConnection } from '../../net/reliable-connection.ts';
import type { Channel, Json, RpcMessage, RpcNotification, RpcReply, RpcRequest } from '../../rpc/channel.ts';
import { emitJson } from '../../rpc/json.ts';
import { echoProbe } from '../../rpc/session.ts';
import { OvsdbError } from '../engine/errors.ts';
import type { Answer, ServedClient, ServerContext, Waiting } from './context.ts';
import { jsonKey } from './json-key.ts';
import { methods } from './methods.ts';
import type { SessionMonitor } from './monitor/session-monitor.ts';
import type { ServedDatabase } from './served.ts';

const log = logger('ovsdb_jsonrpc_server');
const unexpectedReplies = new LimitedSite();

/** How a remote wants its sessions treated. */
export interface ServeOptions {
  readonly isReadOnly?: boolean;
  /** RBAC role; none and "" may do everything. */
  readonly role?: string | undefined;
  /** Milliseconds of silence before the peer is asked whether it lives; 0: never. */
  readonly probeInterval?: number;
}

export class ServerSession implements ServedClient {
  readonly channel: Channel;
  readonly server: ServerContext;
  readonly monitors = new Map<string, SessionMonitor>();
  readonly waiting = new Map<string, Waiting>();
  isDbChangeAware = false;
  role: string | undefined;
  #isReadOnly: boolean;
  readonly #link: ReliableConnection<Channel>;
  readonly #pressure: BackPressure;
  #isClosed = false;
  readonly #closeListeners: ((why: Error | undefined) => void)[] = [];

  /** `link` keeps the channel up when it is we who connected. */
  constructor(
    server: ServerContext,
    channel: Channel,
    options: ServeOptions,
    link?: ReliableConnection<Channel>,
  ) {
    this.server = server;
    this.channel = channel;
    this.#isReadOnly = options.isReadOnly === true;
    this.role = options.role;
    this.#link = link ?? visit(server, channel, options);
    this.#pressure = new BackPressure(channel, server.limits, server.timers, {
      heldBack: () => this.#pendingCost(),
      giveUp: (why) => this.#giveUp(why),
    });
    channel.events = {
      message: (message) => this.#receive(message),
      closed: (why) => this.#closed(why),
      drained: () => this.#pressure.drained(() => this.flush()),
    };
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly || this.server.isReadOnly;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** May updates go out now? Not while the peer has still to take what was sent: they are merged meanwhile. */
  get isWritable(): boolean {
    return !this.#isClosed && this.#pressure.isWritable;
  }

  /** `listener` is called once, when the session is over; `why` is undefined for an orderly end. */
  addCloseListener(listener: (why: Error | undefined) => void): void {
    this.#closeListeners.push(listener);
  }

  setOptions(options: ServeOptions): void {
    this.#isReadOnly = options.isReadOnly === true;
    this.role = options.role;
    this.#link.setProbeInterval(probeInterval(this.server, options));
  }

  /** Sends every update that is due. */
  flush(): void {
    for (const monitor of this.monitors.values()) {
      if (!this.isWritable) return;
      monitor.flush();
    }
  }

  notify(method: string, params: readonly Json[]): void {
    const notification: RpcNotification = { id: null, method, params };
    this.send(notification);
  }

  /** What the monitors owe goes first, so that a client hears of its own change before the answer to it. */
  reply(id: Json, answer: Answer): void {
    if (this.#isClosed) return;
    this.flush();
    if ('pieces' in answer) {
      const head = encodeText(`{"id":${emitJson(id)},"result":`);
      this.send([head, ...answer.pieces, Buffer.from(',"error":null}')], answer.isShared);
    } else {
      const reply: RpcReply =
        'error' in answer
          ? { id, result: null, error: answer.error }
          : { id, result: answer.result, error: null };
      this.send(reply);
    }
  }

  send(message: RpcMessage | string | readonly Uint8Array[], isShared = false): void {
    if (this.#isClosed) return;
    this.channel.send(message);
    const isPieces = typeof message === 'object' && !('id' in message);
    this.#pressure.sent(isShared && isPieces ? sizeOf(message) : 0);
  }

  /** The database is about to be taken away. */
  forgetDatabase(served: ServedDatabase): void {
    this.forgetMonitors(served);
    for (const { db, pending } of [...this.waiting.values()]) if (db === served.db) pending.cancel();
  }

  /** The contents of the database are about to be others. */
  forgetMonitors(served: ServedDatabase): void {
    for (const [key, monitor] of this.monitors) {
      if (monitor.served !== served) continue;
      monitor.cancel();
      this.monitors.delete(key);
      if (this.isDbChangeAware) this.notify('monitor_canceled', [monitor.id]);
    }
  }

  /** Ends the session in order, telling the log why. */
  disconnect(comment: string | undefined): void {
    if (this.#isClosed) return;
    if (comment !== undefined) log.info(`${this.channel.name}: disconnecting (${comment})`);
    this.channel.close();
    this.#closed(undefined);
  }

  #receive(message: RpcMessage): void {
    if (this.#isClosed) return;
    this.#link.heard();
    if (!('method' in message)) this.#receiveReply(message);
    else if (message.id === null) this.#receiveNotification(message);
    else this.#receiveRequest({ ...message, id: message.id });
  }

  /** Transactions are answered when they are settled, many at once; whatever comes after them is answered after them. */
  #receiveRequest(request: RpcRequest): void {
    if (request.method !== 'transact') this.server.settle();
    const answer = this.#answer(request);
    if (answer === undefined) return;
    this.server.settle();
    this.reply(request.id, answer);
  }

  #answer(request: RpcRequest): Answer | undefined {
    const method = methods.get(request.method);
    if (method === undefined) return { error: 'unknown method' };
    try {
      return method(this, request);
    } catch (error) {
      if (error instanceof OvsdbError) return { error: error.toJson() };
      throw error;
    }
  }

  #receiveNotification(notification: RpcMessage): void {
    if (!('method' in notification) || notification.method !== 'cancel') return;
    const [id] = notification.params;
    const waiting =
      notification.params.length === 1 && id !== undefined ? this.waiting.get(jsonKey(id)) : undefined;
    if (waiting === undefined) return;
    waiting.isCancelAsked = true;
    waiting.pending.cancel();
  }

  /** The only requests we make are probes. */
  #receiveReply(reply: RpcReply): void {
    if (reply.id === echoProbe.id) return;
    const kind = reply.error === null ? 'reply' : 'error';
    log.limited('warn', unexpectedReplies, `${this.channel.name}: received unexpected ${kind} message`);
    this.disconnect(undefined);
  }

  #giveUp(why: Error): void {
    log.warn(why.message);
    this.channel.abort(why);
    this.#closed(undefined);
  }

  #pendingCost(): number {
    let cost = 0;
    for (const monitor of this.monitors.values()) cost += monitor.pendingCost;
    return cost;
  }

  #closed(why: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link.ended(this.channel, why);
    this.#pressure.stop();
    for (const { pending } of [...this.waiting.values()]) pending.cancel();
    for (const monitor of this.monitors.values()) monitor.cancel();
    this.waiting.clear();
    this.monitors.clear();
    this.server.sessionClosed(this);
    for (const listener of this.#closeListeners) listener(why);
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((size, { length }) => size + length, 0);
}

/** A client that connected to us is probed, and gone when it is gone. */
function visit(server: ServerContext, channel: Channel, options: ServeOptions): ReliableConnection<Channel> {
  const link = new ReliableConnection<Channel>({
    remotes: [channel.name],
    timers: server.timers,
    maxTries: 0,
    probeInterval: probeInterval(server, options),
    report: logVisit,
    events: { probe: () => channel.send(echoProbe) },
  });
  link.accept(channel);
  return link;
}

/** What is recorded and replayed does not depend on time. */
export function probeInterval(server: ServerContext, options: ServeOptions): Ms {
  return ms(server.isReplayable ? 0 : (options.probeInterval ?? 0));
}
