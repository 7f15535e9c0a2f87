/** Daemons at their limit of open files: nobody is turned away, nothing spins, and the administrator gets in. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readTextOrEmpty } from '../../src/base/files.ts';

const bin = new URL('../../bin/', import.meta.url).pathname;
const limit = 200;
const clientCount = 300;
let folder = '';
let pid = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'open-files-'));
});
afterEach(() => {
  if (pid > 0) process.kill(pid, 'SIGKILL');
  pid = 0;
  rmSync(folder, { recursive: true });
});

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await sleep(10);
}

const environment = () => ({ ...process.env, OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVS_DBDIR: folder });
const ask = (name: string, ...args: string[]) =>
  spawnSync('ovs-appctl', ['-t', name, ...args], { env: environment(), encoding: 'utf8' });

function start(name: string, ...args: string[]): void {
  const all = [...args, '--detach', '--no-chdir', '--pidfile', '--log-file', '-vconsole:off', '-vsyslog:off'];
  const limited = ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, bin + name, ...all];
  expect(spawnSync('bash', limited, { env: environment(), encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
  pid = Number(readFileSync(join(folder, `${name}.pid`), 'utf8'));
}

/** Asks for an echo, and counts what it heard. */
class Client {
  readonly socket: Socket;
  heardCount = 0;
  isConnected = false;
  isRefused = false;

  constructor(where: string) {
    const [host = '', port] = where.split(':');
    this.socket = port === undefined ? connect(where) : connect({ host, port: Number(port) });
    this.socket.on('connect', () => {
      this.isConnected = true;
      this.ask();
    });
    this.socket.on('data', () => {
      this.heardCount++;
    });
    const refused = () => {
      this.isRefused = !this.socket.destroyed || this.socket.errored !== null;
    };
    this.socket.on('error', refused);
    this.socket.on('end', refused);
  }

  ask(): void {
    this.socket.write('{"id":1,"method":"echo","params":[]}');
  }
}

/** Hundredths of a second. */
function processorTime(): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** One that spins never is. */
async function untilIdle(): Promise<void> {
  for (let used = 100; used >= 50; ) {
    const before = processorTime();
    await sleep(1000);
    used = processorTime() - before;
  }
}

test.each([
  ['ovsdb-server', 'unix', ['--no-db', '--remote=punix:db.sock']],
  ['ovsdb-server', 'tcp', ['--no-db', '--remote=ptcp:0:127.0.0.1']],
  ['ovs-vswitchd', 'unix', ['--embedded-db', '--enable-dummy=override', '--disable-system']],
] as const)('%s lets clients over %s wait for a descriptor, and has some left', async (name, kind, args) => {
  const started = Date.now();
  start(name, ...args);
  const logFile = join(folder, `${name}.log`);
  const port = /listening on port (\d+)/.exec(readFileSync(logFile, 'utf8'))?.[1];
  const where = kind === 'unix' ? join(folder, 'db.sock') : `127.0.0.1:${port}`;
  const clients = Array.from({ length: clientCount }, () => new Client(where));
  const served = () => clients.filter((client) => client.heardCount > 0);
  await until(() => readFileSync(logFile, 'utf8').includes('new connections wait'));
  await until(() => clients.every((client) => client.isConnected) && served().length > 100);

  await untilIdle();
  expect(served().length).toBeLessThan(limit);

  renameSync(logFile, `${logFile}.1`);
  expect(ask(name, 'vlog/reopen')).toMatchObject({ status: 0, stderr: '' });
  const [old] = served();
  old?.ask();
  await until(() => old?.heardCount === 2);

  // each that leaves makes room for one that waits
  while (served().length < clientCount) {
    for (const { socket } of served()) socket.destroy();
    await sleep(10);
  }
  expect(clients.filter((client) => client.isRefused)).toEqual([]);
  for (const { socket } of clients) socket.destroy();

  const log = readFileSync(`${logFile}.1`, 'utf8') + readTextOrEmpty(logFile);
  const warnings = log.match(/^.*new connections wait.*$/gm) ?? [];
  expect(warnings.length).toBeLessThanOrEqual(1 + (Date.now() - started) / 60_000);
  expect(warnings[0]).toMatch(
    /\|stream\|WARN\|p(unix|tcp):.*: new connections wait: 17\d of the 200 files that this process may have open are in use; close some, or raise the limit: prlimit --nofile now, LimitNOFILE= of the service for good$/,
  );
});
