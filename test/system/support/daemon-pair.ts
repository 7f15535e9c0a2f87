/**
 * One host with a switch on it: a namespace, a database of its own, and either our daemon or the reference's. Both
 * are driven by the same real ovs-vsctl, so that what they make of it can be compared.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { readTextOrEmpty } from '../../../src/base/files.ts';
import { Namespace } from './namespace.ts';
import { settleLog } from './settled-log.ts';

const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const root = new URL('../../..', import.meta.url).pathname;

/** Why there is no reference to compare with; undefined when there is. */
export function whyNoReference(): string | undefined {
  const missing = ['/usr/sbin/ovs-vswitchd', '/usr/sbin/ovsdb-server', '/usr/bin/ovs-vsctl', schema];
  const absent = missing.find((file) => !existsSync(file));
  return absent === undefined ? undefined : `${absent} is not installed`;
}

export type Which = 'ours' | 'reference';

export interface SwitchHostOptions {
  /** Ours serves the database itself; otherwise the reference's ovsdb-server does. */
  readonly isEmbedded?: boolean;
  /** More arguments for the daemon. */
  readonly args?: readonly string[];
  /** Another switch on whose host this one is to be, in a folder of its own. */
  readonly besides?: SwitchHost;
}

export class SwitchHost implements AsyncDisposable {
  readonly which: Which;
  readonly host: Namespace;
  readonly folder = mkdtempSync(join(tmpdir(), 'ovs-'));
  readonly #isGuest: boolean;
  readonly #isEmbedded: boolean;
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  #pid: number | undefined;
  #databasePid: number | undefined;

