/**
 * A database server inside the caller's process, in one call: for tests and for programs that bring their own database.
 * Runs on the language's own timers, which never keep the process alive.
 */
import { existsSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { randomUuid, systemRandom } from '../base/random.ts';
import { soon } from '../base/soon.ts';
import { Timers } from '../base/timers.ts';
import { driveTimers } from '../base/timers-drive.ts';
import { type ClientOptions, OvsdbClient } from './client/client.ts';
import type { Tables } from './client/types.ts';
import { Database } from './engine/database.ts';
import { schemaFromJson } from './engine/schema.ts';
import { type Schema, schemaToJson } from './schema-types.ts';
import { Remotes } from './server/remotes.ts';
import { OvsdbServer } from './server/server.ts';
import { systemSockets } from './server/sockets.ts';
import { createDatabaseFile, openStore } from './storage/store.ts';

export interface EmbedOptions<T extends Tables> {
  readonly schema: Schema<T>;
  /** Kept in memory only when absent; made when missing. Nobody else may have it open: it is not locked. */
  readonly file?: string;
  /** Where others reach it too, e.g. "punix:/tmp/x.sock", "ptcp:6640:127.0.0.1". */
  readonly listen?: readonly string[];
}

export interface EmbeddedOvsdb<T extends Tables> extends AsyncDisposable {
  readonly server: OvsdbServer;
  readonly database: Database;
  /** A client of all tables; resolves when it has the contents. Closed with the server. */
  client(tables: ClientOptions<T>['tables']): Promise<OvsdbClient<T>>;
}

/** Throws OvsdbError for a file that cannot be used, Refused or SyscallFailed for a socket that cannot be opened. */
export async function embedOvsdb<T extends Tables>(options: EmbedOptions<T>): Promise<EmbeddedOvsdb<T>> {
  const timers = new Timers(systemClock);
  const stopTimers = driveTimers(timers);
  const schema = schemaFromJson(JSON.parse(JSON.stringify(schemaToJson(options.schema))));
  const deps = { timers, soon, newUuid: randomUuid, random: systemRandom };
  const { file } = options;
  if (file !== undefined && !existsSync(file)) createDatabaseFile(file, schema, {});
  const store = file === undefined ? undefined : openStore(file, deps);
  const database = store?.database ?? new Database(schema, deps);
  const server = new OvsdbServer(deps);
  server.addDatabase(database);
  const remotes = new Remotes({ server, sockets: systemSockets('/'), timers });
  for (const remote of options.listen ?? []) remotes.add(remote);
  await remotes.apply();
  const clients: { close(): void }[] = [];
  return {
    server,
    database,
    async client(tables) {
      const connect = async () => server.connect();
      const client = new OvsdbClient<T>({
        schema: options.schema,
        connect,
        remotes: ['in-process'],
        timers,
        tables,
      });
      clients.push(client);
      await new Promise<void>((resolve) => {
        const stop = client.onState(() => {
          if (!client.isSynced) return;
          stop();
          resolve();
        });
      });
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      remotes.close();
      server.close();
      store?.close();
      stopTimers();
    },
  };
}
