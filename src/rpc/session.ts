/**
 * A JSON-RPC connection that is kept up: connects again, answers echo requests and probes a silent peer with them. The
 * owner sees all other messages, and when the connection comes and goes. Used by clients of database servers and by a
 * server that copies another's databases.
 */

import type { Ms } from '../base/units.ts';
import { ReliableConnection, type ReliableOptions } from '../net/reliable-connection.ts';
import type { Channel, RpcMessage, RpcRequest } from './channel.ts';

interface SessionEvents {
  connected?(): void;
  /** Everything but the echoes that the session itself handles. */
  message(message: RpcMessage): void;
  /** An attempt came to nothing. */
  failed?(why: Error): void;
  /** `why` is undefined for an orderly end by the peer. */
  disconnected?(why: Error | undefined): void;
}

export interface JsonRpcSessionOptions extends Omit<ReliableOptions<Channel>, 'events'> {
  readonly events: SessionEvents;
}

/** Asks a silent peer for a sign of life; the answer has the same id. */
export const echoProbe: RpcRequest = { method: 'echo', params: [], id: 'echo' };

/** One owner; `stop` is the owner's duty. */
export class JsonRpcSession {
  readonly #events: SessionEvents;
  readonly #link: ReliableConnection<Channel>;

  constructor(options: JsonRpcSessionOptions) {
    this.#events = options.events;
    this.#link = new ReliableConnection<Channel>({
      ...options,
      events: {
        connected: (channel) => this.#connected(channel),
        probe: (channel) => channel.send(echoProbe),
        failed: (why) => options.events.failed?.(why),
        disconnected: (why) => options.events.disconnected?.(why),
      },
    });
  }

  get isConnected(): boolean {
    return this.#link.connection !== undefined;
  }

  /** The remote in use or being tried. */
  get remote(): string {
    return this.#link.remote;
  }

  start(): void {
    this.#link.start();
  }

  /** Ends the connection and all attempts. No event comes afterwards. */
  stop(): void {
    this.#link.stop();
  }

  /** Leaves this peer and goes on to the next; without a delay when this one `wasGood`. No-op when not connected. */
  restart(why: Error, wasGood: boolean): void {
    this.#link.restart(why, wasGood);
  }

  setProbeInterval(interval: Ms): void {
    this.#link.setProbeInterval(interval);
  }

  /** No-op while there is no connection. */
  send(message: RpcMessage): void {
    this.#link.connection?.send(message);
  }

  #connected(channel: Channel): void {
    channel.events = {
      message: (message) => this.#take(channel, message),
      closed: (why) => this.#link.ended(channel, why),
    };
    this.#events.connected?.();
  }

  #take(channel: Channel, message: RpcMessage): void {
    if (this.#link.connection !== channel) return;
    this.#link.heard();
    if ('method' in message && message.method === echoProbe.method && message.id !== null) {
      channel.send({ result: message.params, error: null, id: message.id });
    } else if ('method' in message || message.id !== echoProbe.id) {
      this.#events.message(message);
    }
  }
}
