/**
 * A database kept in a log file: opened by replay, written at every commit, compacted when it has grown. Used by the
 * server and by ovsdb-tool. Commits of one turn of the event loop are written together; what must be durable is answered
 * after the disk has it, many commits with one fsync.
 */

import type { Defer } from '../../base/defer.ts';
import { logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Timer } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { emitJson } from '../../rpc/json.ts';
import { Database, type DatabaseDeps } from '../engine/database.ts';
import { OvsdbError } from '../engine/errors.ts';
import { compiledSchemaToJson, compileSchema } from '../engine/schema.ts';
import type { Commit, DatabaseSchema, Journal, TableContents } from '../engine/types.ts';
import { type LockFile, LogFile } from './log-file.ts';
import type { LogFiles } from './log-opening.ts';
import { emitCommit, emitSnapshot, type SnapshotOptions } from './log-text.ts';
import { clusterMagic, emitLongRecord, emitRecord, standaloneMagic } from './record.ts';
import { replayRecord } from './replay.ts';

const log = logger('ovsdb_file');

export interface StoreDeps extends DatabaseDeps {
  /** Absent: the file is not locked, for readers. */
  readonly lock?: LockFile;
  readonly random: Random;
  readonly defer: Defer;
  readonly files?: LogFiles;
}

export interface StoreOptions {
  /** Opens for reading only: commits fail. */
  readonly isReadOnly?: boolean;
  /** Reads the contents as this schema instead of the file's own. */
  readonly schema?: DatabaseSchema;
  /** What the tools do: a record that cannot be read is an error, not the end of the file. */
  readonly isStrict?: boolean;
}

