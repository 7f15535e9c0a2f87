/**
 * The installed ovsdb-client and ours on the same server, command by command. Build first: `npm run test:system` does.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatJson } from '../../src/rpc/json.ts';
import { RealServer, schemaFile, whyNoServer } from './real-server.ts';
import type { Said } from './support/batch.ts';
import { until } from './support/daemon-pair.ts';
import { saidBy } from './support/run-program.ts';

const ours = new URL('../../bin/ovsdb-client', import.meta.url).pathname;
const reason = whyNoServer();

const select = JSON.stringify(['Open_vSwitch', { op: 'select', table: 'QoS', where: [] }]);
const insert = JSON.stringify(['Open_vSwitch', { op: 'insert', table: 'QoS', row: { type: 'x' } }]);
const condition = JSON.stringify([['type', '==', 'one']]);

/** None changes the database. */
const commandLines: readonly (readonly string[])[] = [
  ['list-dbs'],
  ['get-schema'],
  ['--pretty', 'get-schema', 'Open_vSwitch'],
  ['get-schema-version'],
  ['get-schema-cksum', '_Server'],
  ['list-tables'],
  ['-f', 'csv', 'list-columns'],
  ['list-columns', 'Bridge'],
  ['dump'],
  ['dump', 'QoS'],
  ['-f', 'json', '-d', 'json', 'dump', 'QoS', 'type', 'external_ids'],
  ['-f', 'html', '--no-headings', 'dump', 'QoS'],
  ['-f', 'list', 'dump', '_Server', 'Database', 'name', 'leader'],
  ['transact', select],
  ['--pretty', 'transact', select],
  ['query', insert.replace('insert', 'unknown')],
  ['--db-change-aware', 'query', select],
  ['needs-conversion', schemaFile],
  ['backup'],
  ['wait', 'unix:db.sock', 'Open_vSwitch', 'connected'],
  [],
  ['frobnicate'],
  ['transact'],
  ['transact', '{}'],
  ['transact', '["Open_vSwitch"'],
  ['transact', '["none"]'],
  ['dump', 'None'],
  ['dump', 'QoS', 'none'],
  ['get-schema', 'none'],
  ['list-columns', 'None'],
  ['monitor', 'None'],
  ['monitor', 'QoS', 'none'],
  ['monitor-cond', '[["none","==",1]]', 'QoS'],
  ['needs-conversion', '/no/such/file'],
  ['list-dbs', 'unix:no-such-socket'],
  ['list-dbs', 'what:ever'],
];

/** Those that go on until they are ended. */
const lastingLines: readonly (readonly string[])[] = [
  ['monitor', 'QoS'],
  ['-f', 'json', 'monitor', 'Open_vSwitch', 'QoS', 'type', '!insert'],
  ['monitor-cond', condition, 'QoS', 'type'],
  ['monitor-cond-since', 'Open_vSwitch', condition, 'QoS'],
  ['lock', 'mine'],
  ['unlock', 'mine'],
  ['wait', 'unix:db.sock', 'Open_vSwitch', 'removed'],
];
const seconds = 10;

describe.skipIf(reason !== undefined)(
  `ovsdb-client is like the reference's${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    let server: RealServer;
    beforeAll(async () => {
      server = await RealServer.start();
      for (const type of ['one', 'two']) {
        const row = { type, external_ids: ['map', [['k', type]]] };
        const made = server.run('ovsdb-client', [
          'transact',
          JSON.stringify(['Open_vSwitch', { op: 'insert', table: 'QoS', row }]),
        ]);
        expect(made.stderr).toBe('');
      }
    });
    afterAll(() => server?.stop());

    test.each(commandLines.map((line) => [line.join(' '), line] as const))('%s', (_name, line) => {
      expect(comparable(server.run(ours, line))).toEqual(comparable(server.run('ovsdb-client', line)));
    });

    test('what goes on is ended after the time that it is given, with what it has said', async () => {
      const lines = lastingLines.map((line) => ['-t', String(seconds), ...line]);
      const say = async (program: string): Promise<Said[][]> =>
        Promise.all(lines.map((line) => server.runAll([[program, ...line]])));
      const [theirs, ourOwn] = [await say('ovsdb-client'), await say(ours)];
      expect(ourOwn.flat().map(comparable)).toEqual(theirs.flat().map(comparable));
    });

    test('a transaction that waits ends with the database as it knew it, or with the connection', async () => {
      const wait = { op: 'wait', table: 'QoS', where: [], columns: ['type'], until: '==', rows: [] };
      const text = JSON.stringify(['Open_vSwitch', wait]);
      const aware = runInBackground(server, '--db-change-aware', 'transact', text);
      const unaware = runInBackground(server, 'transact', text);
      const waiting = (): string =>
        server.run('ovs-appctl', ['-t', `${server.folder}/ctl`, 'memory/show']).stdout;
      await until(() => waiting().includes('triggers:2'), 'both to wait');
      const converted = `${server.folder}/converted.ovsschema`;
      const schema = JSON.parse(server.run('ovsdb-client', ['get-schema']).stdout);
      writeFileSync(converted, JSON.stringify({ ...schema, version: '99.0.0' }));
      expect(server.run('ovsdb-client', ['convert', converted]).stderr).toBe('');
      expect(await aware).toBe('ovsdb-client: transaction returned error: "canceled"\n');
      expect(await unaware).toBe('ovsdb-client: transaction failed (End of file)\n');
    });
  },
);

/** What it says on standard error, once it has ended. */
async function runInBackground(server: RealServer, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, OVS_RUNDIR: server.folder };
  const child = spawn(ours, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  return (await saidBy(child)).stderr;
}

/** Without the times of log lines and of a backup, nor the sums over those; a backup's members have no order. */
function comparable({ stdout, stderr, status }: Said): Said {
  const lines = stdout.startsWith('OVSDB JSON') ? stdout.split('\n').map(comparableRecord) : [stdout];
  const messages = stderr.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\|\d+\|/gm, 'TIME|');
  return { stdout: lines.join('\n'), stderr: messages, status };
}

function comparableRecord(line: string): string {
  if (!line.startsWith('{')) return line.replace(/ [0-9a-f]{40}$/, ' SUM');
  const json = JSON.parse(line);
  if ('_date' in json) json._date = 0;
  return formatJson(json, { isSorted: true });
}
