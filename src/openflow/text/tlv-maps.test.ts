import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { readTlvMappings } from './tlv-maps.ts';

describe('mappings of tunnel options', () => {
  test.each([
    ['', []],
    ['{class=0xffff,type=0x80,len=4}->tun_metadata0', [[0xffff, 0x80, 4, 0]]],
    ['{class=010,type=-1,len=260}->tun_metadata65537', [[8, 0xff, 4, 1]]],
    [
      '{class=1,type=2,len=8}->tun_metadata3,{class= 4,type=5,len=12}->tun_metadata6{class=7,type=8,len=16}->tun_metadata9',
      [
        [1, 2, 8, 3],
        [4, 5, 12, 6],
        [7, 8, 16, 9],
      ],
    ],
  ])('%s', (text, mappings) => {
    const read = readTlvMappings(text);
    expect(read.map((one) => [one.optionClass, one.optionType, one.optionSize, one.index])).toEqual(mappings);
  });

  test.each([
    'x',
    '{class=1,type=2,len=8}->tun_metadata3,',
    '{class=08,type=2,len=8}->tun_metadata3',
    '{class=1}',
  ])('%s is refused', (text) => {
    expect(() => readTlvMappings(text)).toThrow('invalid tlv mapping');
  });

  it('read any text or say that it is none', () => {
    const words = ['{class=', ',type=', ',len=', '}->tun_metadata', '1', '0x', '08', '-', ',', ' '];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 12 }), (parts) => {
        expectReadOrMalformed(() => readTlvMappings(parts.join('')));
      }),
    );
  });
});
