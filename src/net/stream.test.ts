import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readActiveRemote } from './remote.ts';
import { connectStream } from './stream.ts';

const context = { defaultPort: 6640 };
let folder = '';
const cleanups: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stream-'));
});
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  rmSync(folder, { recursive: true });
});

describe('connecting', () => {
  test('rejects with the system error when nobody listens', async () => {
    const remote = readActiveRemote(`unix:${folder}/none`, context);
    await expect(connectStream(remote)).rejects.toMatchObject({
      reason: 'No such file or directory',
      errno: 2,
    });
    writeFileSync(`${folder}/file`, '');
    const file = readActiveRemote(`unix:${folder}/file`, context);
    await expect(connectStream(file)).rejects.toMatchObject({ reason: 'Connection refused' });
  });

  test.each(['255.255.255.255', '224.0.0.1'])(
    'rejects with what the kernel says at once of %s, whoever asks',
    async (host) => {
      const remote = { kind: 'tcp', host, port: 1 } as const;
      const asked = new Promise<void>((resolve, reject) => {
        setTimeout(() => connectStream(remote).then(() => resolve(), reject), 0); // not from a promise
      });
      await expect(asked).rejects.toMatchObject({ reason: 'Network is unreachable' });
    },
  );

  test('rejects with the system error when the host has no address', async () => {
    const remote = readActiveRemote('tcp:no-such-host.invalid:1', context);
    await expect(connectStream(remote)).rejects.toMatchObject({
      reason: 'Address family not supported by protocol',
    });
  });

  test('gives up when its signal says so', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    cleanups.push(() => server.close());
    const remote = readActiveRemote(`unix:${folder}/none`, context);
    await expect(connectStream(remote, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});

test('a peer that floods leaves the others a turn after each 128 KiB', async () => {
  const size = 4 << 20;
  const server = createServer((socket) => socket.end(Buffer.alloc(size))).listen(0, '127.0.0.1');
  cleanups.push(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a TCP server
  const stream = await connectStream({ kind: 'tcp', host: '127.0.0.1', port });
  await sleep(50); // the kernel holds a lot of it by now
  let inTurn = 0;
  let most = 0;
  let total = 0;
  await new Promise<void>((resolve) => {
    stream.setEvents({
      data(bytes) {
        total += bytes.length;
        inTurn += bytes.length;
        most = Math.max(most, inTurn);
        setImmediate(() => {
          inTurn = 0;
        });
      },
      closed: () => resolve(),
    });
  });
  expect(total).toBe(size);
  expect(most).toBeLessThanOrEqual(192 * 1024);
});