/** Opens a standalone database's file and replays it. Throws OvsdbError. */
export function openStore(name: string, deps: StoreDeps, options: StoreOptions = {}): Store {
  const file = openStandalone(name, deps, options.isReadOnly === true);
  try {
    const schema = readSchema(file);
    const database = new Database(options.schema ?? schema, deps);
    const base = replayAll(file, database, options);
    const store = new Store(database, file, deps, base);
    database.setJournal(store);
    return store;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The log of a standalone database, at its start. Throws OvsdbError, with the remedy for a clustered one. */
export function openStandalone(
  name: string,
  deps: Pick<StoreDeps, 'lock' | 'files'>,
  isReadOnly: boolean,
): LogFile {
  const { lock, files } = deps;
  const file = LogFile.open(name, [standaloneMagic, clusterMagic], {
    mode: isReadOnly ? 'read' : 'write',
    ...(lock !== undefined && !isReadOnly && { lock }),
    ...(files !== undefined && { files }),
  });
  if (file.magic === standaloneMagic) return file;
  file.close();
  throw new OvsdbError('ovsdb error', `${name}: cannot apply this operation to clustered database file`);
}

/** The schema, from the first record. Throws OvsdbError. */
export function readSchema(file: LogFile): DatabaseSchema {
  const json = file.read();
  if (json === undefined) throw new OvsdbError('ovsdb error', 'unexpected end of file reading schema');
  return compileSchema(json);
}

/** Replays all transactions; returns the size of the file's compacted beginning. */
function replayAll(file: LogFile, database: Database, options: StoreOptions): number {
  const isConverting = options.schema !== undefined;
  let base = 0;
  try {
    for (let data = file.readBytes(); data !== undefined; data = file.readBytes()) {
      if (file.recordCount === 2) base = file.size;
      const replayed = replayRecord(database, file, data, { isConverting });
      if (replayed.kind === 'applied') continue;
      // The tools end quietly at a transaction that breaks a constraint; the server skips it.
      if (replayed.kind === 'inconsistent' && options.isStrict !== true) {
        log.info(replayed.error.message);
        continue;
      }
      file.unread();
      if (replayed.kind === 'inconsistent') break;
      throw replayed.error;
    }
  } catch (error) {
    if (!(error instanceof OvsdbError) || options.isStrict === true) throw error;
    log.err(error.message);
    log.warn(
      `${file.name}: ignoring the last ${file.strayBytes} bytes, which are no complete transaction; the next write removes them`,
    );
  }
  return base;
}

const minute = 60_000;
const day = 24 * 60 * minute;
const mebibyte = 1024 * 1024;

export class Store implements Journal {
  readonly database: Database;
  readonly #file: LogFile;
  readonly #deps: StoreDeps;
  /** Bytes after the last compaction, by which growth is measured. */
  #base: number;
  /** Records that the next `flush` writes. */
  #pending: Buffer[] = [];
  /** Records of commits that came while a compaction runs. */
  #sinceSnapshot: Buffer[] | undefined;
  #compaction: Promise<void> | undefined;
  #timer: Timer | undefined;
  /** When the log must be compacted however little it has grown. */
  #latest = Number.POSITIVE_INFINITY;

  constructor(database: Database, file: LogFile, deps: StoreDeps, base: number) {
    this.database = database;
    this.#file = file;
    this.#deps = deps;
    this.#base = base;
  }

  get name(): string {
    return this.#file.name;
  }

  /** Bytes of the log. */
  get size(): number {
    return this.#file.size;
  }

  get isCompacting(): boolean {
    return this.#compaction !== undefined;
  }

  append(commit: Commit): void {
    const text = emitCommit(commit, this.#deps.timers.clock.wall());
    if (text !== undefined) this.#pending.push(emitRecord(text));
  }

  flush(): void {
    const records = this.#pending;
    if (records.length === 0) return;
    this.#pending = [];
    this.#file.appendRecords(records);
    this.#sinceSnapshot?.push(...records);
  }

  defer(action: () => void): void {
    this.#deps.defer(action);
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  syncBlocking(): void {
    this.#file.syncBlocking();
  }

  replace(schema: DatabaseSchema, tables: Iterable<TableContents>, comment: string): void {
    const replacement = this.#file.openReplacement();
    try {
      const pieces = [...emitSnapshot(tables, this.#snapshotOptions(comment))];
      writeContents(replacement, schema, pieces);
      replacement.syncBlocking();
      this.#file.replaceBy(replacement);
    } catch (error) {
      replacement.remove();
      throw error;
    }
    this.#base = this.#file.size;
    // A compaction that runs would bring the old schema back.
    this.#sinceSnapshot = undefined;
  }

  /** Writes the log anew with only what is there now, while transactions go on. Rejects with OvsdbError. */
  compact(): Promise<void> {
    this.#compaction ??= this.#compact().finally(() => {
      this.#compaction = undefined;
      this.#sinceSnapshot = undefined;
    });
    return this.#compaction;
  }

  /** Compacts from time to time, by the reference's rules: after growth, or once a day. */
  compactWhenDue(): void {
    this.#schedule(1);
    this.#latest = this.#deps.timers.clock.now() + day;
  }

  close(): void {
    this.database.settle();
    this.#timer?.cancel();
    this.#sinceSnapshot = undefined;
    this.database.setJournal(undefined);
    this.#file.close();
  }

  #snapshotOptions(comment: string): SnapshotOptions {
    return { comment, wall: this.#deps.timers.clock.wall(), isDiff: true };
  }

  async #compact(): Promise<void> {
    this.database.settle();
    const since: Buffer[] = [];
    this.#sinceSnapshot = since;
    const { schema } = this.database;
    const started = this.#deps.timers.clock.now();
    const pieces: Buffer[] = [];
    for (const piece of emitSnapshot(
      this.database.tables(),
      this.#snapshotOptions('compacting database online'),
    )) {
      pieces.push(piece);
      await new Promise<void>((resume) => this.#deps.defer(resume));
    }
    const replacement = this.#file.openReplacement();
    try {
      writeContents(replacement, schema, pieces);
      await replacement.sync();
      // A conversion, or the end, came in between.
      if (this.#sinceSnapshot !== since) {
        replacement.remove();
        return;
      }
      const base = replacement.size;
      if (since.length > 0) {
        replacement.appendRecords(since);
        replacement.syncBlocking();
      }
      this.#file.replaceBy(replacement);
      this.#base = base;
    } catch (error) {
      replacement.remove();
      throw error;
    }
    const took = Math.round(this.#deps.timers.clock.now() - started);
    const text = `${schema.name}: Database compaction took ${took}ms`;
    if (took > 1000) log.info(text);
    else log.dbg(text);
  }

  /** Next look in 10 to 20 minutes, or a fraction of that. */
  #schedule(fraction: number): void {
    const delay = (10 * minute + (this.#deps.random.u32() % (10 * minute))) * fraction;
    this.#timer = this.#deps.timers.after(ms(delay), () => this.#look());
  }

  #look(): void {
    const hasGrown = this.#file.size > 10 * mebibyte && this.#file.size / 2 > this.#base;
    const isLate = this.#deps.timers.clock.now() >= this.#latest;
    if (!isLate && !(hasGrown && this.#file.recordCount >= 100)) {
      this.#timer = this.#deps.timers.after(ms(minute), () => this.#look());
      return;
    }
    this.compact().then(
      () => this.compactWhenDue(),
      (error: unknown) => {
        if (!(error instanceof OvsdbError)) throw error;
        log.info(error.message);
        this.#schedule(0.1);
      },
    );
  }
}

/** Writes schema and snapshot, the first two records of a compacted log. Throws OvsdbError. */
export function writeContents(file: LogFile, schema: DatabaseSchema, pieces: readonly Buffer[]): void {
  file.append(emitJson(compiledSchemaToJson(schema)));
  file.appendRecords([Buffer.concat(emitLongRecord(pieces))]);
}

/** Makes a new file with that schema and no contents. Throws OvsdbError. */
export function createDatabaseFile(
  name: string,
  schema: DatabaseSchema,
  deps: Pick<StoreDeps, 'lock' | 'files'>,
): void {
  const { lock, files } = deps;
  const file = LogFile.open(name, [standaloneMagic], {
    mode: 'create-new',
    ...(lock !== undefined && { lock }),
    ...(files !== undefined && { files }),
  });
  try {
    file.append(emitJson(compiledSchemaToJson(schema)));
    file.syncBlocking();
  } finally {
    file.close();
  }
}
