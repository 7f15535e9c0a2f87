import { expect, test } from 'vitest';
import { MessageStore } from './message-store.ts';

function message(size: number, mark: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(mark);
  bytes.set([4, 14, size >> 8, size & 255]);
  return bytes;
}

test('each message is found as it was, over the ends of blocks', () => {
  const store = new MessageStore();
  const sizes = Array.from({ length: 3000 }, (_, n) => (n % 1000 === 999 ? 65_535 : 8 + ((n * 37) % 200)));
  for (const [n, size] of sizes.entries()) store.push(message(size, n & 255));
  for (const n of [0, 1, 998, 999, 1000, 2999]) expect(store.at(n)).toEqual(message(sizes[n] ?? 0, n & 255));
  expect(() => store.at(3000)).toThrow(RangeError);
});

test('a message that changes afterwards is kept as it was', () => {
  const store = new MessageStore();
  const bytes = message(16, 1);
  store.push(bytes);
  bytes.fill(9, 8);
  expect(store.at(0)).toEqual(message(16, 1));
});
