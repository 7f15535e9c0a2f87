/**
 * Tables of database values as text: the output of list, find, query, dump and monitor.
 * Used by the database commands and by ovsdb-client. ovs-vsctl(8) "Table Formatting Options".
 */

import { byteLength, decodeText, encodeText } from '../base/text.ts';
import type { OptionDef, OptionUse } from '../daemon/options.ts';
import { datumFromJson, formatDatum } from '../ovsdb/engine/datum.ts';
import { OvsdbError } from '../ovsdb/engine/errors.ts';
import type { ColumnType } from '../ovsdb/engine/types.ts';
import type { Json } from '../rpc/channel.ts';
import { formatJson } from '../rpc/json.ts';
import { CommandFailed, formatBare } from './db-ctl/datum-text.ts';

/** A fixed text, a database value, or nothing. A value without a type is shown as JSON. */
export type Cell =
  | { readonly text: string }
  | { readonly json: Json; readonly type: ColumnType | undefined }
  | undefined;

export interface TextTable {
  readonly caption?: string;
  /** Written above the table, e.g. "2026-01-31 12:00:00.123". */
  readonly timestamp?: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const formats = ['table', 'list', 'html', 'csv', 'json'] as const;
const cellFormats = ['string', 'bare', 'json'] as const;

export interface TableStyle {
  format: (typeof formats)[number];
  cells: (typeof cellFormats)[number];
  hasHeadings: boolean;
  isPretty: boolean;
  /** 0: as wide as need be. */
  maxColumnWidth: number;
}

export const tableOptions: readonly OptionDef[] = [
  { name: 'format', short: 'f', argument: 'required' },
  { name: 'data', short: 'd', argument: 'required' },
  { name: 'no-headings' },
  { name: 'pretty' },
  { name: 'bare' },
  { name: 'max-column-width', argument: 'required' },
];

export function makeStyle(format: TableStyle['format']): TableStyle {
  return { format, cells: 'string', hasHeadings: true, isPretty: false, maxColumnWidth: 0 };
}

/** Takes one option of `tableOptions` in; false for any other. Throws CommandFailed. */
export function applyTableOption(style: TableStyle, { key, argument = '' }: OptionUse): boolean {
  switch (key) {
    case 'format':
      style.format = oneOf(formats, argument, 'output');
      return true;
    case 'data':
      style.cells = oneOf(cellFormats, argument, 'data');
      return true;
    case 'no-headings':
      style.hasHeadings = false;
      return true;
    case 'pretty':
      style.isPretty = true;
      return true;
    case 'bare':
      style.format = 'list';
      style.cells = 'bare';
      style.hasHeadings = false;
      return true;
    case 'max-column-width':
      style.maxColumnWidth = Number.parseInt(argument, 10) || 0;
      return true;
    default:
      return false;
  }
}

function oneOf<T extends string>(allowed: readonly T[], given: string, what: string): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw new CommandFailed(`unknown ${what} format "${given}"`);
  return found;
}

/** Prints tables one after another, with an empty line between them where the format wants one. */
export class TablePrinter {
  readonly #style: TableStyle;
  #isFirst = true;

  constructor(style: TableStyle) {
    this.#style = style;
  }

  format(table: TextTable): string {
    switch (this.#style.format) {
      case 'table':
        return this.#separator() + title(table) + formatColumns(table, this.#texts(table), this.#style);
      case 'list':
        return this.#separator() + title(table) + this.#formatList(table);
      case 'csv':
        return this.#separator() + title(table) + formatCsv(table, this.#texts(table), this.#style);
      case 'html':
        return formatHtml(table, this.#texts(table), this.#style);
      case 'json':
        return `${formatJson(tableJson(table), { isSorted: true, isPretty: this.#style.isPretty })}\n`;
    }
  }

  #separator(): string {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return isFirst ? '' : '\n';
  }

