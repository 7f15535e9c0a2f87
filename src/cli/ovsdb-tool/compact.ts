/** ovsdb-tool compact and convert: reads a database file and writes it anew with only its contents. */
import { rmSync } from '../../base/files.ts';
import { Fatal, VERSION } from '../../daemon/program.ts';
import { OvsdbError } from '../../ovsdb/engine/errors.ts';
import type { DatabaseSchema } from '../../ovsdb/engine/types.ts';
import { type LockFile, LogFile } from '../../ovsdb/storage/log-file.ts';
import { followSymlinks, renameFile, syncFolder } from '../../ovsdb/storage/log-paths.ts';
import { emitSnapshot } from '../../ovsdb/storage/log-text.ts';
import { standaloneMagic } from '../../ovsdb/storage/record.ts';
import { openStore, type Store, type StoreDeps, writeContents } from '../../ovsdb/storage/store.ts';

export interface CompactOptions {
  readonly lock: LockFile;
  readonly deps: StoreDeps;
  /** For the comment in the new file. */
  readonly word: 'compacted' | 'converted';
  readonly schema?: DatabaseSchema;
}

/** Writes `source` to `target`, or in its own place when there is none. Throws OvsdbError or Fatal. */
export function compactFile(source: string, target: string | undefined, options: CompactOptions): void {
  const from = followSymlinks(source);
  const to = target === undefined ? `${from}.tmp` : followSymlinks(target);
  const sourceLock = target === undefined ? takeLock(from, options.lock) : undefined;
  const targetLock = takeLock(to, options.lock);
  try {
    const { schema, deps } = options;
    const store = openStore(from, deps, {
      isReadOnly: true,
      isStrict: true,
      ...(schema !== undefined && { schema }),
    });
    try {
      writeDatabase(to, store, options);
    } finally {
      store.close();
    }
    if (target !== undefined) return;
    renameFile(to, from);
    syncFolder(from);
  } finally {
    sourceLock?.release();
    targetLock.release();
  }
}

function takeLock(path: string, lock: LockFile): { release(): void } {
  try {
    return lock(path);
  } catch (error) {
    if (!(error instanceof OvsdbError)) throw error;
    throw new Fatal(`${error.details} (${error.ioError})`);
  }
}

function writeDatabase(path: string, store: Store, options: CompactOptions): void {
  const { database } = store;
  const snapshot = emitSnapshot(database.tables(), {
    comment: `${options.word} by ovsdb-tool ${VERSION}`,
    wall: options.deps.timers.clock.wall(),
    isDiff: false,
  });
  const file = LogFile.open(path, [standaloneMagic], { mode: 'create' });
  try {
    writeContents(file, database.schema, [...snapshot]);
    file.syncBlocking();
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    file.close();
  }
}
