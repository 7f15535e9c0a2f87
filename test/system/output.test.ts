/**
 * Every program with standard output that takes nothing, and without standard error, for each kind of output: help,
 * version, text, tables in each format, JSON, a monitor.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTextOrEmpty } from '../../src/base/files.ts';
import { isRunning, until } from './support/daemon-pair.ts';
import { type Ended, ours, ProgramPlace, programs, schemaFile as schema } from './support/program-place.ts';

const place = new ProgramPlace();
const database = 'db/conf.db';
const select = JSON.stringify(['Open_vSwitch', { op: 'select', table: 'QoS', where: [] }]);
const formats = ['table', 'list', 'html', 'csv', 'json'];

/** Those that both implementations answer from the same database. */
const questions = [
  ['ovs-vsctl', '--no-wait', 'show'],
  ['ovs-vsctl', '--no-wait', 'list-br'],
  ['ovs-vsctl', '--no-wait', '--oneline', 'get', 'Open_vSwitch', '.', 'bridges'],
  ...formats.map((format) => ['ovs-vsctl', '--no-wait', '-f', format, 'list', 'QoS']),
  ['ovs-vsctl', '--commands'],
  ['ovs-vsctl', '--options'],
  ['ovs-appctl', '-t', 'ovsdb-server', 'vlog/list'],
  ['ovsdb-client', 'list-dbs'],
  ['ovsdb-client', 'get-schema'],
  ['ovsdb-client', 'get-schema-version'],
  ['ovsdb-client', 'get-schema-cksum'],
  ['ovsdb-client', 'list-tables'],
  ['ovsdb-client', 'list-columns'],
  ['ovsdb-client', 'needs-conversion', schema],
  ['ovsdb-client', 'transact', select],
  ['ovsdb-client', 'query', select],
  ['ovsdb-client', 'backup'],
  ...formats.map((format) => ['ovsdb-client', '-f', format, 'dump']),
  ['ovs-ofctl', 'print-error', 'OFPBRC_BAD_TYPE'],
  ['ovs-ofctl', 'ofp-print', '0100000800000001'],
  ['ovs-ofctl', 'encode-hello', '0x2'],
  ['ovsdb-tool', 'list-commands'],
  ['ovsdb-tool', '--option'],
  ['ovsdb-tool', 'db-name', database],
  ['ovsdb-tool', 'db-version', database],
  ['ovsdb-tool', 'db-cksum', database],
  ['ovsdb-tool', 'needs-conversion', database, schema],
  ['ovsdb-tool', 'schema-name', schema],
  ['ovsdb-tool', 'schema-version', schema],
  ['ovsdb-tool', 'schema-cksum', schema],
  ['ovsdb-tool', 'query', database, select],
  ['ovsdb-tool', 'show-log', '-mmm', database],
];
const ownOutput = [
  ['ovs-appctl', '--option'],
  ['ovs-ofctl', 'list-commands'],
  ...programs.flatMap((program) => [
    [program, '--help'],
    [program, '--version'],
  ]),
  ['ovs-appctl', '-f', 'json', '--pretty', '-t', 'ovsdb-server', 'version'],
  ['ovs-ctl', 'version'],
  ['ovs-ctl', 'status'],
  ['ovs-ctl', 'load-kmod'],
  ['ovs-ctl', 'help'],
  ['ovsdb-client', 'monitor', 'QoS'],
  ['ovsdb-client', '-f', 'json', '--timestamp', 'monitor', 'QoS'],
  ['ovsdb-client', 'monitor-cond', '[]', 'QoS'],
];
/** More than a buffer, which is when the reference writes. */
const longAnswers = [
  ['ovs-vsctl', '--no-wait', 'list', 'QoS'],
  ['ovs-appctl', '-t', 'ovsdb-server', 'vlog/list'],
  ['ovsdb-client', 'get-schema'],
  ['ovsdb-client', 'dump'],
  ['ovsdb-client', '-f', 'json', 'dump'],
  ['ovsdb-client', 'backup'],
  ['ovsdb-client', 'transact', select],
  ['ovsdb-tool', 'show-log', '-mmm', database],
  ['ovsdb-tool', 'query', database, select],
];

beforeEach(() => {
  place.makeDatabase(database);
  const start = (...words: string[]) =>
    spawnSync(words[0] ?? '', words.slice(1), { env: place.environment, cwd: place.folder });
  const socket = `--remote=punix:${place.path('run/db.sock')}`;
  const server = start('ovsdb-server', database, socket, '--pidfile', '--detach', '--no-chdir', '-voff');
  expect(server.status).toBe(0);
  const rows = Array.from({ length: 200 }, (_, i) => ['--', 'create', 'QoS', `type=t${i}`]);
  expect(String(start('ovs-vsctl', '--no-wait', 'add-br', 'br0', ...rows.flat()).stderr)).toBe('');
});
afterEach(() => endServer());

