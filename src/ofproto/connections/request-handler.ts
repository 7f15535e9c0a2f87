/** What deals with one message that a bridge is sent. */
import type { Received } from '../../openflow/codec.ts';
import type { Message } from '../../openflow/messages/index.ts';
import type { SwitchConnection } from './switch-connection.ts';

/** A message with the value of its name. */
type Named<N extends Message['name']> = Extract<Received, { readonly name: N }>;

/**
 * Deals with a message, of which `bytes` are good until it returns. Nothing else is done for that peer until a promise
 * resolves. Throws and rejects with OpenFlowError, which the peer is told.
 */
type RequestHandler<N extends Message['name']> = (
  connection: SwitchConnection,
  message: Named<N>,
  bytes: Uint8Array,
) => Promise<void> | void;

export type RequestHandlers = { readonly [N in Message['name']]?: RequestHandler<N> };
