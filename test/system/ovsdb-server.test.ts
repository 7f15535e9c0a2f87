/** The real tools and libraries against `bin/ovsdb-server`. Build first: `npm run test:system` does. */

import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readTextOrEmpty } from '../../src/base/files.ts';
import {
  areInstalled,
  northboundSchema,
  pause,
  ServerHarness,
  vswitchSchema,
} from './ovsdb-server-harness.ts';
import { RealServer } from './real-server.ts';
import { untilAlike } from './support/daemon-pair.ts';
import { splitWords } from './support/words.ts';

const needed = ['ovsdb-tool', 'ovsdb-client', 'ovs-vsctl', 'ovs-appctl', vswitchSchema];

const patience = { timeout: 60_000, interval: 50 };

let server: ServerHarness;
beforeEach((context) => {
  if (!areInstalled(...needed)) context.skip(`needs ${needed.join(', ')}`);
  server = new ServerHarness();
});
afterEach(() => server?.remove());

describe('the real ovs-vsctl', () => {
  test('configures a switch, and what it wrote is there after a restart', async () => {
    server.create(vswitchSchema);
    await server.start();
    expect(server.vsctl('init').status).toBe(0);
    expect(
      server.vsctl('add-br', 'br0', '--', 'add-port', 'br0', 'p1', '--', 'set', 'port', 'p1', 'tag=7').status,
    ).toBe(0);
    await server.kill();
    await server.start();
    expect(server.vsctl('get', 'port', 'p1', 'tag').stdout).toBe('7\n');
    expect(server.vsctl('list-ports', 'br0').stdout).toBe('p1\n');
  });
});

describe('the real ovsdb-client', () => {
  test('every command that a standalone server has answers as it does with the real server', async () => {
    server.create(vswitchSchema);
    await server.start();
    const client = (...args: string[]) => server.run('ovsdb-client', '--timeout=60', ...args);
    const db = 'Open_vSwitch';
    const { remote } = server;
    server.vsctl('init', '--', 'add-br', 'br0');
    expect(client('list-dbs', remote).stdout).toBe('Open_vSwitch\n_Server\n');
    expect(JSON.parse(client('get-schema', remote).stdout)).toMatchObject({ name: db });
    expect(client('get-schema-version', remote).stdout).toBe('8.3.1\n');
    expect(client('get-schema-cksum', remote).stdout).toBe('3012963480 26720\n');
    expect(client('list-tables', remote).stdout.split('\n')).toContain('Bridge');
    expect(client('list-columns', remote, db, 'Bridge').stdout).toMatch(/datapath_id/);
    expect(client('transact', remote, JSON.stringify([db, { op: 'comment', comment: 'x' }])).stdout).toBe(
      '[{}]\n',
    );
    expect(
      client('query', remote, JSON.stringify([db, { op: 'insert', table: 'Bridge', row: {} }])).status,
    ).toBe(0);
    expect(client('dump', remote, db, 'Bridge', 'name').stdout).toContain('br0');
    expect(client('dump', '-f', 'csv', remote).stdout).toContain('Bridge table');
    expect(client('wait', remote, db, 'connected').status).toBe(0);
    expect(client('needs-conversion', remote, vswitchSchema).stdout).toBe('no\n');
    expect(client('convert', remote, vswitchSchema).status).toBe(0);
    const backup = client('backup', remote);
    expect(backup.status).toBe(0);
    using lock = server.launch('ovsdb-client', 'lock', remote, 'mylock');
    await expect.poll(() => lock.said).toBe('{"locked":true}\n');
  });

  test('a backup can be restored', async () => {
    server.create(vswitchSchema);
    await server.start();
    server.vsctl('init', '--', 'add-br', 'br0');
    const restore =
      'ovsdb-client --timeout=60 backup "$1" > "$2/b" && ovs-vsctl --db="$1" --no-wait del-br br0 && ' +
      'ovsdb-client --timeout=60 --force restore "$1" < "$2/b"';
    const restored = server.run('sh', '-c', restore, 'sh', server.remote, server.folder);
    expect(restored).toMatchObject({ status: 0 });
    expect(server.vsctl('list-br').stdout).toBe('br0\n');
  });

  test.each(['monitor', 'monitor-cond', 'monitor-cond-since'])('%s shows what changes', async (command) => {
    server.create(vswitchSchema);
    await server.start();
    server.vsctl('init', '--', 'add-br', 'br0');
    const condition = command === 'monitor' ? [] : ['[true]'];
    const asked = [command, server.remote, 'Open_vSwitch', ...condition, 'Bridge', 'name'];
    using monitor = server.launch('ovsdb-client', ...asked);
    await expect.poll(() => monitor.said).toContain('br0');
    server.vsctl('add-br', 'br7');
    await expect.poll(() => monitor.said).toMatch(/insert.*br7/);
  });
});

