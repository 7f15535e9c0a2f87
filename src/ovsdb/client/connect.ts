/** Connecting to a database server from any program, over sockets and on the language's own timers. */
import { systemClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { driveTimers } from '../../base/timers-drive.ts';
import { ms } from '../../base/units.ts';
import type { WaitOptions } from '../../base/waiting.ts';
import { waitFor } from '../../base/waiting.ts';
import { OVSDB_PORT, readActiveRemote, splitRemotes } from '../../net/remote.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import { connectChannel } from '../../rpc/socket-channel.ts';
import { schemaFromJson } from '../schema-read.ts';
import type { Schema } from '../schema-types.ts';
import type { Client, ViewOptions } from './api.ts';
import { Disconnected } from './errors.ts';
import { openClient, withRemotes } from './library-client.ts';
import { ClientSession, type SessionOptions } from './session.ts';
import type { All, AnyTables, Seen, Tables, Wanted } from './types.ts';

/** How to reach servers, and how to stay connected. */
export interface ServerOptions {
  /** For "ssl:" remotes: files of a private key, its certificate, and the CA certificate of the server's. */
  readonly tls?: TlsConfig;
  /** False: any member of a cluster will do. True unless given; a server that is no cluster is always good. */
  readonly leaderOnly?: boolean;
  /**
   * After so many milliseconds without a word from the server it is asked whether it lives; as long again, and it is
   * left. 0: never. 5000 unless given, but never for a "unix:" remote, whose end is seen at once.
   */
  readonly probeInterval?: number;
  /** Go on trying when none of the remotes can be reached at first, until `signal` is aborted. False unless given. */
  readonly keepTrying?: boolean;
}

export interface ConnectOptions<T extends Tables, W extends Wanted<T> = All<T>>
  extends ServerOptions,
    ViewOptions<T, W> {
  /**
   * The database's schema, by which rows are typed; tables and columns that the server's own, older one lacks show what
   * they hold by default. Or the database's name: then the schema is the server's, and columns hold a `Value`.
   */
  readonly schema: Schema<T> | string;
}

/**
 * Connects to an OVSDB server and resolves when the view shows the database:
 *
 * ```ts
 * import { openVswitch } from 'ovs-ts/open-vswitch';
 * import { connect } from 'ovs-ts/ovsdb';
 * const client = await connect('unix:/run/openvswitch/db.sock', { schema: openVswitch });
 * ```
 *
 * `remote` is "unix:FILE", "tcp:HOST[:PORT]" or "ssl:HOST[:PORT]", or several with commas between them, of which the
 * first that answers is taken: the members of a cluster. The program does not end while the client is open.
 *
 * Rejects with SyscallFailed or Disconnected when each remote has been tried without success, with Refused for a table
 * or column that is not in the schema, with OvsdbError for a server's schema that cannot be read, and with the signal's
 * reason.
 */
export async function connect<T extends Tables = AnyTables, const W extends Wanted<T> = All<T>>(
  remote: string,
  options: ConnectOptions<T, W>,
): Promise<Client<T, Seen<T, W>>> {
  const { tls, probeInterval, keepTrying = false, schema, signal } = options;
  if (schema === undefined)
    throw new TypeError('connect: a schema, or the name of a database, must be given');
  signal?.throwIfAborted();
  const context = { defaultPort: OVSDB_PORT };
  const remotes = splitRemotes(remote);
  // Mistakes show at once, and not as servers that do not answer.
  for (const name of remotes.length === 0 ? [remote] : remotes) readActiveRemote(name, context);
  const closing = new AbortController();
  const timers = new Timers(systemClock);
  closing.signal.addEventListener('abort', driveTimers(timers, true));
  const base = {
    ...options,
    remotes,
    connect: (name: string, attempt?: AbortSignal) =>
      connectChannel(readActiveRemote(name, context), { tls, signal: attempt }),
    limitsAttempts: keepTrying || remotes.length > 1,
    timers,
    probeInterval: probeInterval === undefined ? undefined : ms(probeInterval),
    keepTrying,
    closing,
  };
  try {
    // Without a schema to infer it from, `T` is `AnyTables`.
    const known =
      typeof schema === 'string'
        ? ((await fetchSchema(schema, base)) as Schema<Tables> as Schema<T>)
        : schema;
    return await openClient<T, W>({ ...base, schema: known });
  } catch (why) {
    closing.abort(new Disconnected('the client was not opened'));
    throw why;
  }
}

/** Rejects as `connect` does. */
function fetchSchema(
  database: string,
  options: Omit<SessionOptions, 'database'> & WaitOptions & { readonly keepTrying: boolean },
): Promise<Schema<AnyTables>> {
  const { remotes, keepTrying, signal } = options;
  return waitFor([signal], (resolve, reject) => {
    const session = new ClientSession(
      { ...options, database },
      {
        up: () => {
          session.request('get_schema', [database]).then(schemaFromJson).then(resolve, reject);
        },
        down() {},
        failed: (why, count) => {
          if (!keepTrying && count >= remotes.length) reject(withRemotes(why, remotes));
        },
        notification() {},
      },
    );
    return () => session.close();
  });
}
