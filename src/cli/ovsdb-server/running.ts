/**
 * A running ovsdb-server: the server, the databases it has opened, its remotes, its part in replication. What the
 * appctl commands look at and change.
 */
import { resolve } from 'node:path';
import { statusOf } from '../../base/files.ts';
import { logger } from '../../base/log.ts';
import { splitRemotes } from '../../net/remote.ts';
import type { Database } from '../../ovsdb/engine/database.ts';
import { OvsdbError } from '../../ovsdb/engine/errors.ts';
import { Relay } from '../../ovsdb/server/relay.ts';
import { defaultDscp, type ServerSockets } from '../../ovsdb/server/remote.ts';
import type { Remotes } from '../../ovsdb/server/remotes.ts';
import type { OvsdbServer } from '../../ovsdb/server/server.ts';
import { openStore, type Store, type StoreDeps } from '../../ovsdb/storage/store.ts';
import { shuffled } from '../remotes.ts';
import type { Changeable } from './options.ts';
import type { Replication } from './replication.ts';
import { TableLog } from './table-log.ts';

const log = logger('ovsdb_server');

export interface RunningDeps {
  readonly server: OvsdbServer;
  readonly remotes: Remotes;
  readonly replication: Replication;
  /** Keeps what may differ from the command line for a server that is started again after a crash. */
  readonly save: (changes: Changeable) => void;
  readonly sockets: ServerSockets;
  readonly storage: StoreDeps;
}

const relayPrefix = 'relay:';

export class Running {
  readonly server: OvsdbServer;
  readonly remotes: Remotes;
  readonly replication: Replication;
  readonly tableLog = new TableLog();
  /** By database name. */
  readonly #files = new Map<string, Store>();
  /** Full paths of the files: the current folder may change. */
  readonly #paths = new Map<Store, string>();
  /** By database name, with the arguments that made them. */
  readonly #relays = new Map<string, { readonly relay: Relay; readonly argument: string }>();
  readonly #deps: RunningDeps;

  constructor(deps: RunningDeps) {
    this.#deps = deps;
    this.server = deps.server;
    this.remotes = deps.remotes;
    this.replication = deps.replication;
  }

  get files(): ReadonlyMap<string, Store> {
    return this.#files;
  }

  isRelay(name: string): boolean {
    return this.#relays.has(name);
  }

  /** Opens a file, or a relay ("relay:NAME:REMOTE,..."), and serves it. Throws OvsdbError. */
  addDatabase(argument: string): void {
    this.openDatabase(argument);
    this.save();
    this.replication.restart();
  }

  /** Like `addDatabase`, for the start. */
  openDatabase(argument: string): void {
    if (argument.startsWith(relayPrefix)) this.#openRelay(argument);
    else this.#openFile(argument);
  }

  #openFile(path: string): void {
    if (this.#isOpen(path)) throw new OvsdbError('ovsdb error', `${path}: already open`);
    const file = openStore(path, this.#deps.storage);
    const db = file.database;
    const { name } = db.schema;
    const problem = this.#nameProblem(name);
    if (problem !== undefined) {
      file.close();
      throw new OvsdbError('ovsdb error', problem);
    }
    this.#files.set(name, file);
    this.#paths.set(file, resolve(path));
    file.compactWhenDue();
    this.server.addDatabase(db);
    this.#watch(db);
  }

  /** Throws OvsdbError. */
  #openRelay(argument: string): void {
    const [name = '', ...rest] = argument.slice(relayPrefix.length).split(':');
    const remotes = splitRemotes(rest.join(':'));
    const problem = remotes.length === 0 ? `${argument}: invalid syntax` : this.#nameProblem(name);
    if (problem !== undefined) throw new OvsdbError('ovsdb error', problem);
    const { sockets, storage } = this.#deps;
    this.server.addRelay(name);
    const relay = new Relay(
      { name, remotes: shuffled(remotes, storage.random) },
      {
        ...storage,
        server: this.server,
        connect: (remote, signal) => sockets.connect(remote, defaultDscp, signal),
        shown: (database) => this.#watch(database),
      },
    );
    this.#relays.set(name, { relay, argument });
  }

  #nameProblem(name: string): string | undefined {
    if (name.startsWith('_')) return `${name}: names beginning with "_" are reserved`;
    return this.#files.has(name) || this.#relays.has(name) ? `${name}: duplicate database name` : undefined;
  }

  #watch(database: Database): void {
    database.onCommit((commit) => {
      this.tableLog.committed(database.schema.name, commit);
      this.#applyRemotesSoon();
    });
    this.#applyRemotesSoon();
  }

  /** False when there is no such database that could be removed. */
  removeDatabase(name: string, comment: string): boolean {
    const file = this.#files.get(name);
    const relay = this.#relays.get(name)?.relay;
    if (file === undefined && relay === undefined) return false;
    this.server.removeDatabase(name, comment);
    this.#files.delete(name);
    this.#relays.delete(name);
    file?.close();
    relay?.close();
    this.save();
    this.replication.restart();
    return true;
  }

  /** To be called whenever the remotes, files or replication have changed. */
  save(): void {
    this.#deps.save({
      remotes: this.remotes.names,
      files: [
        ...[...this.#files.values()].flatMap((file) => this.#paths.get(file) ?? []),
        ...[...this.#relays.values()].map(({ argument }) => argument),
      ],
      ...this.replication.config,
    });
  }

  close(): void {
    this.replication.stop();
    this.remotes.close();
    this.server.close();
    for (const file of this.#files.values()) file.close();
    for (const { relay } of this.#relays.values()) relay.close();
    this.#files.clear();
    this.#relays.clear();
  }

  #isApplyDue = false;

  /** A commit may have changed rows that name remotes. */
  #applyRemotesSoon(): void {
    if (this.#isApplyDue || !this.remotes.isFromDatabase) return;
    this.#isApplyDue = true;
    this.server.defer(() => {
      this.#isApplyDue = false;
      this.remotes.apply().catch((error: unknown) => log.err(`remotes: ${error}`));
    });
  }

  /** Whether the file is open already, under whatever name. */
  #isOpen(path: string): boolean {
    const wanted = statusOf(path);
    if (wanted === undefined) return false;
    return [...this.#files.values()].some((file) => {
      const known = statusOf(this.#paths.get(file) ?? '');
      return known?.ino === wanted.ino && known.dev === wanted.dev;
    });
  }
}