/** It takes its sockets away when it ends, though others may listen there by then. */
async function endServer(): Promise<void> {
  const pid = Number(readTextOrEmpty(place.path('run/ovsdb-server.pid')));
  spawnSync('ovs-appctl', ['-t', 'ovsdb-server', 'exit'], { env: place.environment });
  await until(() => !isRunning(pid), 'the server to end');
}

const withShell = (script: string, words: readonly string[]) =>
  place.run(['bash', '-c', `${script}`, 'bash', ...words]);
const closed = (words: readonly string[]) => withShell('exec "$@" >&-', words);
/** A pipe whose reader has gone before the program starts. */
const intoNobody = (words: readonly string[]) => withShell('exec 3> >(:); wait $!; exec "$@" >&3', words);

async function full(words: readonly string[]) {
  const stdout = openSync('/dev/full', 'w');
  try {
    return await place.run(words, { stdout });
  } finally {
    closeSync(stdout);
  }
}

describe('standard output', () => {
  test.each([
    ['is full', full],
    ['is closed', closed],
  ])('that %s ends every program with a message, whatever it was to print', async (_, run) => {
    for (const words of [...questions, ...ownOutput]) {
      const { end, stderr } = await run(ours(words));
      expect({ words, end, stderr }).toEqual({
        words,
        end: 1,
        stderr: `${words[0]}: write to stdout failed\n`,
      });
    }
  });

  test('that nobody reads any more ends each program as the reference', async () => {
    const short = [
      'ovs-appctl',
      'ovs-ofctl',
      'ovs-vsctl',
      'ovs-vswitchd',
      'ovsdb-client',
      'ovsdb-server',
      'ovsdb-tool',
    ];
    const asked = short.flatMap((program) => [
      [program, '--help'],
      [program, '--version'],
    ]);
    for (const words of [...asked, ...longAnswers]) {
      const [mine, theirs] = await Promise.all([intoNobody(ours(words)), intoNobody(words)]);
      expect({ words, ...mine }).toEqual({ words, ...theirs });
    }
  });

  test('that nobody reads any more ends ovs-ctl as the reference', async () => {
    const reference = '/usr/share/openvswitch/scripts/ovs-ctl';
    for (const word of ['--help', 'help', '--version', 'version', 'status']) {
      const [mine, theirs] = await Promise.all([
        intoNobody(ours(['ovs-ctl', word])),
        intoNobody([reference, word]),
      ]);
      const bySignal = ({ end }: Ended) => (end === 141 ? 'SIGPIPE' : end); // 141 is a shell's word for it
      expect({ word, ...mine, end: bySignal(mine) }).toEqual({ word, ...theirs, end: bySignal(theirs) });
    }
  });

  test.each([
    ['is full', full],
    ['is closed', closed],
  ])('that %s matters only to programs that have something to print', async (_, run) => {
    for (const words of [
      ['ovs-vsctl', '--no-wait', 'add-br', 'br1'],
      ['ovs-vsctl', '--no-wait', 'br-exists', 'br0'],
      ['ovsdb-client', 'wait', '-voff', 'Open_vSwitch', 'connected'],
      ['ovsdb-tool', 'db-is-standalone', database],
    ])
      expect({ words, ...(await run(ours(words))) }).toEqual({ words, end: 0, stdout: '', stderr: '' });
  });

  test('that cannot be written to keeps no daemon from running', async () => {
    const stdout = openSync('/dev/full', 'w');
    const words = ours(['ovs-vswitchd', '--quickstart', '--embedded-db=own.db']);
    await endServer();
    const { end, stderr } = await place.run(words, { stdout, until: /write to stdout failed/ });
    closeSync(stdout);
    expect(end).toBe('runs');
    place.expectPlain(stderr);
  });
});

test('a program without standard error says the same on standard output, and ends the same', async () => {
  const errors = [
    ['ovs-vsctl', '--no-wait', 'list', 'Nothing'],
    ['ovs-appctl', '-t', 'nobody', 'version'],
    ['ovs-appctl', '-t', 'ovsdb-server', 'no/such/command'],
    ['ovsdb-client', 'no-such-command'],
    ['ovsdb-tool', 'db-name', 'missing.db'],
    ['ovsdb-server', 'missing.db', '--unixctl=none'],
  ];
  const quiet = (words: readonly string[]) => withShell('exec "$@" 2>&-', words);
  for (const words of [...questions, ...errors]) {
    const [mine, theirs] = await Promise.all([quiet(ours(words)), quiet(words)]);
    expect({ words, ...extent(mine) }).toEqual({ words, ...extent(theirs) });
  }
});

/** Rows come in no order that a reader could count on. */
function extent({ end, stdout }: Ended) {
  return { end, size: stdout.length };
}
