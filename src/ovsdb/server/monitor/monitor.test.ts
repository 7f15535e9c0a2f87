import { describe, expect, test } from 'vitest';
import { ms } from '../../../base/units.ts';
import type { Channel, ChannelEvents, Json, JsonObject } from '../../../rpc/channel.ts';
import { Fixture, insertItem, type TestClient } from '../server-fixture.ts';

/** The only row of `item` that an insert made. */
async function insert(client: TestClient, row: JsonObject): Promise<string> {
  const [result] = asList(await client.transact(insertItem(row)));
  const made = asList(Object(result).uuid);
  return String(made[1]);
}

function asList(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : [];
}

const named = (name: string): Json => [['name', '==', name]];

describe('monitor', () => {
  test('tells what is there, then inserts, changes and deletions', async () => {
    const client = new Fixture().client();
    const a = await insert(client, { name: 'a', number: 1 });
    expect(await client.ask('monitor', 'test', null, { item: { columns: ['name', 'number'] } })).toEqual({
      item: { [a]: { new: { name: 'a', number: 1 } } },
    });
    const b = await insert(client, { name: 'b' });
    await client.transact({ op: 'update', table: 'item', where: named('a'), row: { number: 2 } });
    await client.transact({ op: 'delete', table: 'item', where: named('b') });
    expect(client.take()).toEqual([
      { method: 'update', params: [null, { item: { [b]: { new: { name: 'b', number: 0 } } } }] },
      {
        method: 'update',
        params: [null, { item: { [a]: { old: { number: 1 }, new: { name: 'a', number: 2 } } } }],
      },
      { method: 'update', params: [null, { item: { [b]: { old: { name: 'b', number: 0 } } } }] },
    ]);
  });

  test('a client hears of its own change before the answer to it', async () => {
    const client = new Fixture().client();
    await client.ask('monitor', 'test', 'm', { item: {} });
    client.order.length = 0;
    await insert(client, { name: 'a' });
    expect(client.order).toEqual(['update', 'reply']);
  });

  test('changes of columns and kinds that were not asked for are not told', async () => {
    const client = new Fixture().client();
    const select = { initial: false, insert: false, delete: true, modify: false };
    expect(await client.ask('monitor', 'test', 'm', { item: { columns: ['name'], select } })).toEqual({});
    const a = await insert(client, { name: 'a' });
    await client.transact({ op: 'update', table: 'item', where: named('a'), row: { number: 2 } });
    expect(client.take()).toEqual([]);
    await client.transact({ op: 'delete', table: 'item', where: named('a') });
    expect(client.take()).toMatchObject([{ params: ['m', { item: { [a]: { old: { name: 'a' } } } }] }]);
  });

  test('several requests for a table give each column its own kinds', async () => {
    const client = new Fixture().client();
    const requests = [{ columns: ['name'] }, { columns: ['number'], select: { modify: false } }];
    await client.ask('monitor', 'test', 'm', { item: requests });
    const a = await insert(client, { name: 'a', number: 1 });
    await client.transact({ op: 'update', table: 'item', where: named('a'), row: { name: 'b', number: 2 } });
    expect(client.take()[1]?.params[1]).toEqual({
      item: { [a]: { old: { name: 'a' }, new: { name: 'b' } } },
    });
  });

  test('a cancelled monitor is silent', async () => {
    const fixture = new Fixture();
    const client = fixture.client();
    await client.ask('monitor', 'test', 'm', { item: {} });
    expect(await client.ask('monitor_cancel', 'm')).toEqual({});
    await insert(client, { name: 'a' });
    expect(client.take()).toEqual([]);
    expect(await client.ask('monitor_cancel', 'm')).toEqual({ error: 'unknown monitor' });
    expect(fixture.server.usage()).toMatchObject({ monitors: 0, jsonCaches: 0 });
  });

  test.each([
    [['test', 'm'], 'invalid parameters'],
    [['test', 'm', 5], 'monitor-requests must be object'],
    [['test', 'm', { none: {} }], 'no table named none'],
    [['test', 'm', { item: { columns: ['none'] } }], 'none is not a valid column name'],
    [['test', 'm', { item: { columns: ['name', 'name'] } }], 'column name mentioned more than once'],
    [['test', 'm', { item: { columns: [1] } }], 'array of column names expected'],
    [
      ['test', 'm', { item: { x: 1 } }],
      "Parsing table item failed: Member 'x' is present but not allowed here.",
    ],
    [['test', 'm', { item: { select: { initial: 1 } } }], /Type mismatch for member 'initial'/],
    [['test', 'm', { item: { where: [] } }], /Member 'where' is present but not allowed here/],
  ] as const)('%j is refused', async (params, details) => {
    const client = new Fixture().client();
    const answer = await client.ask('monitor', ...params);
    expect(answer).toMatchObject({
      error: {
        error: 'syntax error',
        details: typeof details === 'string' ? details : expect.stringMatching(details),
      },
    });
  });
});

