import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { type Uuid, uuid } from '../../base/units.ts';
import { type EmbeddedOvsdb, embedOvsdb } from '../embed.ts';
import { atom, column, schema, table } from '../schema-types.ts';
import type { Client } from './api.ts';
import { OvsdbClient } from './client.ts';
import { connect } from './connect.ts';
import type { Tables, Transaction } from './types.ts';

const inventory = schema('Inventory', '1.0.0', {
  Host: table(
    {
      name: column.one(atom.string),
      cores: column.optional(atom.integer(1, 1024)),
      disks: column.set(atom.string),
      labels: column.map(atom.string, atom.string),
    },
    { root: true, indexes: [['name']] },
  ),
  Room: table({ number: column.one(atom.integer()) }, { root: true }),
});
type Inventory = typeof inventory.tables;

let folder: string;
let path: string;
let ovsdb: EmbeddedOvsdb<Inventory>;
const clients: { close(): void }[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ovs-ts-connect-'));
  path = join(folder, 'db.sock');
  ovsdb = await embedOvsdb({ schema: inventory, listen: [`punix:${path}`, 'ptcp:0:127.0.0.1'] });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  ovsdb.close();
  rmSync(folder, { recursive: true });
});

/** A client that is closed after the test. */
async function connected(): Promise<Client<Inventory>> {
  const client = await connect(`unix:${path}`, { schema: inventory });
  clients.push(client);
  return client;
}

function addHost(client: Client<Inventory>, name: string): Promise<Uuid> {
  return client.transact((tx) => tx.insert('Host', { name }));
}

