/** This server's part in active-backup: what options and appctl commands say, and the replicator that follows from it. */
import { Refused } from '../../base/errors.ts';
import { type Command, type CommandOutput, defineCommand, told } from '../../daemon/unixctl.ts';
import {
  defaultReplicationProbe,
  type ReplicationDeps,
  type ReplicationStatus,
  Replicator,
} from '../../ovsdb/server/replication.ts';
import { formatTables, readTables } from './excluded-tables.ts';
import type { Changeable } from './options.ts';

type SyncConfig = Pick<Changeable, 'syncFrom' | 'syncExclude' | 'isBackup'>;

export class Replication {
  readonly #deps: Omit<ReplicationDeps, 'failed'>;
  #config: SyncConfig;
  #probeInterval = defaultReplicationProbe;
  #replicator: Replicator | undefined;
  /** The configuration has changed and is to be saved. */
  onChange: () => void = () => {};

  constructor(config: SyncConfig, deps: Omit<ReplicationDeps, 'failed'>) {
    const { syncFrom, syncExclude, isBackup } = config;
    this.#config = { syncFrom, syncExclude, isBackup };
    this.#deps = deps;
    deps.server.isReadOnly = isBackup;
  }

  get config(): SyncConfig {
    return this.#config;
  }

  /** Starts over when this is a backup: databases or settings are others now. */
  restart(): void {
    this.stop();
    const { syncFrom, isBackup } = this.#config;
    if (!isBackup || syncFrom === undefined) return;
    this.#replicator = new Replicator(
      {
        ...this.#deps,
        failed: () => {
          this.#replicator = undefined;
          this.#set({ isBackup: false });
        },
      },
      { remote: syncFrom, excluded: this.#excluded(), probeInterval: this.#probeInterval },
    );
  }

  stop(): void {
    this.#replicator?.stop();
    this.#replicator = undefined;
  }

  commands(): Command[] {
    const simple = (name: string, run: () => CommandOutput): Command =>
      defineCommand({ name, usage: '', minArgs: 0, maxArgs: 0, run });
    const withOne = (name: string, run: (argument: string) => CommandOutput): Command =>
      defineCommand({ name, usage: '', minArgs: 1, maxArgs: 1, run: ([argument = '']) => run(argument) });
    return [
      withOne('ovsdb-server/set-active-ovsdb-server', (remote) => {
        this.#set({ syncFrom: remote });
        return '';
      }),
      simple('ovsdb-server/get-active-ovsdb-server', () => told(this.#config.syncFrom ?? '')),
      simple('ovsdb-server/connect-active-ovsdb-server', () => this.#becomeBackup()),
      simple('ovsdb-server/disconnect-active-ovsdb-server', () => {
        this.stop();
        this.#set({ isBackup: false });
        return '';
      }),
      withOne('ovsdb-server/set-active-ovsdb-server-probe-interval', (text) => this.#setProbeInterval(text)),
      defineCommand({
        name: 'ovsdb-server/set-sync-exclude-tables',
        usage: '',
        minArgs: 0,
        maxArgs: 1,
        run: ([tables = '']) => this.#exclude(tables),
      }),
      simple('ovsdb-server/get-sync-exclude-tables', () => {
        const text = formatTables(this.#excluded());
        return { text, json: text.split(',').filter((name) => name !== '') };
      }),
      simple('ovsdb-server/sync-status', () => this.#status()),
    ];
  }

  #set(change: Partial<SyncConfig>): void {
    this.#config = { ...this.#config, ...change };
    this.#deps.server.isReadOnly = this.#config.isBackup;
    this.onChange();
  }

  #becomeBackup(): CommandOutput {
    if (this.#config.syncFrom === undefined) {
      return told('Unable to connect: active server is not specified.\n');
    }
    this.#set({ isBackup: true });
    this.restart();
    return '';
  }

  #setProbeInterval(text: string): CommandOutput {
    if (!/^-?[0-9]+$/.test(text)) return told('Invalid probe interval, integer value expected');
    this.#probeInterval = Number(text);
    this.#replicator?.setProbeInterval(this.#probeInterval);
    return '';
  }

  #exclude(tables: string): CommandOutput {
    try {
      readTables(tables);
    } catch (error) {
      if (error instanceof Refused) return told(error.message);
      throw error;
    }
    this.#set({ syncExclude: tables });
    this.restart();
    return '';
  }

  #excluded(): ReturnType<typeof readTables> {
    return readTables(this.#config.syncExclude ?? '');
  }

  #status(): CommandOutput {
    const { isBackup, syncFrom = '' } = this.#config;
    if (!isBackup) return { text: 'state: active\n', json: { state: 'active' } };
    const status: ReplicationStatus = this.#replicator?.status ?? {
      progress: 'not connected',
      remote: syncFrom,
    };
    const excluded = formatTables(this.#excluded());
    return {
      text: `state: backup\n${formatStatus(status, excluded)}`,
      json: { state: 'backup', ...status, excluded: excluded.split(',').filter((name) => name !== '') },
    };
  }
}

function formatStatus(status: ReplicationStatus, excluded: string): string {
  const { remote } = status;
  if (status.progress !== 'replicating')
    return status.progress === 'connecting' ? `connecting: ${remote}` : `not connected to ${remote}`;
  const exclude = excluded === '' ? '' : `\nexclude: ${excluded}`;
  return `replicating: ${remote}\ndatabase: ${status.databases.join(', ')}${exclude}`;
}
