import { afterEach, expect, test } from 'vitest';
import { ms } from '../../base/units.ts';
import type { Channel, Json, JsonObject } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { Database } from '../engine/database.ts';
import { compileSchema } from '../engine/schema.ts';
import { Relay } from './relay.ts';
import { Fixture, insertItem, type TestClient } from './server-fixture.ts';

const everything: JsonObject = { op: 'select', table: 'item', where: [] };
const itemNames: JsonObject = { ...everything, columns: ['name'] };
const relays: Relay[] = [];

afterEach(() => {
  for (const relay of relays.splice(0)) relay.close();
});

/** A server whose only database is a copy of that of `source`. */
function relayOf(source: Fixture, digit = 'b') {
  const fixture = new Fixture({}, undefined, digit);
  fixture.server.removeDatabase('test');
  fixture.server.addRelay('test');
  const channels: Channel[] = [];
  const relay = new Relay(
    { name: 'test', remotes: ['unix:source'] },
    {
      server: fixture.server,
      timers: fixture.timers,
      newUuid: fixture.newUuid,
      async connect() {
        const channel = source.server.connect();
        channels.push(channel);
        return channel;
      },
    },
  );
  relays.push(relay);
  return { fixture, server: fixture.server, channels };
}

async function settle(...fixtures: readonly Fixture[]): Promise<void> {
  for (let i = 0; i < 10; i++) for (const fixture of fixtures) await fixture.settle();
}

/** Sends a request whose answer comes over another server. */
async function askThrough(client: TestClient, fixtures: readonly Fixture[], operation: JsonObject) {
  client.channel.send({ method: 'transact', params: ['test', operation], id: 'through' });
  await settle(...fixtures);
  return client.replies.get('"through"');
}

