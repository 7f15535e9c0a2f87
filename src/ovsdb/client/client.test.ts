import { afterEach, expect, test } from 'vitest';
import { ms } from '../../base/units.ts';
import type { Channel, ChannelEvents, Json, RpcMessage } from '../../rpc/channel.ts';
import { channelPair } from '../../rpc/pair.ts';
import { atom, column, schema, table } from '../schema-types.ts';
import { Fixture, insertItem } from '../server/server-fixture.ts';
import { type ClientOptions, OvsdbClient } from './client.ts';
import type { ChangeSet } from './types.ts';

const declared = schema('test', '1.0.0', {
  item: table(
    {
      name: column.one(atom.string),
      number: column.one(atom.integer()),
      tags: column.set(atom.string),
      options: column.map(atom.string, atom.string),
      note: column.optional(atom.string),
    },
    { root: true, indexes: [['name']] },
  ),
  other: table({ text: column.one(atom.string) }, { root: true }),
});
type Declared = typeof declared.tables;
const anybody = { isReadOnly: false, access: undefined, holdsLock: () => false };

const open: { close(): void }[] = [];
afterEach(() => {
  for (const client of open.splice(0)) client.close();
});

async function connected(fixture: Fixture, options: Partial<ClientOptions<Declared>> = {}) {
  const client = new OvsdbClient({
    schema: declared,
    connect: () => Promise.resolve(fixture.server.connect()),
    remotes: ['in-process'],
    timers: fixture.timers,
    tables: { item: true, other: true },
    ...options,
  });
  open.push(client);
  await fixture.settle();
  return client;
}

/** Runs the fixture until the promise is settled. */
async function done<T>(fixture: Fixture, promise: Promise<T>): Promise<T> {
  await fixture.settle();
  return promise;
}

function names(client: OvsdbClient<Declared>): string[] {
  return [...client.view.rows('item').values()].map((row) => row.name).sort();
}

test('a client sees the content, and what it and others write', async () => {
  const fixture = new Fixture();
  const client = await connected(fixture);
  expect(client.isSynced).toBe(true);
  const outcome = await done(
    fixture,
    client.transact((tx) => {
      tx.insert('item', { name: 'a', number: 5, tags: ['y', 'x'], options: new Map([['k', 'v']]) });
    }),
  );
  expect(outcome).toEqual({ status: 'committed', incremented: undefined });
  const [row] = [...client.view.rows('item').values()];
  expect(row).toMatchObject({ name: 'a', number: 5, tags: ['x', 'y'], note: undefined });
  expect(row?.options).toEqual(new Map([['k', 'v']]));
  const other = await connected(fixture);
  expect(names(other)).toEqual(['a']);
});

test('a client can tell whether writing would change anything', async () => {
  const fixture = new Fixture();
  const client = await connected(fixture);
  const values = { name: 'a', tags: ['x', 'y'], options: new Map([['k', 'v']]) };
  await done(
    fixture,
    client.transact((tx) => void tx.insert('item', values)),
  );
  const [id] = [...client.view.rows('item').keys()];
  if (id === undefined) throw new Error('no row');
  expect(client.shows('item', id, { tags: ['y', 'x'], options: new Map([['k', 'v']]) })).toBe(true);
  expect(client.shows('item', id, { name: 'a', note: undefined })).toBe(true);
  expect(client.shows('item', id, { options: new Map([['k', 'w']]) })).toBe(false);
  expect(client.shows('item', id, { note: 'new' })).toBe(false);
  expect(client.shows('item', fixture.newUuid(), {})).toBe(false);
});

/** Keeps what comes through `inner` until `deliver`, which brings it all in one go, as a socket may. */
function inOneGo(inner: Channel) {
  const kept: RpcMessage[] = [];
  let { events } = inner;
  inner.events = { message: (message) => kept.push(message), closed: (why) => events.closed(why) };
  const outer: Channel = Object.defineProperties(Object.create(inner), {
    events: {
      set: (wanted: ChannelEvents) => {
        events = wanted;
      },
    },
    send: { value: inner.send.bind(inner) },
    close: { value: inner.close.bind(inner) },
  });
  return { outer, kept, deliver: () => kept.splice(0).forEach((message) => void events.message(message)) };
}