const idl = `
import sys, ovs.db.idl, ovs.poller, ovs.jsonrpc
helper = ovs.db.idl.SchemaHelper(sys.argv[2]); helper.register_all()
idl = ovs.db.idl.Idl(sys.argv[1], helper)
def until(done):
    while not done():
        idl.run()
        if done(): break
        p = ovs.poller.Poller(); idl.wait(p); p.timer_wait(5000); p.block()
until(lambda: idl.change_seqno > 0)
txn = ovs.db.idl.Transaction(idl)
root = list(idl.tables['Open_vSwitch'].rows.values())
root = root[0] if root else txn.insert(idl.tables['Open_vSwitch'])
bridge = txn.insert(idl.tables['Bridge']); bridge.name = 'from-python'
bridge.external_ids = {'a': 'b'}
root.bridges = root.bridges + [bridge]
print(txn.commit_block())
until(lambda: any(b.name == 'from-python' for b in idl.tables['Bridge'].rows.values()))
print(sorted(b.name for b in idl.tables['Bridge'].rows.values()))
`;

test('the IDL of python3-openvswitch reads and writes', async (context) => {
  if (!areInstalled('/usr/lib/python3/dist-packages/ovs/db/idl.py'))
    context.skip('no python3-openvswitch here');
  server.create(vswitchSchema);
  await server.start();
  server.vsctl('init');
  const ran = server.run('/usr/bin/python3', '-c', idl, server.remote, vswitchSchema);
  expect(ran).toMatchObject({ status: 0, stdout: "success\n['from-python']\n" });
});

test('ovn-nbctl works with the northbound schema of OVN', async (context) => {
  if (!areInstalled('ovn-nbctl', northboundSchema)) context.skip('no OVN here');
  server.create(northboundSchema);
  await server.start();
  const nbctl = (...args: string[]) =>
    server.run('ovn-nbctl', `--db=${server.remote}`, '--timeout=60', ...args);
  expect(
    nbctl('ls-add', 'sw0', '--', 'lsp-add', 'sw0', 'p0', '--', 'lsp-set-addresses', 'p0', 'dynamic').status,
  ).toBe(0);
  expect(nbctl('acl-add', 'sw0', 'to-lport', '100', 'ip4', 'allow').status).toBe(0);
  expect(nbctl('lr-add', 'r0', '--', 'lrp-add', 'r0', 'rp0', '00:00:00:00:00:01', '10.0.0.1/24').status).toBe(
    0,
  );
  expect(nbctl('show').stdout).toMatch(/switch .* \(sw0\)\n {4}port p0/);
  expect(nbctl('ls-del', 'sw0').status).toBe(0);
  expect(nbctl('lsp-list', 'sw0').status).toBe(1);
});

