import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Malformed } from '../../base/errors.ts';
import { type Field, fields } from './index.ts';
import { readInteger, smallInteger } from './integer.ts';
import { readShortText, ShortValue } from './short-text.ts';
import { type PortText, readFieldText } from './text.ts';

const ports: PortText = { read: (text) => (/^\d+$/.test(text) ? Number(text) : undefined), format: String };

const shortFields = [...fields.values()].filter(({ bytes }) => bytes <= 6);

/** Numbers and addresses, right and nearly so. */
const part = fc.oneof(
  fc.nat(0x1ffff).map(String),
  fc.maxSafeNat().map((n) => `0x${n.toString(16)}`),
  fc.array(fc.nat(300), { minLength: 3, maxLength: 5 }).map((quad) => quad.join('.')),
  fc
    .array(fc.nat(0x110), { minLength: 5, maxLength: 7 })
    .map((mac) => mac.map((n) => n.toString(16)).join(':')),
  fc.stringMatching(/^[0-9a-fxX.:*+ -]{0,8}$/),
);
const text = fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => parts.join('/'));

describe('the short way to read fields', () => {
  it('agrees with the long one on all that it can read', () => {
    const short = new ShortValue();
    let count = 0;
    fc.assert(
      fc.property(fc.constantFrom(...shortFields), text, (field: Field, given) => {
        if (!readShortText(short, field, given, ports)) return;
        count++;
        const { value, mask } = readFieldText(field, given, ports);
        expect(short.maskBytes(field.bytes)).toEqual(mask);
        expect(short.value).toBe(value.reduce((sum, byte) => sum * 256 + byte, 0));
        if (short.isExact) expect(mask.every((byte) => byte === 0xff)).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(count).toBeGreaterThan(100);
  });

  it('leaves to the long one what is wrong', () => {
    fc.assert(
      fc.property(fc.constantFrom(...shortFields), text, (field: Field, given) => {
        const isRead = readShortText(new ShortValue(), field, given, ports);
        try {
          readFieldText(field, given, ports);
        } catch (why) {
          expect(why).toBeInstanceOf(Malformed);
          expect(isRead).toBe(false);
        }
      }),
    );
  });

  it('takes the plain text of every short field', () => {
    const plain: Partial<Record<Field['format'], string>> = {
      decimal: '3',
      hexadecimal: '0x3',
      mac: '00:11:22:33:44:55',
      ipv4: '10.0.0.1',
      ofPort16: '3',
      ofPort32: '3',
    };
    for (const field of fields.values()) {
      const given = plain[field.format];
      if (
        given === undefined ||
        field.meansOwnBits === true ||
        field.bytes > (field.format === 'mac' ? 6 : 4)
      )
        continue;
      expect(readShortText(new ShortValue(), field, given, ports), field.name).toBe(true);
    }
  });
});

it('short integers are those of any size', () => {
  fc.assert(
    fc.property(part, (given) => {
      const small = smallInteger(given);
      const any = readInteger(given);
      if (small >= 0) expect(any).toBe(BigInt(small));
      else if (any !== undefined && !/^0\d/.test(given)) expect(any).toBeGreaterThan(0xffffffffn);
    }),
  );
});
