/** Starts `bin/ovsdb-server` in a folder of its own, for the system tests of the server. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Said } from './support/batch.ts';
import { canConnect } from './support/can-connect.ts';
import { runProgram } from './support/run-program.ts';

export const vswitchSchema = '/usr/share/openvswitch/vswitch.ovsschema';
export const northboundSchema = '/usr/share/ovn/ovn-nb.ovsschema';

const program = resolve('bin/ovsdb-server');

/** Is every one of these programs and files here? */
export function areInstalled(...needs: readonly string[]): boolean {
  return needs.every((need) =>
    need.startsWith('/') ? existsSync(need) : spawnSync('which', [need]).status === 0,
  );
}

export class ServerHarness {
  readonly folder: string;
  readonly remote: string;
  #child: ChildProcess | undefined;

  constructor(folder = mkdtempSync(join(tmpdir(), 'ovsdb-server-'))) {
    this.folder = folder;
    this.remote = `unix:${join(folder, 'db.sock')}`;
  }

  /** Creates conf.db with the real ovsdb-tool. */
  create(schema: string): void {
    const made = this.run('ovsdb-tool', 'create', join(this.folder, 'conf.db'), schema);
    if (made.status !== 0) throw new Error(made.stderr);
  }

  /** Resolves when the server listens. */
  async start(...more: readonly string[]): Promise<void> {
    const child = spawn(
      process.execPath,
      [
        program,
        `--remote=punix:${join(this.folder, 'db.sock')}`,
        `--unixctl=${join(this.folder, 'ctl')}`,
        ...more,
        join(this.folder, 'conf.db'),
      ],
      { stdio: ['ignore', 'inherit', 'inherit'], env: this.#env },
    );
    this.#child = child;
    for (let tries = 0; tries < 2400; tries++) {
      if (child.exitCode !== null) throw new Error(`ovsdb-server exited with ${child.exitCode}`);
      if (existsSync(join(this.folder, 'ctl')) && (await canConnect(join(this.folder, 'db.sock')))) return;
      await pause(25);
    }
    throw new Error('ovsdb-server does not listen');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  run(command: string, ...args: readonly string[]): Said {
    const maxBuffer = Number.POSITIVE_INFINITY;
    return runProgram(command, args, { env: this.#env, timeout: 120_000, maxBuffer });
  }

  /** Starts a program that goes on until it is disposed of. */
  launch(command: string, ...args: readonly string[]): RunningProgram {
    return new RunningProgram(spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: this.#env }));
  }

  appctl(...args: readonly string[]): Said {
    return this.run('ovs-appctl', '-t', join(this.folder, 'ctl'), ...args);
  }

  vsctl(...args: readonly string[]): Said {
    return this.run('ovs-vsctl', `--db=${this.remote}`, '--no-wait', ...args);
  }

  connect(): Socket {
    return createConnection(join(this.folder, 'db.sock'));
  }

  get #env(): Record<string, string | undefined> {
    return { ...process.env, OVS_RUNDIR: this.folder, OVS_LOGDIR: this.folder, OVS_DBDIR: this.folder };
  }
}

class RunningProgram implements Disposable {
  /** On standard output, so far. */
  said = '';
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (text) => (this.said += text));
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
