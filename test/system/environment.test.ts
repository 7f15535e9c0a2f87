/**
 * Every program where things are not as it needs them: folders that can't be written to, files that are something
 * else. None of it is a bug, so none of it may end in a stack trace.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ours, ProgramPlace, schemaFile as schema } from './support/program-place.ts';

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

describe('a file argument', () => {
  const kinds = ['missing', 'a folder', 'empty', 'binary'] as const;

  function makeFile(kind: (typeof kinds)[number]): void {
    const path = place.path('FILE');
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
      place.makeDatabase();
      for (const kind of kinds) {
        makeFile(kind);
        const theirs = await place.run(words);
        makeFile(kind);
        const mine = await place.run(ours(words));
        expect([kind, mine.end, place.neutral(mine.stderr)]).toEqual([
          kind,
          theirs.end,
          place.neutral(theirs.stderr),
        ]);
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
        place.makeDatabase(`db/${kind}.db`);
        makeFile(kind);
        const line = words.map((w) => w.replace('db/conf.db', `db/${kind}.db`));
        const { end, stderr } = await place.run(ours(line), {
          until: /connection attempt failed|\(Open vSwitch\) 3|Configuring Open vSwitch/,
        });
        if (line[0] === 'ovs-ctl')
          spawnSync(ours(['ovs-ctl'])[0] ?? '', ['stop'], { env: place.environment });
        place.expectPlain(stderr);
        expect([0, 1, 'runs']).toContain(end);
      }
    },
  );
});

test('a daemon without control socket goes on running while its database cannot be reached', async () => {
  const words = ours(['ovs-vswitchd', 'unix:none', '--unixctl=none']);
  expect(
    (await place.run(words, { until: /connection attempt failed[\s\S]*connection attempt failed/ })).end,
  ).toBe('runs');
});
