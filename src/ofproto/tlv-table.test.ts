import { describe, expect, test } from 'vitest';
import { matchOn } from '../flow/match.ts';
import { TlvTable } from './tlv-table.ts';

const option = (index: number, optionType: number, optionSize = 4) => ({
  index,
  optionClass: 0xffff,
  optionType,
  optionSize,
});

const unused = (): boolean => false;

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
    table.change({ command: 'add', mappings: [option(1, 0), option(0, 1)] }, unused);
    const add = (...mappings: ReturnType<typeof option>[]) =>
      errorOf(() => table.change({ command: 'add', mappings }, unused));
    expect(add(option(2, 0))).toBe('NXTTMFC_DUP_ENTRY');
    expect(add(option(0, 2))).toBe('NXTTMFC_ALREADY_MAPPED');
    expect(add(option(2, 2, 124), option(3, 3, 124), option(4, 4, 4))).toBe('NXTTMFC_TABLE_FULL');
    expect(table.mappings.map(({ index }) => index)).toEqual([0, 1]);
  });

  test('forgets by field, and all at once', () => {
    const table = new TlvTable();
    table.change({ command: 'add', mappings: [option(1, 0), option(0, 1)] }, unused);
    table.change({ command: 'delete', mappings: [option(1, 77), option(9, 9)] }, unused);
    expect(table.mappings).toEqual([option(0, 1)]);
    table.change({ command: 'clear', mappings: [] }, unused);
    expect(table.mappings).toEqual([]);
  });

  test('gives options places in keys, and takes them out again', () => {
    const table = new TlvTable();
    table.change({ command: 'add', mappings: [option(40, 0, 8), option(3, 1), option(5, 2, 12)] }, unused);
    const options = [
      { index: 3, value: Uint8Array.of(0, 0, 0, 0x11), mask: undefined },
      { index: 5, value: new Uint8Array(12), mask: new Uint8Array(12) },
      {
        index: 40,
        value: Uint8Array.of(0, 0, 0, 0, 0, 0, 2, 0),
        mask: Uint8Array.of(0, 0, 0, 0, 0, 0, 3, 0),
      },
    ];
    const match = { ...matchOn({ in_port: 3 }), options };
    const resolved = table.resolve(match);
    expect(resolved.options).toBeUndefined();
    expect(table.restore(resolved)).toEqual(match);
    const unknown = { ...match, options: [{ index: 4, value: Uint8Array.of(1), mask: undefined }] };
    expect(errorOf(() => table.resolve(unknown))).toBe('NXFMFC_INVALID_TLV_FIELD');
  });

  test('spreads an option over free places where none is long enough', () => {
    const table = new TlvTable();
    const add = (...mappings: ReturnType<typeof option>[]) =>
      errorOf(() => table.change({ command: 'add', mappings }, unused));
    const filling = Array.from({ length: 64 }, (_, n) => option(n, n));
    expect(add(...filling)).toBe('none');
    const gone = [1, 4, 5, 9].map((n) => option(n, n));
    table.change({ command: 'delete', mappings: gone }, unused);
    expect(add(option(1, 100, 20))).toBe('NXTTMFC_TABLE_FULL');
    expect(add(option(1, 100, 16))).toBe('none');
    const value = Uint8Array.from({ length: 16 }, (_, n) => n + 1);
    const neighbours = [0, 2, 3, 6, 8, 10].map((n) => ({
      index: n,
      value: Uint8Array.of(n + 1),
      mask: undefined,
    }));
    const options = [...neighbours, { index: 1, value, mask: undefined }];
    const found = table.restore(table.resolve({ ...matchOn({}), options })).options ?? [];
    expect(found.find(({ index }) => index === 1)?.value).toEqual(value);
    for (const { index } of neighbours)
      expect(found.find((one) => one.index === index)?.value).toEqual(Uint8Array.of(0, 0, 0, index + 1));
    const [, , at] = table.fieldOf('tun_metadata1')?.place.words ?? [];
    expect(at).toBe((table.fieldOf('tun_metadata0')?.place.word ?? 0) + 1); // the longest piece is the first
  });

  test('keeps what flows use', () => {
    const table = new TlvTable();
    table.change({ command: 'add', mappings: [option(1, 0), option(2, 1)] }, unused);
    const isUsed = (index: number): boolean => index === 2;
    expect(errorOf(() => table.change({ command: 'delete', mappings: [option(2, 1)] }, isUsed))).toBe(
      'NXTTMFC_INVALID_TLV_DEL',
    );
    expect(errorOf(() => table.change({ command: 'clear', mappings: [] }, isUsed))).toBe(
      'NXTTMFC_INVALID_TLV_DEL',
    );
    expect(errorOf(() => table.change({ command: 'delete', mappings: [option(1, 0)] }, isUsed))).toBe('none');
  });
});
