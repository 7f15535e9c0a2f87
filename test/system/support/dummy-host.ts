/**
 * Either daemon, detached, with dummy devices only and the reference's ovsdb-server, in a folder of its own: what both
 * say and do can be compared without namespaces and without root's devices.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTextOrEmpty } from '../../../src/base/files.ts';
import './own-network.ts';
import { runBatch, type Said } from './batch.ts';
import { isRunning, until, type Which } from './daemon-pair.ts';
import { saidBy } from './run-program.ts';
import { settleLog } from './settled-log.ts';

const schemaFile = '/usr/share/openvswitch/vswitch.ovsschema';
const ourBin = new URL('../../../bin/', import.meta.url).pathname;
export const programs: Readonly<Record<Which, string>> = {
  ours: join(ourBin, 'ovs-vswitchd'),
  reference: '/usr/sbin/ovs-vswitchd',
};

export class DummyHost implements AsyncDisposable {
  readonly which: Which;
  readonly #dummies: readonly string[];
  #folder: string | undefined;

  /** Without `dummies`, which are options of the daemon, dummy devices take the place of all others. */
  constructor(which: Which, dummies: readonly string[] = ['--enable-dummy=override', '--disable-system']) {
    this.which = which;
    this.#dummies = dummies;
  }

  /** Made when it is first asked for: a test that does not run leaves none. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'ovs-dummy-'));
    return this.#folder;
  }

  get env(): NodeJS.ProcessEnv {
    const { folder } = this;
    return {
      ...process.env,
      OVS_RUNDIR: folder,
      OVS_DBDIR: folder,
      OVS_LOGDIR: folder,
      OVS_SYSCONFDIR: folder,
    };
  }

  /** A database without any row. */
  createDatabase(schema = schemaFile): void {
    rmSync(join(this.folder, 'conf.db'), { force: true });
    this.run('ovsdb-tool', 'create', join(this.folder, 'conf.db'), schema);
  }

  startDatabase(): void {
    const remote = `--remote=punix:${join(this.folder, 'db.sock')}`;
    this.run('ovsdb-server', remote, '--detach', '--no-chdir', '--pidfile', '-vconsole:off');
  }

  async stopDatabase(): Promise<void> {
    await this.#end('ovsdb-server');
  }

  /** Database with its root row, and the daemon. */
  async prepare(...args: readonly string[]): Promise<void> {
    this.createDatabase();
    this.startDatabase();
    this.vsctl('--no-wait', 'init');
    const said = await this.start(...args);
    if (said.status !== 0) throw new Error(`${this.which}: ${said.stderr}`);
  }

  /** Starts the daemon; resolves with how its first process ended, which is when the daemon says that it serves. */
  start(...args: readonly string[]): Promise<Said> {
    const name = args.find((arg) => arg.startsWith('--pidfile=')) ?? '--pidfile';
    const flags = ['--detach', '--no-chdir', name, '-vconsole:off', '--log-file'];
    return saidBy(spawn(programs[this.which], [...flags, ...this.#dummies, ...args], { env: this.env }));
  }

  /** Resolves when a daemon that may not be ready yet answers commands. */
  async untilItAnswers(): Promise<void> {
    await until(() => this.appctl('version').status === 0, `${this.which} to answer`);
  }

  /** Resolves when the daemon has ended by that signal. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const pid = this.pidOf('ovs-vswitchd');
    process.kill(pid, signal);
    await until(() => !isRunning(pid), `process ${pid} to end`);
  }

  /** 0 when it has no pid file. */
  pidOf(name: string): number {
    return Number(readTextOrEmpty(join(this.folder, `${name}.pid`)));
  }

  /** Of the daemon. */
  get controlSocket(): string {
    return join(this.folder, `ovs-vswitchd.${this.pidOf('ovs-vswitchd')}.ctl`);
  }

  get logFile(): string {
    return join(this.folder, 'ovs-vswitchd.log');
  }

  /** The log so far, without times and numbers; it may be behind what the daemon answered. */
  get log(): string {
    return this.plain(readTextOrEmpty(this.logFile));
  }

  /** The log with all that the daemon did before. */
  settledLog(): string {
    settleLog(this.logFile, this.env);
    return this.log;
  }

  run(program: string, ...args: readonly string[]): SpawnSyncReturns<string> {
    return spawnSync(program, args, { env: this.env, encoding: 'utf8', timeout: 120_000 });
  }

  /** Runs programs one after the other. */
  async runAll(commands: readonly (readonly string[])[]): Promise<Said[]> {
    return (await runBatch(commands, this.env)).map((said) => this.said(said));
  }

  /** The installed one, which both daemons serve. */
  appctl(...args: readonly string[]): Said {
    return this.said(this.run('ovs-appctl', '--timeout=60', ...args));
  }

  vsctl(...args: readonly string[]): Said {
    return this.said(this.run('ovs-vsctl', '--timeout=60', ...args));
  }

  /** Without what differs by chance: the folder, process ids in names of sockets, hashes, times. */
  said({ status, stdout, stderr }: Said): Said {
    return { status, stdout: this.plain(stdout), stderr: this.plain(stderr) };
  }

  plain(text: string): string {
    return text
      .replaceAll(this.folder, 'FOLDER')
      .replace(/ufid:[0-9a-f-]{36}/g, 'ufid:UFID')
      .replace(/\bduration=\d+s/g, 'duration=Ns')
      .replace(/, dp-extra-info:miniflow_bits\(\d+,\d+\)/g, '') // of a structure that we do not have
      .replace(/ovs-vswitchd\.\d+\.ctl/g, 'ovs-vswitchd.PID.ctl')
      .replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z\|\d+\|/gm, '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder === undefined) return;
    await this.#end('ovs-vswitchd');
    await this.#end('ovsdb-server');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(program: string): Promise<void> {
    const pid = this.pidOf(program);
    if (pid === 0 || !isRunning(pid)) return;
    process.kill(pid, 'SIGTERM');
    await until(() => !isRunning(pid), `process ${pid} to end`);
  }
}
