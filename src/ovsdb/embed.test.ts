import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectChannel } from '../rpc/socket-channel.ts';
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
    const client = await ovsdb.client({ Host: true });
    expect(await client.transact((tx) => tx.insert('Host', { name: 'a' }))).toMatchObject({
      status: 'committed',
    });
    expect([...client.view.rows('Host').values()].map((host) => host.name)).toEqual(expected);
  }
});

test('an embedded database that listens answers on its socket until it is closed', async () => {
  const path = join(folder, 'db.sock');
  const ovsdb = await embedOvsdb({ schema: declared, listen: [`punix:${path}`] });
  const channel = await connectChannel({ kind: 'unix', path });
  const reply = new Promise((resolve) => {
    channel.events = { message: resolve, closed: () => {} };
  });
  channel.send({ method: 'list_dbs', params: [], id: 1 });
  expect(await reply).toMatchObject({ id: 1, result: ['_Server', 'Inventory'] });
  channel.close();
  await ovsdb[Symbol.asyncDispose]();
  await expect(connectChannel({ kind: 'unix', path })).rejects.toThrow();
});
