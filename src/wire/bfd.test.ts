import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Malformed } from '../base/errors.ts';
import {
  type BfdMessage,
  bfdControlSize,
  bfdDiagnostics,
  bfdStates,
  emitBfd,
  isSameBfd,
  parseBfd,
} from './bfd.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const message: fc.Arbitrary<BfdMessage> = fc.record({
  version: fc.integer({ min: 0, max: 7 }),
  diagnostic: fc.constantFrom(...bfdDiagnostics, 'Invalid Diagnostic' as const),
  state: fc.constantFrom(...bfdStates),
  flags: fc.integer({ min: 0, max: 0x3f }),
  multiplier: u8,
  size: u8,
  myDiscriminator: u32,
  yourDiscriminator: u32,
  minTx: u32,
  minRx: u32,
  minEchoRx: u32,
});

test('a control packet is read as it was written', () => {
  fc.assert(
    fc.property(message, (written) => {
      expect(parseBfd(emitBfd(written))).toEqual(written);
    }),
  );
});

test('packets say the same where they are written alike', () => {
  fc.assert(
    fc.property(message, message, fc.nat(), (one, other, which) => {
      const entries = Object.entries(other);
      const changed = { ...one, ...Object.fromEntries([entries[which % entries.length] ?? []]) };
      expect(isSameBfd(one, changed)).toBe(Buffer.compare(emitBfd(one), emitBfd(changed)) === 0);
    }),
  );
});

test('a control packet is laid out as RFC 5880 says', () => {
  const payload = emitBfd({
    version: 1,
    diagnostic: 'Neighbor Signaled Session Down',
    state: 'init',
    flags: 0x20,
    multiplier: 3,
    size: bfdControlSize,
    myDiscriminator: 0x01020304,
    yourDiscriminator: 0x05060708,
    minTx: 100_000,
    minRx: 1_000_000,
    minEchoRx: 0,
  });
  expect(Buffer.from(payload).toString('hex')).toBe('23a003180102030405060708000186a0000f424000000000');
});

test('bytes from outside are a control packet or Malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      if (bytes.length < bfdControlSize) expect(() => parseBfd(bytes)).toThrow(Malformed);
      else expect(parseBfd(bytes)).toMatchObject({ multiplier: bytes[2], size: bytes[3] });
    }),
  );
});
