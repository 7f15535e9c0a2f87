/** The server's real sockets: remotes by name, with the SSL settings as they are at each moment. */
import { logger } from '../../base/log.ts';
import {
  isPassiveName,
  OVSDB_PORT,
  type RemoteContext,
  readActiveRemote,
  readPassiveRemote,
} from '../../rpc/remote.ts';
import { connectChannel, listenChannels } from '../../rpc/socket-channel.ts';
import type { TlsConfig } from '../../rpc/tls.ts';
import type { Transport } from '../../rpc/transport.ts';
import type { ServerSockets } from './remote.ts';

const log = logger('socket_util');

export function systemSockets(rundir: string, tls: TlsConfig, transport?: Transport): ServerSockets {
  const context: RemoteContext = { defaultPort: OVSDB_PORT, rundir };
  return {
    isPassive: isPassiveName,
    async listen(target, _dscp, accept) {
      const listener = await listenChannels(readPassiveRemote(target, context), { tls, transport }, accept);
      const boundPort = listener.remote.kind === 'punix' ? 0 : listener.remote.port;
      const address = target.slice(target.indexOf(':') + 1);
      if (/^0(:|$)/.test(address) && boundPort !== 0) log.info(`${address}: listening on port ${boundPort}`);
      return { boundPort, close: () => listener.close() };
    },
    connect: async (target) => connectChannel(readActiveRemote(target, context), { tls, transport }),
  };
}
