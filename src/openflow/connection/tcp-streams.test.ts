import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TcpStreams } from './tcp-streams.ts';

const stream = 'a > b';
const [syn, fin, ack] = [2, 1, 16];

function segment(sequence: number, flags: number, data: readonly number[] = []) {
  const bytes = new Uint8Array(20 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, sequence);
  view.setUint8(12, 0x50);
  view.setUint8(13, flags);
  bytes.set(data, 20);
  return { stream, bytes };
}

describe('a TCP stream', () => {
  test('is put together from its segments', () => {
    const streams = new TcpStreams();
    expect(streams.add(segment(9, syn))).toBeUndefined();
    expect([...(streams.add(segment(10, ack, [1, 2])) ?? [])]).toEqual([1, 2]);
    expect([...(streams.add(segment(12, ack, [3])) ?? [])]).toEqual([1, 2, 3]);
    streams.took(stream, 2);
    expect([...(streams.add(segment(13, ack, [4])) ?? [])]).toEqual([3, 4]);
  });

  test('takes nothing twice, and nothing out of order', () => {
    const streams = new TcpStreams();
    streams.add(segment(100, ack, [1]));
    expect(streams.add(segment(100, ack, [1]))).toBeUndefined();
    expect(streams.add(segment(105, ack, [6]))).toBeUndefined();
    expect([...(streams.add(segment(101, ack, [2])) ?? [])]).toEqual([1, 2]);
  });

  test('goes on where numbers begin anew', () => {
    const streams = new TcpStreams();
    streams.add(segment(0xfffffffe, ack, [1]));
    expect([...(streams.add(segment(0xffffffff, ack, [2, 3])) ?? [])]).toEqual([1, 2, 3]);
  });

  test('is forgotten at its end', () => {
    const streams = new TcpStreams();
    streams.add(segment(9, syn));
    expect(streams.add(segment(10, fin | ack))).toBeUndefined();
    expect(streams.add(segment(11, ack))).toBeUndefined();
  });

  test('of any segments grows or does not', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (all) => {
        const streams = new TcpStreams();
        for (const bytes of all) streams.add({ stream, bytes });
      }),
    );
  });
});
