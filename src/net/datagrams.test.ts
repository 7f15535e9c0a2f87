import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { openDatagrams } from './datagrams.ts';

const noEvents = { opened() {}, unopened() {}, unsent() {} };

async function receiver(host: string): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  return socket;
}

test.each(['127.0.0.1', '::1', 'localhost'])(
  'a peer at %s gets what was sent before there was a socket',
  async (host) => {
    const socket = await receiver(host === 'localhost' ? '127.0.0.1' : host);
    const peer = openDatagrams({ host, port: socket.address().port }, noEvents);
    peer.send(Uint8Array.of(1, 2));
    const [bytes] = await once(socket, 'message');
    expect([...bytes]).toEqual([1, 2]);
    expect(peer.name).toMatch(/:\d+<->.*:\d+$/);
    peer.close();
    socket.close();
  },
);

test('who cannot be reached is told of, and nothing else happens', async () => {
  const socket = await receiver('127.0.0.1');
  const { port } = socket.address();
  socket.close();
  const why = await new Promise<string>((resolve) => {
    const peer = openDatagrams(
      { host: '127.0.0.1', port },
      {
        ...noEvents,
        unsent: ({ reason }) => {
          resolve(reason);
          peer.close();
        },
      },
    );
    peer.send(Uint8Array.of(1));
    peer.send(Uint8Array.of(2));
  });
  expect(why).toBe('Connection refused');
});

test('a name that means nothing is told, and what waits for it is lost', async () => {
  const why = await new Promise<string>((resolve) => {
    const unopened = ({ reason }: { reason: string }): void => resolve(reason);
    openDatagrams({ host: 'no.such.host.invalid', port: 1 }, { ...noEvents, unopened }).send(
      Uint8Array.of(1),
    );
  });
  expect(why).toBe('Address family not supported by protocol');
});
