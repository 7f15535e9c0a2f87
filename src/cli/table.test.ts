import { expect, test } from 'vitest';
import { encodeText } from '../base/text.ts';
import { compileType } from '../ovsdb/engine/column-type.ts';
import { makeStyle, TablePrinter, type TableStyle, type TextTable } from './table.ts';

const table: TextTable = {
  headings: ['_uuid', 'name', 'tags'],
  rows: [
    [
      { json: ['uuid', '01234567-89ab-cdef-0123-456789abcdef'], type: compileType('uuid') },
      { json: 'a & "b"', type: compileType('string') },
      {
        json: ['set', ['x', 'y z']],
        type: compileType({ key: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
    ],
    [{ text: '' }, undefined, { text: 'fixed' }],
  ],
};
const print = (style: Partial<TableStyle>) =>
  new TablePrinter({ ...makeStyle('table'), ...style }).format(table);

test('a table has columns as wide as their widest cell', () => {
  expect(print({})).toBe(
    [
      '_uuid                                name        tags      ',
      '------------------------------------ ----------- ----------',
      '01234567-89ab-cdef-0123-456789abcdef "a & \\"b\\"" [x, "y z"]',
      '                                                 fixed',
    ]
      .map((line) => `${line.trimEnd()}\n`)
      .join(''),
  );
});

test('a limit of width cuts cells, but not headings', () => {
  expect(print({ maxColumnWidth: 2 }).split('\n')[2]).toBe('01234 "a & [x,');
  expect(print({ maxColumnWidth: 2, hasHeadings: false }).split('\n')[0]).toBe('01 "a [x');
});

test('columns are aligned and cut by bytes, also inside a character', () => {
  const rows = ['größe', 'x', '端口'].map((text) => [{ text }, { text: '|' }]);
  const names: TextTable = { headings: ['n', ''], rows };
  const printed = (maxColumnWidth: number) => {
    const text = new TablePrinter({ ...makeStyle('table'), maxColumnWidth }).format(names);
    return encodeText(text).toString('latin1').split('\n').slice(2, -1);
  };
  expect(printed(0)).toEqual(['gr\xc3\xb6\xc3\x9fe |', 'x       |', '\xe7\xab\xaf\xe5\x8f\xa3  |']);
  expect(printed(4)).toEqual(['gr\xc3\xb6 |', 'x    |', '\xe7\xab\xaf\xe5 |']);
  expect(printed(5)).toEqual(['gr\xc3\xb6\xc3 |', 'x     |', '\xe7\xab\xaf\xe5\x8f |']);
});

test('a list has a line a column and an empty line between rows', () => {
  expect(print({ format: 'list', cells: 'bare' })).toBe(
    '_uuid               : 01234567-89ab-cdef-0123-456789abcdef\nname                : a & "b"\n' +
      'tags                : x y z\n\n_uuid               : \nname                : \ntags                : fixed\n',
  );
});

test('csv quotes what has commas, quotes or line ends', () => {
  expect(print({ format: 'csv', cells: 'bare' }).split('\n')[1]).toBe(
    '01234567-89ab-cdef-0123-456789abcdef,"a & ""b""",x y z',
  );
});

test('html escapes text and links uuids', () => {
  const html = print({ format: 'html', cells: 'bare' });
  expect(html).toContain('<td><a name="01234567-89ab-cdef-0123-456789abcdef">01234567</a></td>');
  expect(html).toContain('<td>a &amp; &quot;b&quot;</td>');
});

test('json has values, not texts', () => {
  expect(JSON.parse(print({ format: 'json' }))).toEqual({
    headings: ['_uuid', 'name', 'tags'],
    data: [
      [['uuid', '01234567-89ab-cdef-0123-456789abcdef'], 'a & "b"', ['set', ['x', 'y z']]],
      ['', null, 'fixed'],
    ],
  });
});

test('tables after the first are set off by an empty line', () => {
  const printer = new TablePrinter(makeStyle('table'));
  expect(printer.format(table).startsWith('\n')).toBe(false);
  expect(printer.format(table).startsWith('\n')).toBe(true);
});
