/**
 * What ovs-ctl does to the machine: runs programs, looks at pidfiles, waits. Kept apart so that the order of things
 * in `ctl.ts` reads straight down.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { Malformed } from '../../base/errors.ts';
import { existsSync, readTextOrEmpty } from '../../base/files.ts';
import { readPidText } from '../../daemon/pidfile.ts';
import { exactCommand } from '../../daemon/process-bytes.ts';
import { switchProcess } from '../switch-process.ts';

export interface Ran {
  readonly isOk: boolean;
  readonly output: string;
}

export interface RunStyle {
  readonly folder?: string;
  /** As of nice(1). */
  readonly niceness?: string | undefined;
}

export class Host {
  readonly #rundir: string;
  readonly #folders: readonly (string | undefined)[];

  /** `self` is the path of this program: its neighbours are preferred over those in $PATH. */
  constructor(rundir: string, self: string, env: Readonly<Record<string, string | undefined>>) {
    this.#rundir = rundir;
    this.#folders = [env.OVS_SBINDIR, env.OVS_BINDIR, dirname(self)];
  }

  /** The full path of one of our programs, or its bare name for $PATH. */
  find(program: string): string {
    const folder = this.#folders.find((each) => each !== undefined && existsSync(join(each, program)));
    return folder === undefined ? program : join(folder, program);
  }

  /** Runs to the end with what it says shown to the user; its standard output is also returned. */
  run(program: string, args: readonly string[], { folder, niceness }: RunStyle = {}): Ran {
    const words = [...(niceness === undefined ? [] : ['nice', '-n', niceness]), this.find(program), ...args];
    const done = spawnSync(...exactCommand(words[0] ?? '', words.slice(1)), {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    return { isOk: done.status === 0, output: done.stdout ?? '' };
  }

  /** Like `run` for what may fail without anybody being told. */
  tryQuietly(program: string, args: readonly string[]): Ran {
    const done = spawnSync(...exactCommand(this.find(program), args), {
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    });
    return { isOk: done.status === 0, output: done.stdout ?? '' };
  }

  pidfileOf(daemon: string): string {
    return join(this.#rundir, `${daemon}.pid`);
  }

  /** The process of a running daemon. */
  pidOf(daemon: string): number | undefined {
    try {
      const pid = readPidText(readTextOrEmpty(this.pidfileOf(daemon)));
      return isAlive(pid) ? pid : undefined;
    } catch (error) {
      if (error instanceof Malformed) return undefined;
      throw error;
    }
  }

  /** Is ovs-vswitchd its own database server? Then ovsdb-server is not missing. */
  servesDatabase(): boolean {
    return this.pidOf('ovs-vswitchd') !== undefined && switchProcess(this.#rundir).servesDatabase;
  }

  /** Asks the daemon to exit, then insists. False when it is still there at the end. */
  stop(daemon: string, pid: number): boolean {
    const socket = join(this.#rundir, `${daemon}.${pid}.ctl`);
    const steps: (() => void)[] = [
      () => this.tryQuietly('ovs-appctl', ['-T', '1', '-t', socket, 'exit']),
      () => signal(pid, 'SIGTERM'),
      () => signal(pid, 'SIGKILL'),
    ];
    for (const step of steps) {
      step();
      for (const wait of [0.1, 0.25, 0.65, 1, 1, 1]) {
        if (!isAlive(pid)) return true;
        sleep(wait);
      }
    }
    return !isAlive(pid);
  }
}

function isAlive(pid: number): boolean {
  // A dead child that nobody has waited for yet is gone for our purpose
  return /^State:\s+[^Z\s]/m.test(readTextOrEmpty(`/proc/${pid}/status`));
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has just ended
  }
}

/** Blocks: ovs-ctl has nothing else to do meanwhile. */
function sleep(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}