  #texts(table: TextTable): string[][] {
    return table.rows.map((row) => row.map((cell) => this.#cellText(cell)));
  }

  #cellText(cell: Cell): string {
    if (cell === undefined) return '';
    if ('text' in cell) return cell.text;
    const { json, type } = cell;
    if (this.#style.cells === 'json' || type === undefined) return formatJson(json, { isSorted: true });
    try {
      const datum = datumFromJson(type, json);
      return this.#style.cells === 'bare' ? formatBare(type, datum) : formatDatum(type, datum);
    } catch (why) {
      if (!(why instanceof OvsdbError)) throw why;
      return formatJson(json, { isSorted: true });
    }
  }

  #formatList(table: TextTable): string {
    const { hasHeadings } = this.#style;
    const paragraphs = this.#texts(table).map((row) =>
      row
        .map((text, i) => `${hasHeadings ? `${(table.headings[i] ?? '').padEnd(20)}: ` : ''}${text}\n`)
        .join(''),
    );
    return paragraphs.join('\n');
  }
}

function title({ caption, timestamp }: TextTable): string {
  return `${timestamp === undefined ? '' : `${timestamp}\n`}${caption === undefined ? '' : `${caption}\n`}`;
}

/** Widths are counted in bytes, as the reference's printf does. */
function formatColumns({ headings }: TextTable, texts: readonly string[][], style: TableStyle): string {
  const widths = headings.map((heading, i) => {
    const widest = Math.max(0, ...texts.map((row) => byteLength(row[i] ?? '')));
    const width = style.maxColumnWidth > 0 ? Math.min(widest, style.maxColumnWidth) : widest;
    return style.hasHeadings ? Math.max(width, byteLength(heading)) : width;
  });
  const line = (cells: readonly string[]) =>
    `${cells
      .map((text, i) => fit(text, widths[i] ?? 0))
      .join(' ')
      .replace(/ +$/, '')}\n`;
  const head = style.hasHeadings ? line(headings) + line(widths.map((width) => '-'.repeat(width))) : '';
  return head + texts.map(line).join('');
}

function fit(text: string, width: number): string {
  const bytes = encodeText(text);
  if (bytes.length <= width) return text + ' '.repeat(width - bytes.length);
  return decodeText(bytes.subarray(0, width));
}

function formatCsv({ headings }: TextTable, texts: readonly string[][], style: TableStyle): string {
  const line = (cells: readonly string[]) => `${cells.map(csvCell).join(',')}\n`;
  return (style.hasHeadings ? line(headings) : '') + texts.map(line).join('');
}

function csvCell(text: string): string {
  return /[\n",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function formatHtml(
  { caption, timestamp, headings }: TextTable,
  texts: readonly string[][],
  style: TableStyle,
): string {
  const row = (cells: readonly string[]) => `  <tr>\n${cells.join('')}  </tr>\n`;
  const body = texts.map((cells) =>
    row(cells.map((text, i) => (headings[i] === '_uuid' ? htmlAnchor(text) : htmlCell('td', text)))),
  );
  return [
    timestamp === undefined ? '' : `${timestamp}\n`,
    '<table border=1>\n',
    caption === undefined ? '' : htmlCell('caption', caption),
    style.hasHeadings ? row(headings.map((heading) => htmlCell('th', heading))) : '',
    ...body,
    '</table>\n',
  ].join('');
}

/** Uuids become links to the row of that uuid. */
function htmlCell(element: string, text: string): string {
  const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
  const linked = escapeHtml(text).replace(uuids, (id) => `<a href="#${id}">${id.slice(0, 8)}</a>`);
  return `    <${element}>${linked}</${element}>\n`;
}

function htmlAnchor(text: string): string {
  return `    <td><a name="${escapeHtml(text)}">${escapeHtml(text.slice(0, 8))}</a></td>\n`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function tableJson({ caption, timestamp, headings, rows }: TextTable): Json {
  const data = rows.map((row) =>
    row.map((cell): Json => (cell === undefined ? null : 'text' in cell ? cell.text : cell.json)),
  );
  return {
    ...(caption !== undefined && { caption }),
    ...(timestamp !== undefined && { time: timestamp }),
    headings,
    data,
  };
}

export const tableUsage = `
Output formatting options:
  -f, --format=FORMAT         set output formatting to FORMAT
                              ("table", "html", "csv", or "json")
  -d, --data=FORMAT           set table cell output formatting to
                              FORMAT ("string", "bare", or "json")
  --no-headings               omit table heading row
  --pretty                    pretty-print JSON in output
  --bare                      equivalent to "--format=list --data=bare --no-headings"
`;
