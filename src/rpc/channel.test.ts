import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readActiveRemote, readPassiveRemote } from '../net/remote.ts';
import type { Channel, RpcMessage } from './channel.ts';
import { channelPair } from './pair.ts';
import { connectChannel, listenChannels } from './socket-channel.ts';

const context = { defaultPort: 6640 };
let folder = '';
const cleanups: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'channel-'));
});
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  rmSync(folder, { recursive: true });
});

/** Collects what a channel is told. */
function listenTo(channel: Channel) {
  const messages: RpcMessage[] = [];
  const state = { messages, closed: undefined as { why: Error | undefined } | undefined, drainedCount: 0 };
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const go of waiting.splice(0)) go();
  };
  channel.events = {
    message(message) {
      messages.push(message);
      wake();
    },
    closed(why) {
      state.closed = { why };
      wake();
    },
    drained() {
      state.drainedCount++;
      wake();
    },
  };
  const until = async (isDone: () => boolean): Promise<void> => {
    while (!isDone()) await new Promise<void>((go) => waiting.push(go));
  };
  return Object.assign(state, { until });
}

/** Both ends of a connection of that kind. */
async function connectBoth(kind: string): Promise<[Channel, Channel]> {
  if (kind === 'pair') return [...channelPair()];
  const where = kind === 'unix' ? `punix:${folder}/sock` : 'ptcp:0:127.0.0.1';
  let accepted: (channel: Channel) => void = () => {};
  const far = new Promise<Channel>((resolve) => {
    accepted = resolve;
  });
  const listener = await listenChannels(readPassiveRemote(where, context), {}, (channel) =>
    accepted(channel),
  );
  cleanups.push(() => listener.close());
  const port = listener.remote.kind === 'punix' ? 0 : listener.remote.port;
  const name = kind === 'unix' ? `unix:${folder}/sock` : `tcp:127.0.0.1:${port}`;
  const near = await connectChannel(readActiveRemote(name, context));
  return [near, await far];
}

const echo: RpcMessage = { method: 'echo', params: ['ü', 2n ** 60n], id: 1 };

describe.each(['unix', 'tcp', 'pair'])('a channel (%s)', (kind) => {
  test('carries messages both ways, in order, also as text and as pieces', async () => {
    const [near, far] = await connectBoth(kind);
    const [atNear, atFar] = [listenTo(near), listenTo(far)];
    near.send(echo);
    near.send('{"id":2,"method":"a","params":[]}');
    const text = Buffer.from('{"id":3,"method":"b","params":["\u00fc"]}');
    near.send([text.subarray(0, 35), text.subarray(35)]);
    far.send({ id: 1, result: [], error: null });
    await atFar.until(() => atFar.messages.length === 3);
    await atNear.until(() => atNear.messages.length === 1);
    expect(atFar.messages.map((m) => m.id)).toEqual([1, 2, 3]);
    expect(atFar.messages[0]).toEqual(echo);
    expect(atNear.messages).toEqual([{ id: 1, result: [], error: null }]);
    near.close();
    await atNear.until(() => atNear.closed !== undefined);
    await atFar.until(() => atFar.closed !== undefined);
    expect([atNear.closed, atFar.closed]).toEqual([{ why: undefined }, { why: undefined }]);
    expect(near.backlog).toBe(0);
  });

  test('flushes before it closes and tells each end once', async () => {
    const [near, far] = await connectBoth(kind);
    const [atNear, atFar] = [listenTo(near), listenTo(far)];
    for (let id = 1; id <= 1000; id++) near.send({ ...echo, id });
    near.close();
    near.close();
    near.send(echo);
    await atFar.until(() => atFar.closed !== undefined);
    await atNear.until(() => atNear.closed !== undefined);
    expect(atFar.messages.length).toBe(1000);
  });

  test('delivers nothing while paused and everything after', async () => {
    const [near, far] = await connectBoth(kind);
    const [atNear, atFar] = [listenTo(near), listenTo(far)];
    const seen: unknown[] = [];
    const { events } = far;
    far.events = {
      ...events,
      message(message) {
        seen.push(message.id);
        events.message(message);
        if (seen.length === 2) {
          far.pause();
          far.send({ id: 0, result: 'seen', error: null });
        }
      },
    };
    for (let id = 1; id <= 5; id++) near.send({ ...echo, id });
    await atNear.until(() => atNear.messages.length === 1);
    expect(seen).toEqual([1, 2]);
    far.resume();
    expect(seen).toEqual([1, 2]);
    await atFar.until(() => atFar.messages.length === 5);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    near.close();
    await atFar.until(() => atFar.closed !== undefined);
  });

  test('ends at once when aborted, with the reason given', async () => {
    const [near, far] = await connectBoth(kind);
    const [atNear, atFar] = [listenTo(near), listenTo(far)];
    const why = new Error('too slow');
    far.pause();
    near.send(echo);
    near.abort(why);
    far.resume();
    await atNear.until(() => atNear.closed !== undefined);
    await atFar.until(() => atFar.closed !== undefined);
    expect(atNear.closed).toEqual({ why });
  });

  test('tells when the backlog is gone', async () => {
    const [near, far] = await connectBoth(kind);
    const [atNear, atFar] = [listenTo(near), listenTo(far)];
    near.send({ ...echo, params: ['x'.repeat(5_000_000)] });
    expect(near.backlog).toBeGreaterThan(0);
    await atNear.until(() => atNear.drainedCount > 0);
    expect(near.backlog).toBe(0);
    await atFar.until(() => atFar.messages.length === 1);
    near.close();
    await atFar.until(() => atFar.closed !== undefined);
  });
});

