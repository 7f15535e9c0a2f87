import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { SyscallFailed } from '../../base/errors.ts';
import { logRegistry } from '../../base/log.ts';
import { encodeText } from '../../base/text.ts';
import type { Sent } from '../codec.ts';
import { OpenFlowError } from '../errors.ts';
import { anyMessage, inVersion } from '../message-fixture.ts';
import { formToSend } from '../message-table.ts';
import { allVersions, type WireVersion } from '../versions.ts';
import { type Connection, openConnection } from './connection.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { ErrorReply } from './replies.ts';
import { bytesOf, FakeStream } from './stream-fixture.ts';

const hello: Sent = { name: 'HELLO', value: { versions: undefined } };

async function connected(
  version: WireVersion,
  options: ConnectionOptions = {},
): Promise<{ stream: FakeStream; connection: Connection }> {
  const stream = new FakeStream();
  const opening = openConnection(stream, { versions: [version], ...options });
  stream.say(version, { name: 'HELLO', value: { versions: [version] } });
  const connection = await opening;
  stream.sent = [];
  return { stream, connection };
}

const barrier: Sent = { name: 'BARRIER_REPLY', value: undefined };
const badType: Sent = {
  name: 'ERROR',
  value: {
    name: 'OFPBRC_BAD_TYPE',
    numbers: { experimenter: 0, type: 1, code: 1 },
    data: new Uint8Array(),
  },
};

