/** A whole switch with its database, ours or the installed reference, in folders of its own; the same calls drive both. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Daemons {
  readonly isOurs: boolean;
  /** Of ovs-vswitchd. */
  readonly pid: number;
  /** Runs a tool to its end; throws with what it said when it fails. `ovs-vsctl` is the reference's unless `tools` says ours. */
  call(program: string, ...args: string[]): string;
  stop(): Promise<void>;
}

const ourBin = join(process.cwd(), 'bin');
const quiet = ['-vconsole:off', '-vsyslog:off'];

/** `dummy`: the switch makes every device of memory. `tools`: whose ovs-vsctl and ovs-appctl `call` runs. */
export async function startDaemons(
  which: 'ours' | 'reference',
  options: { dummy?: boolean; tools?: 'ours' | 'reference' } = {},
): Promise<Daemons> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-ovs-'));
  const env = {
    ...process.env,
    OVS_RUNDIR: folder,
    OVS_LOGDIR: folder,
    OVS_DBDIR: folder,
    OVS_SYSCONFDIR: folder,
  };
  const call = (program: string, ...args: string[]): string => {
    const path = options.tools === 'ours' ? join(ourBin, program) : program;
    const done = spawnSync(path, args, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (done.status !== 0) throw new Error(`${program} ${args.slice(0, 8).join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
  const dummy = options.dummy === true ? ['--enable-dummy=override', '--disable-system'] : [];
  const children: ChildProcess[] = [];
  if (which === 'reference') {
    const database = join(folder, 'conf.db');
    spawnSync('ovsdb-tool', ['create', database, '/usr/share/openvswitch/vswitch.ovsschema'], { env });
    children.push(
      spawn('ovsdb-server', [database, `--remote=punix:${folder}/db.sock`, ...quiet], {
        env,
        stdio: 'ignore',
      }),
    );
    while (!existsSync(join(folder, 'db.sock'))) await sleep(20);
  }
  const daemon =
    which === 'ours'
      ? spawn(join(ourBin, 'ovs-vswitchd'), ['--embedded-db', ...dummy, ...quiet], { env, stdio: 'ignore' })
      : spawn('ovs-vswitchd', [...dummy, ...quiet], { env, stdio: 'ignore' });
  children.unshift(daemon);
  const pid = daemon.pid ?? 0;
  while (!existsSync(join(folder, `ovs-vswitchd.${pid}.ctl`)) || !existsSync(join(folder, 'db.sock'))) {
    if (daemon.exitCode !== null) throw new Error(`ovs-vswitchd (${which}) ended with ${daemon.exitCode}`);
    await sleep(20);
  }
  return {
    isOurs: which === 'ours',
    pid,
    call,
    async stop() {
      for (const child of children) {
        const ended = new Promise((resolve) => child.once('close', resolve));
        if (child.exitCode === null && child.kill()) await ended;
      }
      rmSync(folder, { recursive: true });
    },
  };
}

/** Seconds of CPU that a process and its threads have used. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100; // utime and stime, in ticks of 10 ms: proc(5)
}

/** MB of resident memory. */
export function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
