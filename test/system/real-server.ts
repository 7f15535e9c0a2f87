/** A real ovsdb-server (Debian's) on a fresh database in a folder of its own, for tests of clients and tools. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeText } from '../../src/base/text.ts';
import { exactCommand } from '../../src/daemon/process-bytes.ts';
import { runBatch, type Said } from './support/batch.ts';
import { canConnect } from './support/can-connect.ts';

export const schemaFile = '/usr/share/openvswitch/vswitch.ovsschema';

/** Why these tests cannot run here; undefined when they can. */
export function whyNoServer(): string | undefined {
  const isThere = spawnSync('ovsdb-server', ['--version']).status === 0 && existsSync(schemaFile);
  return isThere ? undefined : 'needs ovsdb-server, ovsdb-tool and the schema of openvswitch-switch';
}

export class RealServer {
  readonly folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.folder = folder;
    this.#child = child;
  }

  /** `database`: instead of an empty one of the Open_vSwitch schema; `program`: instead of Debian's. */
  static async start(
    database?: string,
    program = 'ovsdb-server',
    options: readonly string[] = [],
  ): Promise<RealServer> {
    const folder = mkdtempSync(`${tmpdir()}/ovs-ts-server-`);
    if (database === undefined) execFileSync('ovsdb-tool', ['create', `${folder}/conf.db`, schemaFile]);
    const args = [
      database ?? `${folder}/conf.db`,
      `--remote=punix:${folder}/db.sock`,
      '-vconsole:off',
      `--unixctl=${folder}/ctl`,
      ...options,
    ];
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: { ...process.env, OVS_RUNDIR: folder },
    });
    while (!(await canConnect(`${folder}/db.sock`))) await sleep(5);
    return new RealServer(folder, child);
  }

  /** For programs that talk with this server. */
  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, OVS_RUNDIR: this.folder, OVS_LOGDIR: '/var/log/openvswitch' };
  }

  /** Runs a program against this server. Arguments and output are text of any bytes (src/base/text.ts). */
  run(program: string, args: readonly string[]): Said {
    const command = exactCommand(program, args);
    const { stdout, stderr, status } = spawnSync(...command, { env: this.#env, timeout: 120_000 });
    return { stdout: decodeText(stdout), stderr: decodeText(stderr), status };
  }

  /** The same for many, one after the other; each begins with the program. */
  runAll(commands: readonly (readonly string[])[]): Promise<Said[]> {
    return runBatch(commands, this.#env);
  }

  /** Has it end by itself, and resolves when it has. */
  async exit(): Promise<void> {
    this.run('ovs-appctl', ['-t', `${this.folder}/ctl`, 'exit']);
    while (this.#child.exitCode === null && this.#child.signalCode === null) await sleep(5);
  }

  stop(): void {
    this.#child.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
