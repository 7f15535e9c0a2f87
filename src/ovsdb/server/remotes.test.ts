import { expect, test } from 'vitest';
import { syscallFailed } from '../../base/errno.ts';
import { ms } from '../../base/units.ts';
import type { Channel, Json } from '../../rpc/channel.ts';
import { channelPair } from '../../rpc/pair.ts';
import type { ServerSockets } from './remote.ts';
import { Remotes } from './remotes.ts';
import { Fixture, TestClient } from './server-fixture.ts';

const schema: Json = {
  name: 'test',
  version: '1.0.0',
  tables: {
    Root: {
      columns: {
        targets: { type: { key: 'string', min: 0, max: 'unlimited' } },
        managers: { type: { key: { type: 'uuid', refTable: 'Manager' }, min: 0, max: 'unlimited' } },
        number: { type: 'integer' },
      },
      isRoot: true,
    },
    Manager: {
      columns: {
        target: { type: 'string' },
        is_connected: { type: 'boolean', ephemeral: true },
        read_only: { type: { key: 'boolean', min: 0, max: 1 } },
        status: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' }, ephemeral: true },
      },
    },
  },
};

/** Sockets of which the test holds the other ends. */
class FakeSockets implements ServerSockets {
  readonly listening = new Map<string, (channel: Channel) => void>();
  readonly peers: Channel[] = [];
  connectCount = 0;
  isPeerThere = true;

  isPassive(target: string): boolean {
    return target.startsWith('p');
  }
  async listen(target: string, _dscp: number, accept: (channel: Channel) => void) {
    if (target === 'ptcp:1') throw syscallFailed('bind', 98, target);
    this.listening.set(target, accept);
    return {
      boundPort: target.startsWith('ptcp') ? 4444 : 0,
      close: () => void this.listening.delete(target),
    };
  }
  async connect(target: string): Promise<Channel> {
    this.connectCount++;
    if (!this.isPeerThere) throw syscallFailed('connect', 111, target);
    const [ours, theirs] = channelPair(target);
    this.peers.push(theirs);
    return ours;
  }
  /** A client comes to a listener. */
  visit(target: string): Channel {
    const [ours, theirs] = channelPair(target);
    this.listening.get(target)?.(ours);
    return theirs;
  }
}

function makeRemotes() {
  const fixture = new Fixture({}, schema);
  const sockets = new FakeSockets();
  const remotes = new Remotes({ server: fixture.server, sockets, timers: fixture.timers });
  return { fixture, sockets, remotes };
}

test('listeners open and close as names come and go, and one that fails stops nothing', async () => {
  const { sockets, remotes } = makeRemotes();
  for (const name of ['punix:a', 'ptcp:1', 'ptcp:2']) remotes.add(name);
  await remotes.apply();
  expect([...sockets.listening.keys()]).toEqual(['punix:a', 'ptcp:2']);
  expect(remotes.remove('punix:a')).toBe(true);
  expect(remotes.remove('punix:a')).toBe(false);
  await remotes.apply();
  expect([...sockets.listening.keys()]).toEqual(['ptcp:2']);
  expect(remotes.names).toEqual(['ptcp:1', 'ptcp:2']);
});

test('a column of targets and a column of rows are followed, with the options of the rows', async () => {
  const { fixture, sockets, remotes } = makeRemotes();
  const client = fixture.client();
  const managers = {
    'uuid-name': 'm',
    op: 'insert',
    table: 'Manager',
    row: { target: 'ptcp:2', read_only: true },
  };
  const row = { targets: 'punix:x', managers: ['named-uuid', 'm'] };
  await client.ask('transact', 'test', managers, { op: 'insert', table: 'Root', row });
  remotes.add('db:test,Root,targets');
  remotes.add('db:test,Root,managers');
  expect([remotes.isFromDatabase, remotes.problems()]).toEqual([true, '']);
  await remotes.apply();
  expect([...sockets.listening.keys()].sort()).toEqual(['ptcp:2', 'punix:x']);
  const visitor = new TestClient(fixture, sockets.visit('ptcp:2'));
  expect(await visitor.ask('lock', 'l')).toEqual({ error: expect.stringContaining('read only') });
  remotes.writeStatus();
  const select = { op: 'select', table: 'Manager', where: [], columns: ['is_connected', 'status'] };
  expect(await client.ask('transact', 'test', select)).toEqual([
    { rows: [{ is_connected: true, status: ['map', [['bound_port', '4444']]] }] },
  ]);
  await client.ask('transact', 'test', {
    op: 'update',
    table: 'Root',
    where: [],
    row: { managers: ['set', []] },
  });
  await remotes.apply();
  await fixture.settle();
  expect([...sockets.listening.keys()]).toEqual(['punix:x']);
  expect(visitor.isClosed).toBe(true);
});

test.each([
  ['db:test', '"db:test": invalid syntax\n'],
  ['db:none,Root,targets', '"db:none,Root,targets": no database named none\n'],
  ['db:test,None,targets', '"db:test,None,targets": no table named None\n'],
  ['db:test,Root,none', '"db:test,Root,none": table "Root" has no column "none"\n'],
])('%s is no name of a column', (name, problem) => {
  const { remotes } = makeRemotes();
  remotes.add(name);
  expect(remotes.problems()).toBe(problem);
});

test('an outgoing connection is made again when it breaks, later each time', async () => {
  const { fixture, sockets, remotes } = makeRemotes();
  remotes.add('tcp:peer');
  await remotes.apply();
  expect(sockets.connectCount).toBe(0);
  remotes.start();
  await fixture.settle();
  expect(
    await new TestClient(fixture, sockets.peers[0] ?? fixture.server.connect()).ask('list_dbs'),
  ).toContain('test');
  sockets.isPeerThere = false;
  sockets.peers[0]?.close();
  await fixture.settle();
  const after = async (time: number): Promise<number> => {
    fixture.timers.advance(fixture.clock, ms(time));
    await fixture.settle();
    return sockets.connectCount;
  };
  expect(await after(999)).toBe(1);
  expect(await after(2)).toBe(2);
  expect(await after(1_990)).toBe(2);
  expect(await after(20)).toBe(3);
  sockets.isPeerThere = true;
  expect(await after(4_001)).toBe(4);
  expect(sockets.peers).toHaveLength(2);
  remotes.close();
});