  constructor(which: Which, options: SwitchHostOptions = {}) {
    this.which = which;
    this.#isEmbedded = options.isEmbedded === true;
    this.#args = options.args ?? [];
    this.#isGuest = options.besides !== undefined;
    this.host = options.besides?.host ?? new Namespace(which);
    const { folder } = this;
    this.#env = { ...process.env, OVS_RUNDIR: folder, OVS_DBDIR: folder, OVS_LOGDIR: folder };
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  /** So far: it may be behind what the daemon answered. */
  get log(): string {
    return readTextOrEmpty(this.#logFile);
  }

  /** The log with all that the daemon did before. */
  settledLog(): string {
    settleLog(this.#logFile, this.#env);
    return this.log;
  }

  get #logFile(): string {
    return join(this.folder, 'ovs-vswitchd.log');
  }

  /** Resolves when the daemon serves. */
  async start(): Promise<void> {
    if (!this.#isEmbedded && this.#databasePid === undefined) this.#startDatabase();
    const file = join(this.folder, 'ovs-vswitchd.pid');
    const program = this.which === 'ours' ? join(root, 'bin/ovs-vswitchd') : '/usr/sbin/ovs-vswitchd';
    const embedded = this.#isEmbedded ? ['--embedded-db'] : [];
    const args = ['--pidfile', '--log-file', '-vconsole:off', ...embedded, ...this.#args];
    spawn('ip', ['netns', 'exec', this.host.name, program, ...args], { env: this.#env, stdio: 'ignore' });
    await until(() => existsSync(file), `${program} to start`);
    await this.#serves();
  }

  async #serves(): Promise<void> {
    const program = `the ${this.which} daemon`;
    this.#pid = this.#pidInFile();
    await until(() => this.vsctl('--timeout=10', 'show').status === 0, `${program} to serve`);
    await until(() => this.appctl('version').status === 0, `${program} to answer`);
  }

  /** By the command of that name. */
  async exit(...args: string[]): Promise<void> {
    const done = this.appctl('exit', ...args);
    if (done.status !== 0) throw new Error(`exit ${args.join(' ')}: ${done.stderr}`);
    await this.#ends();
  }

  async #ends(): Promise<void> {
    const pid = this.#pid;
    if (pid === undefined) return;
    this.#pid = undefined;
    await until(() => !isRunning(pid), `process ${pid} to end`);
    rmSync(join(this.folder, 'ovs-vswitchd.pid'), { force: true });
  }

  /** SIGKILL, as a crash would. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#pid !== undefined) process.kill(this.#pid, signal);
    await this.#ends();
  }

  /** With `--monitor`: resolves when the daemon that follows serves. */
  async crash(): Promise<void> {
    const pid = this.#pid ?? 0;
    process.kill(pid, 'SIGSEGV');
    await until(() => ![0, pid].includes(this.#pidInFile()), 'the next daemon to start');
    await this.#serves();
  }

  vsctl(...args: string[]): SpawnSyncReturns<string> {
    return spawnSync('ovs-vsctl', ['--timeout=60', ...args], { env: this.#env, encoding: 'utf8' });
  }

  /** Like `vsctl`; throws with what it said when it fails. */
  configure(...args: string[]): string {
    const done = this.vsctl(...args);
    if (done.status !== 0) throw new Error(`ovs-vsctl ${args.join(' ')}: ${done.stderr}`);
    return done.stdout.trim();
  }

  appctl(...args: string[]): SpawnSyncReturns<string> {
    const target = this.#pid === undefined ? [] : ['-t', this.controlSocket];
    return spawnSync('ovs-appctl', ['--timeout=60', ...target, ...args], {
      env: this.#env,
      encoding: 'utf8',
    });
  }

  /** The daemon's control socket. */
  get controlSocket(): string {
    return join(this.folder, `ovs-vswitchd.${this.#pid}.ctl`);
  }

  /** Any program inside the host, with the daemon's folders. */
  run(program: string, ...args: string[]): SpawnSyncReturns<string> {
    const inside = ['netns', 'exec', this.host.name, program, ...args];
    return spawnSync('ip', inside, { env: this.#env, encoding: 'utf8' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGTERM');
    const database = this.#databasePid;
    if (database !== undefined) {
      process.kill(database, 'SIGTERM');
      await until(() => !isRunning(database), `process ${database} to end`);
    }
    if (!this.#isGuest) this.host[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** 0 without. */
  #pidInFile(): number {
    return Number(readTextOrEmpty(join(this.folder, 'ovs-vswitchd.pid')));
  }

  #startDatabase(): void {
    const file = join(this.folder, 'conf.db');
    const remote = `--remote=punix:${join(this.folder, 'db.sock')}`;
    const flags = ['--detach', '--no-chdir', '--pidfile', '-vconsole:off'];
    spawnSync('ovsdb-tool', ['create', file, schema], { env: this.#env });
    spawnSync('ovsdb-server', [file, remote, ...flags], { env: this.#env });
    this.#databasePid = Number(readFileSync(join(this.folder, 'ovsdb-server.pid'), 'utf8'));
    this.vsctl('--no-wait', 'init');
  }
}

/** Only what never becomes true takes the limit: a busy machine may stop any process for seconds. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  limit = 60_000,
): Promise<void> {
  const end = Date.now() + limit;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`waited ${limit} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Both hosts tell the same, soon: a log, and what the kernel is told, may be behind what a tool was answered. */
export async function untilAlike<H>(tell: (host: H) => unknown, ours: H, reference: H): Promise<void> {
  const isAlike = (): boolean => isDeepStrictEqual(tell(ours), tell(reference));
  await until(isAlike, 'both to tell the same').catch(() => expect(tell(ours)).toEqual(tell(reference)));
}

/** One that has ended with all its threads is not, even before its parent takes note, which may be a second later. */
export function isRunning(pid: number): boolean {
  const [state, ...rest] = readTextOrEmpty(`/proc/${pid}/stat`).replace(/.*\) /, '').split(' ');
  const threadCount = Number(rest[16]);
  return state !== undefined && state !== '' && (state !== 'Z' || threadCount > 1);
}
