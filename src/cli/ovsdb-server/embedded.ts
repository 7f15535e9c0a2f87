/**
 * ovsdb-server inside another process, which is the switch: its file, the sockets on which tools reach it, and its
 * appctl commands. `src/programs/ovs-vswitchd.ts` hands it to the switch, which knows it by its interface only.
 */

import type { Defer } from '../../base/defer.ts';
import { errnos } from '../../base/errno.ts';
import { Refused, SyscallFailed } from '../../base/errors.ts';
import { existsSync } from '../../base/files.ts';
import { logger } from '../../base/log.ts';
import { randomUuid, systemRandom } from '../../base/random.ts';
import { withinTime } from '../../base/time-limit.ts';
import type { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { takeLockFile } from '../../daemon/lock-file.ts';
import { Fatal } from '../../daemon/program.ts';
import type { Command } from '../../daemon/unixctl.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import type { Connector } from '../../ovsdb/client/index.ts';
import { ioError, OvsdbError } from '../../ovsdb/engine/errors.ts';
import type { DatabaseSchema } from '../../ovsdb/engine/types.ts';
import { compileDeclared } from '../../ovsdb/schema-read.ts';
import type { Schema } from '../../ovsdb/schema-types.ts';
import { Remotes } from '../../ovsdb/server/remotes.ts';
import { OvsdbServer } from '../../ovsdb/server/server.ts';
import { systemSockets } from '../../ovsdb/server/sockets.ts';
import { lockPath } from '../../ovsdb/storage/log-paths.ts';
import {
  createDatabaseFile,
  openStandalone,
  openStore,
  readSchema,
  type StoreDeps,
} from '../../ovsdb/storage/store.ts';
import type { Channel } from '../../rpc/channel.ts';
import { echoProbe } from '../../rpc/session.ts';
import { connectChannel } from '../../rpc/socket-channel.ts';
import { serverCommands } from './commands.ts';
import { Replication } from './replication.ts';
import { Running } from './running.ts';

const log = logger('ovsdb_server');

export interface EmbeddedDatabaseOptions {
  /** Made when missing. */
  readonly file: string;
  readonly schema: Schema;
  readonly rundir: string;
  readonly tls: TlsConfig;
  readonly timers: Timers;
  readonly defer: Defer;
}

export interface EmbeddedDatabase {
  readonly connect: Connector;
  /** For the control socket of this process. */
  readonly commands: readonly Command[];
  /** Also at the end of the process: synchronous, and a second time does nothing. */
  close(): void;
}

/** Throws Fatal when the file cannot be used or another server is at work. */
export async function openEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const { file, rundir, tls, timers, defer } = options;
  await requireFree(`${rundir}/db.sock`);
  const storage = { timers, defer, newUuid: randomUuid, random: systemRandom, lock: lockDatabase };
  const schema = compileDeclared(options.schema);
  const server = new OvsdbServer({ timers, defer, newUuid: randomUuid });
  const sockets = systemSockets(rundir, { tls });
  const remotes = new Remotes({ server, sockets, timers });
  const alone = { syncFrom: undefined, syncExclude: undefined, isBackup: false };
  const replication = new Replication(alone, { server, sockets, timers });
  const running = new Running({ server, remotes, replication, save: () => {}, sockets, storage });
  try {
    await prepareFile(file, storage, schema);
    running.openDatabase(file);
  } catch (why) {
    throw why instanceof OvsdbError ? new Fatal(why.message) : why;
  }
  addRoot(server, schema.name);
  remotes.add(`punix:${rundir}/db.sock`);
  remotes.add(`db:${schema.name},Open_vSwitch,manager_options`);
  await remotes.apply();
  remotes.start();
  let isOpen = true;
  return {
    connect: async () => server.connect(),
    commands: embeddedCommands([...serverCommands(running), ...replication.commands()], schema.name),
    close() {
      if (!isOpen) return;
      isOpen = false;
      running.close();
    },
  };
}

/**
 * Those of ovsdb-server that are about databases and remotes, as far as they go with a switch that has its own
 * database.
 */
function embeddedCommands(commands: readonly Command[], own: string): Command[] {
  return commands
    .filter(({ name }) => name.startsWith('ovsdb-server/'))
    .map((command) => {
      if (command.name === 'ovsdb-server/remove-db') return { ...command, run: keepOwn(command, own) };
      return ofCopies.has(command.name) ? { ...command, isHidden: true, run: refuseCopy(own) } : command;
    });
}

function keepOwn(command: Command, own: string): Command['run'] {
  return (args, reply) => {
    if (args[0] === own) throw new Refused('unixctl', `${own} is the database of this switch and stays`);
    return command.run(args, reply);
  };
}

/** Who asks for these wants the databases to be copies of another server's. */
const ofCopies: ReadonlySet<string> = new Set([
  'ovsdb-server/set-active-ovsdb-server',
  'ovsdb-server/set-active-ovsdb-server-probe-interval',
  'ovsdb-server/connect-active-ovsdb-server',
  'ovsdb-server/set-sync-exclude-tables',
]);

function refuseCopy(own: string): Command['run'] {
  return () => {
    const why = `${own} is the database of this switch, which writes to it, and cannot be a copy of another server's`;
    throw new Refused('unixctl', `${why}; run ovsdb-server for a copy`);
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
    channel.send(echoProbe);
  });
}

/** Makes the file when it is missing; one of another version of the schema is written anew as ours. */
async function prepareFile(file: string, deps: StoreDeps, schema: DatabaseSchema): Promise<void> {
  if (!existsSync(file)) {
    createDatabaseFile(file, schema, deps);
    log.info(`${file}: created`);
    return;
  }
  const { version } = schemaOfFile(file);
  if (version === schema.version) return;
  log.info(`${file}: converting from schema version ${version} to ${schema.version}`);
  const store = openStore(file, deps, { schema });
  try {
    await store.compact();
  } finally {
    store.close();
  }
}

function schemaOfFile(file: string): DatabaseSchema {
  const opened = openStandalone(file, {}, true);
  try {
    return readSchema(opened);
  } finally {
    opened.close();
  }
}

/** What `ovs-vsctl init` does. */
function addRoot(server: OvsdbServer, name: string): void {
  const database = server.databases.get(name)?.db;
  if (database === undefined || (database.table('Open_vSwitch')?.size ?? 0) > 0) return;
  const insert = { op: 'insert', table: 'Open_vSwitch', row: {} };
  database.transact([name, insert], {
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
    if (why.errno !== errnos.EAGAIN) throw ioError(`${file}: failed to lock lockfile`, why.reason);
    throw new Fatal(`${file}: another process has this database open; stop it, or use another file`);
  }
}
