/**
 * What appctl changed, kept in a temporary file so that `--monitor` can start the server again as it was: the remotes
 * and databases of the moment, not those of the command line.
 */
import { ftruncateSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf } from '../../base/errno.ts';
import { openSync, readFileSync, rmSync } from '../../base/files.ts';
import { logger } from '../../base/log.ts';
import { makeTemporaryFolder } from '../../daemon/temporary-folder.ts';
import type { ServerConfig } from './options.ts';

const log = logger('ovsdb_server');

/** How a server that is started again finds the file. */
const pathVariable = 'OVS_TS_SERVER_CONFIG';

export type Changeable = Pick<ServerConfig, 'remotes' | 'files' | 'syncFrom' | 'syncExclude' | 'isBackup'>;

export class SavedConfig {
  /** Undefined for a server that nobody starts again. */
  readonly #path: string | undefined;
  /** Kept open: saving must not fail where no file can be opened. */
  #fd: number | undefined;

  private constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Call before the program becomes a daemon: the processes that it starts inherit the place. Throws Fatal. */
  static prepare(isMonitored: boolean, env: Record<string, string | undefined>): SavedConfig {
    if (!isMonitored) return new SavedConfig(undefined);
    env[pathVariable] ??= join(makeTemporaryFolder('ovsdb-server'), 'config.json');
    return new SavedConfig(env[pathVariable]);
  }

  /** What a server before this one has saved. */
  load(): Changeable | undefined {
    if (this.#path === undefined) return undefined;
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch {
      return undefined; // nobody has saved anything
    }
  }

  save(config: Changeable): void {
    if (this.#path === undefined) return;
    try {
      this.#fd ??= openSync(this.#path, 'w', 0o600);
      ftruncateSync(this.#fd);
      writeSync(this.#fd, JSON.stringify(config), 0);
    } catch (error) {
      log.err(`failed to write temporary file (${reasonOf(error)})`);
    }
  }

  /** For an orderly end; after a crash the next server needs the file. */
  remove(): void {
    if (this.#path !== undefined) rmSync(dirname(this.#path), { recursive: true, force: true });
  }
}