describe('remotes', () => {
  test('a Manager row opens a listener and is told of its state', async () => {
    server.create(vswitchSchema);
    await server.start('--remote=db:Open_vSwitch,Open_vSwitch,manager_options');
    server.vsctl('init');
    expect(server.vsctl('set-manager', 'ptcp:0:127.0.0.1').status).toBe(0);
    const status = () => server.vsctl('--columns=status', 'list', 'manager').stdout;
    const port = await vi.waitUntil(() => /bound_port="?([0-9]+)/.exec(status())?.[1], patience);
    const listing = () => server.run('ovsdb-client', 'list-dbs', `tcp:127.0.0.1:${port}`);
    expect(listing().stdout).toContain('Open_vSwitch');
    server.vsctl('del-manager');
    await expect.poll(() => listing().status).toBe(1);
  });

  test('appctl adds and removes remotes and databases', async () => {
    server.create(vswitchSchema);
    await server.start();
    const socket = join(server.folder, 'second.sock');
    expect(server.appctl('ovsdb-server/add-remote', `punix:${socket}`).status).toBe(0);
    expect(server.run('ovsdb-client', 'list-dbs', `unix:${socket}`).stdout).toBe('Open_vSwitch\n_Server\n');
    expect(server.appctl('ovsdb-server/list-remotes').stdout.split('\n')).toContain(`punix:${socket}`);
    expect(server.appctl('ovsdb-server/remove-remote', `punix:${socket}`).status).toBe(0);
    expect(server.run('ovsdb-client', 'list-dbs', `unix:${socket}`).status).toBe(1);
    expect(server.appctl('ovsdb-server/remove-db', 'Open_vSwitch').status).toBe(0);
    expect(server.appctl('ovsdb-server/list-dbs').stdout).toBe('_Server\n');
    expect(server.appctl('ovsdb-server/add-db', join(server.folder, 'conf.db')).status).toBe(0);
    expect(server.appctl('ovsdb-server/add-db', join(server.folder, 'conf.db')).stderr).toContain(
      'already open',
    );
  });

  test('sockets and files have the modes of the reference, and only one server opens a database', async () => {
    server.create(vswitchSchema);
    await server.start();
    const mode = server.run('stat', '-c', '%a %F', join(server.folder, 'db.sock'));
    expect(mode.stdout).toMatch(/^7[57]0 socket/);
    const second = server.run(
      process.execPath,
      'bin/ovsdb-server',
      '--unixctl=none',
      join(server.folder, 'conf.db'),
    );
    expect(second).toMatchObject({ status: 1, stderr: expect.stringContaining('failed to lock lockfile') });
  });
});

test.each([
  ['our server is a relay of the real one', 'ovsdb-server', 'bin/ovsdb-server'],
  ['the real server is a relay of ours', 'bin/ovsdb-server', 'ovsdb-server'],
])('%s', async (_name, sourceProgram, relayProgram) => {
  const source = await RealServer.start(undefined, sourceProgram);
  const relay = await RealServer.start(`relay:Open_vSwitch:unix:${source.folder}/db.sock`, relayProgram);
  try {
    const run = (at: RealServer, program: string, ...args: string[]) => at.run(program, args);
    expect(run(relay, 'ovsdb-client', '-t', '60', 'wait', 'Open_vSwitch', 'connected').status).toBe(0);
    const status = run(
      relay,
      'ovsdb-client',
      '-f',
      'csv',
      'dump',
      '_Server',
      'Database',
      'name',
      'model',
      'leader',
    );
    expect(status.stdout).toContain('false,relay,Open_vSwitch\n');
    const changes = ['init', '--', 'add-br', 'br0', '--', 'add-port', 'br0', 'p0', 'tag=9'];
    expect(run(relay, 'ovs-vsctl', '--no-leader-only', '--no-wait', ...changes).stderr).toBe('');
    expect(run(source, 'ovs-vsctl', 'get', 'port', 'p0', 'tag').stdout).toBe('9\n');
    expect(run(source, 'ovs-vsctl', '--no-wait', 'del-port', 'p0').status).toBe(0);
    const dump = (at: RealServer): string => run(at, 'ovsdb-client', 'dump', 'Open_vSwitch').stdout;
    await untilAlike(dump, relay, source);
    const storage = run(relay, 'ovs-appctl', '-t', `${relay.folder}/ctl`, 'ovsdb-server/list-dbs');
    expect(storage.stdout).toBe('Open_vSwitch\n_Server\n');
  } finally {
    relay.stop();
    source.stop();
  }
});

/** What ovs-vsctl did to `program`'s database happens again to a copy of it under our server. */
async function recordAndReplay(
  program: string,
  changes: readonly (readonly string[])[],
): Promise<{ first: string; again: string }> {
  const [database, copy] = [join(server.folder, 'conf.db'), join(server.folder, 'copy.db')];
  const recording = join(server.folder, 'recording');
  mkdirSync(recording);
  server.create(vswitchSchema);
  copyFileSync(database, copy);
  const source = await RealServer.start(database, program, [`--record=${recording}`]);
  const sockets = [`--remote=punix:${source.folder}/db.sock`, `--unixctl=${source.folder}/ctl`];
  for (const change of changes) {
    expect(
      source.run('ovs-vsctl', [`--db=unix:${source.folder}/db.sock`, '--no-wait', ...change]).stderr,
    ).toBe('');
  }
  await source.exit();
  source.stop();
  const replayed = server.run('bin/ovsdb-server', `--replay=${recording}`, '-vconsole:off', ...sockets, copy);
  expect(replayed).toMatchObject({ status: 0, stderr: '' });
  const contents = (file: string) =>
    readFileSync(file, 'utf8')
      .replace(/^(OVSDB JSON \d+).*/gm, '$1')
      .replace(/"_date":\d+/g, '"_date":0');
  return { first: contents(database), again: contents(copy) };
}

test('a recording gives the same database when it is replayed', async () => {
  const addPorts = ['p1', 'p2', 'p3'].map((name) => ['add-port', 'br0', name]);
  const changes = [['init', '--', 'add-br', 'br0'], ...addPorts, ['del-port', 'p2']];
  const { first, again } = await recordAndReplay('bin/ovsdb-server', changes);
  expect(first).toContain('"p3"');
  expect(again).toBe(first);
});

test('a recording of the real server can be read', async () => {
  const { again } = await recordAndReplay('ovsdb-server', [['init', '--', 'add-br', 'br0']]);
  expect(again).toContain('"name":"br0"');
});

test.each(['127.0.0.1', '::1'])(
  'what goes over TCP at %s is marked with the DSCP of the remote',
  async (host) => {
    server.create(vswitchSchema);
    await server.start('--remote=db:Open_vSwitch,Open_vSwitch,manager_options');
    const manager = createServer().listen(0, host);
    await once(manager, 'listening');
    const { port } = Object(manager.address());
    const target = `target="${host === '::1' ? `tcp:[::1]:${port}` : `tcp:${host}:${port}`}"`;
    const connected = once(manager, 'connection');
    server.vsctl(
      'init',
      '--',
      '--id=@m',
      'create',
      'Manager',
      target,
      ...splitWords('other_config:dscp=10 -- set Open_vSwitch . manager_options=@m'),
    );
    const [peer] = await connected;
    const shown = () => server.run('ss', '-tnHOi', '--tos', `dport = :${port}`).stdout;
    await expect.poll(shown).toMatch(/(tos|tclass):0x28/);
    peer.destroy();
    manager.close();
  },
);

test('clients of a TCP listener get the usual DSCP', async () => {
  server.create(vswitchSchema);
  await server.start('--remote=ptcp:0:127.0.0.1', '-vconsole:off', `--log-file=${server.folder}/log`);
  const log = () => readFileSync(join(server.folder, 'log'), 'utf8');
  const port = await vi.waitUntil(() => /listening on port (\d+)/.exec(log())?.[1], patience);
  const client = createConnection(Number(port), '127.0.0.1');
  await once(client, 'connect');
  const shown = () => server.run('ss', '-tnHOi', '--tos', `sport = :${port}`).stdout;
  await expect.poll(shown).toContain('tos:0xc0'); // CS6
  client.destroy();
});

test('many clients that send nonsense are refused, and do not fill the log', async () => {
  server.create(vswitchSchema);
  const logFile = join(server.folder, 'server.log');
  await server.start(`--log-file=${logFile}`, '-vconsole:off');
  for (const nonsense of [
    '}',
    '[]',
    '{"a":1}',
    '{"id":1,"result":[],"error":null}',
    '"x"',
    '[['.repeat(2000),
  ]) {
    for (let i = 0; i < 20; i++) {
      const socket = server.connect();
      socket.on('error', () => {});
      socket.resume().end(nonsense);
      await new Promise((closed) => socket.on('close', closed));
    }
  }
  expect(server.vsctl('init').status).toBe(0);
  const log = readFileSync(logFile, 'utf8');
  expect(log).toContain('error parsing stream');
  expect(log.split('\n').length).toBeLessThan(40);
});

test('--run serves one command and ends with its status', async () => {
  server.create(vswitchSchema);
  const run = (command: string) =>
    server.run(
      process.execPath,
      'bin/ovsdb-server',
      `--remote=punix:${server.folder}/s`,
      '--unixctl=none',
      `--run=${command}`,
      `${server.folder}/conf.db`,
    );
  expect(run(`ovsdb-client list-dbs unix:${server.folder}/s`)).toMatchObject({
    status: 0,
    stdout: 'Open_vSwitch\n_Server\n',
  });
  expect(run('exit 3')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('exit 3: child exited, exit status 3'),
  });
});

