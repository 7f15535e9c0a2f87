import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { newKey } from '../key.ts';
import { keyValues } from '../key-values.ts';
import { MatchBuilder } from '../match-text.ts';
import { slots } from '../slots.ts';
import { type Field, fieldNamed, fields } from './index.ts';
import { isMetByMatch, isMetByPacket, type Prerequisite } from './prerequisites.ts';
import { formatFieldText, type PortText, readFieldText } from './text.ts';
import { hasBits, readField, wholeMask, writeField } from './value.ts';

const ports: PortText = { read: (text) => (/^\d+$/.test(text) ? Number(text) : undefined), format: String };
/** Those whose place does not depend on a bridge. */
const fixed = [...fields.values()].filter(({ slot }) => slot !== 'tun_metadata');

function bytesOf(field: Field): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: field.bytes, maxLength: field.bytes });
}

function under(value: Uint8Array, mask: Uint8Array): Uint8Array {
  return value.map((byte, n) => byte & (mask[n] ?? 0));
}

describe('the field table', () => {
  it('lays every field inside its slot, and its value inside its bytes', () => {
    for (const { name, slot, low, width, bytes } of fields.values()) {
      const isWider = name === 'arp_op'; // its first byte is not kept
      if (slot !== 'tun_metadata' && !isWider)
        expect(low + width, name).toBeLessThanOrEqual(8 * slots[slot].size);
      expect(8 * bytes, name).toBeGreaterThanOrEqual(width);
    }
  });

  it('gives each number to one field', () => {
    const numbers = [...fields.values()].flatMap((field) =>
      field.numbers.map(({ oxmClass, number, experimenter }) => `${oxmClass} ${number} ${experimenter}`),
    );
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('finds fields by name and by alias', () => {
    expect(fieldNamed('dl_src')?.name).toBe('eth_src');
    expect(fieldNamed('tp_dst')?.name).toBe('tcp_dst');
    expect(fieldNamed('tun_metadata63')?.numbers[0]).toMatchObject({ oxmClass: 1, number: 103, since: 1 });
    expect(fieldNamed('xxreg3')?.numbers[0]).toMatchObject({ name: 'NXM_NX_XXREG3', number: 114 });
    expect(fieldNamed('tcp_flags')?.numbers.map(({ since }) => since)).toEqual([1, 4, 6]);
    expect(fieldNamed('dp_hash')?.numbers[1]).toMatchObject({
      oxmClass: 0xffff,
      number: 0,
      experimenter: 0x2320,
    });
    expect(fieldNamed('no_such_field')).toBeUndefined();
  });

  it('has the registers of one another where they overlap', () => {
    const key = newKey();
    const set = (name: string, value: number[]): void => {
      const field = fieldNamed(name);
      if (field !== undefined) writeField(key, field, Uint8Array.from(value));
    };
    const get = (name: string): number[] => {
      const field = fieldNamed(name);
      return field === undefined ? [] : [...readField(key, field)];
    };
    set('xreg1', [1, 2, 3, 4, 5, 6, 7, 8]);
    expect(get('reg2')).toEqual([1, 2, 3, 4]);
    expect(get('reg3')).toEqual([5, 6, 7, 8]);
    expect(get('xxreg0')).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    set('reg15', [9, 9, 9, 9]);
    expect(get('xxreg3').slice(12)).toEqual([9, 9, 9, 9]);
  });
});

describe('prerequisites', () => {
  const met = (needs: Prerequisite, text: string): [byMatch: boolean, byPacket: boolean] => {
    const match = new MatchBuilder();
    for (const { name, value } of keyValues(text)) match.take(name, value, ports);
    return [isMetByMatch(needs, match.key, match.mask), isMetByPacket(needs, match.key)];
  };

  test.each([
    ['tcp', 'tcp', true],
    ['tcp', 'tcp6', true],
    ['tcp', 'udp', false],
    ['tcp', 'tcp,nw_frag=later', false],
    ['ip', 'arp', false],
    ['arp', 'rarp', true],
    ['vlan', 'dl_vlan=5', true],
    ['vlan', '', false],
    ['ndSolicit', 'icmp6,icmpv6_type=135,icmpv6_code=0', true],
    ['ndAdvert', 'icmp6,icmpv6_type=135,icmpv6_code=0', false],
    ['nd', 'icmp6,icmpv6_type=136,icmpv6_code=1', false],
    ['ethernet', '', true],
    ['conntrack', 'ct_state=+new', true],
    ['conntrack', 'ct_state=-new', false],
  ] as const)('%s of "%s"', (needs, text, isMet) => {
    expect(met(needs, text)).toEqual([isMet, isMet]);
  });

  it('ask a match to look at the bit that says that a connection is valid', () => {
    expect(met('conntrack', 'ct_state=+trk')).toEqual([false, true]);
    expect(met('conntrack', 'ct_state=+trk-inv')).toEqual([true, true]);
  });
});

describe('values of fields in a key', () => {
  test.each(fixed.map((field) => [field.name, field] as const))('%s keeps its own bits only', (_, field) => {
    fc.assert(
      fc.property(bytesOf(field), fc.boolean(), (value, isFull) => {
        const key = newKey().fill(isFull ? 0xffffffff : 0);
        writeField(key, field, value);
        const own = under(value, wholeMask(field));
        expect(readField(key, field)).toEqual(own);
        expect(hasBits(key, field)).toBe(own.some((byte) => byte !== 0));
        writeField(key, field, new Uint8Array(field.bytes).fill(isFull ? 0xff : 0));
        expect(key).toEqual(newKey().fill(isFull ? 0xffffffff : 0));
      }),
      { numRuns: 20 },
    );
  });
});

describe('values of fields as text', () => {
  test.each([...fields.values()].map((field) => [field.name, field] as const))(
    '%s reads what it prints',
    (_, field) => {
      fc.assert(
        fc.property(bytesOf(field), bytesOf(field), fc.boolean(), (someValue, someMask, isMasked) => {
          const whole = new Uint8Array(field.bytes).fill(0xff);
          const allowed = field.mask === 'bits' && isMasked && field.format !== 'fragment';
          const mask = allowed ? under(someMask, wholeMask(field)) : whole;
          const value = under(under(someValue, wholeMask(field)), mask);
          if (field.format === 'fragment' && value[0] === 2) return; // later, and no fragment
          if (field.format === 'packetType' || mask.every((byte) => byte === 0)) return;
          if (field.format === 'tcpFlags' || field.format === 'tunnelFlags' || field.format === 'ctState') {
            if (mask !== whole || value.subarray(0, -1).some((byte) => byte !== 0)) return;
          }
          const text = formatFieldText(field, value, mask, ports);
          const read = readFieldText(field, text, ports);
          expect(under(read.value, read.mask)).toEqual(value);
        }),
        { numRuns: 30 },
      );
    },
  );

  it('reads or refuses any text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...fields.values()),
        fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-fx:./+|()-]{0,20}$/)),
        (field, text) => {
          expectReadOrMalformed(() => {
            const { value, mask } = readFieldText(field, text, ports);
            expect([value.length, mask.length]).toEqual([field.bytes, field.bytes]);
          });
        },
      ),
      { numRuns: 2000 },
    );
  });
});
