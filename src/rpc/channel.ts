/**
 * A two-way connection that carries JSON-RPC 1.0 messages (RFC 7047 section 4). Two implementations: a socket
 * (`socket-channel.ts`) and an in-process pair (`pair.ts`) for the embedded database and for tests.
 * Used by the OVSDB server and client and by unixctl.
 */

import type { Json, JsonObject } from './json-value.ts';

export type { Json, JsonObject };

export interface RpcRequest {
  readonly method: string;
  readonly params: readonly Json[];
  readonly id: Json;
}

export interface RpcNotification {
  readonly method: string;
  readonly params: readonly Json[];
  readonly id: null;
}

export interface RpcReply {
  readonly result: Json;
  readonly error: Json;
  readonly id: Json;
}

export type RpcMessage = RpcRequest | RpcNotification | RpcReply;

/** What the owner of a channel is told. Calls never nest: each comes from the event loop or from a later microtask. */
export interface ChannelEvents {
  message(message: RpcMessage): void;
  /** Once, also after `close`. `why` is undefined for an orderly end by the peer or by ourselves. */
  closed(why: Error | undefined): void;
  /** The backlog has fallen back to zero: now is the time to send what was held back. */
  drained?(): void;
}

/** One owner; `close` is the owner's duty. */
export interface Channel {
  /** For logs and `status`: "unix#3", "tcp:127.0.0.1:51234", "in-process". */
  readonly name: string;
  /** Bytes handed to `send` that the peer has not taken yet. The owner bounds it: see `net/back-pressure.ts`. */
  readonly backlog: number;
  /** Common name of the peer's TLS certificate; what RBAC calls the client's id. */
  readonly peerId: string | undefined;
  /** Set before the first event is delivered; later sets replace it. */
  events: ChannelEvents;
  /**
   * Takes a message, or the JSON text of one, or that text as UTF-8 pieces that several peers share: pieces are
   * neither copied nor changed, so a snapshot sent to a hundred clients exists once. No-op once closed.
   */
  send(message: RpcMessage | string | readonly Uint8Array[]): void;
  /** Stops delivering messages and reading from the peer until `resume`; what was read already is kept. */
  pause(): void;
  resume(): void;
  /** Flushes what was sent, then ends. */
  close(): void;
  /** Ends at once; what the peer has not taken is thrown away. `why` reaches `closed`. */
  abort(why?: Error): void;
}
