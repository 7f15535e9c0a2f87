import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatMac } from '../base/addresses.ts';
import { expectReadOrMalformed } from '../base/malformed-fixture.ts';
import type { AutoAttachElement, ServiceAssignment } from './auto-attach.ts';
import { emitLldp, type LldpId, type LldpUnit, parseLldp } from './lldp.ts';

const bits = (count: number): fc.Arbitrary<number> => fc.nat(2 ** count - 1);
const id: fc.Arbitrary<LldpId> = fc.record({
  subtype: fc.integer({ min: 1, max: 7 }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 255 }),
});
const text = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme-ascii' });
const element: fc.Arbitrary<AutoAttachElement> = fc.record({
  type: bits(6),
  tagsLinks: fc.boolean(),
  provisioningMode: bits(2),
  managementVlan: bits(12),
  system: fc.record({
    mac: fc.uint8Array({ minLength: 6, maxLength: 6 }).map(formatMac),
    connectionType: bits(3),
    reserved1: bits(10),
    reserved2: bits(16),
  }),
});
const assignment: fc.Arbitrary<ServiceAssignment> = fc.record({
  status: bits(4),
  vlan: bits(12),
  service: bits(24),
});
const unit: fc.Arbitrary<LldpUnit> = fc.record(
  {
    chassis: id,
    port: id,
    ttl: bits(16),
    portDescription: text,
    systemName: text,
    systemDescription: text,
    capabilities: fc.record({ available: bits(16), enabled: bits(16) }),
    element,
    assignments: fc.array(assignment, { maxLength: 300 }),
  },
  { requiredKeys: ['chassis', 'port', 'ttl', 'assignments'] },
);

const plain: LldpUnit = {
  chassis: { subtype: 4, bytes: Uint8Array.of(2, 0, 0, 0, 0, 1) },
  port: { subtype: 5, bytes: Buffer.from('p1') },
  ttl: 120,
  assignments: [],
};

describe('a unit', () => {
  test('is read as it was written, in however many parts', () => {
    fc.assert(
      fc.property(unit, (one) => {
        const read = parseLldp(emitLldp(one));
        expect({ ...read, chassis: bytesOf(read.chassis), port: bytesOf(read.port) }).toEqual({
          ...one,
          chassis: bytesOf(one.chassis),
          port: bytesOf(one.port),
        });
      }),
    );
  });

  test('is laid out as the standard says', () => {
    const hex = Buffer.from(emitLldp(plain)).toString('hex');
    expect(hex).toBe(`0207040200000000010403057031060200780000`);
  });

  test('has names that are cut where they are too long', () => {
    const long = emitLldp({ ...plain, systemName: 'n'.repeat(600) });
    expect(parseLldp(long).systemName).toBe('n'.repeat(255));
  });

  test('is Malformed, or a unit, whatever the bytes', () => {
    fc.assert(
      fc.property(unit, fc.nat(), fc.uint8Array({ maxLength: 8 }), (one, place, bytes) => {
        const mutated = Uint8Array.from(emitLldp(one));
        mutated.set(bytes.subarray(0, mutated.length), place % Math.max(1, mutated.length - bytes.length));
        expectUnitOrMalformed(mutated);
        expectUnitOrMalformed(mutated.subarray(0, place % mutated.length));
        expectUnitOrMalformed(bytes);
      }),
    );
  });

  test.each([
    ['it ends without an end', '', 'some mandatory tlv are missing for frame received'],
    ['a part is longer than what is left', '0c05aa', 'frame too short for tlv received'],
    ['a part has half a header', '0c', 'tlv header too short received'],
    ['a port comes again', '0403057031', 'second TLV should be a port ID, not 2'],
    ['an end has a value', '0001aa', 'lldp end received with size not null'],
    ['a part is of no known type', '6401aa0000', 'unknown tlv (50) received'],
  ])('is Malformed where %s', (_, rest, why) => {
    const begin = Buffer.from(emitLldp(plain)).subarray(0, -2);
    const bytes = Buffer.concat([begin, Buffer.from(rest, 'hex')]);
    expect(() => parseLldp(bytes)).toThrow(why);
  });

  test('tells of parts that mean nothing here', () => {
    const begin = Buffer.from(emitLldp(plain)).subarray(0, -2);
    const others = 'fe060080c2010001' + 'fe04aabbcc01' + 'fe0400040d63';
    const told: string[] = [];
    parseLldp(Buffer.concat([begin, Buffer.from(`${others}0000`, 'hex')]), (what) => told.push(what));
    expect(told).toEqual(['unsupported 802.1 tlv', 'unknown org tlv [aa:bb:cc]', 'Unrecogised tlv subtype']);
  });
});

function bytesOf({ subtype, bytes }: LldpId): unknown {
  return { subtype, hex: Buffer.from(bytes).toString('hex') };
}

function expectUnitOrMalformed(bytes: Uint8Array): void {
  expectReadOrMalformed(() => {
    expect(parseLldp(bytes)).toHaveProperty('chassis');
  });
}