describe('the hello', () => {
  test.each<[readonly WireVersion[], WireVersion, readonly number[] | undefined, WireVersion]>([
    [allVersions, 6, undefined, 6],
    [allVersions, 4, undefined, 4],
    [[1, 4], 6, undefined, 4],
    [[1, 4], 6, [1, 6], 1],
    [[1], 6, undefined, 1],
    [[4, 5], 6, [4, 5, 6, 9], 5],
  ])(
    'of versions %j and one of version %j with the list %j agree on %j',
    async (ours, version, list, agreed) => {
      const stream = new FakeStream();
      const opening = openConnection(stream, { versions: ours });
      stream.say(version, { name: 'HELLO', value: { versions: list } });
      expect((await opening).version).toBe(agreed);
      const isAllBefore = ours.length === Math.max(...ours);
      expect(stream.sent).toMatchObject([
        { name: 'HELLO', version: Math.max(...ours), value: { versions: isAllBefore ? undefined : ours } },
      ]);
    },
  );

  it('that has no version in common is refused with both sides named', async () => {
    const stream = new FakeStream();
    const opening = openConnection(stream, { versions: [4, 6] });
    stream.say(3, hello);
    await expect(opening).rejects.toMatchObject({
      reason: 'Protocol error',
      message: expect.stringContaining(
        'we support versions 0x04, 0x06, peer supports version 0x03 and earlier',
      ),
    });
    expect(stream.sent.at(-1)).toMatchObject({
      name: 'ERROR',
      version: 3,
      value: {
        name: 'OFPHFC_INCOMPATIBLE',
        data: Uint8Array.from(
          encodeText(
            'We support versions 0x04, 0x06, you support version 0x03 and earlier, no common versions.',
          ),
        ),
      },
    });
    expect(stream.isClosed).toBe(true);
  });

  it('must come before anything else', async () => {
    const stream = new FakeStream();
    const opening = openConnection(stream);
    stream.say(4, { name: 'ECHO_REQUEST', value: { data: new Uint8Array() } });
    await expect(opening).rejects.toMatchObject({ reason: 'Protocol error' });
    expect(stream.isClosed).toBe(true);
  });

  it('that never comes can be given up', async () => {
    const stream = new FakeStream();
    const giveUp = new AbortController();
    const opening = openConnection(stream, { signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    expect(stream.isClosed).toBe(true);
  });

  it('cut off by the end of the stream is a reset', async () => {
    const stream = new FakeStream();
    const opening = openConnection(stream);
    stream.close();
    await expect(opening).rejects.toMatchObject({ reason: 'Connection reset by peer' });
  });
});

describe('a connection', () => {
  it('finds messages however they are cut', async () => {
    const seen: string[] = [];
    const { stream } = await connected(4, { events: { message: ({ name }) => seen.push(name) } });
    const all = Buffer.concat([bytesOf(4, barrier, 70), bytesOf(4, badType, 71), bytesOf(4, barrier, 72)]);
    for (const byte of all) stream.give(Uint8Array.of(byte));
    stream.give(all);
    const names = ['BARRIER_REPLY', 'ERROR', 'BARRIER_REPLY'];
    expect(seen).toEqual([...names, ...names]);
  });

  it('answers requests for an echo, also while it waits', async () => {
    const { stream, connection } = await connected(4);
    const waiting = connection.barrier();
    stream.say(4, { name: 'ECHO_REQUEST', value: { data: Uint8Array.of(1, 2) } }, stream.sent[0]?.xid);
    expect(stream.sent[1]).toMatchObject({ name: 'ECHO_REPLY', value: { data: Uint8Array.of(1, 2) } });
    stream.say(4, barrier, stream.sent[0]?.xid);
    await waiting;
  });

  it('gives each request its own answer', async () => {
    const { stream, connection } = await connected(1);
    const [one, two] = [1, 2].map((n) =>
      connection.request({ name: 'ECHO_REQUEST', value: { data: Uint8Array.of(n) } }),
    );
    for (const { xid, value } of stream.sent.toReversed())
      stream.say(1, { name: 'ECHO_REPLY', value: value as { data: Uint8Array } }, xid);
    expect((await one)?.value.data).toEqual(Uint8Array.of(1));
    expect((await two)?.value.data).toEqual(Uint8Array.of(2));
  });

  it('names the error that answers a request', async () => {
    const { stream, connection } = await connected(4);
    stream.onSent = ({ xid }) => stream.say(4, badType, xid);
    const failed = connection.request({ name: 'DESC_REQUEST', value: undefined });
    await expect(failed).rejects.toThrow(ErrorReply);
    await expect(failed).rejects.toMatchObject({ tag: 'OFPBRC_BAD_TYPE' });
  });

  it('tells whether what it sent was done', async () => {
    const { stream, connection } = await connected(4);
    const config = { fragments: 'drop', invalidTtlToController: false, missSendLength: 0 } as const;
    let fails = false;
    stream.onSent = ({ name, xid }) => {
      if (name === 'SET_CONFIG' && fails) stream.say(4, badType, xid);
      if (name === 'BARRIER_REQUEST') stream.say(4, barrier, xid);
    };
    await connection.perform({ name: 'SET_CONFIG', value: config });
    fails = true;
    await expect(connection.perform({ name: 'SET_CONFIG', value: config })).rejects.toThrow(ErrorReply);
  });

  it('gives the parts of a long answer one by one, up to the last', async () => {
    const { stream, connection } = await connected(4);
    stream.onSent = ({ xid }) => {
      for (const more of [true, true, false])
        stream.say(4, { name: 'PORT_DESC_REPLY', value: [], more }, xid);
    };
    const parts: boolean[] = [];
    for await (const { more } of connection.multipart({ name: 'PORT_DESC_REQUEST', value: { port: 0xffff } }))
      parts.push(more);
    expect(parts).toEqual([true, true, false]);
  });

  it('reads nothing while much of an answer waits, or much of what it sent', async () => {
    const { stream, connection } = await connected(4);
    const parts = connection.multipart({ name: 'TABLE_FEATURES_REQUEST', value: [] });
    const first = parts.next();
    const xid = stream.sent[0]?.xid ?? 0;
    const filler = { name: 'ECHO_REPLY', value: { data: new Uint8Array(60_000) } } as const;
    for (let n = 0; n < 20; n++) stream.say(4, filler, xid);
    expect(stream.isPaused).toBe(true);
    await expect(first).rejects.toThrow(OpenFlowError);
    expect(stream.isPaused).toBe(false);
    stream.backlog = 2 ** 21;
    stream.say(4, { name: 'ECHO_REQUEST', value: { data: new Uint8Array() } });
    expect(stream.isPaused).toBe(true);
    stream.drain();
    expect(stream.isPaused).toBe(false);
  });

  it('takes no request of the peer for an answer, though it has the same xid', async () => {
    const seen: string[] = [];
    const { stream, connection } = await connected(4, { events: { message: ({ name }) => seen.push(name) } });
    const waiting = connection.request({ name: 'ECHO_REQUEST', value: { data: Uint8Array.of(1) } });
    const xid = stream.sent[0]?.xid;
    stream.say(4, { name: 'FEATURES_REQUEST', value: undefined }, xid);
    stream.say(4, { name: 'ECHO_REPLY', value: { data: Uint8Array.of(1) } }, xid);
    expect(await waiting).toMatchObject({ name: 'ECHO_REPLY' });
    expect(seen).toEqual(['FEATURES_REQUEST']);
  });

  it('lets a request be given up', async () => {
    const { connection } = await connected(4);
    const giveUp = new AbortController();
    const waiting = connection.barrier({ signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('fails what waits when it ends, and all later requests', async () => {
    const { stream, connection } = await connected(4);
    const waiting = connection.barrier();
    stream.close();
    await expect(waiting).rejects.toMatchObject({ reason: 'End of file' });
    await expect(connection.barrier()).rejects.toMatchObject({ reason: 'End of file' });
    expect(await connection.closed).toBeUndefined();
  });

  it('refuses messages of another version', async () => {
    const seen: string[] = [];
    const { stream } = await connected(4, { events: { message: ({ name }) => seen.push(name) } });
    stream.say(1, barrier, 9);
    expect(stream.sent).toMatchObject([
      { name: 'ERROR', version: 1, xid: 9, value: { name: 'OFPBRC_BAD_VERSION' } },
    ]);
    expect(seen).toEqual([]);
  });

  it('ends when a length makes no sense', async () => {
    const { stream, connection } = await connected(4);
    stream.give(Uint8Array.of(4, 20, 0, 7, 0, 0, 0, 0));
    expect(await connection.closed).toMatchObject({ reason: 'Protocol error' });
  });
});

/** Messages, spoilt here and there, and bytes that are none. */
const anyBytes = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...allVersions), anyMessage, fc.nat({ max: 3 })) },
        fc.uint8Array({ maxLength: 20 }),
      ),
      { maxLength: 6 },
    ),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }),
  )
  .map(([parts, spoilt]) => {
    const bytes = Buffer.concat(
      parts.map((part) => {
        if (part instanceof Uint8Array) return part;
        const [version, message, xid] = part;
        const known = formToSend(version, message.name) !== undefined;
        return known ? bytesOf(version, inVersion(message, version, xid), xid) : new Uint8Array();
      }),
    );
    for (const [at, byte] of spoilt) if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  });