test('an update that comes together with the first contents is not lost', async () => {
  const fixture = new Fixture();
  const { outer, kept, deliver } = inOneGo(fixture.server.connect());
  const client = await connected(fixture, { connect: () => Promise.resolve(outer) });
  const isMonitorReply = (message: RpcMessage) => 'result' in message && Array.isArray(message.result);
  while (!kept.some(isMonitorReply)) {
    deliver();
    await fixture.settle();
  }
  fixture.db.transact(['test', insertItem({ name: 'a' })], anybody);
  await fixture.settle();
  deliver();
  await fixture.settle();
  expect(names(client)).toEqual(['a']);
});

test('an index finds rows by several columns, and follows them', async () => {
  const fixture = new Fixture();
  const client = await connected(fixture);
  await done(
    fixture,
    client.transact((tx) => {
      for (const [name, number] of [
        ['a', 1],
        ['b', 1],
        ['c', 2],
      ] as const)
        tx.insert('item', { name, number, tags: ['t'] });
    }),
  );
  const byNumber = client.index('item', 'number', 'tags', 'options', 'note');
  const find = (number: number, note?: string) =>
    byNumber
      .find({ number, tags: ['t'], options: new Map(), note })
      .map((row) => row.name)
      .sort();
  expect([find(1), find(2), find(3)]).toEqual([['a', 'b'], ['c'], []]);
  const [b] = [...client.view.rows('item').values()].filter((row) => row.name === 'b');
  if (b === undefined) throw new Error('no row b');
  await done(
    fixture,
    client.transact((tx) => tx.update('item', b._uuid, { number: 2, note: 'n' })),
  );
  expect([find(1), find(2), find(2, 'n')]).toEqual([['a'], ['c'], ['b']]);
  await done(
    fixture,
    client.transact((tx) => tx.delete('item', b._uuid)),
  );
  expect(find(2, 'n')).toEqual([]);
});

test('the uuid of a new row is known at once, and rows of the same transaction may be changed', async () => {
  const fixture = new Fixture();
  const client = await connected(fixture);
  let id = '';
  const build = client.transact((tx) => {
    const row = tx.insert('item', { name: 'a' });
    tx.update('item', row, { number: 7 });
    id = row;
  });
  await done(fixture, build);
  expect([...client.view.rows('item').keys()]).toEqual([id]);
  expect([...client.view.rows('item').values()][0]?.number).toBe(7);
});

test('a row that did not change stays the same object, a changed one is another', async () => {
  const fixture = new Fixture();
  const client = await connected(fixture);
  await done(
    fixture,
    client.transact((tx) => void [tx.insert('item', { name: 'a' }), tx.insert('item', { name: 'b' })]),
  );
  const before = new Map([...client.view.rows('item').values()].map((row) => [row.name, row]));
  const changes: ChangeSet<Declared>[] = [];
  client.onChange((change) => changes.push(change));
  const id = before.get('a')?._uuid;
  if (id === undefined) throw new Error('no row a');
  await done(
    fixture,
    client.transact((tx) => tx.update('item', id, { tags: ['t'] })),
  );
  const after = new Map([...client.view.rows('item').values()].map((row) => [row.name, row]));
  expect(after.get('b')).toBe(before.get('b'));
  expect(after.get('a')).not.toBe(before.get('a'));
  expect(changes).toHaveLength(1);
  const [delta] = changes[0]?.of('item') ?? [];
  expect(delta?.old).toBe(before.get('a'));
  expect(delta?.new).toBe(after.get('a'));
  expect(changes[0]?.tables).toEqual(['item']);
});

