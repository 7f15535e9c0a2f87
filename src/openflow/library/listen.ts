/** `listen` of `ovs-ts/openflow`: switches, or controllers, that connect to the program. */
import type { WaitOptions } from '../../base/waiting.ts';
import { waitFor } from '../../base/waiting.ts';
import { requireFree, type StreamListener } from '../../net/listener.ts';
import {
  activeRemoteOf,
  formatRemote,
  OPENFLOW_PORT,
  type PassiveRemote,
  readPassiveRemote,
} from '../../net/remote.ts';
import type { Stream } from '../../net/stream.ts';
import { systemTransport, type Transport } from '../../net/transport.ts';
import type { Connection } from '../connection/connection.ts';
import { type ConversationOptions, converse } from './converse.ts';

export interface ListenOptions extends ConversationOptions {
  /** Is told of peers that connected and agreed on no version, or are gone already. */
  readonly onFailed?: (why: unknown, peer: string) => void;
}

/** An open listener. One owner; `close` is the owner's duty. */
export interface Listener extends AsyncDisposable, AsyncIterable<Connection> {
  /** Where it listens, as `connect` takes it: "unix:FILE", "tcp:127.0.0.1:41235". */
  readonly remote: string;
  /**
   * Connections that agreed on a version, in the order in which they did. Each is given once, and is then the caller's to
   * close. Ends when the listener is closed. Iterating over the listener itself is the same.
   */
  connections(options?: WaitOptions): AsyncGenerator<Connection, void>;
  /** Stops listening and ends the connections that nobody has taken. A second time does nothing. */
  close(): void;
}

/**
 * Listens for peers:
 *
 * ```ts
 * await using listener = await listen('ptcp:6653:127.0.0.1');
 * for await (const connection of listener) serve(connection);
 * ```
 *
 * `remote` is "punix:FILE", "ptcp:[PORT][:HOST]" or "pssl:[PORT][:HOST]"; port 0 is any that is free. Rejects with
 * SyscallFailed where it cannot listen. The program does not end while the listener is open.
 */
export async function listen(remote: string, options: ListenOptions = {}): Promise<Listener> {
  options.signal?.throwIfAborted();
  const target = readPassiveRemote(remote, { defaultPort: OPENFLOW_PORT });
  await requireFree(target);
  return listenBy(systemTransport, target, options);
}

/**
 * The same by any transport.
 * @internal
 */
export async function listenBy(
  transport: Transport,
  target: PassiveRemote,
  options: ListenOptions,
): Promise<Listener> {
  const peers = new Peers(options);
  const { tls } = options;
  const listener = await transport.listen(target, { tls }, (stream) => peers.take(stream));
  return listenerOf(listener, peers);
}

function listenerOf(listener: StreamListener, peers: Peers): Listener {
  const close = (): void => {
    if (peers.isClosed) return;
    listener.close();
    peers.close();
  };
  return {
    remote: formatRemote(activeRemoteOf(listener.remote)),
    connections: (options) => peers.connections(options),
    [Symbol.asyncIterator]: () => peers.connections(),
    close,
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}

/** Who has connected and waits to be taken. */
class Peers {
  readonly #options: ListenOptions;
  readonly #waiting = new Set<Connection>();
  readonly #wakes = new Set<() => void>();
  readonly #closing = new AbortController();

  constructor(options: ListenOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  take(stream: Stream): void {
    const { onFailed } = this.#options;
    converse(stream, { ...this.#options, signal: this.#closing.signal }).then(
      (connection) => this.#add(connection),
      (why: unknown) => onFailed?.(why, stream.name),
    );
  }

  #add(connection: Connection): void {
    if (this.isClosed) {
      connection.close();
      return;
    }
    this.#waiting.add(connection);
    for (const wake of this.#wakes) wake();
    void connection.closed.then(() => this.#waiting.delete(connection));
  }

  async *connections({ signal }: WaitOptions = {}): AsyncGenerator<Connection, void> {
    while (!this.isClosed) {
      signal?.throwIfAborted();
      const [connection] = this.#waiting;
      if (connection !== undefined) {
        this.#waiting.delete(connection);
        yield connection;
        continue;
      }
      await waitFor<void>([signal], (resolve) => {
        this.#wakes.add(resolve);
        return () => this.#wakes.delete(resolve);
      });
    }
  }

  close(): void {
    this.#closing.abort(new Error('the listener was closed'));
    for (const connection of this.#waiting) connection.close();
    for (const wake of this.#wakes) wake();
  }
}
