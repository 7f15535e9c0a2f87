/** `connect` of `ovs-ts/openflow`: a conversation with a switch, or with a controller that listens. */
import { OPENFLOW_PORT, readActiveRemote } from '../../net/remote.ts';
import { connectStream } from '../../net/stream.ts';
import type { Connection } from '../connection/connection.ts';
import { type ConversationOptions, converse } from './converse.ts';

export interface OpenFlowConnectOptions extends ConversationOptions {
  /** Where sockets of bridges are; $OVS_RUNDIR unless given, and "/var/run/openvswitch" without that. */
  readonly rundir?: string;
}

/**
 * Connects and agrees on a version:
 *
 * ```ts
 * import { connect } from 'ovs-ts/openflow';
 * await using connection = await connect('br0', { versions: [4] });
 * for await (const { value } of connection.multipart({ name: 'PORT_DESC_REQUEST', value: { port: 0xffff } }))
 *   for (const { port, name } of value) console.log(port, name);
 * ```
 *
 * `remote` is "unix:FILE", "tcp:HOST[:PORT]", "ssl:HOST[:PORT]", or a bridge of this host by its name. Rejects with
 * SyscallFailed where nobody answers or the peer speaks no version that was offered, and with the signal's reason. The
 * program does not end while the connection is open.
 */
export async function connect(remote: string, options: OpenFlowConnectOptions = {}): Promise<Connection> {
  const { tls, signal } = options;
  const rundir = options.rundir ?? (process.env.OVS_RUNDIR || '/var/run/openvswitch');
  const target = remote.includes(':') ? remote : `unix:${remote.includes('/') ? remote : `${remote}.mgmt`}`;
  const context = { defaultPort: OPENFLOW_PORT, ...(target === remote ? {} : { rundir }) };
  const stream = await connectStream(readActiveRemote(target, context), { tls, signal });
  return converse(stream, options);
}