describe('a socket channel', () => {
  test('shows by its backlog how a slow peer gets on', async () => {
    const [near, far] = await connectBoth('unix');
    const [atNear] = [listenTo(near), listenTo(far)];
    far.send(
      Array.from({ length: 3 }, (_, i) =>
        Buffer.from(`{"id":${i},"method":"m","params":["${'x'.repeat(1e6)}"]}`),
      ),
    );
    const backlogs = [far.backlog];
    while (far.backlog > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (far.backlog !== backlogs.at(-1)) backlogs.push(far.backlog);
    }
    expect(backlogs[0]).toBeGreaterThan(3e6);
    expect(backlogs.length).toBeGreaterThan(8);
    expect(backlogs).toEqual([...backlogs].sort((a, b) => b - a));
    await atNear.until(() => atNear.messages.length === 3);
    near.close();
  });

  test('sends what was written first in a turn last, so that the author of a change is the last to hear of it', async () => {
    const pairs = [await connectBoth('unix'), await connectBoth('unix')] as const;
    const heard: number[] = [];
    const both = new Promise<void>((resolve) => {
      pairs.forEach(([near], i) => {
        const message = () => {
          heard.push(i);
          if (heard.length === 2) resolve();
        };
        near.events = { message, closed() {} };
      });
    });
    for (const [, far] of pairs) far.send(echo);
    await both;
    expect(heard).toEqual([1, 0]);
    for (const [near] of pairs) near.close();
  });

  test('ends with the reason when the peer sends what is no message', async () => {
    const listener = await listenChannels({ kind: 'punix', path: `${folder}/s` }, {}, (channel) => {
      accepted = listenTo(channel);
    });
    let accepted: ReturnType<typeof listenTo> | undefined;
    cleanups.push(() => listener.close());
    for (const [text, why] of [
      ['{"a":1}', 'unexpected member "a"'],
      ['[]', 'not a JSON object'],
      ['}', 'JSON'],
    ] as const) {
      const socket = connect(`${folder}/s`);
      socket.end(text);
      socket.resume();
      await new Promise((done) => socket.on('close', done));
      await accepted?.until(() => accepted?.closed !== undefined);
      expect(accepted?.closed?.why?.message).toContain(why);
    }
  });
});
