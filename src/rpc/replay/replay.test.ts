import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { defer } from '../../base/defer.ts';
import { Malformed } from '../../base/errors.ts';
import { Timers } from '../../base/timers.ts';
import { ms, uuid } from '../../base/units.ts';
import type { StreamListener } from '../../net/listener.ts';
import { systemTransport, type Transport } from '../../net/transport.ts';
import { Player } from './player.ts';
import { Recorder } from './recorder.ts';
import { emitRecordHeader, parseRecords, readRecordings, recordingFile } from './recording.ts';
import { emitUuid, parseUuid } from './uuids.ts';

let folder: string;
const listeners: StreamListener[] = [];
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/replay-`);
});
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close();
  rmSync(folder, { recursive: true });
});

/** A program: answers each piece that clients send with its number, and keeps a diary of what happens. */
async function serve(transport: Transport, diary: string[]): Promise<void> {
  let count = 0;
  listeners.push(
    await transport.listen({ kind: 'punix', path: `${folder}/socket` }, {}, (stream) => {
      const client = `client ${diary.filter((line) => line.endsWith('comes')).length}`;
      diary.push(`${client} comes`);
      stream.setEvents({
        data(bytes) {
          diary.push(`${client} says ${bytes}`);
          stream.write(`${++count}`);
        },
        closed: (why) => diary.push(`${client} goes${why === undefined ? '' : ` (${why.message})`}`),
      });
    }),
  );
}

/** Resolves when it has the answer. */
async function say(client: ReturnType<typeof connect>, text: string): Promise<void> {
  client.write(text);
  await new Promise((answered) => client.once('data', answered));
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => defer(resolve));
}

function player(clock = new FakeClock()) {
  const timers = new Timers(clock);
  return { made: new Player(readRecordings(folder), { timers, defer }), clock, timers };
}

describe('records', () => {
  const record = fc.record({ isSent: fc.boolean(), data: fc.uint8Array({ maxLength: 40 }) });

  test('come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const pieces = records.flatMap(({ isSent, data }, i) =>
          isSent ? [emitRecordHeader(-(i + 1), data.length)] : [emitRecordHeader(i + 1, data.length), data],
        );
        const read = parseRecords(Buffer.concat(pieces));
        expect(read.map(({ number }) => number)).toEqual(records.map((_, i) => i + 1));
        expect(read.map(({ isSent }) => isSent)).toEqual(records.map(({ isSent }) => isSent));
        expect(read.map(({ length }) => length)).toEqual(records.map(({ data }) => data.length));
        expect(read.map(({ data }) => [...data])).toEqual(
          records.map(({ isSent, data }) => (isSent ? [] : [...data])),
        );
      }),
    );
  });

  test('that are cut short are refused', () => {
    const whole = Buffer.concat([emitRecordHeader(1, 3), Buffer.from('abc')]);
    for (let length = 1; length < whole.length; length++) {
      expect(() => parseRecords(whole.subarray(0, length))).toThrow(Malformed);
    }
  });

  test('of uuids are four words in host order', () => {
    const id = uuid('01020304-0506-4708-890a-0b0c0d0e0f10');
    expect(parseUuid(emitUuid(id))).toBe(id);
    expect(emitUuid(id).readUInt32LE(0)).toBe(0x01020304);
  });

  test.each([
    ['punix:/run/ovs-1/ctl.99.sock', 'replay_punix_run_ovs_ctl_sock_7'],
    ['tcp:127.0.0.1:6640', 'replay_tcp_7'],
    ['__uuid_generate', 'replay__uuid_generate_7'],
  ])('of %s are in the file %s', (name, file) => {
    expect(recordingFile(name, 7)).toBe(file);
  });
});

test('what was recorded is heard again in the same order, without sockets', async () => {
  const diary: string[] = [];
  await serve(new Recorder(folder), diary);
  const [a, b] = [connect(`${folder}/socket`), connect(`${folder}/socket`)];
  await say(a, 'one');
  await say(b, 'two');
  await say(a, 'three');
  a.destroy();
  while (!diary.includes('client 0 goes') && !diary.includes('client 1 goes')) await turns(1);
  await say(b, 'four');
  b.destroy();
  while (diary.filter((line) => line.endsWith('goes')).length < 2) await turns(1);
  for (const listener of listeners.splice(0)) listener.close();
  const again: string[] = [];
  await serve(player().made, again);
  await turns(60);
  expect(again).toEqual(diary);
  expect(readdirSync(folder)).not.toContain('socket');
});

test('connections that were made or refused are so again, and chance is what it was', async () => {
  await serve(systemTransport, []);
  const recorder = new Recorder(folder);
  let made = 0;
  const random = () => uuid(`00000000-0000-4000-8000-00000000000${++made}`);
  const converse = async (transport: Transport, newUuid: () => string): Promise<unknown[]> => {
    const heard: unknown[] = [newUuid(), newUuid()];
    const none = transport.connect({ kind: 'unix', path: `${folder}/none` }, {});
    heard.push(await none.catch((error: Error & { reason?: string }) => error.reason));
    const stream = await transport.connect({ kind: 'unix', path: `${folder}/socket` }, {});
    const answer = new Promise((resolve) =>
      stream.setEvents({ data: (bytes) => resolve(`${bytes}`), closed() {} }),
    );
    stream.write('hello');
    heard.push(await answer);
    stream.close();
    return heard;
  };
  const first = await converse(recorder, recorder.uuids(random));
  expect(first.slice(2)).toEqual(['No such file or directory', '1']);
  const { made: replayed } = player();
  expect(await converse(replayed, replayed.uuids(random))).toEqual(first);
});

test('a program that does something else than then gets what was recorded all the same', async () => {
  const diary: string[] = [];
  await serve(new Recorder(folder), diary);
  const client = connect(`${folder}/socket`);
  await say(client, 'one');
  await say(client, 'two');
  client.destroy();
  while (!diary.includes('client 0 goes')) await turns(1);
  for (const listener of listeners.splice(0)) listener.close();
  const { made, clock, timers } = player();
  const heard: string[] = [];
  listeners.push(
    await made.listen({ kind: 'punix', path: `${folder}/socket` }, {}, (stream) => {
      stream.setEvents({ data: (bytes) => heard.push(`${bytes}`), closed: () => heard.push('end') });
    }),
  );
  await turns(20);
  expect(heard).toEqual(['one']); // it has not answered
  for (let i = 0; i < 2; i++) {
    clock.advance(ms(1000));
    timers.run();
    await turns(20);
  }
  expect(heard).toEqual(['one', 'two', 'end']);
});

test('a stream whose record cannot be made is served all the same', async () => {
  const diary: string[] = [];
  const recordings = `${folder}/recordings`;
  mkdirSync(recordings);
  await serve(new Recorder(recordings), diary);
  rmSync(recordings, { recursive: true }); // whoever tidies up meanwhile
  const client = connect(`${folder}/socket`);
  await say(client, 'hello');
  client.destroy();
  expect(diary).toEqual(['client 0 comes', 'client 0 says hello']);
  expect(() => new Recorder(recordings)).toThrow(/ENOENT|No such file/);
});

test('what there is no recording of is an error, as is a recording that is cut short', async () => {
  await serve(new Recorder(folder), []);
  const other = player().made.connect({ kind: 'tcp', host: '192.0.2.1', port: 1 }, {});
  await expect(other).rejects.toMatchObject({ reason: 'No such file or directory' });
  const [file = ''] = readdirSync(folder).filter((name) => name.startsWith('replay_punix'));
  truncateSync(`${folder}/${file}`, 5);
  expect(() => readRecordings(folder)).toThrow('cut short');
});
