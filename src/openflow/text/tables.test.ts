import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { portText } from '../ports.ts';
import { readTableChange } from './tables.ts';

const context = { ports: portText };

describe('changes of tables', () => {
  test.each([
    ['0', 'controller', { table: 0, setting: { miss: 'controller' }, versions: [2, 3] }],
    ['ALL', 'evict', { table: 255, setting: { eviction: true }, versions: [5, 6] }],
    ['3', 'novacancy', { table: 3, setting: { vacancyEvents: false, down: 0, up: 0 }, versions: [5, 6] }],
    [
      '3',
      'vacancy:20,80',
      { table: 3, setting: { vacancyEvents: true, down: 20, up: 80 }, versions: [5, 6] },
    ],
    ['3', 'vac:0x1,,2,3', { table: 3, setting: { vacancyEvents: true, down: 1, up: 2 }, versions: [5, 6] }],
    ['9', 'name:', { table: 9, setting: { name: '' }, versions: [4, 5, 6] }],
  ])('%s %s', (table, text, change) => {
    expect(readTableChange(table, text, context)).toEqual(change);
  });

  test.each([
    ['256', 'drop', 'unknown table "256"'],
    ['all', 'name:x', 'invalid table_mod setting name:x'],
    ['1', 'fly', 'invalid table_mod setting fly'],
    ['254', 'continue', "last table's flow miss handling can not be continue"],
    ['1', '', 'Vacancy down value missing'],
    ['1', 'vacancy:101', 'Invalid vacancy down value "101"'],
    ['1', 'vacancy:1', 'Vacancy up value missing'],
    ['1', 'vacancy:1,x', 'Invalid vacancy up value "x"'],
    [
      '1',
      'vacancy:2,1',
      'Invalid vacancy range, vacancy up should be greater than vacancy down (OFPBPC_BAD_VALUE)',
    ],
  ])('%s %s is refused: %s', (table, text, why) => {
    expect(() => readTableChange(table, text, context)).toThrow(expect.objectContaining({ why }));
  });

  it('read any text or say what is wrong with it', () => {
    const words = ['vacancy', ':', ',', '1', '100', 'name', '-', ' '];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 6 }), (parts) => {
        expectReadOrMalformed(() => readTableChange('1', parts.join(''), context));
      }),
    );
  });
});