describe('monitor_cond', () => {
  test('tells only what is not a default, and differences', async () => {
    const client = new Fixture().client();
    const row = {
      name: 'a',
      tags: ['set', ['x', 'y']],
      options: [
        'map',
        [
          ['k', '1'],
          ['l', '2'],
        ],
      ],
    };
    const a = await insert(client, row);
    expect(await client.ask('monitor_cond', 'test', 'm', { item: {} })).toEqual({
      item: { [a]: { initial: { ...row, _version: expect.anything() } } },
    });
    await client.ask('monitor_cancel', 'm');
    const columns = ['tags', 'options', 'note'];
    await client.ask('monitor_cond', 'test', 'm', { item: { columns } });
    const changed = {
      tags: ['set', ['y', 'z']],
      options: [
        'map',
        [
          ['k', '1'],
          ['l', '3'],
          ['n', '4'],
        ],
      ],
      note: 'hi',
    };
    await client.transact({ op: 'update', table: 'item', where: named('a'), row: changed });
    const modify = {
      tags: ['set', ['x', 'z']],
      options: [
        'map',
        [
          ['l', '3'],
          ['n', '4'],
        ],
      ],
      note: 'hi',
    };
    expect(client.take()).toEqual([{ method: 'update2', params: ['m', { item: { [a]: { modify } } }] }]);
    await client.transact({ op: 'delete', table: 'item', where: [] });
    expect(client.take()).toEqual([
      { method: 'update2', params: ['m', { item: { [a]: { delete: null } } }] },
    ]);
  });

  test('rows come and go as they begin and cease to match', async () => {
    const client = new Fixture().client();
    const a = await insert(client, { name: 'a', number: 1 });
    const where = [['number', '>', 5]];
    const request = { item: [{ columns: ['name'], where }] };
    expect(await client.ask('monitor_cond', 'test', 'm', request)).toEqual({});
    const change = (number: number) => ({ op: 'update', table: 'item', where: named('a'), row: { number } });
    for (const number of [6, 7, 2]) await client.transact(change(number));
    expect(client.take().map(({ params }) => params[1])).toEqual([
      { item: { [a]: { insert: { name: 'a' } } } },
      { item: { [a]: { delete: null } } },
    ]);
  });

  test('any clause is enough, and constants count', async () => {
    const client = new Fixture().client();
    const [a, b] = [await insert(client, { name: 'a' }), await insert(client, { name: 'b' })];
    await insert(client, { name: 'c' });
    const ask = async (where: Json) => {
      const answer = await client.ask('monitor_cond', 'test', 'm', { item: [{ columns: ['name'], where }] });
      await client.ask('monitor_cancel', 'm');
      return Object.keys(Object(answer).item ?? {});
    };
    expect(
      await ask([
        ['name', '==', 'a'],
        ['name', '==', 'b'],
      ]),
    ).toEqual([a, b]);
    expect(
      await ask([
        ['name', '==', 'a'],
        ['name', 'includes', 'b'],
      ]),
    ).toEqual([a, b]);
    expect(await ask([false])).toEqual([]);
    expect(await ask([true])).toHaveLength(3);
    expect(await ask([])).toHaveLength(3);
  });

  test('a changed condition tells the rows that come and go by it, before the answer', async () => {
    const client = new Fixture().client();
    const [a, b] = [await insert(client, { name: 'a' }), await insert(client, { name: 'b' })];
    await client.ask('monitor_cond', 'test', 'm', { item: [{ columns: ['name'], where: named('a') }] });
    client.order.length = 0;
    expect(await client.ask('monitor_cond_change', 'm', 'n', { item: [{ where: named('b') }] })).toEqual({});
    expect(client.order).toEqual(['update2', 'reply']);
    expect(client.take()).toEqual([
      {
        method: 'update2',
        params: ['n', { item: { [a]: { delete: null }, [b]: { insert: { name: 'b' } } } }],
      },
    ]);
    await client.transact({ op: 'update', table: 'item', where: named('b'), row: { number: 1 } });
    expect(client.take()).toEqual([]);
    expect(await client.ask('monitor_cond_change', 'm', 'm', {})).toMatchObject({
      error: { details: 'unknown monitor session' },
    });
  });

  test('monitor_cond_change refuses what it cannot do', async () => {
    const client = new Fixture().client();
    await client.ask('monitor_cond', 'test', 'm', { item: [{}] });
    const refusals: [Json, string][] = [
      [{ none: [] }, 'no table named none'],
      [{ other: [] }, 'no table named other in monitor session'],
      [{ item: {} }, 'table item no monitor-cond-change JSON array'],
      [{ item: [{ columns: [] }] }, 'changing columns is unsupported'],
      [[], 'monitor-cond-change-requests must be object'],
    ];
    for (const [requests, details] of refusals) {
      expect(await client.ask('monitor_cond_change', 'm', 'm', requests)).toMatchObject({
        error: { details },
      });
    }
  });

  test('it is unknown after it was switched off', async () => {
    const fixture = new Fixture();
    fixture.server.hasMonitorCond = false;
    const client = fixture.client();
    expect(await client.ask('monitor_cond', 'test', 'm', {})).toEqual({ error: 'unknown method' });
  });
});