/** Sends durable inserts one after the other, kills the server that long after the first was acknowledged. */
async function insertUntilKilled(
  harness: ServerHarness,
  round: number,
  killAfter: number,
): Promise<string[]> {
  const acknowledged: string[] = [];
  const socket = harness.connect();
  let buffer = '';
  let next = 0;
  const send = (): void => {
    const name = `r${round}-${next++}`;
    const insert = { op: 'insert', table: 'QoS', row: { type: name } };
    const params = ['Open_vSwitch', insert, { op: 'commit', durable: true }];
    socket.write(JSON.stringify({ method: 'transact', params, id: name }));
  };
  const gone = new Promise<void>((done) => socket.once('close', () => done()));
  const answered = new Promise<void>((done) => socket.once('data', () => done()));
  socket.on('error', () => {});
  socket.on('data', (data) => {
    buffer += data;
    for (const match of buffer.matchAll(/"id":"(r[0-9]+-[0-9]+)"/g)) {
      acknowledged.push(String(match[1]));
      send();
    }
    buffer = buffer.slice(-40).replace(/^.*"id":"r[0-9]+-[0-9]+"/s, '');
  });
  for (let i = 0; i < 8; i++) send();
  await answered;
  await pause(killAfter);
  await harness.kill();
  await gone;
  return acknowledged;
}