describe('whatever the peer sends', () => {
  it('is a message, an OpenFlowError or the end of the connection', async () => {
    const arbitrary = [
      anyBytes,
      fc.array(fc.integer({ min: 1, max: 50 })),
      fc.constantFrom(...allVersions),
    ] as const;
    await fc.assert(
      fc.asyncProperty(...arbitrary, async (bytes, cuts, version) => {
        const { stream, connection } = await connected(version);
        const asked = connection.request({ name: 'DESC_REQUEST', value: undefined }).catch((why) => why);
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          stream.give(bytes.subarray(at, at + size));
          at += size;
        }
        stream.close();
        const outcome = await asked;
        if (!(outcome instanceof Error)) expect(outcome.name).toBe('DESC_REPLY');
        else if (!(outcome instanceof SyscallFailed || outcome instanceof ErrorReply))
          expect(outcome).toBeInstanceOf(OpenFlowError);
      }),
      { numRuns: 400 },
    );
  });

  it('fails the hello, or is one', async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes, async (bytes) => {
        const stream = new FakeStream();
        const opening = openConnection(stream).catch((why) => why);
        stream.give(bytes);
        stream.close();
        const outcome = await opening;
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(SyscallFailed);
      }),
      { numRuns: 400 },
    );
  });
});

it('tells the log each message, where that wants to know', async () => {
  const said: string[] = [];
  logRegistry.setSink('file', {
    write: ({ module, level, text }) => said.push(`${module} ${level} ${text}`),
  });
  logRegistry.setLevel('dbg', 'file', 'vconn');
  const { stream, connection } = await connected(1);
  stream.say(1, { name: 'BARRIER_REQUEST', value: undefined }, 7);
  connection.reply({ xid: 7 }, barrier);
  logRegistry.setLevel('info', 'file');
  connection.reply({ xid: 8 }, barrier);
  logRegistry.setSink('file', undefined);
  const name = 'vconn dbg tcp:192.0.2.1:6653:';
  expect(said).toEqual([
    `${name} sent (Success): OFPT_HELLO (xid=0x1):\n version bitmap: 0x01`,
    `${name} received: OFPT_HELLO (xid=0x0):\n version bitmap: 0x01`,
    `${name} negotiated OpenFlow version 0x01 (we support version 0x01, peer supports version 0x01)`,
    `${name} received: OFPT_BARRIER_REQUEST (xid=0x7):`,
    `${name} sent (Success): OFPT_BARRIER_REPLY (xid=0x7):`,
  ]);
});
