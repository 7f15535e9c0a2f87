/** Programs in folders of their own, run to their end with everything that they say; for tests of how programs fail. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';

const bin = new URL('../../../bin', import.meta.url).pathname;
export const schemaFile = '/usr/share/openvswitch/vswitch.ovsschema';

/** The same command line with our program in place of the reference's. */
export const ours = (words: readonly string[]): string[] => [`${bin}/${words[0]}`, ...words.slice(1)];

/** What daemons say that are there to stay. */
export const staying = /connection attempt failed|\(Open vSwitch\) 3/;

/** Each program's arguments for a run that ends by itself or says that it stays, and in which its files matter. */
export const lineOf: Readonly<Record<string, readonly string[]>> = {
  'ovs-appctl': ['version'],
  'ovs-ctl': ['--no-ovs-vswitchd', '--no-monitor', '--system-id=random', 'start'],
  'ovs-dpctl': ['list-commands'],
  'ovs-ofctl': ['show', 'ssl:127.0.0.1:1'],
  'ovs-testcontroller': ['--unixctl=none', 'ssl:127.0.0.1:1'],
  'ovs-ts': ['ovs-vsctl', '--version'],
  'ovs-vsctl': ['--db=ssl:127.0.0.1:1', '--no-wait', 'show'],
  'ovs-vswitchd': ['--unixctl=none', 'ssl:127.0.0.1:1'],
  'ovsdb-client': ['monitor', 'ssl:127.0.0.1:1', 'Open_vSwitch', 'QoS'],
  'ovsdb-server': ['--unixctl=none', '--remote=pssl:0:127.0.0.1', '--run=true', 'db/conf.db'],
  'ovsdb-tool': ['list-commands'],
};
export const programs = Object.keys(lineOf);

export interface Ended {
  /** Exit status, name of the signal, or "runs" when it said `until` and was ended by us. */
  readonly end: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Style {
  readonly stdout?: number | 'pipe';
  readonly stdin?: string;
  /** A program that goes on running is ended when it says this. */
  readonly until?: RegExp;
}

function end(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

/** Folders for one program: its run, log, database and home folder, and the one that it is started in. */
export class ProgramFolder {
  folder: string;
  /** Process groups of what runs, for the test's end. */
  protected readonly groups: Set<number>;

  constructor(folder: string, groups: Set<number>) {
    this.folder = folder;
    this.groups = groups;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  makeFolders(): void {
    for (const name of ['', 'run', 'log', 'db', 'etc', 'home', 'tmp']) mkdirSync(this.path(name));
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      OVS_RUNDIR: this.path('run'),
      OVS_LOGDIR: this.path('log'),
      OVS_DBDIR: this.path('db'),
      OVS_SYSCONFDIR: this.path('etc'),
      TMPDIR: this.path('tmp'),
      HOME: this.path('home'),
    };
  }

  /** Runs a program to its end, in a process group of its own. */
  run(words: readonly string[], { stdout = 'pipe', stdin, until }: Style = {}): Promise<Ended> {
    const [program = '', ...args] = words;
    const child = spawn(program, args, {
      env: this.environment,
      cwd: this.folder,
      detached: true,
      stdio: ['pipe', stdout, 'pipe'],
    });
    if (child.pid !== undefined) this.groups.add(child.pid);
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin ?? '');
    const said = { stdout: '', stderr: '' };
    let isRunning = false;
    const listen = (name: 'stdout' | 'stderr') => (text: Buffer) => {
      said[name] += text;
      if (until?.test(said.stdout + said.stderr) === true && child.pid !== undefined) {
        isRunning = true;
        end(child.pid);
      }
    };
    child.stdout?.on('data', listen('stdout'));
    child.stderr?.on('data', listen('stderr'));
    return new Promise((resolve) => {
      child.on('close', (status, signal) =>
        resolve({ end: isRunning ? 'runs' : (status ?? signal), ...said }),
      );
    });
  }

  /** What is the same for both implementations and for every run. */
  neutral(text: string): string {
    return text
      .replaceAll(this.folder, 'FOLDER')
      .replace(/^20[^|]*\|[0-9]+\|/gm, 'TIME|')
      .replace(/\.[0-9]+\.ctl/g, '.PID.ctl');
  }

  /** Lines of a log, or "PROGRAM: message": what an operator reads, not where in the code it came up. */
  expectPlain(stderr: string): void {
    for (const line of this.neutral(stderr).split('\n').filter(Boolean)) {
      expect(line).toMatch(/^(TIME\|[a-z_]+\|[A-Z]+\||ovs[a-z-]*: |\/bin\/sh: )/);
      expect(line).not.toMatch(/\b(E[A-Z]{3,}: |node:|file:\/\/)/);
    }
  }

  makeDatabase(name = 'db/conf.db'): string {
    const path = this.path(name);
    expect(spawnSync('ovsdb-tool', ['create', path, schemaFile]).status).toBe(0);
    return path;
  }
}

export class ProgramPlace extends ProgramFolder {
  readonly #folders = mkdtempSync(join(tmpdir(), 'environment-'));
  #count = 0;

  /** To be called once in a test file: each of its tests gets a fresh folder. */
  constructor() {
    super('', new Set());
    chmodSync(this.#folders, 0o755);
    beforeEach(() => {
      this.folder = join(this.#folders, `${this.#count++}`);
      this.makeFolders();
    });
    afterEach(() => this.#killAll());
    afterAll(() => rmSync(this.#folders, { recursive: true, force: true }));
  }

  /** Folders for one more program, which runs beside the others of the test. */
  another(): ProgramFolder {
    const other = new ProgramFolder(join(this.#folders, `${this.#count++}`), this.groups);
    other.makeFolders();
    return other;
  }

  #killAll(): void {
    this.groups.forEach(end);
    this.groups.clear();
  }
}