test('killed at any moment, every acknowledged durable transaction is there afterwards', {
  timeout: 600_000,
}, async () => {
  server.create(vswitchSchema);
  const rounds = Number(process.env.KILL_ROUNDS ?? 4);
  const acknowledged = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    await server.start();
    for (const name of await insertUntilKilled(server, round, 30 + ((round * 37) % 400)))
      acknowledged.add(name);
    const query = JSON.stringify([
      'Open_vSwitch',
      { op: 'select', table: 'QoS', where: [], columns: ['type'] },
    ]);
    const real = server.run('ovsdb-tool', 'query', join(server.folder, 'conf.db'), query);
    expect(real.status, real.stderr).toBe(0);
    const there = new Set(real.stdout.match(/r[0-9]+-[0-9]+/g));
    expect([...acknowledged].filter((name) => !there.has(name))).toEqual([]);
  }
  expect(acknowledged.size).toBeGreaterThanOrEqual(rounds);
});

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

test('a client that never reads costs little and does not stop the others', async () => {
  server.create(vswitchSchema);
  await server.start();
  server.vsctl('init');
  const transact = (...operations: object[]) =>
    server.run('ovsdb-client', 'transact', server.remote, JSON.stringify(['Open_vSwitch', ...operations]));
  const rows = Array.from({ length: 50 }, (_, i) => ({
    op: 'insert',
    table: 'QoS',
    row: { type: `${i}`, external_ids: ['map', [['k', 'x'.repeat(1000)]]] },
  }));
  expect(transact(...rows).status).toBe(0);
  const before = residentMegabytes(server.pid);
  const stuck = server.connect();
  stuck.pause();
  stuck.on('error', () => {});
  const select = { op: 'select', table: 'QoS', where: [] };
  stuck.write(JSON.stringify({ method: 'monitor', params: ['Open_vSwitch', 'm', { QoS: {} }], id: 0 }));
  for (let id = 1; id < 3000; id++)
    stuck.write(JSON.stringify({ method: 'transact', params: ['Open_vSwitch', select], id }));
  for (let i = 0; i < 40; i++) {
    const value = ['map', [['k', `${i}`.repeat(500)]]];
    expect(transact({ op: 'update', table: 'QoS', where: [], row: { external_ids: value } }).status).toBe(0);
  }
  expect(residentMegabytes(server.pid) - before).toBeLessThan(64);
  stuck.destroy();
});

