/**
 * A running ovsdb-server: the server, the databases it has opened, its remotes, its part in replication. What the
 * appctl commands look at and change.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { logger } from '../../base/log.ts';
import { OvsdbError } from '../../ovsdb/engine/errors.ts';
import type { Remotes } from '../../ovsdb/server/remotes.ts';
import type { OvsdbServer } from '../../ovsdb/server/server.ts';
import { openStore, type Store, type StoreDeps } from '../../ovsdb/storage/store.ts';
import type { Replication } from './replication.ts';
import type { SavedConfig } from './saved-config.ts';
import { TableLog } from './table-log.ts';

const log = logger('ovsdb_server');

export interface RunningDeps {
  readonly server: OvsdbServer;
  readonly remotes: Remotes;
  readonly replication: Replication;
  readonly saved: SavedConfig;
  readonly storage: StoreDeps;
}

export class Running {
  readonly server: OvsdbServer;
  readonly remotes: Remotes;
  readonly replication: Replication;
  readonly tableLog = new TableLog();
  /** By database name. */
  readonly #files = new Map<string, Store>();
  /** Full paths of the files: the current folder may change. */
  readonly #paths = new Map<Store, string>();
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

  /** Opens a file and serves it. Throws OvsdbError. */
  addDatabase(path: string): void {
    this.openDatabase(path);
    this.save();
    this.replication.restart();
  }

  /** Like `addDatabase`, for the start. */
  openDatabase(path: string): void {
    if (this.#isOpen(path)) throw new OvsdbError('ovsdb error', `${path}: already open`);
    const file = openStore(path, this.#deps.storage);
    const db = file.database;
    const { name } = db.schema;
    const problem = name.startsWith('_')
      ? `${path}: names beginning with "_" are reserved`
      : this.#files.has(name)
        ? `${name}: duplicate database name`
        : undefined;
    if (problem !== undefined) {
      file.close();
      throw new OvsdbError('ovsdb error', problem);
    }
    this.#files.set(name, file);
    this.#paths.set(file, resolve(path));
    file.compactWhenDue();
    this.server.addDatabase(db);
    db.onCommit((commit) => {
      this.tableLog.committed(name, commit);
      this.#applyRemotesSoon();
    });
  }

  removeDatabase(name: string, comment: string): void {
    const file = this.#files.get(name);
    if (file === undefined) return;
    this.server.removeDatabase(name, comment);
    this.#files.delete(name);
    file.close();
    this.save();
    this.replication.restart();
  }

  /** Keeps the present state for a server that is started again after a crash. */
  save(): void {
    this.#deps.saved.save({
      remotes: this.remotes.names,
      files: [...this.#files.values()].flatMap((file) => this.#paths.get(file) ?? []),
      ...this.replication.config,
    });
  }

  close(): void {
    this.replication.stop();
    this.remotes.close();
    this.server.close();
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  #isApplyDue = false;

  /** A commit may have changed rows that name remotes. */
  #applyRemotesSoon(): void {
    if (this.#isApplyDue || !this.remotes.isFromDatabase) return;
    this.#isApplyDue = true;
    this.server.soon(() => {
      this.#isApplyDue = false;
      this.remotes.apply().catch((error: unknown) => log.err(`remotes: ${error}`));
    });
  }

  /** Whether the file is open already, under whatever name. */
  #isOpen(path: string): boolean {
    const wanted = statSync(path, { throwIfNoEntry: false });
    if (wanted === undefined) return false;
    return [...this.#files.values()].some((file) => {
      const known = statSync(this.#paths.get(file) ?? '', { throwIfNoEntry: false });
      return known?.ino === wanted.ino && known.dev === wanted.dev;
    });
  }
}
