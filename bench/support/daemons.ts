/**
 * A whole switch with its database, ours or the installed reference, in folders of its own; the same calls drive both.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reference } from './reference.ts';

export interface Daemons {
  readonly isOurs: boolean;
  /** Of ovs-vswitchd. */
  readonly pid: number;
  /** Where the database listens. */
  readonly socket: string;
  /**
   * Runs a tool to its end; throws with what it said when it fails. `ovs-vsctl` is the reference's unless `tools` says
   * ours.
   */
  call(program: string, ...args: string[]): string;
  /** The same; resolves when it has ended. What it prints goes nowhere. */
  run(program: string, ...args: string[]): Promise<void>;
  stop(): Promise<void>;
}

const ourBin = join(process.cwd(), 'bin');
const quiet = ['-vconsole:off', '-vsyslog:off'];

export interface DaemonsOptions {
  /** The switch makes every device of memory. */
  readonly dummy?: boolean;
  /** Whose ovs-vsctl and ovs-appctl `call` runs. */
  readonly tools?: 'ours' | 'reference';
  /** Whose database the switch uses; its own (ours: inside the same process) unless given. */
  readonly database?: 'reference';
}

export async function startDaemons(
  which: 'ours' | 'reference',
  options: DaemonsOptions = {},
): Promise<Daemons> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-ovs-'));
  const env = {
    ...process.env,
    OVS_RUNDIR: folder,
    OVS_LOGDIR: folder,
    OVS_DBDIR: folder,
    OVS_SYSCONFDIR: folder,
    NODE_EXTRA_CA_CERTS: '', // Node reads them at every start; no tool uses them
  };
  const call = (program: string, ...args: string[]): string => {
    const path = options.tools === 'ours' ? join(ourBin, program) : program;
    const done = spawnSync(path, args, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (done.status !== 0) throw new Error(`${program} ${args.slice(0, 8).join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
  const run = async (program: string, ...args: string[]): Promise<void> => {
    const child = spawn(program, args, { env, stdio: 'ignore' });
    const status = await new Promise((resolve) => child.once('close', resolve));
    if (status !== 0) throw new Error(`${program} ${args.slice(0, 8).join(' ')} ended with ${status}`);
  };
  const dummy = options.dummy === true ? ['--enable-dummy=override', '--disable-system'] : [];
  const socket = join(folder, 'db.sock');
  const children: ChildProcess[] = [];
  const isEmbedded = (which === 'ours' || reference.isOurs) && options.database === undefined;
  if (!isEmbedded) {
    const database = join(folder, 'conf.db');
    spawnSync('ovsdb-tool', ['create', database, '/usr/share/openvswitch/vswitch.ovsschema'], { env });
    children.push(
      spawn('ovsdb-server', [database, `--remote=punix:${socket}`, ...quiet], { env, stdio: 'ignore' }),
    );
    while (!existsSync(socket)) await sleep(20);
    spawnSync('ovs-vsctl', ['--no-wait', 'init'], { env });
  }
  const program = which === 'ours' ? join(ourBin, 'ovs-vswitchd') : reference.daemon('ovs-vswitchd');
  const daemon = spawn(program, [...(isEmbedded ? ['--embedded-db'] : []), ...dummy, ...quiet], {
    env,
    stdio: 'ignore',
  });
  children.unshift(daemon);
  const pid = daemon.pid ?? 0;
  while (!existsSync(join(folder, `ovs-vswitchd.${pid}.ctl`)) || !existsSync(socket)) {
    if (daemon.exitCode !== null) throw new Error(`ovs-vswitchd (${which}) ended with ${daemon.exitCode}`);
    await sleep(20);
  }
  return {
    isOurs: which === 'ours',
    pid,
    socket,
    call,
    run,
    async stop() {
      for (const child of children) {
        const ended = new Promise((resolve) => child.once('close', resolve));
        if (child.exitCode === null && child.kill()) await ended;
      }
      rmSync(folder, { recursive: true });
    },
  };
}

/** Seconds of CPU that the threads of a process have used. */
export function cpuSeconds(pid: number): number {
  return [...threadSeconds(pid).values()].reduce((sum, n) => sum + n, 0);
}

/** The same of each thread, by its number. */
export function threadSeconds(pid: number): Map<string, number> {
  const threads = readdirSync(`/proc/${pid}/task`);
  return new Map(
    threads.map((thread) => {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
      return [thread, Number(text.split(' ')[0]) / 1e9];
    }),
  );
}

/** MB of resident memory. */
export function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Milliseconds that `action` takes. */
export function timed(action: () => void): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}
