/** Starting, supervising and ending a daemon as the reference's programs do, with a daemon that does nothing else. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readTextOrEmpty } from '../../src/base/files.ts';
import { buildSampleDaemon } from './sample-daemon.ts';

const folder = mkdtempSync(join(tmpdir(), 'daemon-'));
const env = { ...process.env, OVS_RUNDIR: folder, OVS_LOGDIR: folder };
const pidfile = join(folder, 'test-daemon.pid');
const logFile = join(folder, 'test-daemon.log');
let program = '';
const started: number[] = [];

beforeAll(async () => {
  program = await buildSampleDaemon(folder);
});
afterEach(() => {
  for (const pid of started.splice(0)) kill(pid, 'SIGKILL');
  for (const file of [pidfile, logFile]) rmSync(file, { force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  return spawnSync(program, args, { env, encoding: 'utf8' });
}

/** Starts it detached; returns the daemon's process id. */
function detach(...args: string[]): number {
  const { status, stderr } = run('--detach', '--pidfile', '--log-file', ...args);
  expect(stderr).toMatch(/^[^\n]*opened log file [^\n]*\n$/);
  expect(status).toBe(0);
  const pid = readPid();
  started.push(pid);
  return pid;
}

function readPid(): number {
  return Number(readTextOrEmpty(pidfile));
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const parentOf = (pid: number): number =>
  Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
const ask = (...args: string[]) =>
  spawnSync('/usr/bin/ovs-appctl', ['-t', 'test-daemon', ...args], { env, encoding: 'utf8' });

test('a detached daemon is there when its starter returns, and leaves terminal and folder', async () => {
  const pid = detach();
  expect(nameOf(pid)).toBe('test-daemon');
  expect(parentOf(pid)).not.toBe(process.pid);
  await until(() => readlinkSync(`/proc/${pid}/cwd`) === '/'); // the last that it does, after it has told its starter
  expect([0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).toEqual(Array(3).fill('/dev/null'));
  expect(ask('version').stdout).toBe('test-daemon (Open vSwitch) 3.1.0\n');
});

test('a second one refuses to start beside the first', async () => {
  const pid = detach();
  for (const args of [['--pidfile'], ['--pidfile', '--detach'], ['--pidfile', '--detach', '--monitor']]) {
    const { status, stderr } = run(...args);
    expect(stderr).toBe(`test-daemon: ${pidfile}: already running as pid ${pid}, aborting\n`);
    expect(status).toBe(1);
  }
});

test.each([
  ['SIGTERM', 15, 'Terminated'],
  ['SIGINT', 2, 'Interrupt'],
  ['SIGHUP', 1, 'Hangup'],
] as const)('%s ends it in order, by that signal', async (signal, number, text) => {
  const child = spawn(program, ['--pidfile', '--log-file', '-vconsole:off'], { env, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', (_code, by) => resolve(by)));
  await until(() => existsSync(join(folder, `test-daemon.${child.pid}.ctl`)) && readPid() === child.pid);
  child.kill(signal);
  expect(await ended).toBe(signal);
  expect(existsSync(pidfile)).toBe(false);
  expect(existsSync(join(folder, `test-daemon.${child.pid}.ctl`))).toBe(false);
  expect(readFileSync(logFile, 'utf8')).toMatch(
    new RegExp(`\\|fatal_signal\\|WARN\\|terminating with signal ${number} \\(${text}\\)\\n$`),
  );
});

test('exit by command ends it and removes what it made', async () => {
  const pid = detach();
  expect(ask('exit').status).toBe(0);
  await until(() => !kill(pid, 0));
  expect([existsSync(pidfile), existsSync(join(folder, `test-daemon.${pid}.ctl`))]).toEqual([false, false]);
});

test('a monitor starts it again after a crash, and ends with it otherwise', async () => {
  const first = detach('--monitor');
  const monitor = parentOf(first);
  started.push(monitor);
  expect(nameOf(monitor)).toBe('monitor');
  expect(readFileSync(`/proc/${monitor}/cmdline`, 'latin1')).toContain(`monitoring pid ${first} (healthy)`);

  kill(first, 'SIGSEGV');
  await until(() => readPid() !== first && readPid() !== 0 && ask('version').status === 0);
  const second = readPid();
  started.push(second);
  expect(parentOf(second)).toBe(monitor);
  expect(readFileSync(logFile, 'utf8')).toMatch(
    new RegExp(
      `\\|daemon_unix\\(monitor\\)\\|ERR\\|1 crashes: pid ${first} died, killed \\(Segmentation fault\\), restarting\\n`,
    ),
  );

  kill(second, 'SIGTERM');
  await until(() => !kill(monitor, 0));
  expect([kill(second, 0), existsSync(pidfile)]).toEqual([false, false]);
  expect(readFileSync(logFile, 'utf8')).toContain(`|INFO|pid ${second} died, killed (Terminated), exiting\n`);
});

test('a monitor keeps no log file open, so what it says is in the file that took the place of a rotated one', async () => {
  const first = detach('--monitor');
  const monitor = parentOf(first);
  started.push(monitor);
  kill(first, 'SIGSEGV');
  await until(() => readPid() !== first && readPid() !== 0 && ask('version').status === 0);
  const second = readPid();
  started.push(second);
  renameSync(logFile, `${logFile}.1`);
  expect(ask('vlog/reopen').status).toBe(0);
  kill(second, 'SIGSEGV');
  const crash = `2 crashes: pid ${second} died, killed (Segmentation fault), `; // and then what depends on when it was
  await until(() => readFileSync(logFile, 'utf8').includes(crash));
  expect(readFileSync(`${logFile}.1`, 'utf8')).toContain('1 crashes: ');
  expect(readFileSync(`${logFile}.1`, 'utf8')).not.toContain('2 crashes: ');
  rmSync(`${logFile}.1`);
});

test('a daemon that left its folder finds its log file again by a relative name', async () => {
  const args = ['--detach', '--monitor', '--pidfile', '--log-file=test-daemon.log', '-vconsole:off'];
  expect(spawnSync(program, args, { env, cwd: folder }).status).toBe(0);
  const first = readPid();
  started.push(first, parentOf(first));
  rmSync(logFile);
  expect(ask('vlog/reopen').status).toBe(0);
  expect(readFileSync(logFile, 'utf8')).toContain('|opened log file test-daemon.log\n');
  kill(first, 'SIGSEGV');
  await until(() => readPid() !== first && readPid() !== 0 && ask('version').status === 0);
  started.push(readPid());
  expect(readFileSync(logFile, 'utf8')).toMatch(
    /1 crashes: [^\n]*\n[^\n]*\|opened log file test-daemon\.log\n/,
  );
});

test('a bug is logged with its stack and is a crash for the monitor', async () => {
  const first = detach('--monitor');
  started.push(parentOf(first));
  expect(ask('crash').stdout).toBe('as you wish\n');
  await until(() => readPid() !== first && ask('version').status === 0);
  started.push(readPid());
  const log = readFileSync(logFile, 'utf8');
  expect(log).toContain('|EMER|internal error: Error: asked to crash\n');
  expect(log).toContain(`1 crashes: pid ${first} died, killed (Aborted), restarting`);
});

test.each([[[]], [['--detach']], [['--detach', '--monitor']]])(
  'a failure to start ends all processes with status 1 and a message (%j)',
  (args) => {
    const { status, stderr } = run(...args, '--pidfile', '--unixctl=none/x');
    expect(stderr).toMatch(
      /test-daemon: [^\n]*none\/x: could not initialize control socket \(No such file or directory\)\n$/,
    );
    expect(status).toBe(1);
    expect(existsSync(pidfile)).toBe(false);
  },
);

test.each([
  [['--pidfile=/none/x'], /^test-daemon: \/none\/x\.tmp: create failed \(No such file or directory\)\n$/],
  [['-vnonsense'], /^test-daemon: processing "nonsense": no destination, level, or module "nonsense"\n$/],
  [['--user=nobodyx'], /^test-daemon: \(null\): user nobodyx not found, aborting\.\n$/],
  [['--syslog-method=foo'], /^test-daemon: unsupported syslog method 'foo'\n$/],
])('wrong options end it: %j', (args, message) => {
  const { status, stderr } = run(...args);
  expect(stderr).toMatch(message);
  expect(status).toBe(1);
});

test('another user keeps the rights of a switch and no others', async () => {
  chmodSync(folder, 0o777);
  const { status, stderr } = run('--detach', '--user=nobody', '--pidfile');
  expect([status, stderr]).toEqual([0, '']);
  const pid = readPid();
  started.push(pid);
  const state = readFileSync(`/proc/${pid}/status`, 'utf8');
  expect(state).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
  expect(state).toMatch(/^CapEff:\t000000c000007800$/m);
  expect(ask('version').status).toBe(0);
});
