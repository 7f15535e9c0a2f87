/**
 * Every program where folders can't be written to. It is no bug, so none of it may end in a stack trace; files that are
 * something else: file-arguments.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  lineOf,
  ours,
  ProgramPlace,
  programs,
  schemaFile as schema,
  staying,
} from './support/program-place.ts';

const place = new ProgramPlace();

describe('a folder that cannot be written to', () => {
  const readOnly = (name: string, words: readonly string[], until?: RegExp) => {
    const path = place.path(name);
    const script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
    return place.run(['unshare', '--mount', '--net', 'sh', '-c', script, path, ...words], until && { until });
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
    place.makeDatabase();
    const { end, stderr } = await readOnly(name, ours(words));
    place.expectPlain(stderr);
    expect(stderr).toContain(why);
    expect(end).toBe(status);
  });

  const folders = ['run', 'log', 'db', 'etc', 'home', 'tmp', '.'];

  test.each(programs)('of any kind ends %s, if at all, with an ordinary message', async (program) => {
    place.makeDatabase();
    const line = ours([program, ...(lineOf[program] ?? [])]);
    for (const name of folders) {
      const { end, stdout, stderr } = await readOnly(name, line, staying);
      if (program === 'ovs-ctl') spawnSync(line[0] ?? '', ['stop'], { env: place.environment });
      place.expectPlain(stderr);
      expect([0, 1, 'runs']).toContain(end);
      if (end === 1) expect(stdout + stderr).not.toBe('');
    }
  });

  test.each(['ovsdb-server db/conf.db', 'ovs-vswitchd unix:none'])('of logs: %s says so', async (words) => {
    place.makeDatabase();
    const line = ours([...words.split(' '), '--unixctl=none', '--log-file']);
    const { stderr } = await readOnly('log', line, /failed to open [^\n]* for logging/);
    place.expectPlain(stderr);
    expect(stderr).toContain('Read-only file system');
  });

  test('of the system leaves ovs-ctl with a system id that is not kept', async () => {
    place.makeDatabase();
    const words = ours(['ovs-ctl', '--no-ovs-vswitchd', '--no-monitor', '--system-id=random', 'start']);
    const { end, stdout, stderr } = await readOnly('etc', words);
    spawnSync(ours(['ovs-ctl'])[0] ?? '', ['stop'], { env: place.environment });
    expect(end).toBe(0);
    place.expectPlain(stderr);
    expect(stdout).toContain('Configuring Open vSwitch system IDs.\n');
    expect(stderr).toContain('mkdir failed (Read-only file system)');
    expect(stderr).toContain('openvswitch/system-id.conf: open failed');
  });

  test('of another owner is not mistaken for one where another process is at work', async () => {
    for (const name of ['run', 'log']) chmodSync(place.path(name), 0o777);
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { end, stderr } = await place.run([...nobody, ...ours(['ovs-vswitchd', '--embedded-db'])]);
    expect(end).toBe(1);
    expect(stderr).toContain('conf.db: failed to lock lockfile (Permission denied)\n');
  });

  test('leaves the first start the folders of its user, as in the user namespace that it recommends', async () => {
    chmodSync(place.path('home'), 0o777);
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const own = ['unshare', '--user', '--map-root-user', '--net'];
    const places = ['env', '-u', 'OVS_RUNDIR', '-u', 'OVS_DBDIR', '-u', 'OVS_SYSCONFDIR'];
    const words = [...nobody, ...own, ...places, ...ours(['ovs-vswitchd', '--quickstart'])];
    const { end, stdout, stderr } = await place.run(words, { until: /In another terminal/ });
    expect(stderr).toBe('');
    expect(end).toBe('runs');
    expect(stdout).toContain(`${place.folder}/home/.local/state/openvswitch/conf.db`);
  });
});

test('a daemon without control socket goes on running while its database cannot be reached', async () => {
  const words = ours(['ovs-vswitchd', 'unix:none', '--unixctl=none']);
  expect(
    (await place.run(words, { until: /connection attempt failed[\s\S]*connection attempt failed/ })).end,
  ).toBe('runs');
});
