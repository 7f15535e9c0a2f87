/**
 * A `Channel` over a stream socket: JSON-RPC messages back to back, no framing but JSON's own (RFC 7047 section 4).
 * Made by connecting or by listening; used by the OVSDB server and client, by unixctl and by ovs-appctl.
 */
import type { Channel, ChannelEvents, Json, Message } from './channel.ts';
import { defaultJsonLimits, type JsonLimits, JsonStream } from './json-stream.ts';
import { type Listener, type ListenOptions, listenStreams } from './listener.ts';
import { formatMessage, readMessage } from './message.ts';
import type { ActiveRemote, PassiveRemote } from './remote.ts';
import { type ConnectOptions, connectStream, type Stream } from './stream.ts';

export interface ChannelOptions {
  /** Bounds what a peer may make us keep. */
  readonly limits?: JsonLimits | undefined;
}

/** Connects. Rejects with SyscallFailed whose `reason` is the C library's text. */
export async function connectChannel(
  remote: ActiveRemote,
  options: ConnectOptions & ChannelOptions = {},
): Promise<SocketChannel> {
  return new SocketChannel(await connectStream(remote, options), options);
}

/** Listens; each accepted channel is handed to `accept`, which sets its `events`. Rejects with SyscallFailed. */
export function listenChannels(
  remote: PassiveRemote,
  options: ListenOptions & ChannelOptions,
  accept: (channel: SocketChannel) => void,
): Promise<Listener> {
  return listenStreams(remote, options, (stream) => accept(new SocketChannel(stream, options)));
}

export class SocketChannel implements Channel {
  readonly stream: Stream;
  readonly #json: JsonStream;
  #events: ChannelEvents | undefined;
  #isOpen = true;

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
    });
  }

  send(message: Message | string): void {
    if (this.#isOpen) this.stream.write(typeof message === 'string' ? message : formatMessage(message));
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
    try {
      this.#json.feed(bytes, (json) => this.#take(json));
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #take(json: Json): void {
    if (this.#isOpen) this.#events?.message(readMessage(json));
  }
}

const noEvents: ChannelEvents = { message() {}, closed() {} };
