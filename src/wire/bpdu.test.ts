import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Malformed } from '../base/errors.ts';
import { expectReadOrMalformed } from '../base/malformed-fixture.ts';
import {
  type Bpdu,
  bpduFlag,
  bpduInFrame,
  bpduRole,
  bridgeId,
  emitBpdu,
  emitBpduFrame,
  flagsOfRole,
  macOf,
  parseBpdu,
  priorityOf,
  roleInFlags,
} from './bpdu.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const id = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const bpdu: fc.Arbitrary<Bpdu> = fc.oneof(
  fc.constant<Bpdu>({ type: 'notification' }),
  fc.record<Bpdu & { type: 'configuration' | 'rapid' }>({
    type: fc.constantFrom('configuration', 'rapid'),
    flags: fc.integer({ min: 0, max: 0xff }),
    rootId: id,
    rootPathCost: fc.nat(0xffffffff),
    bridgeId: id,
    portId: u16,
    messageAge: u16,
    maxAge: u16,
    helloTime: u16,
    forwardDelay: u16,
  }),
);

test('a BPDU is read as it was written, by itself and in a padded frame', () => {
  fc.assert(
    fc.property(bpdu, (sent) => {
      expect(parseBpdu(emitBpdu(sent))).toEqual(sent);
      const frame = new Uint8Array(100);
      frame.set(emitBpduFrame(sent, '02:00:00:00:00:01'));
      expect(parseBpdu(bpduInFrame(frame, 0))).toEqual(sent);
    }),
  );
});

test('a frame is laid out as the standard says', () => {
  const frame = emitBpduFrame(
    {
      type: 'rapid',
      flags: bpduFlag.proposal | flagsOfRole(bpduRole.designated),
      rootId: bridgeId(0x8000, '02:00:00:00:00:01'),
      rootPathCost: 20_000,
      bridgeId: bridgeId(0x9000, '02:00:00:00:00:02'),
      portId: 0x8001,
      messageAge: 256,
      maxAge: 20 * 256,
      helloTime: 2 * 256,
      forwardDelay: 15 * 256,
    },
    '02:00:00:00:00:03',
  );
  expect(Buffer.from(frame).toString('hex')).toBe(
    [
      '0180c2000000' + '020000000003' + '0027' + '424203', // 39 bytes of LLC
      '0000' + '02' + '02' + '0e', // protocol, version, type, flags
      '8000020000000001' + '00004e20' + '9000020000000002' + '8001',
      '0100' + '1400' + '0200' + '0f00' + '00',
    ].join(''),
  );
});

test('a bridge identifier is a priority and an address, and roles are bits of the flags', () => {
  const identifier = bridgeId(0x7000, 'aa:66:aa:66:00:01');
  expect(identifier).toBe('7000aa66aa660001');
  expect(priorityOf(identifier)).toBe(0x7000);
  expect(macOf(identifier)).toBe('aa:66:aa:66:00:01');
  expect(roleInFlags(flagsOfRole(bpduRole.root) | bpduFlag.agreement)).toBe(bpduRole.root);
});

test('what is wrong with a BPDU is said', () => {
  const why = (...bytes: number[]): string => {
    try {
      parseBpdu(Uint8Array.from(bytes));
    } catch (error) {
      if (error instanceof Malformed) return error.why;
    }
    return 'nothing';
  };
  expect(why(0, 0, 0)).toBe('received runt 3-byte BPDU');
  expect(why(0, 7, 0, 0)).toBe('received BPDU with unexpected protocol ID 7');
  expect(why(0, 0, 0, 0, 0)).toBe('received config BPDU with invalid size 5');
  expect(why(0, 0, 2, 2)).toBe('received RST BPDU with invalid size 4');
  expect(why(0, 0, 0, 9)).toBe('received BPDU of unexpected type 9');
  expect(why(0, 0, 0, 0x80, 0, 0)).toBe('nothing');
});

test('bytes from outside are a BPDU or Malformed, in frames too', () => {
  const valid = emitBpdu({
    type: 'rapid',
    flags: 0,
    rootId: '8000020000000001',
    rootPathCost: 0,
    bridgeId: '8000020000000001',
    portId: 1,
    messageAge: 0,
    maxAge: 0,
    helloTime: 0,
    forwardDelay: 0,
  });
  const damaged = fc
    .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
    .map(([at, byte, size]) => valid.with(at, byte).subarray(0, size));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), damaged), fc.nat(8), (bytes, tagSize) => {
      for (const payload of [bytes, bpduInFrame(bytes, tagSize)]) {
        expectReadOrMalformed(() => {
          expect(parseBpdu(payload)).toBeDefined();
        });
      }
    }),
  );
});
