import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { Replicator } from './replication.ts';
import { Fixture, insertItem } from './server-fixture.ts';

const everything: JsonObject = {
  op: 'select',
  table: 'item',
  where: [],
  columns: ['_uuid', 'name', 'number', 'tags'],
};

/** A backup of `active`. */
function makeBackup(active: Fixture, excluded: readonly string[] = []) {
  const backup = new Fixture({}, undefined, 'b');
  backup.server.isReadOnly = true;
  let failureCount = 0;
  const replicator = new Replicator(
    {
      server: backup.server,
      timers: backup.timers,
      sockets: {
        isPassive: () => false,
        listen: () => Promise.reject(new Error('a backup does not listen here')),
        connect: async () => active.server.connect(),
      },
      failed: () => failureCount++,
    },
    { remote: 'tcp:active', excluded: new Map([['test', new Set(excluded)]]), probeInterval: 0 },
  );
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) {
      await active.settle();
      await backup.settle();
    }
  };
  return { backup, replicator, settle, failures: () => failureCount };
}

const sorted = (answer: Json): string => JSON.stringify(answer).split('{').sort().join('{');

test('a backup gets what the active server has, follows its changes, and is not written by others', async () => {
  const active = new Fixture();
  const writer = active.client();
  await writer.transact(insertItem({ name: 'a', tags: ['set', ['x', 'y']] }), insertItem({ name: 'b' }));
  const { backup, replicator, settle } = makeBackup(active);
  await settle();
  const reader = backup.client();
  expect(sorted(await reader.transact(everything))).toBe(sorted(await writer.transact(everything)));
  await writer.transact(
    { op: 'update', table: 'item', where: [['name', '==', 'a']], row: { number: 5, tags: 'z' } },
    { op: 'delete', table: 'item', where: [['name', '==', 'b']] },
    insertItem({ name: 'c' }),
  );
  await settle();
  expect(sorted(await reader.transact(everything))).toBe(sorted(await writer.transact(everything)));
  expect(await reader.transact(insertItem({ name: 'd' }))).toMatchObject([{ error: 'not allowed' }]);
  expect(replicator.status).toEqual({ progress: 'replicating', remote: 'tcp:active', databases: ['test'] });
  replicator.stop();
});

test('tables that are excluded keep what they have', async () => {
  const active = new Fixture();
  await active
    .client()
    .transact(insertItem({ name: 'a' }), { op: 'insert', table: 'other', row: { text: 'theirs' } });
  const { backup, replicator, settle } = makeBackup(active, ['other']);
  await settle();
  const select = { op: 'select', table: 'other', where: [] };
  expect(await backup.client().transact(select)).toEqual([{ rows: [] }]);
  replicator.stop();
});

test('a server does not replicate itself', async () => {
  const active = new Fixture();
  const { failures, settle } = makeBackup(active);
  const itself = new Replicator(
    {
      server: active.server,
      timers: active.timers,
      sockets: {
        isPassive: () => false,
        listen: () => Promise.reject(new Error('not here')),
        connect: async () => active.server.connect(),
      },
      failed: () => {
        selfFailures++;
      },
    },
    { remote: 'tcp:self', excluded: new Map(), probeInterval: 0 },
  );
  let selfFailures = 0;
  await settle();
  expect([selfFailures, failures()]).toEqual([1, 0]);
  itself.stop();
});
