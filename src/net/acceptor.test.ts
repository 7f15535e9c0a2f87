import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logRegistry } from '../base/log.ts';
import { descriptorShortage } from '../sys/calls/descriptors.ts';
import { listenStreams, type StreamListener, type StreamListenOptions } from './listener.ts';

let folder = '';
let said: string[] = [];
let used = 0;
const descriptors = { limit: () => 100, used: () => used };
const listeners: StreamListener[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'acceptor-'));
  said = [];
  logRegistry.setSink('file', {
    write: ({ level, text, module }) => void (module === 'socket_util' || said.push(`${level} ${text}`)),
  });
  logRegistry.setRateLimited(false, 'stream');
});
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close();
  logRegistry.setSink('file', undefined);
  logRegistry.setRateLimited(true, 'stream');
  rmSync(folder, { recursive: true });
});

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Listens and says back what is said to it. */
async function listenEcho(kind: string, options: StreamListenOptions = {}) {
  const remote =
    kind === 'punix'
      ? ({ kind: 'punix', path: join(folder, 'sock') } as const)
      : ({ kind: 'ptcp', host: '127.0.0.1', port: 0 } as const);
  const listener = await listenStreams(remote, { descriptors, ...options }, (stream) =>
    stream.setEvents({ data: (bytes) => stream.write(bytes), closed() {} }),
  );
  listeners.push(listener);
  return listener;
}

class Client {
  readonly socket: Socket;
  heard = '';
  isConnected = false;
  isClosed = false;

  constructor({ remote }: StreamListener) {
    this.socket =
      remote.kind === 'punix' ? connect(remote.path) : connect({ port: remote.port, host: '127.0.0.1' });
    this.socket.on('connect', () => {
      this.isConnected = true;
    });
    this.socket.on('data', (bytes) => {
      this.heard += bytes.toString();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isClosed = true;
    });
  }

  async ask(text: string): Promise<void> {
    const before = this.heard;
    this.socket.write(text);
    await until(() => this.heard === before + text);
  }
}

describe.each(['punix', 'ptcp'])('a listener (%s) of a process with few descriptors left', (kind) => {
  test('lets clients wait, serves those it has, and takes the waiting when there are more', async () => {
    used = 87;
    const listener = await listenEcho(kind);
    const first = new Client(listener);
    await first.ask('a');
    used = 88;
    const waiting = [1, 2, 3].map(() => new Client(listener));
    for (const client of waiting) client.socket.write('b');
    await until(() => waiting.every(({ isConnected }) => isConnected) && said.length > 0);
    expect(said).toEqual([
      expect.stringMatching(
        /^warn p(unix|tcp):.*: new connections wait: 88 of the 100 files that this process may have open are in use; close some, or raise the limit: /,
      ),
    ]);
    await first.ask('c');
    expect(waiting.map(({ heard, isClosed }) => [heard, isClosed])).toEqual(Array(3).fill(['', false]));
    used = 87;
    await until(() => waiting.every(({ heard }) => heard === 'b'));
    expect(said.slice(1)).toEqual([expect.stringMatching(/^info p(unix|tcp):.*: takes connections again$/)]);
    for (const { socket } of [first, ...waiting]) socket.destroy();
  });

  test('can be closed meanwhile, which ends those that wait', async () => {
    used = 100;
    const listener = await listenEcho(kind);
    const client = new Client(listener);
    await until(() => client.isConnected && said.length > 0);
    listener.close();
    await until(() => client.isClosed);
    used = 0;
    expect(client.heard).toBe('');
  });
});

test('where the whole host can open no file more, that is what is said', () => {
  const none = { limit: () => 100, used: () => Number.POSITIVE_INFINITY };
  for (const use of ['client', 'port', 'control'] as const)
    expect(descriptorShortage(use, none)).toMatch(
      /^this host has as many files open as it may; .*fs\.file-max$/,
    );
});

test('the control socket takes connections for longer than others', async () => {
  used = 96;
  const client = new Client(await listenEcho('punix', { use: 'control' }));
  await client.ask('a');
  client.socket.destroy();
  expect(['client', 'port', 'control'].map((use) => [70, 88, 94, 97].map((n) => isShort(use, n)))).toEqual([
    [false, true, true, true],
    [false, false, true, true],
    [false, false, false, true],
  ]);
  expect([65_503, 65_504].map((n) => isShort('client', n, 65_536))).toEqual([false, true]);
});

function isShort(use: string, count: number, limit = 100): boolean {
  const counted = { limit: () => limit, used: () => count };
  return descriptorShortage(use === 'client' || use === 'port' ? use : 'control', counted) !== undefined;
}
