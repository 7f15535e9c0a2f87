/** A switch that is its own database server, seen with the reference's tools. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
import { runProgram } from './support/run-program.ts';

const bin = new URL('../../bin', import.meta.url).pathname;
const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const folder = mkdtempSync(join(tmpdir(), 'embedded-'));
const file = join(folder, 'conf.db');
const env = {
  ...process.env,
  OVS_RUNDIR: folder,
  OVS_DBDIR: folder,
  OVS_LOGDIR: folder,
  OVS_SYSCONFDIR: folder,
};

const run = (program: string, ...args: string[]): Said => runProgram(program, args, { env });

beforeAll(() => {
  const options = [
    '--embedded-db',
    '--enable-dummy=override',
    '--pidfile',
    '--detach',
    '--no-chdir',
    '-voff',
  ];
  expect(run(`${bin}/ovs-vswitchd`, ...options)).toMatchObject({ status: 0 });
});
afterAll(() => {
  run('ovs-appctl', 'exit');
  rmSync(folder, { recursive: true });
});

describe('the database file', () => {
  test('begins with the record of one that ovsdb-tool has created', () => {
    const created = join(folder, 'created.db');
    expect(run('ovsdb-tool', 'create', created, schema).status).toBe(0);
    // the order of members is chance with the reference
    const [header, record] = readFileSync(file, 'utf8').split('\n');
    const [expectedHeader, expected] = readFileSync(created, 'utf8').split('\n');
    expect(JSON.parse(record ?? '')).toEqual(JSON.parse(expected ?? ''));
    expect(header?.slice(0, -40)).toBe(expectedHeader?.slice(0, -40));
  });

  test('needs no conversion', () => {
    expect(run('ovsdb-tool', 'needs-conversion', file, schema).stdout).toBe('no\n');
    expect(run('ovsdb-tool', 'db-cksum', file).stdout).toBe(run('ovsdb-tool', 'schema-cksum', schema).stdout);
  });
});

test('ovs-ctl takes the database for served, and starts no second server', () => {
  const pid = readFileSync(join(folder, 'ovs-vswitchd.pid'), 'utf8').trim();
  expect(run(`${bin}/ovs-ctl`, 'status')).toEqual({
    status: 0,
    stdout: `ovsdb-server is running with pid ${pid}\novs-vswitchd is running with pid ${pid}\n`,
    stderr: '',
  });
  expect(run(`${bin}/ovs-ctl`, '--no-record-hostname', 'start')).toEqual({
    status: 0,
    stdout: 'ovsdb-server is already running.\novs-vswitchd is already running.\n',
    stderr: '',
  });
});

describe('the control socket', () => {
  const ask = (...words: string[]) => run('ovs-appctl', ...words);

  test('offers the commands about databases and remotes', () => {
    expect(ask('ovsdb-server/list-dbs').stdout).toBe('Open_vSwitch\n_Server\n');
    expect(ask('ovsdb-server/list-remotes').stdout).toBe(
      `db:Open_vSwitch,Open_vSwitch,manager_options\npunix:${folder}/db.sock\n`,
    );
    expect(ask('ovsdb-server/get-db-storage-status', 'Open_vSwitch').stdout).toBe('status: ok\n');
    expect(ask('ovsdb-server/add-remote', `punix:${folder}/more.sock`).status).toBe(0);
    expect(run('ovs-vsctl', `--db=unix:${folder}/more.sock`, 'add-br', 'br0').stderr).toBe('');
    expect(run('ovs-vsctl', 'list-br').stdout).toBe('br0\n');
    expect(ask('ovsdb-server/compact', 'Open_vSwitch')).toMatchObject({ status: 0, stderr: '' });
    expect(run('ovsdb-tool', 'show-log', file).stdout).toContain('compacting database online');
  });

  test('serves further databases, and keeps its own', () => {
    const more = join(folder, 'local.db');
    const local = join(folder, 'local.ovsschema');
    writeFileSync(local, JSON.stringify({ name: 'Local', version: '1.0.0', tables: {} }));
    expect(run('ovsdb-tool', 'create', more, local).status).toBe(0);
    expect(ask('ovsdb-server/add-db', more)).toMatchObject({ status: 0, stderr: '' });
    expect(run('ovsdb-client', 'list-dbs').stdout).toBe('Local\nOpen_vSwitch\n_Server\n');
    expect(ask('ovsdb-server/remove-db', 'Local').status).toBe(0);
    expect(ask('ovsdb-server/remove-db', 'Open_vSwitch')).toMatchObject({ status: 2 });
    expect(run('ovsdb-client', 'list-dbs').stdout).toBe('Open_vSwitch\n_Server\n');
  });

  test('says that it is no copy of another server, and does not become one', () => {
    for (const [name, stdout] of [
      ['sync-status', 'state: active\n'],
      ['get-active-ovsdb-server', ''],
      ['get-sync-exclude-tables', ''],
      ['disconnect-active-ovsdb-server', ''],
    ] as const)
      expect(ask(`ovsdb-server/${name}`)).toEqual({ status: 0, stdout, stderr: '' });
    const listed = ask('list-commands').stdout;
    for (const [name, ...args] of [
      ['set-active-ovsdb-server', 'tcp:127.0.0.1:1'],
      ['set-active-ovsdb-server-probe-interval', '5000'],
      ['connect-active-ovsdb-server'],
      ['set-sync-exclude-tables', 'Open_vSwitch:SSL'],
    ] as const) {
      const { status, stderr } = ask(`ovsdb-server/${name}`, ...args);
      expect([status, stderr]).toEqual([2, expect.stringContaining('cannot be a copy of another server')]);
      expect(listed).not.toMatch(new RegExp(`^ +ovsdb-server/${name}\\b(?!-)`, 'm'));
    }
    expect(run('ovs-vsctl', 'set', 'open_vswitch', '.', 'external_ids:a=b')).toMatchObject({ status: 0 });
    for (const name of listed.match(/ovsdb-server\/\S+/g) ?? [])
      expect(ask(name, 'a', 'b', 'c', 'd', 'e', 'f').stderr).not.toContain('is not a valid command');
  });

  test('tells of the switch what it tells without a database of its own', () => {
    expect(ask('memory/show').stdout).not.toContain('monitors');
  });
});

test('a command that does not exist is refused', () => {
  expect(run('ovs-appctl', 'bond/shown').stderr).toContain('"bond/shown" is not a valid command');
});

test('where the first start logs to the terminal, ovs-vsctl does not point to a file', async () => {
  const place = mkdtempSync(join(tmpdir(), 'quickstart-'));
  const own = { ...env, OVS_RUNDIR: place, OVS_DBDIR: place, OVS_LOGDIR: place };
  const daemon = spawn(`${bin}/ovs-vswitchd`, ['--quickstart', '--enable-dummy=override'], {
    env: own,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(daemon, 'exit');
  try {
    await once(daemon.stdout, 'data');
    const words = ['add-br', 'br0', '--', 'add-port', 'br0', 'p', '--', 'set', 'interface', 'p', 'type=none'];
    const { stderr } = spawnSync(`${bin}/ovs-vsctl`, words, { env: own, encoding: 'utf8' });
    expect(stderr).toMatch(
      /^ovs-vsctl: Error detected while setting up 'p'[^\n]*See ovs-vswitchd log for details\.\n/,
    );
    expect(stderr).toMatch(/\novs-vsctl: ovs-vswitchd logs to the terminal that it was started from\.\n$/);
  } finally {
    daemon.kill();
    await ended;
    rmSync(place, { recursive: true });
  }
});