test('on a full disk transactions fail with an I/O error, reads and monitors go on, and it recovers', async (context) => {
  const mount = server.run('mount', '-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', server.folder);
  if (mount.status !== 0) context.skip('cannot mount a small file system here');
  try {
    server.create(vswitchSchema);
    await server.start();
    const transact = (...operations: object[]) =>
      server.run('ovsdb-client', 'transact', server.remote, JSON.stringify(['Open_vSwitch', ...operations]))
        .stdout;
    const insert = (type: string) =>
      transact({ op: 'insert', table: 'QoS', row: { type } }, { op: 'commit', durable: true });
    const types = () => transact({ op: 'select', table: 'QoS', where: [], columns: ['type'] });
    transact({ op: 'insert', table: 'Open_vSwitch', row: {} });
    const filler = join(server.folder, 'filler');
    writeFileSync(filler, Buffer.alloc(80_000));
    let answer = '';
    for (let i = 0; i < 40 && !answer.includes('I/O error'); i++) answer = insert('x'.repeat(10_000));
    expect(answer).toContain('No space left on device');
    const before = types();
    expect(before).toContain('"rows"');
    const seen = watch(server, { Open_vSwitch: { columns: ['statistics'] } });
    const statistics = ['map', [['load', '1']]]; // not kept on disk
    expect(transact({ op: 'update', table: 'Open_vSwitch', where: [], row: { statistics } })).toBe(
      '[{"count":1}]\n',
    );
    await expect.poll(seen).toContain('"load","1"');
    expect(server.appctl('ovsdb-server/get-db-storage-status', 'Open_vSwitch').stdout).toBe('status: ok\n');
    expect(types()).toBe(before);
    rmSync(filler);
    expect(insert('afterwards')).toMatch(/^\[\{"uuid"/);
    const after = types();
    await server.kill();
    await server.start();
    expect(types()).toBe(after);
    expect(after).toContain('afterwards');
  } finally {
    await server.kill();
    server.run('umount', server.folder);
  }
});

/** What a monitor is told, so far. */
function watch(harness: ServerHarness, requests: object): () => string {
  const socket = harness.connect();
  let heard = '';
  socket.on('data', (data) => {
    heard += data;
  });
  socket.on('error', () => {});
  socket.write(JSON.stringify({ method: 'monitor', params: ['Open_vSwitch', 'm', requests], id: 0 }));
  return () => heard;
}

test('a monitored server goes on after a crash from where it was, and leaves no file behind when all is killed', async () => {
  server.create(vswitchSchema);
  const temporary = join(server.folder, 'tmp');
  mkdirSync(temporary);
  const pidfile = join(server.folder, 'ovsdb-server.pid');
  const pid = () => Number(readTextOrEmpty(pidfile));
  const flags = ['--detach', '--monitor', '--pidfile', '--no-chdir', '-vconsole:off'];
  const places = [`--unixctl=${join(server.folder, 'ctl')}`, join(server.folder, 'conf.db')];
  const start = ['env', `TMPDIR=${temporary}`, resolve('bin/ovsdb-server'), ...flags, ...places] as const;
  expect(server.run(...start).status).toBe(0);
  const first = pid();
  const monitor = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${first}/status`, 'utf8'))?.[1]);
  try {
    const remote = `punix:${join(server.folder, 'added.sock')}`;
    expect(server.appctl('ovsdb-server/add-remote', remote).status).toBe(0);
    process.kill(first, 'SIGSEGV');
    const remotes = () => (pid() === first ? '' : server.appctl('ovsdb-server/list-remotes').stdout);
    await expect.poll(remotes).toBe(`${remote}\n`);
  } finally {
    for (const each of [monitor, pid()]) if (each > 0) process.kill(each, 'SIGKILL');
  }
  expect(readdirSync(temporary)).toEqual([]);
});
