import { describe, expect, test } from 'vitest';
import { ms } from '../../base/units.ts';
import { Fixture, insertItem } from './server-fixture.ts';

const waitForB = {
  op: 'wait',
  table: 'item',
  where: [['name', '==', 'b']],
  columns: ['name'],
  until: '==',
  rows: [{ name: 'b' }],
};

describe('methods', () => {
  test('the databases are listed and their schemas told', async () => {
    const client = new Fixture().client();
    expect(await client.ask('list_dbs')).toEqual(['test', '_Server']);
    expect(await client.ask('get_schema', 'test')).toMatchObject({ name: 'test', version: '1.0.0' });
    expect(await client.ask('get_schema', 'none')).toEqual({
      error: {
        error: 'unknown database',
        details: 'get_schema request specifies unknown database none',
        syntax: '["none"]',
      },
    });
    expect(await client.ask('get_schema')).toMatchObject({
      error: { details: 'get_schema request params must begin with <db-name>' },
    });
  });

  test('an echo comes back, an unknown method is refused', async () => {
    const client = new Fixture().client();
    expect(await client.ask('echo', 1, [2], { x: null })).toEqual([1, [2], { x: null }]);
    expect(await client.ask('dance')).toEqual({ error: 'unknown method' });
  });

  test('a transaction changes the database and tells its results', async () => {
    const client = new Fixture().client();
    expect(await client.transact(insertItem({ name: 'a' }))).toMatchObject([
      { uuid: ['uuid', expect.any(String)] },
    ]);
    const rows = await client.transact({ op: 'select', table: 'item', where: [], columns: ['name'] });
    expect(rows).toEqual([{ rows: [{ name: 'a' }] }]);
  });

  test('a read-only session may look but not write, lock or convert', async () => {
    const client = new Fixture().client({ isReadOnly: true });
    expect(await client.transact({ op: 'select', table: 'item', where: [] })).toEqual([{ rows: [] }]);
    expect(await client.transact(insertItem({ name: 'a' }))).toMatchObject([{ error: 'not allowed' }]);
    expect(await client.ask('lock', 'l')).toMatchObject({
      error: 'lock and unlock methods not allowed, DB server is read only.',
    });
    expect(await client.ask('convert', 'test', {})).toMatchObject({ error: { error: 'not allowed' } });
  });

  test('nobody writes to _Server', async () => {
    const client = new Fixture().client();
    const answer = await client.ask('transact', '_Server', { op: 'delete', table: 'Database', where: [] });
    expect(answer).toMatchObject([{ error: 'not allowed' }]);
  });
});

describe('transactions that wait', () => {
  test('a wait is answered when another client makes it true', async () => {
    const fixture = new Fixture();
    const waiter = fixture.client();
    expect(await waiter.transact(waitForB)).toBe('no reply');
    await fixture.client().transact(insertItem({ name: 'b' }));
    expect(waiter.replies.get('0')).toMatchObject({ result: [{}], error: null });
  });

  test('a wait ends with an error when its time is over', async () => {
    const fixture = new Fixture();
    const waiter = fixture.client();
    await waiter.transact({ ...waitForB, timeout: 500 });
    fixture.timers.advance(fixture.clock, ms(501));
    await fixture.settle();
    expect(waiter.replies.get('0')).toMatchObject({ result: [{ error: 'timed out' }] });
  });

  test('a cancelled wait is answered with "canceled"', async () => {
    const fixture = new Fixture();
    const waiter = fixture.client();
    await waiter.transact(waitForB);
    waiter.channel.send({ method: 'cancel', params: [0], id: null });
    await fixture.settle();
    expect(waiter.replies.get('0')).toMatchObject({ error: 'canceled' });
    expect(fixture.server.usage().triggers).toBe(0);
  });

  test('two waiting requests may not have the same id', async () => {
    const fixture = new Fixture();
    const waiter = fixture.client();
    for (let i = 0; i < 2; i++)
      waiter.channel.send({ method: 'transact', params: ['test', waitForB], id: 'x' });
    await fixture.settle();
    expect(waiter.replies.get('"x"')).toMatchObject({ error: { details: 'transact: duplicate request ID' } });
  });

  test('a wait is forgotten with its session', async () => {
    const fixture = new Fixture();
    const waiter = fixture.client();
    await waiter.transact(waitForB);
    waiter.channel.close();
    await fixture.settle();
    expect(fixture.server.usage()).toMatchObject({ sessions: 0, triggers: 0 });
    expect(await fixture.client().transact(insertItem({ name: 'b' }))).toMatchObject([{}]);
  });
});

