import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { fields } from '../../flow/fields/index.ts';
import { formatOxmText, readOxmText } from './oxm.ts';

const names = [...fields.values()].flatMap(({ numbers, bytes, mask }) =>
  numbers.map(({ name }) => ({ name, bytes, isMaskable: mask !== 'exact' })),
);

describe('TLVs written out', () => {
  test.each(names)('$name comes back as it went', ({ name, bytes, isMaskable }) => {
    const value = 'a5'.repeat(bytes);
    const entries = isMaskable
      ? [`${name}(${value})`, `${name}_W(${value}/${value})`]
      : [`${name}(${value})`];
    expect(formatOxmText(readOxmText(entries.join(', ')))).toBe(entries.join(', '));
  });

  test.each([
    ['<any>', ''],
    ['', ''],
    ['NXM_NX_COOKIE_W(0000000000000001/ffffffffffffffff)', '00013d100000000000000001ffffffffffffffff'],
    ['00010203(010203)', '00010203010203'],
    ['  NXM_OF_ETH_TYPE( 08 00 ) ,', '000006020800'],
  ])('%j is read', (text, hex) => {
    expect(Buffer.from(readOxmText(text)).toString('hex')).toBe(hex);
  });

  test.each([
    ['NXM_OF_ETH_TYPE', 'NXM_OF_ETH_TYPE: missing ( at end of nx_match'],
    ['eth_type(00)', "eth_type(00): unknown field `eth_type'"],
    ['NXM_OF_ETH_TYPE(08)', 'expected to read 2 bytes but got 1'],
    ['NXM_OF_VLAN_TCI_W(0800)', 'NXM_OF_VLAN_TCI_W(0800): missing / in masked field NXM_OF_VLAN_TCI_W'],
    ['NXM_OF_ETH_TYPE(0800', 'NXM_OF_ETH_TYPE(0800: missing ) following field NXM_OF_ETH_TYPE'],
  ])('%j is refused', (text, why) => {
    expect(() => readOxmText(text)).toThrow(expect.objectContaining({ why }));
  });

  test('of any kind are bytes, or Malformed', () => {
    const word = fc.constantFrom(
      'NXM_OF_ETH_TYPE',
      '_W',
      '(',
      ')',
      '/',
      '0800',
      'ffff',
      '00010203',
      ', ',
      'NXM_NX_TUN_METADATA0',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          expectReadOrMalformed(() => readOxmText(text));
        },
      ),
    );
  });
});
