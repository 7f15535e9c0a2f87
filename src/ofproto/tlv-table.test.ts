import { describe, expect, test } from 'vitest';
import { TlvTable } from './tlv-table.ts';

const option = (index: number, optionType: number, optionSize = 4) => ({
  index,
  optionClass: 0xffff,
  optionType,
  optionSize,
});

function errorOf(act: () => void): string {
  try {
    act();
    return 'none';
  } catch (why) {
    return (why as { readonly errorName: string }).errorName;
  }
}

describe('the table of tunnel options', () => {
  test('takes each option and each field once, and no more than fit', () => {
    const table = new TlvTable();
    table.change({ command: 'add', mappings: [option(1, 0), option(0, 1)] });
    const add = (...mappings: ReturnType<typeof option>[]) =>
      errorOf(() => table.change({ command: 'add', mappings }));
    expect(add(option(2, 0))).toBe('NXTTMFC_DUP_ENTRY');
    expect(add(option(0, 2))).toBe('NXTTMFC_ALREADY_MAPPED');
    expect(add(option(2, 2, 124), option(3, 3, 124), option(4, 4, 4))).toBe('NXTTMFC_TABLE_FULL');
    expect(table.mappings.map(({ index }) => index)).toEqual([0, 1]);
  });

  test('forgets by field, and all at once', () => {
    const table = new TlvTable();
    table.change({ command: 'add', mappings: [option(1, 0), option(0, 1)] });
    table.change({ command: 'delete', mappings: [option(1, 77), option(9, 9)] });
    expect(table.mappings).toEqual([option(0, 1)]);
    table.change({ command: 'clear', mappings: [] });
    expect(table.mappings).toEqual([]);
  });
});
