/**
 * A database server inside the caller's process, in one call: for tests and for programs that bring their own database.
 * Runs on the language's own timers, which never keep the process alive.
 */
import { systemClock } from '../base/clock.ts';
import { defer } from '../base/defer.ts';
import { existsSync } from '../base/files.ts';
import { randomUuid, systemRandom } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import { driveTimers } from '../base/timers-drive.ts';
import { requireFree } from '../net/listener.ts';
import {
  activeRemoteOf,
  formatRemote,
  OVSDB_PORT,
  type PassiveRemote,
  readPassiveRemote,
} from '../net/remote.ts';
import type { TlsConfig } from '../net/tls-config.ts';
import type { Client, ViewOptions } from './client/api.ts';
import { Disconnected } from './client/errors.ts';
import { openClient } from './client/library-client.ts';
import type { All, Seen, Tables, Wanted } from './client/types.ts';
import { Database } from './engine/database.ts';
import { OvsdbError } from './engine/errors.ts';
import { equalSchemas } from './engine/schema.ts';
import type { DatabaseSchema } from './engine/types.ts';
import { compileDeclared } from './schema-read.ts';
import type { Schema } from './schema-types.ts';
import { openListener, type ServerRemote } from './server/remote.ts';
import { defaultRemoteOptions } from './server/remotes.ts';
import { OvsdbServer } from './server/server.ts';
import { systemSockets } from './server/sockets.ts';
import { createDatabaseFile, openStore, type Store, type StoreDeps } from './storage/store.ts';

export interface EmbedOptions<T extends Tables> {
  readonly schema: Schema<T>;
  /** Kept in memory only when absent; made when missing. Nobody else may have it open: it is not locked. */
  readonly file?: string;
  /** Where others reach it too: "punix:FILE", "ptcp:[PORT][:HOST]", "pssl:[PORT][:HOST]"; port 0 is any that is free. */
  readonly listen?: readonly string[];
  /** For "pssl:": files of a private key, its certificate, and the CA certificate of the clients'. */
  readonly tls?: TlsConfig;
}

/** A database and its server, until it is closed. One owner; closing it is the owner's duty. */
export interface EmbeddedOvsdb<T extends Tables> extends AsyncDisposable {
  /** Where it listens, as `connect` takes it: "unix:FILE", "tcp:127.0.0.1:41235". In the order of `listen`. */
  readonly remotes: readonly string[];
  /** A client without a socket between; resolves when it shows the contents. Closed with the server. */
  client<const W extends Wanted<T> = All<T>>(options?: ViewOptions<T, W>): Promise<Client<T, Seen<T, W>>>;
  /** Ends all connections and writes what is not written yet. A second time does nothing. */
  close(): void;
}

/**
 * Serves a database from this process:
 *
 * ```ts
 * await using ovsdb = await embedOvsdb({ schema: openVswitch, listen: ['punix:/tmp/db.sock'] });
 * const client = await ovsdb.client();
 * ```
 *
 * Rejects with OvsdbError for a schema or a file that cannot be used, also when the file has another schema, and with SyscallFailed where it cannot listen.
 */
export async function embedOvsdb<T extends Tables>(options: EmbedOptions<T>): Promise<EmbeddedOvsdb<T>> {
  const { file, listen = [], tls = {} } = options;
  const timers = new Timers(systemClock);
  const schema = compileDeclared(options.schema);
  const deps = { timers, defer, newUuid: randomUuid, random: systemRandom };
  if (file !== undefined && !existsSync(file)) createDatabaseFile(file, schema, {});
  const store = file === undefined ? undefined : openOurs(file, schema, deps);
  const server = new OvsdbServer(deps);
  server.addDatabase(store?.database ?? new Database(schema, deps));
  const closing = new AbortController();
  const stopTimers = driveTimers(timers);
  const listeners: ServerRemote[] = [];
  const close = (): void => {
    if (closing.signal.aborted) return;
    closing.abort(new Disconnected('the database was closed'));
    for (const listener of listeners) listener.close();
    server.close();
    store?.close();
    stopTimers();
  };
  const sockets = systemSockets(process.cwd(), { tls });
  try {
    for (const target of listen) {
      await requireFree(readTarget(target));
      listeners.push(await openListener(target, defaultRemoteOptions(target), { server, sockets, timers }));
    }
  } catch (why) {
    close();
    throw why;
  }
  return {
    remotes: listeners.map((listener, at) => remoteOf(listen[at] ?? '', listener)),
    client: (view) =>
      openClient({
        ...view,
        schema: options.schema,
        connect: async () => server.connect(),
        remotes: ['in-process'],
        timers,
        keepTrying: false,
        closing: closingWith(closing.signal),
      }),
    close,
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}

/** Throws OvsdbError. */
function openOurs(file: string, schema: DatabaseSchema, deps: StoreDeps): Store {
  const store = openStore(file, deps);
  const found = store.database.schema;
  // A checksum is of a schema's text, and says nothing of its tables.
  if (equalSchemas({ ...found, cksum: '' }, { ...schema, cksum: '' })) return store;
  store.close();
  const [theirs, ours] = [found, schema].map(({ name, version }) => `${name} ${version}`);
  const what = theirs === ours ? `another schema ${ours}` : `schema ${theirs} and not ${ours}`;
  throw new OvsdbError(
    'ovsdb error',
    `${file}: has ${what}; convert it with ovsdb-tool, or use another file`,
  );
}

function readTarget(target: string): PassiveRemote {
  return readPassiveRemote(target, { defaultPort: OVSDB_PORT, rundir: process.cwd() });
}

/** What a client connects to in order to reach a listener. */
function remoteOf(target: string, listener: ServerRemote): string {
  const remote = readTarget(target);
  if (remote.kind === 'punix') return formatRemote(activeRemoteOf(remote));
  return formatRemote(activeRemoteOf({ ...remote, port: listener.status().boundPort ?? remote.port }));
}

/** Of a client that may end before the database does, and ends with it. */
function closingWith(whole: AbortSignal): AbortController {
  const own = new AbortController();
  const pass = (): void => own.abort(whole.reason);
  if (whole.aborted) pass();
  else {
    whole.addEventListener('abort', pass, { once: true });
    own.signal.addEventListener('abort', () => whole.removeEventListener('abort', pass), { once: true });
  }
  return own;
}
