import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeFd } from '../../sys/calls/fd.ts';
import { openDatagramPair, sendBytes } from '../../sys/calls/socket.ts';
import { FrameBatch } from '../../wire/frame.ts';
import { maxFrameSize } from '../buffers.ts';
import { emptyCounters } from '../counters.ts';
import { offloadHeaderSize } from '../offload-header.ts';
import { MessageReceiver } from './message-receiver.ts';

let near = -1;
let far = -1;
beforeEach(() => {
  [near, far] = openDatagramPair();
});
afterEach(() => {
  closeFd(near);
  closeFd(far);
});

/** A message without offloads; the first byte of its frame is `first`. */
function messageOf(first: number, size = 60): Uint8Array {
  const message = new Uint8Array(offloadHeaderSize + size);
  message[offloadHeaderSize] = first;
  return message;
}

test('Messages come in order, as many as the batch takes, and nothing is lost while frames are held', () => {
  const receiver = new MessageReceiver(near, emptyCounters());
  for (let n = 0; n < 9; n++) sendBytes(far, messageOf(n));
  const firsts: number[] = [];
  for (const [size, expected] of [
    [4, 4],
    [4, 4],
    [4, 1],
  ] as const) {
    const batch = new FrameBatch(size);
    expect(receiver.receive(batch)).toBe(expected);
    for (const frame of batch.frames.slice(0, expected)) {
      expect(frame.size).toBe(60);
      firsts.push(frame.bytes[frame.start] ?? -1);
    }
  }
  receiver.release();
  expect(firsts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test('What is too short, too long or describes offloads outside of itself is counted and passed over', () => {
  const counters = emptyCounters();
  const receiver = new MessageReceiver(near, counters);
  sendBytes(far, messageOf(1, 13));
  sendBytes(far, messageOf(2, maxFrameSize + 1));
  const outside = messageOf(3);
  outside.set([1, 0, 0, 0, 0, 0, 59, 0, 1, 0]);
  sendBytes(far, outside);
  sendBytes(far, messageOf(4));
  const batch = new FrameBatch(8);
  expect(receiver.receive(batch)).toBe(1);
  expect(batch.frames[0]?.bytes[batch.frames[0].start]).toBe(4);
  expect(counters).toMatchObject({ rxPackets: 1, rxBytes: 60, rxErrors: 3 });
});

test('Full batches in a row say that the port is worth a ring, one that is not full takes it back', () => {
  const receiver = new MessageReceiver(near, emptyCounters());
  const batch = new FrameBatch(2);
  const receive = (count: number): boolean => {
    for (let n = 0; n < count; n++) sendBytes(far, messageOf(n));
    expect(receiver.receive(batch)).toBe(count);
    receiver.release();
    return receiver.isPressed;
  };
  expect([2, 2, 2, 1, 2, 2, 2, 2].map(receive)).toEqual([
    ...[false, false, false, false],
    ...[false, false, false, true],
  ]);
});

test('Whatever comes, every frame handed out lies inside its message', () => {
  const receiver = new MessageReceiver(near, emptyCounters());
  const batch = new FrameBatch(16);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 16 }), (messages) => {
      for (const message of messages) sendBytes(far, message);
      const count = receiver.receive(batch);
      for (const frame of batch.frames.slice(0, count)) {
        expect(frame.size).toBeGreaterThanOrEqual(14);
        expect(frame.size).toBeLessThanOrEqual(100 - offloadHeaderSize);
        expect(frame.checksumStart + frame.checksumOffset).toBeLessThan(frame.size);
        expect(frame.headerSize).toBeLessThanOrEqual(frame.size);
      }
      receiver.release();
    }),
    { numRuns: 500 },
  );
});
