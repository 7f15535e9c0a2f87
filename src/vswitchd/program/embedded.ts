/**
 * The database inside this process: its file, the server, and the sockets on which tools reach it. A database server
 * of its own would do the same from outside; nothing above knows the difference.
 */
import { SyscallFailed } from '../../base/errors.ts';
import { existsSync } from '../../base/files.ts';
import { logger } from '../../base/log.ts';
import { randomUuid, systemRandom } from '../../base/random.ts';
import type { Soon } from '../../base/soon.ts';
import { withinTime } from '../../base/time-limit.ts';
import type { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { takeLockFile } from '../../daemon/lock-file.ts';
import { Fatal } from '../../daemon/program.ts';
import { markTraffic } from '../../daemon/traffic-class.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import type { Connector } from '../../ovsdb/client/index.ts';
import type { Database } from '../../ovsdb/engine/database.ts';
import { ioError, OvsdbError } from '../../ovsdb/engine/errors.ts';
import { schemaFromJson } from '../../ovsdb/engine/schema.ts';
import type { DatabaseSchema } from '../../ovsdb/engine/types.ts';
import { schemaToJson } from '../../ovsdb/schema-types.ts';
import { Remotes } from '../../ovsdb/server/remotes.ts';
import { OvsdbServer } from '../../ovsdb/server/server.ts';
import { systemSockets } from '../../ovsdb/server/sockets.ts';
import { lockPath } from '../../ovsdb/storage/log-file.ts';
import { createDatabaseFile, openStore, type Store, type StoreDeps } from '../../ovsdb/storage/store.ts';
import type { Channel } from '../../rpc/channel.ts';
import { connectChannel } from '../../rpc/socket-channel.ts';
import { openVswitch } from '../schema/index.ts';

const log = logger('ovsdb_server');
const EAGAIN = 11;

export interface EmbeddedDatabaseOptions {
  /** Made when missing. */
  readonly file: string;
  readonly rundir: string;
  readonly tls: TlsConfig;
  readonly timers: Timers;
  readonly soon: Soon;
}

export interface EmbeddedDatabase {
  readonly connect: Connector;
  /** Also at the end of the process: synchronous, and a second time does nothing. */
  close(): void;
}

/** Throws Fatal when the file cannot be used or another server is at work. */
export async function openEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const { file, rundir, tls, timers, soon } = options;
  await requireFree(`${rundir}/db.sock`);
  const lock = (path: string) => lockDatabase(path);
  const store = openOrCreate(file, { timers, soon, newUuid: randomUuid, random: systemRandom, lock });
  const server = new OvsdbServer({ timers, soon, newUuid: randomUuid });
  server.addDatabase(store.database);
  store.compactWhenDue();
  const remotes = new Remotes({ server, sockets: systemSockets(rundir, { tls, mark: markTraffic }), timers });
  remotes.add(`punix:${rundir}/db.sock`);
  remotes.add('db:Open_vSwitch,Open_vSwitch,manager_options');
  await remotes.apply();
  remotes.start();
  let isOpen = true;
  return {
    connect: async () => server.connect(),
    close() {
      if (!isOpen) return;
      isOpen = false;
      remotes.close();
      server.close();
      store.close();
    },
  };
}

/** How long a server may take to answer. */
const answerTime = ms(5000);

/**
 * A socket that answers belongs to somebody; one that does not is a leftover. A process that was killed accepts
 * connections until the kernel has taken it apart, and its database is not free before that.
 */
async function requireFree(socket: string): Promise<void> {
  if (!existsSync(socket)) return;
  try {
    const channel = await connectChannel({ kind: 'unix', path: socket });
    const isInUse = await withinTime(answerTime, answers(channel));
    channel.abort();
    if (isInUse === false) return;
  } catch (why) {
    if (why instanceof SyscallFailed) return;
    throw why;
  }
  throw new Fatal(
    `${socket}: another database server answers there; stop it, or set OVS_RUNDIR and OVS_DBDIR to other folders`,
  );
}

/** False when the connection ends without. */
function answers(channel: Channel): Promise<boolean> {
  return new Promise((resolve) => {
    channel.events = { message: () => resolve(true), closed: () => resolve(false) };
    channel.send({ method: 'echo', params: [], id: 'echo' });
  });
}

function openOrCreate(file: string, deps: StoreDeps): Store {
  const schema = schemaFromJson(JSON.parse(JSON.stringify(schemaToJson(openVswitch))));
  try {
    if (!existsSync(file)) {
      createDatabaseFile(file, schema, deps);
      log.info(`${file}: created`);
    }
    const store = openCurrent(file, deps, schema);
    addRoot(store.database);
    return store;
  } catch (why) {
    throw why instanceof OvsdbError ? new Fatal(why.message) : why;
  }
}

/** A file of another version of the schema is read as ours and written anew. */
function openCurrent(file: string, deps: StoreDeps, schema: DatabaseSchema): Store {
  const store = openStore(file, deps);
  const { version } = store.database.schema;
  if (version === schema.version) return store;
  store.close();
  log.info(`${file}: converting from schema version ${version} to ${schema.version}`);
  const converted = openStore(file, deps, { schema });
  void converted.compact();
  return converted;
}

/** What `ovs-vsctl init` does. */
function addRoot(database: Database): void {
  if ((database.table('Open_vSwitch')?.size ?? 0) > 0) return;
  const insert = { op: 'insert', table: 'Open_vSwitch', row: {} };
  database.transact(['Open_vSwitch', insert], {
    isReadOnly: false,
    access: undefined,
    holdsLock: () => true,
  });
}

function lockDatabase(file: string): { release(): void } {
  try {
    return takeLockFile(lockPath(file));
  } catch (why) {
    if (!(why instanceof SyscallFailed)) throw why;
    if (why.errno !== EAGAIN) throw ioError(`${file}: failed to lock lockfile`, why.reason);
    throw new Fatal(`${file}: another process has this database open; stop it, or use another file`);
  }
}