describe('monitor_cond_since', () => {
  const never = '00000000-0000-0000-0000-000000000000';

  test('a client that comes back is told only what it missed', async () => {
    const fixture = new Fixture();
    const client = fixture.client();
    const a = await insert(client, { name: 'a' });
    const request = { item: { columns: ['name'] } };
    const [isFound, id] = asList(await client.ask('monitor_cond_since', 'test', 'm', request, never));
    expect(isFound).toBe(false);
    const b = await insert(client, { name: 'b' });
    const [update] = client.take();
    expect(update).toMatchObject({
      method: 'update3',
      params: ['m', expect.any(String), { item: { [b]: {} } }],
    });
    await client.transact({ op: 'delete', table: 'item', where: named('a') });

    const again = await fixture.client().ask('monitor_cond_since', 'test', 'm', request, String(id));
    expect(again).toEqual([
      true,
      expect.any(String),
      { item: { [a]: { delete: null }, [b]: { insert: { name: 'b' } } } },
    ]);
    const latest = String(asList(again)[1]);
    expect(await fixture.client().ask('monitor_cond_since', 'test', 'm', request, latest)).toEqual([
      true,
      latest,
      {},
    ]);
  });

  test('a transaction that is not remembered any more means everything', async () => {
    const fixture = new Fixture();
    const client = fixture.client();
    const [, id] = asList(await client.ask('monitor_cond_since', 'test', 'm', { item: {} }, never));
    for (let i = 0; i < 120; i++) await client.transact(insertItem({ name: `n${i}` }));
    const [isFound] = asList(
      await fixture.client().ask('monitor_cond_since', 'test', 'm', { item: {} }, String(id)),
    );
    expect(isFound).toBe(false);
  });

  test('the last id must be a uuid', async () => {
    const client = new Fixture().client();
    expect(await client.ask('monitor_cond_since', 'test', 'm', {}, 1)).toMatchObject({
      error: { details: 'last-txn-id must be string' },
    });
    expect(await client.ask('monitor_cond_since', 'test', 'm', {}, 'x')).toMatchObject({
      error: { details: 'last-txn-id must be UUID format.' },
    });
  });
});

/** A peer that takes nothing, and keeps what it was sent. */
class StuckChannel implements Channel {
  readonly name = 'stuck';
  readonly peerId = undefined;
  events: ChannelEvents = { message() {}, closed() {} };
  readonly sent: (string | readonly Uint8Array[] | object)[] = [];
  backlog = 0;
  isPaused = false;
  abortedWith: Error | undefined;

