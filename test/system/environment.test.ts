/**
 * Every program where things are not as it needs them: output that nobody takes, folders that can't be written to,
 * files that are something else. None of it is a bug, so none of it may end in a stack trace.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';

const bin = new URL('../../bin', import.meta.url).pathname;
const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const programs = [
  'ovs-appctl',
  'ovs-ctl',
  'ovs-ts',
  'ovs-vsctl',
  'ovs-vswitchd',
  'ovsdb-client',
  'ovsdb-server',
  'ovsdb-tool',
];
const folders = mkdtempSync(join(tmpdir(), 'environment-'));
chmodSync(folders, 0o755);
let folder = '';
let madeCount = 0;

beforeEach(() => {
  folder = join(folders, `${madeCount++}`);
  for (const name of ['', 'run', 'log', 'db', 'etc', 'home', 'tmp']) mkdirSync(join(folder, name));
});
const started = new Set<number>();
afterEach(() => {
  for (const group of started) {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }
  started.clear();
});
afterAll(() => rmSync(folders, { recursive: true, force: true }));

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    OVS_RUNDIR: join(folder, 'run'),
    OVS_LOGDIR: join(folder, 'log'),
    OVS_DBDIR: join(folder, 'db'),
    OVS_SYSCONFDIR: join(folder, 'etc'),
    TMPDIR: join(folder, 'tmp'),
    HOME: join(folder, 'home'),
  };
}

interface Ended {
  /** Exit status, name of the signal, or "runs" when it said `until` and was ended by us. */
  readonly end: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Style {
  readonly stdout?: number | 'pipe';
  readonly stdin?: string;
  /** A program that goes on running is ended when it says this. */
  readonly until?: RegExp;
}

/** Runs a program to its end, in a process group of its own. */
function run(words: readonly string[], { stdout = 'pipe', stdin, until }: Style = {}): Promise<Ended> {
  const [program = '', ...args] = words;
  const child = spawn(program, args, {
    env: environment(),
    cwd: folder,
    detached: true,
    stdio: ['pipe', stdout, 'pipe'],
  });
  if (child.pid !== undefined) started.add(child.pid);
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin ?? '');
  const said = { stdout: '', stderr: '' };
  let isRunning = false;
  const listen = (name: 'stdout' | 'stderr') => (text: Buffer) => {
    said[name] += text;
    if (until?.test(said.stdout + said.stderr) === true && child.pid !== undefined) {
      isRunning = true;
      process.kill(-child.pid, 'SIGKILL');
    }
  };
  child.stdout?.on('data', listen('stdout'));
  child.stderr?.on('data', listen('stderr'));
  return new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ end: isRunning ? 'runs' : (status ?? signal), ...said }));
  });
}

const ours = (words: readonly string[]): string[] => [`${bin}/${words[0]}`, ...words.slice(1)];

/** What is the same for both implementations and for every run. */
function neutral(text: string): string {
  return text
    .replaceAll(folder, 'FOLDER')
    .replace(/^20[^|]*\|[0-9]+\|/gm, 'TIME|')
    .replace(/\.[0-9]+\.ctl/g, '.PID.ctl');
}

/** Lines of a log, or "PROGRAM: message": what an operator reads, not where in the code it came up. */
function expectPlain(stderr: string): void {
  for (const line of neutral(stderr).split('\n').filter(Boolean)) {
    expect(line).toMatch(/^(TIME\|[a-z_]+\|[A-Z]+\||ovs[a-z-]*: |\/bin\/sh: )/);
    expect(line).not.toMatch(/\b(E[A-Z]{3,}: |node:|file:\/\/)/);
  }
}

function makeDatabase(name = 'db/conf.db'): string {
  const path = join(folder, name);
  expect(spawnSync('ovsdb-tool', ['create', path, schema]).status).toBe(0);
  return path;
}

