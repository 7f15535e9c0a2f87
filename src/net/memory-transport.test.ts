import { expect, test } from 'vitest';
import { defer } from '../base/defer.ts';
import { MemoryTransport } from './memory-transport.ts';
import type { Stream } from './stream.ts';

interface End {
  readonly stream: Stream;
  readonly heard: string[];
  /** What ended it: undefined while nothing has. */
  end: { why: Error | undefined } | undefined;
  drainedCount: number;
}

function endOf(stream: Stream): End {
  const end: End = { stream, heard: [], end: undefined, drainedCount: 0 };
  stream.setEvents({
    data: (bytes) => end.heard.push(bytes.toString()),
    drained: () => void end.drainedCount++,
    closed: (why) => {
      end.end = { why };
    },
  });
  return end;
}

/** All that was put off has been done. */
async function rest(): Promise<void> {
  for (let n = 0; n < 10; n++) await new Promise<void>((resolve) => defer(resolve));
}

async function pair(): Promise<[End, End]> {
  const transport = new MemoryTransport(defer);
  const accepted: Stream[] = [];
  await transport.listen({ kind: 'ptcp', host: undefined, port: 6653 }, {}, (stream) =>
    accepted.push(stream),
  );
  const ours = await transport.connect({ kind: 'tcp', host: '192.0.2.1', port: 6653 });
  await rest();
  const [theirs] = accepted;
  if (theirs === undefined) throw new Error('nobody was accepted');
  return [endOf(ours), endOf(theirs)];
}

test('what is written reaches the other end, in order, as it was then', async () => {
  const [a, b] = await pair();
  const bytes = Buffer.from('one');
  a.stream.write([bytes, Buffer.from('two')]);
  bytes.fill(0);
  b.stream.write('back');
  expect(a.stream.backlog).toBe(6);
  await rest();
  expect([a.heard, b.heard]).toEqual([['back'], ['one', 'two']]);
  expect([a.stream.backlog, a.drainedCount, b.drainedCount]).toEqual([0, 1, 1]);
});

test('who reads nothing is waited for', async () => {
  const [a, b] = await pair();
  b.stream.pause();
  a.stream.write('x');
  await rest();
  expect([b.heard, a.stream.backlog, a.drainedCount]).toEqual([[], 1, 0]);
  b.stream.resume();
  await rest();
  expect([b.heard, a.stream.backlog, a.drainedCount]).toEqual([['x'], 0, 1]);
});

test('an end comes after what was written, and is told once to both', async () => {
  const [a, b] = await pair();
  a.stream.write('last');
  a.stream.close();
  a.stream.write('too late');
  await rest();
  expect(b.heard).toEqual(['last']);
  expect([a.end, b.end]).toEqual([{ why: undefined }, { why: undefined }]);
});

test('who gives up says why to itself, and what was on its way is lost', async () => {
  const [a, b] = await pair();
  a.stream.write('lost');
  const why = new Error('enough');
  a.stream.abort(why);
  b.stream.write('lost too');
  await rest();
  expect([a.heard, b.heard]).toEqual([[], []]);
  expect([a.end, b.end]).toEqual([{ why }, { why: undefined }]);
});

test('who sets events after the end is told of it', async () => {
  const [a, b] = await pair();
  b.stream.abort();
  await rest();
  expect(a.end).toEqual({ why: undefined });
  const late = endOf(a.stream);
  await rest();
  expect(late.end).toEqual({ why: undefined });
});

test('nobody there, a place that is taken, and any port that is free', async () => {
  const transport = new MemoryTransport(defer);
  const nobody = { kind: 'tcp', host: '192.0.2.1', port: 1 } as const;
  await expect(transport.connect(nobody)).rejects.toMatchObject({ reason: 'Connection refused' });
  await expect(transport.connect({ kind: 'unix', path: '/x' })).rejects.toMatchObject({
    reason: 'No such file or directory',
  });
  const wanted = { kind: 'ptcp', host: undefined, port: 0 } as const;
  const first = await transport.listen(wanted, {}, () => {});
  const second = await transport.listen(wanted, {}, () => {});
  expect(first.remote).not.toEqual(second.remote);
  await expect(transport.listen(first.remote, {}, () => {})).rejects.toMatchObject({
    reason: 'Address already in use',
  });
  first.close();
  await transport.listen(first.remote, {}, () => {});
  const signal = AbortSignal.abort(new Error('given up'));
  await expect(transport.connect(nobody, { signal })).rejects.toThrow('given up');
});
