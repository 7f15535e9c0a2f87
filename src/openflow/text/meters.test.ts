import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { readMeterMod, readMeterNumber } from './meters.ts';

const drop = { type: 'drop', burst: 0, precedence: 0 };

describe('meters', () => {
  test.each([
    ['meter=1 kbps bands=type=drop rate=5', 1, 1, [{ ...drop, rate: 5 }]],
    ['pktps,stats,meter=0x10,band=type=drop,rate=010', 16, 10, [{ ...drop, rate: 8 }]],
    [
      'meter=slowpath kbps burst bands=type=drop rate=1 burst_size=2 type=dscp_remark,rate=3,burst_size=4,prec_level=5',
      0xfffffffd,
      5,
      [
        { type: 'drop', rate: 1, burst: 2, precedence: 0 },
        { type: 'dscp_remark', rate: 3, burst: 4, precedence: 5 },
      ],
    ],
  ])('%s', (text, meter, flags, bands) => {
    expect(readMeterMod(text, 'add')).toEqual({ command: 'add', meter, flags, bands });
  });

  test.each([
    ['meter=1', 'must specify bands'],
    ['meter=1 bands', 'must specify bands'],
    ['kbps bands=type=drop rate=1', "must specify 'meter'"],
    ['meter=0 kbps bands=type=drop rate=1', 'invalid value for meter'],
    ['meter=1 bands=type=drop rate=1', "meter must specify either 'kbps' or 'pktps'"],
    ['meter=1 kbps bands=', 'meter must have bands'],
    ['meter=1 kbps bands=rate=1', "band must start with the 'type' keyword"],
    ['meter=1 kbps bands=type=pass', 'field type unknown value pass'],
    ['meter=1 kbps bands=type', 'field type missing value'],
    ['meter=1 kbps bands=type=drop rate=1 prec_level=256', 'invalid prec_level "256"'],
    [
      'meter=1 kbps bands=type=drop rate=1 burst_size=1',
      "band may have 'burst_size' only when 'burst' flag is set",
    ],
  ])('%s is refused: %s', (text, why) => {
    expect(() => readMeterMod(text, 'add')).toThrow(expect.objectContaining({ why }));
  });

  it('are told alone where they are deleted or asked for', () => {
    expect(readMeterMod('meter=all', 'delete')).toEqual({
      command: 'delete',
      meter: 0xffffffff,
      flags: 0,
      bands: [],
    });
    expect(() => readMeterNumber('meter=1 kbps')).toThrow('field kbps missing value');
  });

  it('read any text or say what is wrong with it', () => {
    const words = [
      'meter',
      '=',
      ' ',
      ',',
      'kbps',
      'burst',
      'bands=',
      'type=',
      'drop',
      'rate=',
      '1',
      '-1',
      '9'.repeat(30),
      'x',
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 12 }), (parts) => {
        expectReadOrMalformed(() => readMeterMod(parts.join(''), 'modify'));
      }),
    );
  });
});