describe('standard output', () => {
  const full = () => openSync('/dev/full', 'w');

  test.each(programs)('%s says that it cannot write to a full device', async (program) => {
    const stdout = full();
    const { end, stderr } = await run(ours([program, '--help']), { stdout });
    closeSync(stdout);
    expect({ end, stderr }).toEqual({ end: 1, stderr: `${program}: write to stdout failed\n` });
  });

  /** A pipe whose reader has gone before the program starts. */
  const intoNobody = (words: readonly string[]) =>
    run(['bash', '-c', 'exec 3> >(:); wait $!; exec "$@" >&3', 'bash', ...words]);

  test('that nobody reads any more ends each program as the reference', async () => {
    const database = makeDatabase();
    const server = spawnSync(
      'ovsdb-server',
      [database, `--remote=punix:${folder}/run/db.sock`, '--pidfile', '--detach', '--no-chdir', '-voff'],
      { env: environment() },
    );
    expect(server.status).toBe(0);
    try {
      // enough rows for the reference to notice: it writes when its buffer is full
      const rows = Array.from({ length: 200 }, (_, i) => ['--', '--id=@m', 'create', 'QoS', `type=t${i}`]);
      const made = spawnSync(
        'ovs-vsctl',
        ['--no-wait', 'init', ...rows.flat().filter((w) => w !== '--id=@m')],
        {
          env: environment(),
        },
      );
      expect(String(made.stderr)).toBe('');
      for (const words of [
        ['ovs-vsctl', '--no-wait', 'list', 'Open_vSwitch'],
        ['ovs-appctl', '-t', 'ovsdb-server', 'vlog/list'],
        ['ovsdb-client', 'get-schema'],
        ['ovsdb-tool', 'show-log', '-mmm', database],
      ]) {
        const [mine, theirs] = await Promise.all([intoNobody(ours(words)), intoNobody(words)]);
        expect([words[0], mine]).toEqual([words[0], theirs]);
      }
    } finally {
      spawnSync('ovs-appctl', ['-t', 'ovsdb-server', 'exit'], { env: environment() });
    }
  });

  test('that cannot be written to keeps no daemon from running', async () => {
    const stdout = full();
    const words = ours(['ovs-vswitchd', '--quickstart']);
    const { end, stderr } = await run(words, { stdout, until: /write to stdout failed/ });
    closeSync(stdout);
    expect(end).toBe('runs');
    expectPlain(stderr);
  });
});

