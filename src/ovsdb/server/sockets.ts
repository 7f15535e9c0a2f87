/** The server's real sockets: remotes by name, with the SSL settings as they are at each moment. */
import {
  isPassiveName,
  OVSDB_PORT,
  type RemoteContext,
  readActiveRemote,
  readPassiveRemote,
} from '../../net/remote.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import type { Transport } from '../../net/transport.ts';
import { connectChannel, listenChannels } from '../../rpc/socket-channel.ts';
import type { ServerSockets } from './remote.ts';

export interface SocketOptions {
  readonly tls?: TlsConfig;
  readonly transport?: Transport;
}

export function systemSockets(rundir: string, { tls, transport }: SocketOptions = {}): ServerSockets {
  const context: RemoteContext = { defaultPort: OVSDB_PORT, rundir };
  return {
    isPassive: isPassiveName,
    async listen(target, dscp, accept) {
      const remote = readPassiveRemote(target, context);
      const listener = await listenChannels(remote, { tls, transport, dscp }, accept);
      const boundPort = listener.remote.kind === 'punix' ? 0 : listener.remote.port;
      return { boundPort, close: () => listener.close() };
    },
    async connect(target, dscp, signal) {
      return connectChannel(readActiveRemote(target, context), { tls, transport, dscp, signal });
    },
  };
}
