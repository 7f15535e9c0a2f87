/** ovs-ctl with the installed ovsdb-server and ovsdb-tool, in folders of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
import { runProgram } from './support/run-program.ts';

const ours = new URL('../../bin/ovs-ctl', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'ctl-'));
const env = {
  ...process.env,
  OVS_RUNDIR: folder,
  OVS_LOGDIR: folder,
  OVS_DBDIR: folder,
  OVS_SYSCONFDIR: folder,
  OVS_BINDIR: '/usr/bin',
  OVS_SBINDIR: '/usr/sbin',
};

const ctl = (...args: string[]): Said => runProgram(ours, args, { env });
const get = (column: string): string =>
  spawnSync('ovs-vsctl', ['--no-wait', 'get', 'open_vswitch', '.', column], {
    env,
    encoding: 'utf8',
  }).stdout.trim();
const pidOf = (name: string): string => readFileSync(join(folder, `${name}.pid`), 'utf8').trim();

afterAll(() => {
  ctl('stop');
  rmSync(folder, { recursive: true });
});

test('nothing runs at first', () => {
  expect(ctl('status')).toEqual({
    status: 1,
    stdout: 'ovsdb-server is not running\novs-vswitchd is not running\n',
    stderr: '',
  });
  expect(ctl('stop').stdout).toBe('ovs-vswitchd is not running.\novsdb-server is not running.\n');
});

test('start makes the database, starts its server and identifies the system', () => {
  expect(ctl('--no-ovs-vswitchd', '--system-id=random', 'start')).toEqual({
    status: 0,
    stdout: [
      `${folder}/conf.db does not exist ... (warning).`,
      `Creating empty database ${folder}/conf.db.`,
      'Starting ovsdb-server.',
      'Configuring Open vSwitch system IDs.',
      'Enabling remote OVSDB managers.',
      '',
    ].join('\n'),
    stderr: '',
  });
  const id = readFileSync(join(folder, 'openvswitch/system-id.conf'), 'utf8').trim();
  expect(get('external_ids:system-id')).toBe(`"${id}"`);
  expect(get('external_ids:rundir')).toBe(`"${folder}"`);
  expect([get('db_version'), get('ovs_version')]).toEqual(['"8.3.1"', '"3.1.0"']);
  expect(ctl('--no-ovs-vswitchd', 'start').stdout).toBe(
    'ovsdb-server is already running.\nEnabling remote OVSDB managers.\n',
  );
  expect(ctl('status').stdout).toBe(
    `ovsdb-server is running with pid ${pidOf('ovsdb-server')}\novs-vswitchd is not running\n`,
  );
});

test('restart keeps the random id and takes what is given', () => {
  const before = pidOf('ovsdb-server');
  const id = get('external_ids:system-id');
  const given = ['--system-type=a', '--system-version=b c', '--external-id=k=v w'];
  const { status, stdout } = ctl(
    '--no-ovs-vswitchd',
    '--no-monitor',
    '--system-id=random',
    ...given,
    'restart',
  );
  expect(stdout).toContain(`Exiting ovsdb-server (${before}).\nStarting ovsdb-server.\n`);
  expect(status).toBe(0);
  expect(get('external_ids:system-id')).toBe(id);
  expect([get('system_type'), get('system_version'), get('external_ids:k')]).toEqual(['a', '"b c"', '"v w"']);
});

test('all that start does with the database reaches the server at --db-sock', () => {
  ctl('stop');
  const socket = join(folder, 'other.sock');
  const there = [`--db-sock=${socket}`, '--no-ovs-vswitchd'];
  const bridges = (...args: string[]) =>
    spawnSync('ovs-vsctl', [`--db=unix:${socket}`, '--no-wait', ...args, 'list-br'], {
      env,
      encoding: 'utf8',
    });
  expect(ctl(...there, 'start')).toMatchObject({ status: 0, stderr: '' });
  const made = bridges('add-br', 'br0', '--');
  expect(made.stdout).toBe('br0\n');
  expect(ctl(...there, '--delete-bridges', 'restart')).toMatchObject({ status: 0, stderr: '' });
  expect(bridges()).toMatchObject({ status: 0, stdout: '' });
});

test('a start whose database cannot be configured fails', () => {
  ctl('stop');
  const { status, stdout } = ctl('--no-ovs-vswitchd', `--db-schema=${folder}/missing`, 'start');
  expect(stdout).toContain('Configuring Open vSwitch system IDs ... failed!\n');
  expect(status).toBe(1);
});

test('a database of an older schema is converted, and the old one kept', () => {
  ctl('stop');
  const schema = join(folder, 'old.ovsschema');
  const file = join(folder, 'conf.db');
  const published = JSON.parse(readFileSync('/usr/share/openvswitch/vswitch.ovsschema', 'utf8'));
  delete published.tables.Bridge.columns.auto_attach;
  writeFileSync(schema, JSON.stringify({ ...published, version: '8.0.0' }));
  rmSync(file);
  spawnSync('ovsdb-tool', ['create', file, schema], { env });
  const cksum = spawnSync('ovsdb-tool', ['db-cksum', file], { env, encoding: 'utf8' })
    .stdout.trim()
    .split(' ')[0];
  expect(ctl('--no-ovs-vswitchd', 'start').stdout).toContain(
    `Backing up database to ${file}.backup8.0.0-${cksum}.\nCompacting database.\nConverting database schema.\nStarting ovsdb-server.\n`,
  );
  expect(existsSync(`${file}.backup8.0.0-${cksum}`)).toBe(true);
  expect(get('db_version')).toBe('"8.3.1"');
});

test('stop ends what runs, and a wrong command is said to be wrong', () => {
  const pid = pidOf('ovsdb-server');
  expect(ctl('stop').stdout).toBe(`ovs-vswitchd is not running.\nExiting ovsdb-server (${pid}).\n`);
  expect(ctl('nonsense')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'ovs-ctl: unknown command "nonsense" (use --help for help)\n',
  });
  expect(ctl('load-kmod').stdout).toBe('No kernel module is needed. Nothing to load.\n');
  expect(ctl('version').stdout).toBe(
    'ovsdb-server (Open vSwitch) 3.1.0\novs-vswitchd (Open vSwitch) 3.1.0\n',
  );
});