describe('connecting', () => {
  test('a client sees the same rows over each kind of socket', async () => {
    await addHost(await connected(), 'a');
    expect(ovsdb.remotes).toHaveLength(2);
    for (const remote of ovsdb.remotes) {
      await using client = await connect(remote, { schema: inventory });
      expect([...client.rows('Host').values()].map((host) => host.name)).toEqual(['a']);
    }
  });

  test('rows have the columns that were asked for, and no others', async () => {
    await addHost(await connected(), 'a');
    await using client = await connect(`unix:${path}`, {
      schema: inventory,
      tables: { Host: ['name', 'cores'] },
    });
    const [host] = client.rows('Host').values();
    expectTypeOf(host).toEqualTypeOf<
      ({ readonly _uuid: Uuid } & { readonly name: string; readonly cores: number | undefined }) | undefined
    >();
    // @ts-expect-error a table that was not asked for
    expect(client.rows('Room').size).toBe(0);
  });

  test('with a name alone, the schema is the one that the server has', async () => {
    await addHost(await connected(), 'a');
    await using client = await connect(`unix:${path}`, { schema: 'Inventory' });
    expect(Object.keys(client.schema.tables).sort()).toEqual(['Host', 'Room']);
    const [host] = client.rows('Host').values();
    expect(host).toMatchObject({ name: 'a', cores: undefined, disks: [], labels: new Map() });
    await client.transact((tx) => tx.insert('Host', { name: 'b', disks: ['sda', 'sdb'] }));
    expect(client.find('Host', { name: 'b' })[0]?.disks).toEqual(['sda', 'sdb']);
  });

  test('integers of 64 bits stay exact in rows, searches, conditions and transactions', async () => {
    const writer = await connected();
    const most = 2n ** 63n - 1n;
    await writer.transact((tx) => {
      for (const number of [7, most, -(2n ** 63n), 2n ** 53n + 1n, 2 ** 53 + 2])
        tx.insert('Room', { number });
    });
    const held = [-(2n ** 63n), 7, 2n ** 53n + 1n, 2n ** 53n + 2n, most];
    const numbers = (client: Client<Inventory>) =>
      [...client.rows('Room').values()].map((room) => room.number).sort((a, b) => (a < b ? -1 : 1));
    expect(numbers(writer)).toEqual(held);
    for (const number of held) expect(writer.find('Room', { number })).toHaveLength(1);
    expect(writer.find('Room', { number: 7n })).toHaveLength(1);
    await using reader = await connected();
    await reader.setConditions('Room', [['number', '>', 2n ** 53n + 1n]]);
    expect(numbers(reader)).toEqual([2n ** 53n + 2n, most]);
    const [last] = writer.find('Room', { number: most });
    const raise = writer.transact((tx) => {
      tx.delete('Room', writer.find('Room', { number: 7 })[0]?._uuid ?? last?._uuid ?? uuid(''));
      tx.increment('Room', last?._uuid ?? uuid(''), 'number');
    });
    await expect(raise).rejects.toMatchObject({ tag: 'range error' });
  });

  test('conditions choose the rows, and can be changed', async () => {
    const writer = await connected();
    for (const name of ['a', 'b', 'c']) await addHost(writer, name);
    await using client = await connect(`unix:${path}`, {
      schema: inventory,
      tables: { Host: true },
      conditions: {
        Host: [
          ['name', '==', 'a'],
          ['cores', '>', 8],
        ],
      },
    });
    const names = () => [...client.rows('Host').values()].map((host) => host.name).sort();
    expect(names()).toEqual(['a']);
    await client.setConditions('Host', [['name', '!=', 'a']]);
    expect(names()).toEqual(['b', 'c']);
    await client.setConditions('Host', true);
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  test('conditions that were given up, before or after they were sent, are as before', async () => {
    const writer = await connected();
    for (const name of ['a', 'b', 'c']) await addHost(writer, name);
    await using client = await connect(`unix:${path}`, { schema: inventory });
    const names = () => [...client.rows('Host').values()].map((host) => host.name).sort();
    await client.setConditions('Host', [['name', '!=', 'c']]);
    const stop = new AbortController();
    const options = { signal: stop.signal };
    const sent = client.setConditions('Host', [['name', '==', 'a']], options);
    const queued = client.setConditions('Host', false, options);
    stop.abort(new Error('enough'));
    await expect(sent).rejects.toThrow('enough');
    await expect(queued).rejects.toThrow('enough');
    await expect(client.setConditions('Host', false, options)).rejects.toThrow('enough');
    await addHost(writer, 'd');
    await client.until(() => names().includes('d'));
    expect(names()).toEqual(['a', 'b', 'd']);
  });

  test('conditions that the server does not take are an error, and those before stay', async () => {
    const writer = await connected();
    for (const name of ['a', 'b']) await addHost(writer, name);
    await using client = await connect(`unix:${path}`, { schema: inventory });
    const wrong = [['name', '<', 'b']] as unknown as readonly ['name', '==', string][];
    await expect(client.setConditions('Host', wrong)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('Type mismatch'),
    });
    await addHost(writer, 'c');
    await client.until(() => client.rows('Host').size === 3);
  });

  test('a server that is not there is an error at once', async () => {
    const absent = join(folder, 'absent.sock');
    await expect(connect(`unix:${absent}`, { schema: inventory })).rejects.toMatchObject({
      name: 'SyscallFailed',
      code: 'SYSCALL_FAILED',
      call: 'connect',
      reason: 'No such file or directory',
      message: expect.stringContaining(absent),
    });
    await expect(connect(`unix:${absent}`, { schema: 'Inventory' })).rejects.toMatchObject({
      code: 'SYSCALL_FAILED',
    });
  });

  test('the first of several remotes that answers is taken', async () => {
    await using client = await connect(`unix:${folder}/absent.sock,unix:${path}`, { schema: inventory });
    expect(client.isConnected).toBe(true);
  });

  test('a remote that cannot be read is an error that says what is wrong with it', async () => {
    await expect(connect('punix:/x', { schema: inventory })).rejects.toThrow(/is passive; expected unix:/);
    await expect(connect('', { schema: inventory })).rejects.toThrow(/names no known connection method/);
  });

  test('a server without the database is an error that names both', async () => {
    for (const other of ['Other', schema('Other', '1.0.0', {})]) {
      await expect(connect(`unix:${path}`, { schema: other })).rejects.toMatchObject({
        name: 'Disconnected',
        code: 'DISCONNECTED',
        message: `unix:${path}: server does not have a Other database`,
      });
    }
  });

  test('a table or column that the schema does not have is an error that lists what it has', async () => {
    const misspelt: object = { tables: { Hots: true } };
    await expect(connect(`unix:${path}`, { schema: inventory, ...misspelt })).rejects.toMatchObject({
      name: 'Refused',
      code: 'REFUSED',
      tag: 'unknown table',
      message: 'no table Hots in the schema, which has: Host, Room',
    });
    // @ts-expect-error a table that the schema does not have
    const wrongTable = connect(`unix:${path}`, { schema: inventory, tables: { Hots: true } });
    await expect(wrongTable).rejects.toMatchObject({ tag: 'unknown table' });
    // @ts-expect-error a column that the table does not have
    const wrongColumn = connect(`unix:${path}`, { schema: inventory, tables: { Host: ['nmae'] } });
    await expect(wrongColumn).rejects.toMatchObject({ tag: 'unknown column' });
  });

  test('a signal ends the waiting for a server', async () => {
    const stop = new AbortController();
    const options = { schema: inventory, keepTrying: true, signal: stop.signal };
    const waiting = connect(`unix:${folder}/absent.sock`, options);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(connect(`unix:${path}`, options)).rejects.toThrow('enough');
  });

  test('a client told to keep trying connects once the server is there', async () => {
    const later = join(folder, 'later.sock');
    const waiting = connect(`unix:${later}`, { schema: inventory, keepTrying: true });
    await using server = await embedOvsdb({ schema: inventory, listen: [`punix:${later}`] });
    await using client = await waiting;
    expect(server.remotes).toEqual([`unix:${later}`]);
    expect(client.isConnected).toBe(true);
  });
});

describe('changes', () => {
  test('with the initial content, the first set has all rows as added', async () => {
    const client = await connected();
    const a = await addHost(client, 'a');
    for await (const changes of client.changes({ initial: true })) {
      expect(changes.tables).toEqual(['Host']);
      expect(changes.of('Host')).toEqual([{ id: a, old: undefined, new: client.row('Host', a) }]);
      expect(changes.of('Room')).toEqual([]);
      break;
    }
  });

  test('what comes while the body waits is joined into one set', async () => {
    const client = await connected();
    const changes = client.changes()[Symbol.asyncIterator]();
    const a = await addHost(client, 'a');
    const b = await addHost(client, 'b');
    await client.transact((tx) => tx.update('Host', a, { cores: 4 }));
    await client.transact((tx) => tx.delete('Host', b));
    const { value } = await changes.next();
    expect(value?.of('Host')).toEqual([{ id: a, old: undefined, new: client.row('Host', a) }]);
    expect(client.row('Host', a)?.cores).toBe(4);
    await changes.return?.();
  });

  test('a loop ends when the client is closed, and throws the reason of its signal', async () => {
    const client = await connected();
    const stop = new AbortController();
    const aborted = (async () => {
      for await (const _ of client.changes({ signal: stop.signal }));
    })();
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const closed = (async () => {
      for await (const _ of client.changes());
      return 'ended';
    })();
    client.close();
    expect(await closed).toBe('ended');
  });

  test('a reader that ends before its first set listens no longer, and one that never began does not listen', async () => {
    const client = await connected();
    const { onChange } = OvsdbClient.prototype;
    let listenerCount = 0;
    const counted = vi.spyOn(OvsdbClient.prototype, 'onChange').mockImplementation(function (
      this: OvsdbClient<Tables>,
      listener,
    ) {
      const stop = onChange.call(this, listener);
      listenerCount++;
      return () => {
        listenerCount--;
        stop();
      };
    });
    try {
      client.changes();
      expect(listenerCount).toBe(0);
      const changes = client.changes()[Symbol.asyncIterator]();
      expect(listenerCount).toBe(1);
      await changes.return?.();
      expect(listenerCount).toBe(0);
      expect(await changes.next()).toEqual({ done: true, value: undefined });
    } finally {
      counted.mockRestore();
    }
  });

  test('after the server was away, one set tells what has changed meanwhile', async () => {
    const file = join(folder, 'inventory.db');
    const listen = [`punix:${folder}/again.sock`];
    const first = await embedOvsdb({ schema: inventory, file, listen });
    const client = await connect(`unix:${folder}/again.sock`, { schema: inventory });
    clients.push(client);
    await addHost(client, 'a');
    const changes = client.changes()[Symbol.asyncIterator]();
    first.close();
    await client.until(() => !client.isConnected);
    await expect(addHost(client, 'x')).rejects.toMatchObject({ name: 'Disconnected', code: 'DISCONNECTED' });
    expect([...client.rows('Host').values()]).toMatchObject([{ name: 'a' }]);
    await using second = await embedOvsdb({ schema: inventory, file, listen });
    const writer = await second.client();
    await addHost(writer, 'b');
    const { value } = await changes.next();
    expect(value?.of('Host')).toMatchObject([{ old: undefined, new: { name: 'b' } }]);
  });
});

describe('waiting for a condition', () => {
  test('resolves with what was looked for, now or later', async () => {
    const client = await connected();
    const waiting = client.until(() => client.find('Host', { name: 'a' })[0]);
    const id = await addHost(client, 'a');
    expect((await waiting)._uuid).toBe(id);
    expect(await client.until(() => client.rows('Host').size)).toBe(1);
  });

  test('rejects with what the function throws, the reason of the signal, or that the client is closed', async () => {
    const client = await connected();
    const failing = client.until(() => {
      if (client.rows('Host').size > 0) throw new Error('unexpected host');
    });
    await addHost(client, 'a');
    await expect(failing).rejects.toThrow('unexpected host');
    const stop = new AbortController();
    const aborted = client.until(() => false, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const closed = client.until(() => false);
    client.close();
    client.close();
    await expect(closed).rejects.toMatchObject({ name: 'Disconnected', message: 'the client is closed' });
  });
});

describe('finding rows', () => {
  test('follows the view, whatever the order of sets and maps', async () => {
    const client = await connected();
    const disks = ['sdb', 'sda'];
    const labels = new Map([
      ['z', '1'],
      ['a', '2'],
    ]);
    expect(client.find('Host', { disks, labels })).toEqual([]);
    const id = await client.transact((tx) => tx.insert('Host', { name: 'a', disks, labels }));
    expect(client.find('Host', { disks, labels })).toEqual([client.row('Host', id)]);
    expect(client.find('Host', { labels, disks: [...disks].reverse(), name: 'a' })).toHaveLength(1);
    expect(client.find('Host', { cores: undefined })).toHaveLength(1);
    await client.transact((tx) => tx.delete('Host', id));
    expect(client.find('Host', { disks, labels })).toEqual([]);
    const wrong: object = { nmae: 'a' };
    expect(() => client.find('Host', wrong)).toThrow(
      'no column nmae in table Host, which has: name, cores, ',
    );
  });
});

describe('a transaction', () => {
  test('gives back what its function returned', async () => {
    const client = await connected();
    const [a, b] = await client.transact(
      (tx) => [tx.insert('Host', { name: 'a' }), tx.insert('Room', { number: 7 })] as const,
    );
    expect(client.row('Host', a)?.name).toBe('a');
    expect(client.row('Room', b)?.number).toBe(7);
    expect(await client.transact(() => 'nothing to do')).toBe('nothing to do');
  });

  test('rejects with what the server says', async () => {
    const client = await connected();
    await addHost(client, 'a');
    await expect(addHost(client, 'a')).rejects.toMatchObject({
      name: 'OvsdbError',
      code: 'REFUSED',
      tag: 'constraint violation',
      details: expect.stringContaining('"Host"'),
    });
    const wrong: object = { nmae: 'b' };
    await expect(client.transact((tx) => tx.insert('Host', wrong))).rejects.toMatchObject({
      name: 'Refused',
      tag: 'unknown column',
    });
  });

  test('is refused whole when a row that it writes is gone, and built again while the view has not heard of that', async () => {
    const client = await connected();
    const [gone, kept] = await client.transact((tx) => [
      tx.insert('Host', { name: 'a' }),
      tx.insert('Host', { name: 'b' }),
    ]);
    await client.transact((tx) => tx.delete('Host', gone));
    for (const write of [
      (tx: Transaction<Inventory>) => tx.update('Host', gone, { cores: 2 }),
      (tx: Transaction<Inventory>) => tx.mutate('Host', gone, { disks: { insert: ['sda'] } }),
      (tx: Transaction<Inventory>) => tx.delete('Host', gone),
    ]) {
      const both = client.transact((tx) => {
        tx.update('Host', kept, { cores: 9 });
        write(tx);
      });
      await expect(both).rejects.toMatchObject({
        name: 'OvsdbError',
        tag: 'no such row',
        details: `the row ${gone} of Host is not there, and nothing was done`,
      });
    }
    expect(client.row('Host', kept)?.cores).toBeUndefined();
    const other = await connected();
    const seen: boolean[] = [];
    const slow = client.transact((tx) => {
      seen.push(client.row('Host', kept) !== undefined);
      if (seen.at(-1) === true) tx.update('Host', kept, { cores: 3 });
      return seen.length;
    });
    const quick = other.transact((tx) => tx.delete('Host', kept));
    await Promise.allSettled([slow, quick]);
    const last = client.transact((tx) => {
      if (client.row('Host', kept) !== undefined) tx.update('Host', kept, { cores: 4 });
      return 'done';
    });
    expect(await last).toBe('done');
  });

  test('names the column of a value that it cannot hold, and the connection stays', async () => {
    const client = await connected();
    const id = await addHost(client, 'a');
    const refused: readonly (readonly [object, string])[] = [
      [{ labels: null }, 'Host.labels: null was given where a Map is needed'],
      [{ labels: new Map([['a', 1]]) }, 'Host.labels: 1 was given where a string is needed'],
      [{ labels: ['a'] }, 'Host.labels: an array was given where a Map is needed'],
      [{ disks: null }, 'Host.disks: null was given where a string is needed'],
      [{ disks: ['x\0'] }, 'Host.disks: a string cannot hold the character U+0000'],
      [{ labels: new Map([['\0', '']]) }, 'Host.labels: a string cannot hold the character U+0000'],
      [{ name: '\0' }, 'Host.name: a string cannot hold the character U+0000'],
      [{ name: undefined }, 'Host.name: undefined was given where a string is needed'],
      [{ cores: 1.5 }, 'Host.cores: 1.5 was given where an integer is needed'],
      [{ cores: Number.NaN }, 'Host.cores: NaN was given where an integer is needed'],
      [{ cores: new Map() }, 'Host.cores: a Map was given where an integer is needed'],
      [{ cores: '4' }, 'Host.cores: "4" was given where an integer is needed'],
    ];
    for (const [change, message] of refused) {
      const update = client.transact((tx) => tx.update('Host', id, change));
      await expect(update).rejects.toMatchObject({ name: 'Refused', tag: 'bad value', message });
    }
    for (const [build, message] of [
      [
        (tx: Transaction<Inventory>) => tx.comment('\0'),
        'comment: a string cannot hold the character U+0000',
      ],
      [
        (tx: Transaction<Inventory>) => tx.delete('Host', 'x\0' as Uuid),
        'a row of Host: "x\\u0000" was given where a uuid is needed',
      ],
    ] as const)
      await expect(client.transact(build)).rejects.toMatchObject({ tag: 'bad value', message });
    const condition = client.setConditions('Host', [['name', '==', '\0']]);
    await expect(condition).rejects.toMatchObject({ tag: 'bad value' });
    const locked = connect(`unix:${path}`, { schema: inventory, lock: 'no name' });
    await expect(locked).rejects.toMatchObject({ tag: 'bad value' });
    expect(client.isConnected).toBe(true);
    expect(client.rows('Host').size).toBe(1);
  });

  test('is not done any more once its signal is aborted while it waits for another try', async () => {
    const client = await connected();
    const other = await connected();
    const id = await client.transact((tx) => tx.insert('Host', { name: 'a', cores: 1 }));
    await other.until(() => other.row('Host', id));
    const stop = new AbortController();
    let tries = 0;
    const change = client.transact(
      (tx) => {
        tries++;
        stop.abort(new Error('enough'));
        tx.verify('Host', id, 'cores');
        tx.update('Host', id, { cores: 7 });
      },
      { signal: stop.signal },
    );
    const first = other.transact((tx) => tx.update('Host', id, { cores: 2 }));
    await expect(change).rejects.toThrow('enough');
    await first;
    for (const cores of [3, 4]) await other.transact((tx) => tx.update('Host', id, { cores }));
    await client.until(() => client.row('Host', id)?.cores === 4 || client.row('Host', id)?.cores === 7);
    expect(tries).toBe(1);
  });

  test('is built again when what it verified was changed meanwhile', async () => {
    const client = await connected();
    const other = await connected();
    const id = await client.transact((tx) => tx.insert('Host', { name: 'a', cores: 1 }));
    const add = (one: Client<Inventory>) =>
      one.transact((tx) => {
        tx.verify('Host', id, 'cores');
        tx.update('Host', id, { cores: (one.row('Host', id)?.cores ?? 0) + 1 });
      });
    await other.until(() => other.row('Host', id));
    await Promise.all([add(client), add(other), add(client), add(other)]);
    expect(client.row('Host', id)?.cores).toBe(5);
  });

  test('with a function that is async is refused, since its later steps would be lost', async () => {
    const client = await connected();
    const build = async () => 'later';
    await expect(client.transact(build)).rejects.toThrow(/must not be async/);
  });

  test('is refused without the lock that the client asked for', async () => {
    await using holder = await ovsdb.client({ lock: 'keeper' });
    await holder.until(() => holder.hasLock);
    await using waiter = await ovsdb.client({ lock: 'keeper' });
    const build = () => waiter.transact((tx) => tx.insert('Host', { name: 'a' }));
    await expect(build()).rejects.toMatchObject({ name: 'OvsdbError', tag: 'not owner' });
    holder.close();
    await waiter.until(() => waiter.hasLock);
    await build();
    expect(waiter.rows('Host').size).toBe(1);
  });
});
