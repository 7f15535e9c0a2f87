import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectChannel } from '../rpc/socket-channel.ts';
import { connect } from './client/connect.ts';
import { embedOvsdb } from './embed.ts';
import { atom, column, schema, table } from './schema-types.ts';

const declared = schema('Inventory', '1.0.0', {
  Host: table({ name: column.one(atom.string) }, { root: true }),
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ovs-ts-embed-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('an embedded database with a file has its rows again after a restart', async () => {
  const file = join(folder, 'inventory.db');
  for (const expected of [['a'], ['a', 'a']]) {
    await using ovsdb = await embedOvsdb({ schema: declared, file });
    const client = await ovsdb.client();
    await client.transact((tx) => tx.insert('Host', { name: 'a' }));
    expect([...client.rows('Host').values()].map((host) => host.name)).toEqual(expected);
  }
});

test('a file with another schema is an error that names both', async () => {
  const file = join(folder, 'inventory.db');
  const tables = {
    Host: table({ name: column.one(atom.string), rack: column.one(atom.integer()) }, { root: true }),
  };
  (await embedOvsdb({ schema: declared, file })).close();
  for (const [name, version, why] of [
    ['Inventory', '2.0.0', 'has schema Inventory 1.0.0 and not Inventory 2.0.0'],
    ['Stock', '1.0.0', 'has schema Inventory 1.0.0 and not Stock 1.0.0'],
    ['Inventory', '1.0.0', 'has another schema Inventory 1.0.0'],
  ] as const) {
    await expect(embedOvsdb({ schema: schema(name, version, tables), file })).rejects.toMatchObject({
      name: 'OvsdbError',
      message: expect.stringContaining(`${file}: ${why}; convert it with ovsdb-tool, or use another file`),
    });
  }
  (await embedOvsdb({ schema: { ...declared, cksum: '1 2' }, file })).close();
});

test('an embedded database that listens answers on its socket until it is closed', async () => {
  const path = join(folder, 'db.sock');
  const ovsdb = await embedOvsdb({ schema: declared, listen: [`punix:${path}`] });
  const channel = await connectChannel({ kind: 'unix', path });
  const reply = new Promise((resolve) => {
    channel.events = { message: resolve, closed: () => {} };
  });
  channel.send({ method: 'list_dbs', params: [], id: 1 });
  expect(await reply).toMatchObject({ id: 1, result: ['Inventory', '_Server'] });
  channel.close();
  await ovsdb[Symbol.asyncDispose]();
  await expect(connectChannel({ kind: 'unix', path })).rejects.toThrow();
});

test('an embedded database that cannot listen is an error, and leaves nothing open', async () => {
  const path = join(folder, 'db.sock');
  const file = join(folder, 'inventory.db');
  await using other = await embedOvsdb({ schema: declared, listen: ['ptcp:0:127.0.0.1'] });
  const taken = (other.remotes[0] ?? '').replace(/^tcp:(.*):(\d+)$/, 'ptcp:$2:$1');
  const mistakes: [string, object][] = [
    [taken, { name: 'SyscallFailed', call: 'listen', reason: 'Address already in use' }],
    [`punix:${folder}/absent/db.sock`, { name: 'SyscallFailed', reason: 'No such file or directory' }],
    ['tcp:127.0.0.1:6640', { message: expect.stringContaining('is active; expected punix:') }],
    ['pssl:0', { message: expect.stringContaining('SSL needs a private key') }],
  ];
  for (const [target, error] of mistakes) {
    const listen = [`punix:${path}`, target];
    await expect(embedOvsdb({ schema: declared, file, listen })).rejects.toMatchObject(error);
    expect(existsSync(path)).toBe(false);
  }
});

test('an embedded database does not take the socket of a server that runs, but one that a dead process left', async () => {
  const path = join(folder, 'db.sock');
  const listen = [`punix:${path}`];
  const first = await embedOvsdb({ schema: declared, listen });
  await expect(embedOvsdb({ schema: declared, listen })).rejects.toMatchObject({
    name: 'SyscallFailed',
    call: 'bind',
    reason: 'Address already in use',
  });
  await using client = await connect(`unix:${path}`, { schema: declared });
  expect(client.isConnected).toBe(true);
  first.close();
  spawnSync(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  expect(existsSync(path)).toBe(true);
  await using second = await embedOvsdb({ schema: declared, listen });
  expect(second.remotes).toEqual([`unix:${path}`]);
});

test('a client ends with its database, and a closed database has no clients', async () => {
  const ovsdb = await embedOvsdb({ schema: declared });
  const client = await ovsdb.client();
  const waiting = client.until(() => false);
  ovsdb.close();
  ovsdb.close();
  await expect(waiting).rejects.toMatchObject({ name: 'Disconnected', message: 'the database was closed' });
  await expect(ovsdb.client()).rejects.toThrow('the database was closed');
});
