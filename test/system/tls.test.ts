/** TLS channels against the installed ovsdb-server and ovsdb-client, with a CA made here. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logRegistry } from '../../src/base/log.ts';
import type { StreamListener } from '../../src/net/listener.ts';
import { readActiveRemote } from '../../src/net/remote.ts';
import type { TlsConfig } from '../../src/net/tls-config.ts';
import { connect } from '../../src/ovsdb/index.ts';
import type { Channel, RpcReply } from '../../src/rpc/channel.ts';
import { connectChannel, listenChannels } from '../../src/rpc/socket-channel.ts';
import type { Said } from './support/batch.ts';
import { makeAuthority, makeIdentity } from './support/identities.ts';
import { saidBy } from './support/run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const env = { ...process.env, OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVS_DBDIR: folder };
const bin = new URL('../../bin', import.meta.url).pathname;
const at = (name: string): string => join(folder, name);

function configOf(name: string, more: Partial<TlsConfig> = {}): TlsConfig {
  return { privateKey: at(`${name}.key`), certificate: at(`${name}.crt`), caCert: at('ca.crt'), ...more };
}

let serverPort = 0;
let listener: StreamListener | undefined;
let peerId: string | undefined;

beforeAll(async () => {
  makeAuthority(folder, 'ca');
  makeAuthority(folder, 'other');
  for (const name of ['server', 'client']) makeIdentity(folder, name, 'ca');
  makeIdentity(folder, 'stranger', 'other');
  const args = [
    '-p',
    at('server.key'),
    '-c',
    at('server.crt'),
    '-C',
    at('ca.crt'),
    `--peer-ca-cert=${at('ca.crt')}`,
  ];
  const detach = [
    '--detach',
    '--no-chdir',
    '--pidfile',
    '--log-file',
    '--no-db',
    '--remote=pssl:0:127.0.0.1',
  ];
  expect(spawnSync('ovsdb-server', [...detach, ...args], { env }).status).toBe(0);
  serverPort = Number(
    /0:127.0.0.1: listening on port (\d+)/.exec(readFileSync(at('ovsdb-server.log'), 'utf8'))?.[1],
  );
  listener = await listenChannels(
    { kind: 'pssl', host: '127.0.0.1', port: 0 },
    { tls: configOf('server') },
    answer,
  );
});

afterAll(() => {
  listener?.close();
  spawnSync('ovs-appctl', ['-t', 'ovsdb-server', 'exit'], { env });
  rmSync(folder, { recursive: true });
});

/** A database server without databases. */
function answer(channel: Channel): void {
  peerId = channel.peerId;
  channel.events = {
    message(message) {
      if ('method' in message && message.id !== null)
        channel.send({ id: message.id, result: message.method === 'list_dbs' ? ['none'] : {}, error: null });
    },
    closed() {},
  };
}

async function listDatabases(config: TlsConfig): Promise<unknown> {
  const remote = readActiveRemote(`ssl:127.0.0.1:${serverPort}`, { defaultPort: 6640 });
  const channel = await connectChannel(remote, { tls: config });
  const reply = await new Promise<RpcReply>((resolve, reject) => {
    channel.events = {
      message: (message) => 'result' in message && resolve(message),
      closed: (why) => reject(why ?? new Error('closed')),
    };
    channel.send({ id: 1, method: 'list_dbs', params: [] });
  });
  channel.close();
  return reply.result;
}

/** The installed client against our listener. Not spawnSync: this process is the server. */
function theirClient(...args: string[]): Promise<Said> {
  const port = listener?.remote.kind === 'pssl' ? listener.remote.port : 0;
  return saidBy(spawn('ovsdb-client', [...args, 'list-dbs', `ssl:127.0.0.1:${port}`], { env }));
}

test('our client talks to the installed server', async () => {
  expect(await listDatabases(configOf('client'))).toEqual(['_Server']);
  expect(await listDatabases(configOf('client', { protocols: 'TLSv1.2' }))).toEqual(['_Server']);
});

test('the library connects by TLS, and says why it cannot', async () => {
  const remote = `ssl:127.0.0.1:${serverPort}`;
  await using client = await connect(remote, { schema: '_Server', tls: configOf('client') });
  expect([...client.rows('Database').values()].map((row) => row.name)).toEqual(['_Server']);
  const asStranger = connect(remote, { schema: '_Server', tls: configOf('stranger') });
  await expect(asStranger).rejects.toMatchObject({ message: expect.stringContaining(remote) });
  await expect(connect(remote, { schema: '_Server' })).rejects.toThrow(/SSL needs a private key/);
});

test('our client refuses a server of another CA, and the server a client of another', async () => {
  await expect(listDatabases(configOf('client', { caCert: at('other.crt') }))).rejects.toMatchObject({
    reason: 'Protocol error',
  });
  const said = await saidWhile(() =>
    expect(listDatabases(configOf('stranger'))).rejects.toMatchObject({ reason: 'Input/output error' }),
  );
  expect(said).toContain('SSL_read: error:0A000418:SSL routines::tlsv1 alert unknown ca');
});

/** What goes into the log of TLS meanwhile. */
async function saidWhile(work: () => Promise<unknown>): Promise<string[]> {
  const said: string[] = [];
  logRegistry.setSink('file', { write: ({ module, text }) => module === 'stream_ssl' && said.push(text) });
  await work();
  logRegistry.setSink('file', undefined);
  return said;
}