test('a transaction that changes nothing is not sent', async () => {
  const fixture = new Fixture();
  const client = await connected(fixture);
  await done(
    fixture,
    client.transact((tx) => void tx.insert('item', { name: 'a', tags: ['x'] })),
  );
  const [id] = [...client.view.rows('item').keys()];
  if (id === undefined) throw new Error('no row');
  const before = client.changeNumber;
  const outcome = await done(
    fixture,
    client.transact((tx) => {
      tx.update('item', id, { name: 'a', tags: ['x'] });
      tx.comment('nothing');
      tx.increment('item', id, 'number');
    }),
  );
  expect(outcome).toEqual({ status: 'unchanged' });
  expect(client.changeNumber).toBe(before);
});

test('mutations add and remove without naming the rest, and an increment tells the new value', async () => {
  const fixture = new Fixture();
  const client = await connected(fixture);
  await done(
    fixture,
    client.transact(
      (tx) =>
        void tx.insert('item', { name: 'a', number: 3, tags: ['x', 'y'], options: new Map([['k', 'v']]) }),
    ),
  );
  const [id] = [...client.view.rows('item').keys()];
  if (id === undefined) throw new Error('no row');
  const outcome = await done(
    fixture,
    client.transact((tx) => {
      tx.mutate('item', id, {
        tags: { insert: ['z'], delete: ['x'] },
        options: { insert: new Map([['l', 'w']]), delete: ['k'] },
      });
      tx.increment('item', id, 'number');
    }),
  );
  expect(outcome).toEqual({ status: 'committed', incremented: 4 });
  const row = client.view.row('item', id);
  expect(row?.tags).toEqual(['y', 'z']);
  expect(row?.options).toEqual(new Map([['l', 'w']]));
});

test('verified columns that changed meanwhile end in tryAgain, and a patient transaction then succeeds', async () => {
  const fixture = new Fixture();
  const first = await connected(fixture);
  await done(
    fixture,
    first.transact((tx) => void tx.insert('item', { name: 'a', number: 1 })),
  );
  const second = await connected(fixture);
  const [id] = [...first.view.rows('item').keys()];
  if (id === undefined) throw new Error('no row');
  const add = (client: OvsdbClient<Declared>) =>
    client.transactPatiently((tx) => {
      tx.verify('item', id, 'number');
      tx.update('item', id, { number: Number(client.view.row('item', id)?.number ?? 0) + 10 });
    });
  const both = Promise.all([add(first), add(second)]);
  await fixture.settle();
  await fixture.settle();
  expect((await both).map(({ status }) => status)).toEqual(['committed', 'committed']);
  await fixture.settle();
  expect(first.view.row('item', id)?.number).toBe(21);
});

test('errors of the server are outcomes', async () => {
  const fixture = new Fixture();
  const client = await connected(fixture);
  await done(
    fixture,
    client.transact((tx) => void tx.insert('item', { name: 'a' })),
  );
  const outcome = await done(
    fixture,
    client.transact((tx) => void tx.insert('item', { name: 'a' })),
  );
  expect(outcome).toMatchObject({ status: 'error', tag: 'constraint violation' });
});

test('conditions limit the view and can be changed', async () => {
  const fixture = new Fixture();
  const client = await connected(fixture, { conditions: { item: [['name', '==', 'a']] } });
  await done(
    fixture,
    client.transact((tx) => void ['a', 'b', 'c'].map((name) => tx.insert('item', { name }))),
  );
  expect(names(client)).toEqual(['a']);
  await done(fixture, client.setConditions('item', [['name', '!=', 'a']]).done);
  expect(names(client)).toEqual(['b', 'c']);
  await done(fixture, client.setConditions('item', true).done);
  expect(names(client)).toEqual(['a', 'b', 'c']);
});

test('columns that were not asked for show their default', async () => {
  const fixture = new Fixture();
  const writer = await connected(fixture);
  const reader = await connected(fixture, { tables: { item: ['name'] } });
  await done(
    fixture,
    writer.transact((tx) => void tx.insert('item', { name: 'a', number: 5, tags: ['x'] })),
  );
  expect([...reader.view.rows('item').values()]).toMatchObject([{ name: 'a', number: 0, tags: [] }]);
});

