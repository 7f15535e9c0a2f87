import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyBytes, Frame } from './frame.ts';

test('Bytes of any number are copied from any place to any other, and none beside them', () => {
  const place = fc.nat(20);
  fc.assert(
    fc.property(fc.nat(300), place, place, (size, fromAt, toAt) => {
      const from = new Frame(Uint8Array.from({ length: 320 }, (_, n) => n + 1));
      const to = new Frame(new Uint8Array(320));
      copyBytes(from, fromAt, to, toAt, size);
      const expected = new Uint8Array(320);
      for (let n = 0; n < size; n++) expected[toAt + n] = from.bytes[fromAt + n] ?? 0;
      expect(to.bytes).toEqual(expected);
    }),
  );
});