  send(message: string | readonly Uint8Array[] | object): void {
    this.sent.push(message);
    if (typeof message === 'string') this.backlog += message.length;
    else if (Array.isArray(message)) for (const piece of message) this.backlog += piece.length;
    else this.backlog += JSON.stringify(message).length;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  close(): void {}
  abort(why?: Error): void {
    this.abortedWith = why;
  }
  ask(method: string, ...params: Json[]): void {
    this.events.message({ method, params, id: 1 });
  }
  drain(): void {
    this.sent.length = 0;
    this.backlog = 0;
    this.events.drained?.();
  }
}

const manyItems = (count: number): JsonObject[] =>
  Array.from({ length: count }, (_, i) => insertItem({ name: `${i}`, note: 'x'.repeat(500) }));

describe('slow readers', () => {
  test('updates for a peer that does not read are merged, and its requests wait', async () => {
    const fixture = new Fixture({ highWater: 1000 });
    const writer = fixture.client();
    await writer.transact(...manyItems(10));
    const stuck = new StuckChannel();
    fixture.server.serve(stuck);
    stuck.ask('monitor', 'test', 'm', { item: { columns: ['name', 'number', 'note'] } });
    expect([stuck.sent.length, stuck.isPaused]).toEqual([1, true]);
    for (let number = 1; number <= 20; number++) {
      await writer.transact({ op: 'update', table: 'item', where: [], row: { number } });
    }
    expect(stuck.sent).toHaveLength(1);
    stuck.drain();
    expect(stuck.sent).toHaveLength(1);
    const [merged] = stuck.sent;
    const text = Array.isArray(merged) ? Buffer.concat(merged).toString() : String(merged);
    expect(text.match(/"old":\{"number":0\}/g)).toHaveLength(10);
    expect(text).toContain('"number":20');
    expect(text).not.toContain('"number":19');
  });

  test('a row that came and went meanwhile is not mentioned', async () => {
    const fixture = new Fixture({ highWater: 10 });
    const writer = fixture.client();
    await writer.transact(...manyItems(1));
    const stuck = new StuckChannel();
    fixture.server.serve(stuck);
    stuck.ask('monitor', 'test', 'm', { item: { columns: ['name'] } });
    await writer.transact(insertItem({ name: 'short' }));
    await writer.transact({ op: 'delete', table: 'item', where: named('short') });
    stuck.drain();
    expect(stuck.sent).toHaveLength(0);
  });

  test('a peer that takes nothing is dropped when it holds too much of its own', async () => {
    const fixture = new Fixture({ highWater: 1000, maxStalled: 5_000, stallTime: 100 });
    const writer = fixture.client();
    await writer.transact(...manyItems(20));
    const stuck = new StuckChannel();
    fixture.server.serve(stuck);
    stuck.ask('transact', 'test', { op: 'select', table: 'item', where: [] });
    fixture.timers.advance(fixture.clock, ms(101));
    expect(stuck.abortedWith?.message).toContain('peer does not read');
    expect(fixture.server.usage().sessions).toBe(1);
  });

  test('a peer that takes nothing is dropped when rows are kept as they were only for it', async () => {
    const fixture = new Fixture({ highWater: 10, maxStalled: 5_000, stallTime: 100 });
    const writer = fixture.client();
    await writer.transact(insertItem({ name: 'long', note: 'x'.repeat(10_000) }));
    const stuck = new StuckChannel();
    fixture.server.serve(stuck);
    stuck.ask('monitor', 'test', 'm', { item: {} });
    fixture.timers.advance(fixture.clock, ms(101));
    expect(stuck.abortedWith).toBeUndefined();
    await writer.transact({ op: 'update', table: 'item', where: [], row: { note: 'y' } });
    fixture.timers.advance(fixture.clock, ms(101));
    expect(stuck.abortedWith?.message).toContain('peer does not read');
  });

  test('a peer that takes nothing for long may not even keep a snapshot, one that takes a little may', async () => {
    const fixture = new Fixture({ highWater: 1000, maxStalled: 5_000, stallTime: 100, maxStalls: 3 });
    await fixture.client().transact(...manyItems(20));
    const [dead, slow] = [new StuckChannel(), new StuckChannel()];
    for (const stuck of [dead, slow]) {
      fixture.server.serve(stuck);
      stuck.ask('monitor', 'test', 'm', { item: {} });
    }
    for (let i = 0; i < 6; i++) {
      slow.backlog -= 10;
      fixture.timers.advance(fixture.clock, ms(100));
      expect(dead.abortedWith === undefined).toBe(i < 2);
    }
    expect(slow.abortedWith).toBeUndefined();
  });

  test('a snapshot that others share is not the cost of the one who does not read it', async () => {
    const fixture = new Fixture({ highWater: 1000, maxStalled: 5_000, stallTime: 100 });
    await fixture.client().transact(...manyItems(20));
    const [first, second] = [new StuckChannel(), new StuckChannel()];
    for (const stuck of [first, second]) {
      fixture.server.serve(stuck);
      stuck.ask('monitor_cond', 'test', 'm', { item: {} });
    }
    fixture.timers.advance(fixture.clock, ms(500));
    expect([first.abortedWith, second.abortedWith]).toEqual([undefined, undefined]);
    const piecesOf = (stuck: StuckChannel) =>
      asList(stuck.sent[0]).filter((piece) => Object(piece).length > 1000);
    expect(piecesOf(first)).toHaveLength(1);
    expect(piecesOf(first)[0]).toBe(piecesOf(second)[0]);
  });
});