describe('locks', () => {
  test('a lock goes to who waits for it when its owner leaves', async () => {
    const fixture = new Fixture();
    const [first, second] = [fixture.client(), fixture.client()];
    expect(await first.ask('lock', 'l')).toEqual({ locked: true });
    expect(await second.ask('lock', 'l')).toEqual({ locked: false });
    first.channel.close();
    await fixture.settle();
    expect(second.take()).toEqual([{ method: 'locked', params: ['l'] }]);
    expect(await second.transact({ op: 'assert', lock: 'l' })).toEqual([{}]);
  });

  test('a stolen lock is told to its owner, who gets it back afterwards', async () => {
    const fixture = new Fixture();
    const [owner, thief] = [fixture.client(), fixture.client()];
    await owner.ask('lock', 'l');
    expect(await thief.ask('steal', 'l')).toEqual({ locked: true });
    expect(owner.take()).toEqual([{ method: 'stolen', params: ['l'] }]);
    expect(await thief.ask('unlock', 'l')).toEqual({});
    expect(owner.take()).toEqual([{ method: 'locked', params: ['l'] }]);
  });

  test('a thief that was robbed does not get the lock back, but must unlock before it asks again', async () => {
    const fixture = new Fixture();
    const [first, second] = [fixture.client(), fixture.client()];
    await first.ask('steal', 'l');
    await second.ask('steal', 'l');
    await second.ask('unlock', 'l');
    expect(first.take().map(({ method }) => method)).toEqual(['stolen']);
    expect(await first.ask('lock', 'l')).toMatchObject({
      error: { details: 'must issue "unlock" before new "lock"' },
    });
    expect(await first.ask('unlock', 'l')).toEqual({});
    expect(await first.ask('lock', 'l')).toEqual({ locked: true });
  });

  test('what was not locked cannot be unlocked', async () => {
    const client = new Fixture().client();
    expect(await client.ask('unlock', 'l')).toMatchObject({
      error: { details: 'unlock: "unlock" without "lock" or "steal"' },
    });
    expect(await client.ask('lock', '1')).toMatchObject({
      error: { details: 'lock request params must be <id>' },
    });
  });
});

describe('databases that come and go', () => {
  test('a client that knows nothing of it is disconnected, one that watches _Server is told', async () => {
    const fixture = new Fixture();
    const [plain, aware] = [fixture.client(), fixture.client()];
    await aware.ask('set_db_change_aware', true);
    await aware.ask('monitor_cond', '_Server', 'm', { Database: { columns: ['name'] } });
    await aware.ask('monitor', 'test', 'gone', { item: {} });
    fixture.server.removeDatabase('test');
    await fixture.settle();
    expect(plain.isClosed).toBe(true);
    expect(aware.isClosed).toBe(false);
    expect(aware.take().map(({ method }) => method)).toEqual(['monitor_canceled', 'update2']);
    expect(await aware.ask('list_dbs')).toEqual(['_Server']);
  });

  test('a conversion cancels monitors and waits, and tells the new schema', async () => {
    const fixture = new Fixture();
    const client = fixture.client();
    await client.ask('set_db_change_aware', true);
    await client.ask('monitor', 'test', 'm', { item: {} });
    const schema = {
      name: 'test',
      version: '2.0.0',
      tables: { item: { columns: { name: { type: 'string' } } } },
    };
    expect(await client.ask('convert', 'test', schema)).toEqual({});
    expect(client.take()).toEqual([{ method: 'monitor_canceled', params: ['m'] }]);
    expect(await client.ask('get_schema', 'test')).toMatchObject({ version: '2.0.0' });
    expect(await client.ask('convert', 'test', { ...schema, name: 'x' })).toMatchObject({
      error: { error: 'invalid parameters' },
    });
  });
});

describe('limits', () => {
  test('sessions beyond the limit are closed as they come', async () => {
    const fixture = new Fixture({ maxSessions: 1 });
    const [first, second] = [fixture.client(), fixture.client()];
    await fixture.settle();
    expect([first.isClosed, second.isClosed]).toEqual([false, true]);
  });

  test('monitors, waiting transactions and operations are limited with a clear error', async () => {
    const client = new Fixture({ maxMonitors: 1, maxWaiting: 1, maxOperations: 2 }).client();
    await client.ask('monitor', 'test', 1, {});
    expect(await client.ask('monitor', 'test', 2, {})).toMatchObject({
      error: { error: 'resources exhausted' },
    });
    await client.transact(waitForB);
    expect(await client.transact(waitForB)).toMatchObject({ error: { error: 'resources exhausted' } });
    const comment = { op: 'comment', comment: 'x' };
    expect(await client.transact(comment, comment, comment)).toMatchObject({
      error: { error: 'resources exhausted' },
    });
  });

  test('a silent client is asked whether it lives and then dropped', async () => {
    const fixture = new Fixture();
    const client = fixture.client({ probeInterval: 5_000 });
    fixture.timers.advance(fixture.clock, ms(5_001));
    await fixture.settle();
    expect(client.isClosed).toBe(false);
    fixture.timers.advance(fixture.clock, ms(5_001));
    await fixture.settle();
    expect(client.isClosed).toBe(true);
  });

  test('a client that answers probes stays', async () => {
    const fixture = new Fixture();
    const client = fixture.client({ probeInterval: 5_000 });
    for (let i = 0; i < 4; i++) {
      fixture.timers.advance(fixture.clock, ms(5_001));
      client.channel.send({ id: 'echo', result: [], error: null });
      await fixture.settle();
    }
    expect(client.isClosed).toBe(false);
  });

  test('a reply that nobody asked for ends the session', async () => {
    const fixture = new Fixture();
    const client = fixture.client();
    client.channel.send({ id: 7, result: [], error: null });
    await fixture.settle();
    expect(client.isClosed).toBe(true);
  });
});
