import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectReadOrMalformed } from '../base/malformed-fixture.ts';
import { FrameSplitter } from './frame-links.ts';

const frame = fc.uint8Array({ minLength: 14, maxLength: 200 });

test('Frames come out of a stream as they went in, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(1800)), (frames, cuts) => {
      const stream = Buffer.concat(
        frames.flatMap((one) => [Buffer.from([one.length >>> 8, one.length & 0xff]), Buffer.from(one)]),
      );
      const ends = [...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length];
      const splitter = new FrameSplitter();
      let start = 0;
      const found = ends.flatMap((end) => {
        const piece = [...splitter.add(stream.subarray(start, end))];
        start = end;
        return piece.map((one) => [...one]);
      });
      expect(found).toEqual(frames.map((one) => [...one]));
    }),
  );
});

test('A stream of anything is frames, or Malformed', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (pieces) => {
      const splitter = new FrameSplitter();
      expectReadOrMalformed(() => {
        for (const piece of pieces)
          for (const one of splitter.add(piece)) expect(one.length).toBeGreaterThan(13);
      });
    }),
  );
});
