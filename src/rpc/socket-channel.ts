/**
 * A `Channel` over a stream socket: JSON-RPC messages back to back, no framing but JSON's own (RFC 7047 section 4).
 * Made by connecting or by listening; used by the OVSDB server and client, by unixctl and by ovs-appctl.
 */
import { Malformed } from '../base/errors.ts';
import { LimitedSite, logger } from '../base/log.ts';
import type { StreamListener, StreamListenOptions } from '../net/listener.ts';
import type { ActiveRemote, PassiveRemote } from '../net/remote.ts';
import type { Stream, StreamOptions } from '../net/stream.ts';
import { systemTransport, type Transport } from '../net/transport.ts';
import type { Channel, ChannelEvents, Json, RpcMessage } from './channel.ts';
import { JsonError } from './json.ts';
import { defaultJsonLimits, type JsonLimits, JsonStream } from './json-stream.ts';
import { formatRpcMessage, readMessage } from './message.ts';

export interface ChannelOptions {
  /** Bounds what a peer may make us keep. */
  readonly limits?: JsonLimits | undefined;
  /** Real sockets when absent. */
  readonly transport?: Transport | undefined;
}

/** Connects. Rejects with SyscallFailed whose `reason` is the C library's text. */
export async function connectChannel(
  remote: ActiveRemote,
  options: StreamOptions & ChannelOptions = {},
): Promise<SocketChannel> {
  const { transport = systemTransport } = options;
  return new SocketChannel(await transport.connect(remote, options), options);
}

/** Listens; each accepted channel is handed to `accept`, which sets its `events`. Rejects with SyscallFailed. */
export function listenChannels(
  remote: PassiveRemote,
  options: StreamListenOptions & ChannelOptions,
  accept: (channel: SocketChannel) => void,
): Promise<StreamListener> {
  const { transport = systemTransport } = options;
  return transport.listen(remote, options, (stream) => accept(new SocketChannel(stream, options)));
}

export class SocketChannel implements Channel {
  readonly stream: Stream;
  readonly #json: JsonStream;
  #events: ChannelEvents | undefined;
  #isOpen = true;
  #isPaused = false;
  /** What was read before a pause took effect, in order. */
  #held: Json[] = [];
  #isScheduled = false;

  constructor(stream: Stream, options: ChannelOptions = {}) {
    this.stream = stream;
    this.#json = new JsonStream(options.limits ?? defaultJsonLimits);
  }

  get name(): string {
    return this.stream.name;
  }

  get backlog(): number {
    return this.stream.backlog;
  }

  get peerId(): string | undefined {
    return this.stream.peerId;
  }

  get events(): ChannelEvents {
    return this.#events ?? noEvents;
  }

  /** The first set starts the reading. */
  set events(events: ChannelEvents) {
    const isFirst = this.#events === undefined;
    this.#events = events;
    if (!isFirst) return;
    this.stream.setEvents({
      data: (bytes) => this.#feed(bytes),
      closed: (why) => {
        this.#isOpen = false;
        this.#events?.closed(why);
      },
      drained: () => this.#events?.drained?.(),
    });
  }

  send(message: RpcMessage | string | readonly Uint8Array[]): void {
    if (!this.#isOpen) return;
    this.stream.write(isMessage(message) ? formatRpcMessage(message) : message);
  }

  pause(): void {
    this.#isPaused = true;
    this.stream.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.stream.resume();
    this.#schedule();
  }

  close(): void {
    this.#isOpen = false;
    this.stream.close();
  }

  abort(why?: Error): void {
    this.#isOpen = false;
    this.stream.abort(why);
  }

  #feed(bytes: Buffer): void {
    if (!this.#isOpen) return;
    this.#guard(() => this.#json.feed(bytes, (json) => this.#take(json)));
  }

  #take(json: Json): void {
    if (!this.#isOpen) return;
    if (this.#isPaused || this.#held.length > 0) this.#held.push(json);
    else this.#events?.message(readMessage(json));
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isPaused || this.#held.length === 0) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.#isPaused || !this.#isOpen) return;
      const json = this.#held.shift();
      if (json !== undefined) this.#guard(() => this.#events?.message(readMessage(json)));
      this.#schedule();
    });
  }

  /** Bytes that are no message end the connection; other errors are bugs and go on upwards. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const what =
        error instanceof JsonError
          ? `error parsing stream: ${error.reason}`
          : `received bad JSON-RPC message: ${error.why}`;
      log.limited('warn', badMessages, `${this.name}: ${what}`);
      this.abort(error);
    }
  }
}

function isMessage(message: RpcMessage | string | readonly Uint8Array[]): message is RpcMessage {
  return typeof message === 'object' && 'id' in message;
}

const log = logger('jsonrpc');
const badMessages = new LimitedSite();
const noEvents: ChannelEvents = { message() {}, closed() {} };
