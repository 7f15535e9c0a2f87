/** How the command line tools reach a database server: one remote or several, dialled or awaited. ovsdb(7). */
import type { Random } from '../base/random.ts';
import { isPassiveName, OVSDB_PORT, readActiveRemote, readPassiveRemote } from '../net/remote.ts';
import type { TlsConfig } from '../net/tls-config.ts';
import type { Transport } from '../net/transport.ts';
import type { Connector } from '../ovsdb/client/session.ts';
import type { Channel } from '../rpc/channel.ts';
import { connectChannel, listenChannels } from '../rpc/socket-channel.ts';

/** Opens a connection to a remote; one that listens waits for the server to call. */
export function makeConnector(rundir: string, tls: TlsConfig, transport?: Transport): Connector {
  const context = { defaultPort: OVSDB_PORT, rundir };
  return async (text, signal) =>
    isPassiveName(text)
      ? acceptOne(text, context, { tls, transport })
      : connectChannel(readActiveRemote(text, context), { tls, transport, signal });
}

function acceptOne(
  text: string,
  context: { defaultPort: number; rundir: string },
  options: { readonly tls: TlsConfig; readonly transport: Transport | undefined },
): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const remote = readPassiveRemote(text, context);
    const opened = listenChannels(remote, options, (channel) => {
      resolve(channel);
      void opened.then((listener) => listener.close());
    });
    opened.catch(reject);
  });
}

/** In an order of chance, so that many clients spread over the servers of a cluster. */
export function shuffled<T>(list: readonly T[], random: Random): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.u32() % (i + 1);
    const [a, b] = [result[i], result[j]];
    if (a === undefined || b === undefined) continue;
    result[i] = b;
    result[j] = a;
  }
  return result;
}