describe('a folder that cannot be written to', () => {
  const readOnly = (name: string, words: readonly string[], until?: RegExp) => {
    const path = join(folder, name);
    const script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
    return run(['unshare', '--mount', '--net', 'sh', '-c', script, path, ...words], until && { until });
  };
  const create = 'run/ovs-vswitchd.pid.tmp: create failed (Read-only file system)';
  const lock = 'failed to lock lockfile (Read-only file system)';

  test.each<[string, string[], number, string]>([
    ['run', ['ovs-vswitchd', '--pidfile'], 1, create],
    ['run', ['ovs-vswitchd', '--pidfile', '--detach'], 1, create],
    ['run', ['ovs-vswitchd', '--quickstart', '--unixctl=none'], 1, create],
    ['run', ['ovs-vswitchd', '--embedded-db'], 1, 'could not initialize control socket'],
    ['run', ['ovsdb-server', 'db/conf.db'], 1, 'could not initialize control socket'],
    ['run', ['ovsdb-server', 'db/conf.db', '--pidfile'], 1, 'create failed (Read-only file system)'],
    ['run', ['ovsdb-server', 'db/conf.db', '--record'], 1, 'cannot record (Read-only file system)'],
    ['run', ['ovs-ctl', '--no-ovs-vswitchd', 'start'], 1, 'create failed (Read-only file system)'],
    ['run', ['ovs-ctl', '--no-ovsdb-server', 'start'], 1, create],
    ['db', ['ovs-vswitchd', '--embedded-db'], 1, lock],
    ['db', ['ovs-vswitchd', '--quickstart'], 1, lock],
    ['db', ['ovsdb-server', 'db/conf.db', '--unixctl=none'], 1, lock],
    ['db', ['ovsdb-tool', 'create', 'db/new.db', schema], 1, lock],
    ['db', ['ovsdb-tool', 'compact', 'db/conf.db'], 1, lock],
    ['db', ['ovsdb-tool', 'convert', 'db/conf.db', schema], 1, lock],
    ['db', ['ovsdb-tool', 'transact', 'db/conf.db', '["Open_vSwitch"]'], 1, lock],
    ['db', ['ovs-ctl', '--no-ovs-vswitchd', '--db-file=db/new.db', 'start'], 1, lock],
    ['log', ['ovs-vsctl', '--log-file', '--db=unix:none', 'show'], 1, 'No such file or directory'],
    ['log', ['ovs-appctl', '--log-file', 'version'], 1, 'No such file or directory'],
    ['log', ['ovsdb-client', '--log-file', 'list-dbs', 'unix:none'], 1, 'No such file or directory'],
  ])('%s: %j says what is wrong', async (name, words, status, why) => {
    makeDatabase();
    const { end, stderr } = await readOnly(name, ours(words));
    expectPlain(stderr);
    expect(stderr).toContain(why);
    expect(end).toBe(status);
  });

  test.each(['ovsdb-server db/conf.db', 'ovs-vswitchd unix:none'])('of logs: %s says so', async (words) => {
    makeDatabase();
    const line = ours([...words.split(' '), '--unixctl=none', '--log-file']);
    const { stderr } = await readOnly('log', line, /failed to open [^\n]* for logging/);
    expectPlain(stderr);
    expect(stderr).toContain('Read-only file system');
  });

  test('of the system leaves ovs-ctl with a system id that is not kept', async () => {
    makeDatabase();
    const words = ours(['ovs-ctl', '--no-ovs-vswitchd', '--no-monitor', '--system-id=random', 'start']);
    const { end, stdout, stderr } = await readOnly('etc', words);
    spawnSync(`${bin}/ovs-ctl`, ['stop'], { env: environment() });
    expect(end).toBe(0);
    expectPlain(stderr);
    expect(stdout).toContain('Configuring Open vSwitch system IDs.\n');
    expect(stderr).toContain('openvswitch/system-id.conf: open failed');
  });

  test('of another owner is not mistaken for one where another process is at work', async () => {
    for (const name of ['run', 'log']) chmodSync(join(folder, name), 0o777);
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { end, stderr } = await run([...nobody, ...ours(['ovs-vswitchd', '--embedded-db'])]);
    expect(end).toBe(1);
    expect(stderr).toContain('conf.db: failed to lock lockfile (Permission denied)\n');
  });

  test('leaves the first start the folders of its user, as in the user namespace that it recommends', async () => {
    chmodSync(join(folder, 'home'), 0o777);
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const own = ['unshare', '--user', '--map-root-user', '--net'];
    const places = ['env', '-u', 'OVS_RUNDIR', '-u', 'OVS_DBDIR', '-u', 'OVS_SYSCONFDIR'];
    const words = [...nobody, ...own, ...places, ...ours(['ovs-vswitchd', '--quickstart'])];
    const { end, stdout, stderr } = await run(words, { until: /In another terminal/ });
    expect(stderr).toBe('');
    expect(end).toBe('runs');
    expect(stdout).toContain(`${folder}/home/.local/state/openvswitch/conf.db`);
  });
});

