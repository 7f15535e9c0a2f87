/**
 * The set of remotes as it should be, from the command line, appctl and `db:DB,TABLE,COLUMN` columns, brought about
 * and kept so while the databases change; what became of them is written back into the rows (`Manager.status`).
 */
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { compareBytes } from '../../base/text.ts';
import type { Timer } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { needsProbes } from '../../net/remote.ts';
import { isDbName, type NamedColumn, readManagers, readStrings, resolveColumn } from './db-column.ts';
import {
  ConnectingRemote,
  defaultDscp,
  openListener,
  type RemoteDeps,
  type RemoteOptions,
  type ServerRemote,
} from './remote.ts';
import { writeStatus } from './remote-status.ts';

const log = logger('ovsdb_jsonrpc_server');
const serverLog = logger('ovsdb_server');

const statusInterval = ms(2_500);
const defaultProbe = 5_000;
const defaultMaxBackoff = 8_000;

export function defaultRemoteOptions(target: string): RemoteOptions {
  return {
    probeInterval: needsProbes(target) ? defaultProbe : 0,
    maxBackoff: defaultMaxBackoff,
    dscp: defaultDscp,
  };
}

export class Remotes {
  readonly #deps: RemoteDeps;
  /** As given: targets and `db:` names. */
  readonly #names = new Set<string>();
  readonly #open = new Map<string, ServerRemote>();
  /** Listeners that are being opened. */
  readonly #opening = new Map<string, Promise<void>>();
  #timer: Timer | undefined;
  #lastErrors = '';
  #isStarted = false;
  #isClosed = false;

  constructor(deps: RemoteDeps) {
    this.#deps = deps;
  }

  /** As given, sorted. */
  get names(): readonly string[] {
    return [...this.#names].sort(compareBytes);
  }

  /** Does any of them depend on the contents of a database? */
  get isFromDatabase(): boolean {
    return [...this.#names].some(isDbName);
  }

  /** Changes take effect with `apply`. */
  add(name: string): void {
    this.#names.add(name);
  }

  /** False when there is none of that name. */
  remove(name: string): boolean {
    return this.#names.delete(name);
  }

  /** What is wrong with the `db:` names, one line each; "" when nothing is. */
  problems(): string {
    let problems = '';
    for (const name of this.names) {
      if (!isDbName(name)) continue;
      const column = resolveColumn(this.#deps.server, name);
      if (typeof column === 'string') problems += `${column}\n`;
    }
    return problems;
  }

  /** Opens and closes what has to be, now; resolves when the listeners listen or have failed to. */
  async apply(): Promise<void> {
    if (this.#isClosed) return;
    const problems = this.problems();
    if (problems !== '' && problems !== this.#lastErrors) serverLog.warn(problems);
    this.#lastErrors = problems;
    const wanted = this.#wanted();
    for (const [target, remote] of this.#open) {
      const options = wanted.get(target);
      if (options === undefined) log.info(`${target}: remote deconfigured`);
      else if (options.dscp === remote.options.dscp) continue;
      remote.close();
      this.#open.delete(target);
    }
    for (const [target, options] of wanted) {
      const remote = this.#open.get(target);
      if (remote !== undefined) remote.setOptions(options);
      else if (!this.#opening.has(target)) this.#openRemote(target, options);
    }
    await Promise.all(this.#opening.values());
  }

  /** From now on there are outgoing connections too; keeps applying and writing status back. */
  start(): void {
    this.#isStarted = true;
    void this.apply();
    this.writeStatus();
    if (!this.#deps.server.isReplayable)
      this.#timer = this.#deps.timers.after(statusInterval, () => this.start());
  }

  /** Writes is_connected and status of the remotes that come from rows into these. */
  writeStatus(): void {
    for (const name of this.#names) {
      const column = this.#column(name);
      if (column !== undefined) writeStatus(column, (target) => this.#open.get(target)?.status());
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const remote of this.#open.values()) remote.close();
    this.#open.clear();
  }

  #column(name: string): NamedColumn | undefined {
    const column = isDbName(name) ? resolveColumn(this.#deps.server, name) : undefined;
    return typeof column === 'string' ? undefined : column;
  }

  #wanted(): Map<string, RemoteOptions> {
    const wanted = new Map<string, RemoteOptions>();
    for (const name of this.#names) {
      if (!isDbName(name)) {
        if (!wanted.has(name)) wanted.set(name, defaultRemoteOptions(name));
        continue;
      }
      const column = this.#column(name);
      if (column === undefined) continue;
      for (const target of readStrings(column)) {
        if (!wanted.has(target)) wanted.set(target, defaultRemoteOptions(target));
      }
      for (const { target, ...given } of readManagers(column)) {
        wanted.set(target, { ...defaultRemoteOptions(target), ...given });
      }
    }
    return wanted;
  }

  #openRemote(target: string, options: RemoteOptions): void {
    if (!this.#deps.sockets.isPassive(target)) {
      if (this.#isStarted) this.#open.set(target, new ConnectingRemote(target, options, this.#deps));
      return;
    }
    const opening = openListener(target, options, this.#deps).then(
      (remote) => {
        this.#opening.delete(target);
        if (this.#isClosed) remote.close();
        else this.#open.set(target, remote);
      },
      (error: unknown) => {
        this.#opening.delete(target);
        if (!(error instanceof SyscallFailed)) throw error;
      },
    );
    this.#opening.set(target, opening);
  }
}
