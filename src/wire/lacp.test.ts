import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectReadOrMalformed } from '../base/malformed-fixture.ts';
import { emitLacp, type LacpEnd, lacpUnitSize, parseLacp } from './lacp.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':'));
const end: fc.Arbitrary<LacpEnd> = fc.record({
  systemPriority: u16,
  systemId: mac,
  key: u16,
  portPriority: u16,
  portId: u16,
  state: fc.integer({ min: 0, max: 0xff }),
});

test('a unit is read as it was written', () => {
  fc.assert(
    fc.property(end, end, (actor, partner) => {
      expect(parseLacp(emitLacp({ actor, partner }))).toEqual({ actor, partner });
    }),
  );
});

test('a unit is laid out as the standard says', () => {
  const actor = {
    systemPriority: 1,
    systemId: '02:00:00:00:00:01',
    key: 2,
    portPriority: 3,
    portId: 4,
    state: 5,
  };
  const partner = {
    systemPriority: 6,
    systemId: '02:00:00:00:00:02',
    key: 7,
    portPriority: 8,
    portId: 9,
    state: 10,
  };
  const hex = [
    '0101', // subtype, version
    '0114',
    '00010200000000010002000300040500000'.concat('0'), // actor, then three bytes of nothing
    '0214',
    '000602000000000200070008000' + '90a000000', // partner
    '0310ffff', // collector, its longest delay
  ].join('');
  const payload = Buffer.from(emitLacp({ actor, partner })).toString('hex');
  expect(payload.slice(0, hex.length)).toBe(hex);
  expect(payload.slice(hex.length)).toBe('0'.repeat(2 * lacpUnitSize - hex.length));
});

test('bytes from outside are a unit, a marker or Malformed', () => {
  const unit = {
    systemPriority: 1,
    systemId: '02:00:00:00:00:01',
    key: 1,
    portPriority: 1,
    portId: 1,
    state: 1,
  };
  const valid = emitLacp({ actor: unit, partner: unit });
  const damaged = fc
    .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
    .map(([at, byte, size]) => valid.with(at, byte).subarray(0, size + 20));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
      expectReadOrMalformed(() => {
        expect(parseLacp(bytes)).toBeDefined();
      });
    }),
  );
});