describe('a file argument', () => {
  const kinds = ['missing', 'a folder', 'empty', 'binary'] as const;

  function makeFile(kind: (typeof kinds)[number]): void {
    const path = join(folder, 'FILE');
    rmSync(path, { recursive: true, force: true });
    if (kind === 'a folder') mkdirSync(path);
    else if (kind === 'empty') writeFileSync(path, '');
    else if (kind === 'binary')
      writeFileSync(
        path,
        Uint8Array.from({ length: 2048 }, (_, i) => i % 256),
      );
  }

  /** Those that a file of the wrong kind cannot be made to succeed or to run on. */
  const asTheReference = [
    ['ovsdb-tool', 'create', 'new.db', 'FILE'],
    ['ovsdb-tool', 'convert', 'FILE', schema],
    ['ovsdb-tool', 'convert', 'db/conf.db', 'FILE'],
    ['ovsdb-tool', 'needs-conversion', 'FILE', schema],
    ['ovsdb-tool', 'compact', 'FILE'],
    ['ovsdb-tool', 'db-name', 'FILE'],
    ['ovsdb-tool', 'db-cksum', 'FILE'],
    ['ovsdb-tool', 'db-cid', 'FILE'],
    ['ovsdb-tool', 'db-is-standalone', 'FILE'],
    ['ovsdb-tool', 'schema-version', 'FILE'],
    ['ovsdb-tool', 'query', 'FILE', '["Open_vSwitch"]'],
    ['ovsdb-tool', 'transact', 'FILE', '["Open_vSwitch"]'],
    ['ovsdb-tool', 'show-log', 'FILE'],
    ['ovsdb-tool', '--log-file=FILE', 'list-commands'],
    ['ovsdb-client', 'convert', 'unix:none', 'FILE'],
    ['ovsdb-client', 'needs-conversion', 'unix:none', 'FILE'],
    ['ovsdb-client', 'list-dbs', 'unix:FILE'],
    ['ovs-vsctl', '--db=unix:FILE', 'show'],
    ['ovs-appctl', '-t', 'FILE', 'version'],
    ['ovsdb-server', 'FILE', '--unixctl=none'],
  ];

  test.each(asTheReference.map((words) => [words.join(' '), words] as const))(
    'of "%s" that is none of its kind gets the words of the reference',
    async (_, words) => {
      makeDatabase();
      for (const kind of kinds) {
        makeFile(kind);
        const theirs = await run(words);
        makeFile(kind);
        const mine = await run(ours(words));
        expect([kind, mine.end, neutral(mine.stderr)]).toEqual([kind, theirs.end, neutral(theirs.stderr)]);
      }
    },
  );

  const others = [
    ['ovsdb-server', 'db/conf.db', '--unixctl=none', '--run=true', '--pidfile=FILE'],
    ['ovsdb-server', 'db/conf.db', '--unixctl=none', '--run=true', '--remote=punix:FILE'],
    ['ovsdb-server', 'db/conf.db', '--unixctl=FILE', '--run=true'],
    ['ovsdb-server', 'db/conf.db', '--unixctl=none', '--run=true', '--record=FILE'],
    ['ovsdb-server', 'db/conf.db', '--unixctl=none', '--run=FILE'],
    ['ovsdb-server', 'db/conf.db', '--unixctl=none', '--run=true', '--sync-from=unix:FILE'],
    ['ovs-vswitchd', 'unix:FILE'],
    ['ovs-vswitchd', 'unix:none', '--unixctl=FILE'],
    ['ovs-vswitchd', 'unix:none', '--pidfile=FILE'],
    ['ovs-vswitchd', '--embedded-db=FILE'],
    ['ovsdb-client', '--record=FILE', 'list-dbs', 'unix:none'],
    ['ovsdb-client', '--replay=FILE', 'list-dbs', 'unix:none'],
    ['ovs-ctl', '--no-ovs-vswitchd', '--no-monitor', '--db-file=FILE/x', 'start'],
    ['ovs-ctl', '--no-ovs-vswitchd', '--no-monitor', '--db-schema=FILE', 'start'],
  ];

  test.each(others.map((words) => [words.join(' '), words] as const))(
    'of "%s" that is none of its kind is an ordinary error, if any',
    async (_, words) => {
      for (const kind of kinds) {
        makeDatabase(`db/${kind}.db`);
        makeFile(kind);
        const line = words.map((w) => w.replace('db/conf.db', `db/${kind}.db`));
        const { end, stderr } = await run(ours(line), {
          until: /connection attempt failed|\(Open vSwitch\) 3|Configuring Open vSwitch/,
        });
        if (line[0] === 'ovs-ctl') spawnSync(`${bin}/ovs-ctl`, ['stop'], { env: environment() });
        expectPlain(stderr);
        expect([0, 1, 'runs']).toContain(end);
      }
    },
  );
});

test('a daemon without control socket goes on running while its database cannot be reached', async () => {
  const words = ours(['ovs-vswitchd', 'unix:none', '--unixctl=none']);
  expect((await run(words, { until: /connection attempt failed[\s\S]*connection attempt failed/ })).end).toBe(
    'runs',
  );
});
