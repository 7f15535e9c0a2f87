/** What every command of ovsdb-tool is given. */
import type { LockFile } from '../../ovsdb/storage/log-file.ts';

export interface ToolContext {
  readonly lock: LockFile;
  readonly defaultDatabase: string;
  readonly defaultSchema: string;
  /** How often -m was given. */
  readonly verbosity: number;
  readonly role: string | undefined;
  print(text: string): void;
}
