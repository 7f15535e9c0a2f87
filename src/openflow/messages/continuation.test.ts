import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Action } from '../actions/index.ts';
import { OpenFlowError } from '../errors.ts';
import { allVersions } from '../versions.ts';
import { decodeContinuation, encodeContinuation } from './continuation.ts';

const output: Action = { do: 'output', port: 2, maxLength: 0 };
const place = fc.record({
  do: fc.constant('unroll_xlate' as const),
  table: fc.integer({ min: 0, max: 255 }),
  cookie: fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
});
const continuation = fc.record({
  bridge: fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }), { nil: undefined }),
  stack: fc.array(
    fc
      .uint8Array({ maxLength: 128 })
      .map((bytes) => ({ value: BigInt(`0x0${Buffer.from(bytes).toString('hex')}`), size: bytes.length })),
    { maxLength: 4 },
  ),
  mirrors: fc.integer({ min: 0, max: 0xffffffff }),
  isTracked: fc.boolean(),
  actions: fc
    .array(place, { maxLength: 3 })
    .map((places) => places.flatMap((one): Action[] => [one, output, output])),
  actionSet: fc.constantFrom([], [output]),
  datapathPort: fc.integer({ min: 0, max: 0xffffffff }),
});

test('what a paused packet has still to do comes back the same', () => {
  fc.assert(
    fc.property(continuation, fc.constantFrom(...allVersions), (value, version) => {
      const bytes = encodeContinuation(value, version);
      expect(decodeContinuation(bytes, version, 'refused')).toEqual(value);
    }),
  );
});

test('any bytes are such a state or are refused', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    continuation.chain((value) => {
      const whole = encodeContinuation(value, 4).slice();
      return fc
        .tuple(fc.nat(whole.length), fc.nat(255))
        .map(([at, byte]) => (at === whole.length ? whole.subarray(1) : whole.with(at, byte)));
    }),
  );
  fc.assert(
    fc.property(bytes, fc.constantFrom('refused' as const, 'passed over' as const), (given, unknown) => {
      try {
        decodeContinuation(given, 4, unknown);
      } catch (why) {
        expect(why).toBeInstanceOf(OpenFlowError);
      }
    }),
  );
});
