import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Malformed } from '../base/errors.ts';
import { type Ccm, emitCcm, maidSize, parseCcm } from './ccm.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const message: fc.Arbitrary<Ccm> = fc.record({
  interval: fc.integer({ min: 0, max: 7 }),
  hasDefect: fc.boolean(),
  sequence: fc.integer({ min: 0, max: 0xffffffff }),
  mpid: u16,
  maid: fc.uint8Array({ minLength: maidSize, maxLength: maidSize }),
  extendedInterval: u16,
  extendedMpid: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  isDown: fc.boolean(),
});

test('a continuity check is read as it was written', () => {
  fc.assert(
    fc.property(message, (written) => {
      expect(parseCcm(emitCcm(written))).toEqual(written);
    }),
  );
});

test('a continuity check is laid out as the standard says', () => {
  const payload = emitCcm({
    interval: 4,
    hasDefect: true,
    sequence: 0x01020304,
    mpid: 5,
    maid: new Uint8Array(maidSize).fill(0xaa),
    extendedInterval: 0,
    extendedMpid: 0n,
    isDown: false,
  });
  expect(Buffer.from(payload).toString('hex')).toBe(
    `00018446010203040005${'aa'.repeat(maidSize)}${'00'.repeat(17)}`,
  );
});

test('one without an end of its TLVs is taken', () => {
  const whole = emitCcm({
    interval: 1,
    hasDefect: false,
    sequence: 1,
    mpid: 1,
    maid: new Uint8Array(maidSize),
    extendedInterval: 0,
    extendedMpid: 0n,
    isDown: false,
  });
  expect(parseCcm(whole.subarray(0, -1))).toMatchObject({ mpid: 1 });
});

test('bytes from outside are a continuity check, something else of CFM, or Malformed', () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 100 });
  fc.assert(
    fc.property(bytes, fc.boolean(), (payload, isCheck) => {
      if (isCheck && payload.length > 1) payload[1] = 1;
      if (payload.length < 74) expect(() => parseCcm(payload)).toThrow(Malformed);
      else if (payload[1] === 1) expect(parseCcm(payload)).toHaveProperty('sequence');
      else expect(parseCcm(payload)).toEqual({ opcode: payload[1] });
    }),
  );
});