function sorted(answer: Json): string {
  return formatJson(answer, { isSorted: true })
    .split('{')
    .sort()
    .join('{')
    .replace(/"_version":\["uuid","[^"]*"\],?/g, '');
}

/** The row of the relay in its server's `_Server`. */
async function statusOf(client: TestClient): Promise<Json> {
  const columns = ['model', 'connected', 'leader'];
  const where = [['name', '==', 'test']];
  return client.ask('transact', '_Server', { op: 'select', table: 'Database', where, columns });
}

test('what a relay has is what its source has, and follows it', async () => {
  const source = new Fixture();
  const writer = source.client();
  await writer.transact(
    insertItem({ name: 'a', tags: ['set', ['x', 'y']], options: ['map', [['k', 'v']]] }),
    insertItem({ name: 'b', note: 'n' }),
  );
  const { fixture } = relayOf(source);
  await settle(source, fixture);
  const reader = fixture.client();
  expect(sorted(await reader.transact(everything))).toBe(sorted(await writer.transact(everything)));
  await reader.ask('monitor', 'test', 'm', { item: [{ columns: ['name', 'tags'] }] });
  await writer.transact(
    {
      op: 'mutate',
      table: 'item',
      where: [['name', '==', 'a']],
      mutations: [
        ['tags', 'insert', 'z'],
        ['tags', 'delete', 'x'],
        ['options', 'insert', ['map', [['l', 'w']]]],
        ['number', '+=', 5],
      ],
    },
    { op: 'update', table: 'item', where: [['name', '==', 'b']], row: { note: ['set', []] } },
    insertItem({ name: 'c' }),
  );
  await settle(source, fixture);
  await writer.transact({ op: 'delete', table: 'item', where: [['name', '==', 'c']] });
  await settle(source, fixture);
  expect(sorted(await reader.transact(everything))).toBe(sorted(await writer.transact(everything)));
  expect(reader.take().map(({ method }) => method)).toEqual(['update', 'update']);
});

test('transactions that write go to the source, with its answers and errors', async () => {
  const source = new Fixture();
  const { fixture } = relayOf(source);
  await settle(source, fixture);
  const client = fixture.client();
  const through = (operation: JsonObject) => askThrough(client, [source, fixture], operation);
  const inserted = await through(insertItem({ name: 'a' }));
  expect(inserted?.result).toMatchObject([{ uuid: ['uuid', expect.stringMatching(/^00000000-/)] }]);
  expect(await source.client().transact(itemNames)).toEqual([{ rows: [{ name: 'a' }] }]);
  expect(await client.transact(itemNames)).toEqual([{ rows: [{ name: 'a' }] }]);
  expect(JSON.stringify(await through(insertItem({ name: 'a' })))).toContain('constraint violation');
  source.server.isReadOnly = true;
  expect(JSON.stringify(await through(insertItem({ name: 'b' })))).toContain('read only');
  const unknown = await client.transact({ op: 'insert', table: 'none', row: {} });
  expect(JSON.stringify(unknown)).toContain('No table named none.');
});

test('a transaction waits at the relay, and for a source that is away', async () => {
  const source = new Fixture();
  const { fixture, channels } = relayOf(source);
  await settle(source, fixture);
  const client = fixture.client();
  const wait = {
    op: 'wait',
    table: 'item',
    where: [],
    columns: ['name'],
    until: '==',
    rows: [{ name: 'a' }],
  };
  client.channel.send({ method: 'transact', params: ['test', wait, insertItem({ name: 'b' })], id: 1 });
  await settle(source, fixture);
  expect(client.replies.has('1')).toBe(false);
  await source.client().transact(insertItem({ name: 'a' }));
  await settle(source, fixture);
  expect(client.replies.get('1')).toMatchObject({ result: [{}, {}], error: null });
  channels[0]?.abort();
  await settle(source, fixture);
  client.channel.send({ method: 'transact', params: ['test', insertItem({ name: 'c' })], id: 2 });
  client.channel.send({ method: 'transact', params: ['test', insertItem({ name: 'd' })], id: 3 });
  client.channel.send({ method: 'cancel', params: [3], id: null });
  await settle(source, fixture);
  expect(client.replies.has('2')).toBe(false);
  expect(client.replies.get('3')).toMatchObject({ error: 'canceled' });
  fixture.clock.advance(ms(1000));
  fixture.timers.run();
  await settle(source, fixture);
  expect(client.replies.get('2')).toMatchObject({ result: [{}], error: null });
  expect(sorted(await source.client().transact(itemNames))).not.toContain('"d"');
});

test('whoever waits for the answer of a source that goes away is told', async () => {
  const source = new Fixture();
  const { fixture, channels } = relayOf(source);
  await settle(source, fixture);
  const client = fixture.client();
  const [channel] = channels;
  if (channel === undefined) throw new Error('no connection');
  channel.send = () => {}; // the source does not hear any more
  client.channel.send({ method: 'transact', params: ['test', insertItem({ name: 'a' })], id: 1 });
  await settle(source, fixture);
  expect(client.replies.has('1')).toBe(false);
  channel.abort();
  await settle(source, fixture);
  expect(client.replies.get('1')).toMatchObject({ result: null, error: 'canceled' });
});

test('_Server says that it is a relay, and for how long its source may be away', async () => {
  const source = new Fixture();
  source.server.removeDatabase('test');
  const { fixture, channels } = relayOf(source);
  await settle(source, fixture);
  const client = fixture.client();
  await client.ask('set_db_change_aware', true);
  const status = (connected: boolean) => [{ rows: [{ model: 'relay', connected, leader: false }] }];
  expect(await statusOf(client)).toEqual(status(false));
  expect(await client.ask('list_dbs')).toEqual(['test', '_Server']);
  expect(await client.transact(itemNames)).toMatchObject({ error: { error: 'database not available' } });
  source.server.addDatabase(source.db);
  fixture.clock.advance(ms(8000));
  fixture.timers.run();
  await settle(source, fixture);
  expect(await statusOf(client)).toEqual(status(true));
  expect(await client.transact(itemNames)).toEqual([{ rows: [] }]);
  source.server.removeDatabase('test');
  channels.at(-1)?.abort();
  await settle(source, fixture);
  expect(await statusOf(client)).toEqual(status(true));
  fixture.clock.advance(ms(30_000));
  fixture.timers.run();
  await settle(source, fixture);
  expect(await statusOf(client)).toEqual(status(false));
});

test('a source with another schema is followed, and the clients look anew', async () => {
  const source = new Fixture();
  const { fixture } = relayOf(source);
  await settle(source, fixture);
  const client = fixture.client();
  const schema = {
    name: 'test',
    version: '2.0.0',
    tables: { item: { columns: { name: { type: 'string' } } } },
  };
  source.db.convert(compileSchema({ ...schema, tables: { item: { ...schema.tables.item, isRoot: true } } }));
  await settle(source, fixture);
  fixture.clock.advance(ms(8000));
  fixture.timers.run();
  await settle(source, fixture);
  expect(client.isClosed).toBe(true);
  expect(await fixture.client().ask('get_schema', 'test')).toMatchObject({ version: '2.0.0' });
});

test('a relay of a relay gives the same transactions the same ids, so that clients may change over', async () => {
  const source = new Fixture();
  const first = relayOf(source, 'b');
  const second = relayOf(source, 'c');
  const all = [source, first.fixture, second.fixture];
  await settle(...all);
  const [atFirst, atSecond] = [first.fixture.client(), second.fixture.client()];
  const since = (client: TestClient, id: Json) =>
    client.ask('monitor_cond_since', 'test', 'm', { item: {} }, id);
  await source.client().transact(insertItem({ name: 'a' }));
  await settle(...all);
  const [, id] = Object.values((await since(atFirst, '00000000-0000-0000-0000-000000000000')) as object);
  await source.client().transact(insertItem({ name: 'b' }));
  await settle(...all);
  const [isKnown, , updates] = Object.values((await since(atSecond, id)) as object);
  expect(isKnown).toBe(true);
  expect(JSON.stringify(updates).match(/"name":"."/g)).toEqual(['"name":"b"']);
});

test('a relay does not convert', async () => {
  const source = new Fixture();
  const { fixture } = relayOf(source);
  await settle(source, fixture);
  const schema = await fixture.client().ask('get_schema', 'test');
  expect(await fixture.client().ask('convert', 'test', schema)).toMatchObject({
    error: { error: 'not allowed' },
  });
});

test('names of databases that are there or to come are taken', () => {
  const { fixture, server } = relayOf(new Fixture());
  expect(server.addRelay('test')).toBe(false);
  const deps = { timers: fixture.timers, newUuid: fixture.newUuid };
  expect(server.addDatabase(new Database(fixture.db.schema, deps))).toBe(false);
});