describe('a file that cannot be used is named in the log, with the reason', () => {
  test.each<[string, Partial<TlsConfig>, string]>([
    ['a missing key', { privateKey: '/none' }, 'private key from /none: No such file or directory'],
    ['a missing certificate', { certificate: '/none' }, 'certificate from /none: No such file or directory'],
    ['a missing CA', { caCert: '/none' }, 'CA certificate from /none: No such file or directory'],
    ['a folder as key', { privateKey: '/' }, 'private key from /: Is a directory'],
    [
      'a certificate as key',
      { privateKey: at('client.crt') },
      `private key from ${at('client.crt')}: error:`,
    ],
    ['a key as certificate', { certificate: at('ca.key') }, `certificate from ${at('ca.key')}: error:`],
    ['a key as CA', { caCert: at('ca.key') }, `CA certificate from ${at('ca.key')}: error:`],
    ['an empty key', { privateKey: '/dev/null' }, 'private key from /dev/null: error:'],
    ['an empty certificate', { certificate: '/dev/null' }, 'certificate from /dev/null: error:'],
    ['an empty CA', { caCert: '/dev/null' }, `CA certificate from /dev/null: error:`],
  ])('%s', async (_, more, what) => {
    const said = await saidWhile(() =>
      expect(listDatabases(configOf('client', more))).rejects.toMatchObject({
        reason: 'Protocol not available',
      }),
    );
    // what OpenSSL says depends on its version
    expect(said.map((text) => text.replace(/error:[0-9A-F]{8}:.*/, 'error:'))).toEqual([
      `failed to load ${what}`,
    ]);
  });

  test("a certificate that is not the key's", async () => {
    const said = await saidWhile(() =>
      expect(listDatabases(configOf('client', { certificate: at('stranger.crt') }))).rejects.toMatchObject({
        reason: 'Protocol not available',
      }),
    );
    expect(said).toEqual([expect.stringMatching(/^Private key does not match certificate public key: /)]);
    expect(said[0]).toContain(`${at('client.key')} and ${at('stranger.crt')}: error:`);
  });
});

test("each tool of ours says what the server said, in the reference's words", () => {
  const options = ['-p', at('stranger.key'), '-c', at('stranger.crt'), '-C', at('ca.crt')];
  const remote = `ssl:127.0.0.1:${serverPort}`;
  for (const words of [
    ['ovs-vsctl', ...options, `--db=${remote}`, 'show'],
    ['ovsdb-client', ...options, 'list-dbs', remote],
  ]) {
    const [program = '', ...args] = words;
    const { status, stderr } = spawnSync(`${bin}/${program}`, args, { env, encoding: 'utf8' });
    expect([program, status, stderr]).toEqual([
      program,
      1,
      expect.stringContaining('SSL_read: error:0A000418:SSL routines::tlsv1 alert unknown ca\n'),
    ]);
  }
});

test('our client takes the CA certificate from its first server, and trusts only that afterwards', async () => {
  const config = configOf('client', { caCert: at('learned.crt'), isBootstrap: true });
  await expect(listDatabases(config)).rejects.toThrow('CA certificate bootstrapped');
  expect(existsSync(at('learned.crt'))).toBe(true);
  expect(statSync(at('learned.crt')).mode & 0o777).toBe(0o444 & ~process.umask());
  expect(await listDatabases(config)).toEqual(['_Server']);
});

test('why OpenSSL refused a connection is in the log', async () => {
  const config = configOf('client', { protocols: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' });
  const said = await saidWhile(() =>
    expect(listDatabases(config)).rejects.toMatchObject({ reason: 'Protocol error' }),
  );
  expect(said).toContain('SSL_connect: error:0A000410:SSL routines::sslv3 alert handshake failure');
});

test.each([
  [{}, 'Protocol not available'],
  [{ privateKey: '/none', certificate: '/none', caCert: '/none' }, 'Protocol not available'],
])('an incomplete configuration is a clear error (%j)', async (config, reason) => {
  await expect(listDatabases(config)).rejects.toMatchObject({ reason });
});

test('the installed client talks to our listener, which knows its name', async () => {
  const answered = await theirClient('-p', at('client.key'), '-c', at('client.crt'), '-C', at('ca.crt'));
  expect(answered).toEqual({ status: 0, stdout: 'none\n', stderr: '' });
  expect(peerId).toBe('client');
});

test('our listener refuses a client of another CA', async () => {
  peerId = undefined;
  const { status } = await theirClient(
    '-p',
    at('stranger.key'),
    '-c',
    at('stranger.crt'),
    '-C',
    at('ca.crt'),
  );
  expect(status).toBe(1);
  expect(peerId).toBeUndefined();
});

test.each(['ovs-ofctl', 'ovs-vsctl', 'ovsdb-client'])(
  '%s knows the TLS options of the installed one',
  (program) => {
    const names = 'private-key certificate ca-cert bootstrap-ca-cert peer-ca-cert ssl-protocols ssl-ciphers';
    const unknownTo = (command: string): string[] =>
      names.split(' ').filter((name) => {
        const { stderr } = spawnSync(command, [`--${name}=/none`, 'nonesuch'], { env, encoding: 'utf8' });
        return stderr.includes(`unrecognized option '--${name}=/none'`);
      });
    expect(unknownTo(join(bin, program))).toEqual(unknownTo(`/usr/bin/${program}`));
  },
);