test('only the holder of the lock may write', async () => {
  const fixture = new Fixture();
  const first = await connected(fixture, { lock: 'l' });
  const second = await connected(fixture, { lock: 'l' });
  expect([first.hasLock, second.hasLock]).toEqual([true, false]);
  const write = (client: OvsdbClient<Declared>) =>
    client.transact((tx) => void tx.insert('other', { text: 'x' }));
  expect(await done(fixture, write(second))).toEqual({ status: 'notLocked' });
  first.close();
  await fixture.settle();
  expect(second.hasLock).toBe(true);
  expect(await done(fixture, write(second))).toMatchObject({ status: 'committed' });
});

test('the view outlives the connection and is then brought up to date by one change set', async () => {
  const fixture = new Fixture();
  const writer = await connected(fixture);
  const channels: Channel[] = [];
  const client = await connected(fixture, {
    connect: () => {
      const channel = fixture.server.connect();
      channels.push(channel);
      return Promise.resolve(channel);
    },
  });
  await done(
    fixture,
    writer.transact((tx) => void ['a', 'b'].map((name) => tx.insert('item', { name }))),
  );
  const kept = [...client.view.rows('item').values()].find((row) => row.name === 'b');
  const changes: ChangeSet<Declared>[] = [];
  client.onChange((change) => changes.push(change));
  channels[0]?.abort();
  channels[0]?.events.closed(new Error('cut'));
  const gone = [...writer.view.rows('item').values()].find((row) => row.name === 'a');
  if (gone === undefined) throw new Error('no row a');
  await done(
    fixture,
    writer.transact((tx) => {
      tx.delete('item', gone._uuid);
      tx.insert('item', { name: 'c' });
    }),
  );
  expect(names(client)).toEqual(['a', 'b']);
  expect(client.isConnected).toBe(false);
  expect(await client.transact((tx) => void tx.insert('other', { text: 'x' }))).toEqual({
    status: 'disconnected',
  });
  fixture.timers.advance(fixture.clock, ms(1000));
  await fixture.settle();
  expect(client.isConnected).toBe(true);
  expect(names(client)).toEqual(['b', 'c']);
  expect([...client.view.rows('item').values()].find((row) => row.name === 'b')).toBe(kept);
  expect(changes).toHaveLength(1);
  expect(changes[0]?.of('item')).toHaveLength(2);
});

test('a server that does not answer the call is given up for the next one', async () => {
  const fixture = new Fixture();
  const given: string[] = [];
  const late = fixture.server.connect();
  let answerLate = (_channel: Channel): void => {};
  const client = await connected(fixture, {
    remotes: ['tcp:gone', 'tcp:there'],
    connect: (remote, signal) => {
      if (remote === 'tcp:there') return Promise.resolve(fixture.server.connect());
      signal?.addEventListener('abort', () => given.push(`${remote}: ${signal.reason.reason}`));
      return new Promise((resolve) => {
        answerLate = resolve;
      });
    },
  });
  fixture.timers.advance(fixture.clock, ms(999));
  await fixture.settle();
  expect(client.isConnected).toBe(false);
  fixture.timers.advance(fixture.clock, ms(1));
  await fixture.settle();
  fixture.timers.advance(fixture.clock, ms(0));
  await fixture.settle();
  expect(client.isConnected).toBe(true);
  expect(given).toEqual(['tcp:gone: Connection timed out']);
  const closed = new Promise((resolve) => {
    late.events = { message() {}, closed: resolve };
  });
  answerLate(late);
  await done(fixture, closed);
});

test('who is to call, and who is tried once, is waited for', async () => {
  for (const options of [{ remotes: ['ptcp:0'] }, { remotes: ['tcp:slow'], limitsAttempts: false }]) {
    const fixture = new Fixture();
    let call = (_channel: Channel): void => {};
    const client = await connected(fixture, {
      ...options,
      connect: () =>
        new Promise((resolve) => {
          call = resolve;
        }),
    });
    fixture.timers.advance(fixture.clock, ms(3_600_000));
    call(fixture.server.connect());
    await fixture.settle();
    expect(client.isConnected).toBe(true);
  }
});

