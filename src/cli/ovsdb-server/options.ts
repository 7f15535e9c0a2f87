/**
 * The options of ovsdb-server(1): their declaration, the help text, and what a command line asks for.
 */
import { lastArgument, type OptionDef, type readOptions } from '../../daemon/options.ts';
import { readTables } from './excluded-tables.ts';

/** What is this program's own; daemon, log and unixctl options are declared by `src/daemon`. */
export const serverOptions: readonly OptionDef[] = [
  { name: 'remote', argument: 'required', metavar: 'REMOTE' },
  { name: 'run', argument: 'required', metavar: 'COMMAND' },
  { name: 'private-key', short: 'p', argument: 'required', metavar: 'FILE' },
  { name: 'certificate', short: 'c', argument: 'required', metavar: 'FILE' },
  { name: 'ca-cert', short: 'C', argument: 'required', metavar: 'FILE' },
  { name: 'bootstrap-ca-cert', argument: 'required', metavar: 'FILE' },
  { name: 'peer-ca-cert', argument: 'required', metavar: 'FILE' },
  { name: 'ssl-protocols', argument: 'required', metavar: 'PROTOS' },
  { name: 'ssl-ciphers', argument: 'required', metavar: 'CIPHERS' },
  { name: 'sync-from', argument: 'required', metavar: 'SERVER' },
  { name: 'sync-exclude-tables', argument: 'required', metavar: 'DB:TABLE,...' },
  { name: 'active' },
  { name: 'no-dbs' },
  { name: 'disable-file-column-diff' },
];

/** Names of files or `db:` columns. */
export interface SslNames {
  readonly privateKey: string | undefined;
  readonly certificate: string | undefined;
  readonly caCert: string | undefined;
  readonly isBootstrap: boolean;
  readonly peerCaCert: string | undefined;
  readonly protocols: string | undefined;
  readonly ciphers: string | undefined;
}

export interface ServerConfig {
  readonly remotes: readonly string[];
  readonly files: readonly string[];
  readonly run: string | undefined;
  readonly ssl: SslNames;
  readonly syncFrom: string | undefined;
  readonly syncExclude: string | undefined;
  /** Starts as a backup of `syncFrom`. */
  readonly isBackup: boolean;
}

/** What appctl changes while the server runs. */
export type Changeable = Pick<ServerConfig, 'remotes' | 'files' | 'syncFrom' | 'syncExclude' | 'isBackup'>;

/** Throws UsageError. */
export function readServerConfig(line: ReturnType<typeof readOptions>, defaultFile: string): ServerConfig {
  const isUsed = (key: string) => line.options.some((use) => use.key === key);
  const caOption = line.options.findLast(({ key }) => key === 'ca-cert' || key === 'bootstrap-ca-cert');
  const syncExclude = lastArgument(line, 'sync-exclude-tables');
  if (syncExclude !== undefined) readTables(syncExclude);
  const syncFrom = lastArgument(line, 'sync-from');
  const remotes = line.options.flatMap((use) => (use.key === 'remote' ? (use.argument ?? []) : []));
  return {
    remotes: [...new Set(remotes)],
    files: line.rest.length > 0 ? [...new Set(line.rest)] : isUsed('no-dbs') ? [] : [defaultFile],
    run: lastArgument(line, 'run'),
    ssl: {
      privateKey: lastArgument(line, 'private-key'),
      certificate: lastArgument(line, 'certificate'),
      caCert: caOption?.argument,
      isBootstrap: caOption?.key === 'bootstrap-ca-cert',
      peerCaCert: lastArgument(line, 'peer-ca-cert'),
      protocols: lastArgument(line, 'ssl-protocols'),
      ciphers: lastArgument(line, 'ssl-ciphers'),
    },
    syncFrom,
    syncExclude,
    isBackup: syncFrom !== undefined && !isUsed('active'),
  };
}