/** A server that answers by a table of methods, for what a real one never says. */
function scriptedServer(answers: Readonly<Record<string, (params: readonly Json[]) => Json>>): () => Channel {
  return () => {
    const [ours, theirs] = channelPair();
    theirs.events = {
      message(message) {
        if (!('method' in message)) return;
        const answer = answers[message.method];
        if (answer === undefined) theirs.send({ result: null, error: 'unknown method', id: message.id });
        else theirs.send({ result: answer(message.params), error: null, id: message.id });
      },
      closed() {},
    };
    return ours;
  };
}

const schemaAnswer = () => ({
  name: 'test',
  tables: { item: { columns: { name: { type: 'string' } } } },
});

test('a server that knows only plain monitors is used too', async () => {
  const fixture = new Fixture();
  const row = { new: { name: 'old style' } };
  const connect = scriptedServer({
    get_schema: schemaAnswer,
    monitor: () => ({ item: { '00000000-0000-4000-8000-000000000001': row } }),
  });
  const client = await connected(fixture, {
    connect: () => Promise.resolve(connect()),
    tables: { item: ['name', 'number'] },
  });
  expect(names(client)).toEqual(['old style']);
});

test('answers that make no sense cost the connection, not the process', async () => {
  const fixture = new Fixture();
  let tries = 0;
  const nonsense: Json[] = [
    7,
    null,
    'x',
    [],
    [true, 'id', { item: 5 }],
    [true, 'id', { item: { u: { insert: { name: 3 } } } }],
  ];
  const connect = scriptedServer({
    get_schema: schemaAnswer,
    monitor_cond_since: () => nonsense[tries++ % nonsense.length] ?? null,
  });
  const client = await connected(fixture, {
    connect: () => Promise.resolve(connect()),
    tables: { item: ['name'] },
  });
  for (let i = 0; i < 8; i++) {
    fixture.timers.advance(fixture.clock, ms(10_000));
    await fixture.settle();
  }
  expect(tries).toBeGreaterThan(6);
  expect(client.isSynced).toBe(false);
});

test.each([
  ['tcp:10.0.0.1:6640', 2],
  ['unix:/db.sock', 1], // its end would be seen at once
])('a server that says nothing any more is left when it is on a network: %s', async (remote, expected) => {
  const fixture = new Fixture();
  let connections = 0;
  const connect = () => {
    connections++;
    return Promise.resolve(channelPair()[0]);
  };
  await connected(fixture, { connect, remotes: [remote] });
  expect(connections).toBe(1);
  for (let i = 0; i < 3; i++) {
    fixture.timers.advance(fixture.clock, ms(5500));
    await fixture.settle();
  }
  expect(connections).toBe(expected);
});

test('the leader of a cluster is found among several servers', async () => {
  const fixture = new Fixture();
  const server = (leader: boolean) =>
    scriptedServer({
      monitor_cond: () => ({
        Database: {
          u: { initial: { name: 'test', model: 'clustered', connected: true, leader, schema: '{}' } },
        },
      }),
      set_db_change_aware: () => ({}),
      get_schema: schemaAnswer,
      monitor_cond_since: () => [
        false,
        'id',
        { item: { '00000000-0000-4000-8000-000000000001': { initial: { name: `leader ${leader}` } } } },
      ],
    });
  const servers = new Map([
    ['one', server(false)],
    ['two', server(true)],
  ]);
  const tried: string[] = [];
  const client = await connected(fixture, {
    remotes: ['one', 'two'],
    tables: { item: ['name'] },
    connect: (remote) => {
      tried.push(remote);
      const channel = servers.get(remote)?.();
      return channel === undefined ? Promise.reject(new Error('no such server')) : Promise.resolve(channel);
    },
  });
  fixture.timers.advance(fixture.clock, ms(100));
  await fixture.settle();
  expect(tried).toEqual(['one', 'two']);
  expect(names(client)).toEqual(['leader true']);
});
